"""Health, and the small server on ``METRICS_PORT``."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from processes.errors import BihuanError
from processes.observing.health import Health, NotReady, Part
from processes.observing.metrics import Metrics, counter
from processes.observing.server import Server

COUNTED = counter("test_things", "Things that this test counts", "kind")


def well() -> None:
    """A part that is ready."""


def away() -> None:
    raise NotReady("连不上消息队列", "no broker")


def broken() -> None:
    raise ZeroDivisionError


def test_a_process_is_ready_when_all_its_parts_are() -> None:
    health = Health()
    health.add("database", "数据库", well)
    assert health.look().ready
    health.add("broker", "消息队列", away)
    health.add("scheduler", "定时器", broken)

    report = health.look()

    assert not report.ready
    assert report.parts == [
        Part("database", "数据库", None),
        Part("broker", "消息队列", "连不上消息队列"),
        Part("scheduler", "定时器", "检查时出错（ZeroDivisionError）"),
    ]


def test_a_part_that_hangs_keeps_nobody_waiting_and_is_asked_once() -> None:
    asked, go_on = [], threading.Event()

    def hangs() -> None:
        asked.append(1)
        go_on.wait(30)

    health = Health(patience=0.05)
    health.add("database", "数据库", hangs)
    health.add("broker", "消息队列", well)

    first, second = health.look(), health.look()

    assert [part.reason for part in first.parts] == [part.reason for part in second.parts] == ["没有及时回答", None]
    assert len(asked) == 1
    go_on.set()
    patient = Health(patience=10)
    patient.add("database", "数据库", hangs)
    assert patient.look().ready


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def url(health: Health) -> Iterator[str]:
    server = Server("127.0.0.1", 0, Metrics(), health)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def test_the_port_tells_metrics_and_health(url: str, health: Health) -> None:
    COUNTED.labels("seen").inc(2)

    page = httpx.get(f"{url}/metrics")
    live, ready = httpx.get(f"{url}/health/live"), httpx.get(f"{url}/health/ready")

    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'bihuan_test_things_total{kind="seen"} 2.0' in page.text.splitlines()
    assert "process_resident_memory_bytes" in page.text
    assert (live.status_code, live.json()) == (200, {"live": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "parts": {}})
    health.add("broker", "消息队列", away)
    assert httpx.get(f"{url}/health/live").status_code == 200
    ready = httpx.get(f"{url}/health/ready")
    assert ready.status_code == 503
    assert ready.json()["parts"]["broker"] == {"title": "消息队列", "ready": False, "reason": "连不上消息队列"}


def test_other_addresses_are_not_there(url: str) -> None:
    assert httpx.get(f"{url}/").status_code == 404
    assert httpx.post(f"{url}/metrics").status_code == 501


def test_a_taken_port_is_said(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with pytest.raises(BihuanError, match=f"监测端口 {port} 用不了"):
        Server("127.0.0.1", port, Metrics(), Health())
