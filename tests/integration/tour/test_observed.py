"""Engine and worker as processes of their own, seen from outside: the port for metrics and health."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.process import free_ports, spawn, stop, wait_until

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0


@dataclass(frozen=True)
class Part:
    """A running part of the platform, and the address of its port."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def says(self, path: str, status: int) -> dict[str, Any]:
        """What is said there, as soon as it is said with this status."""
        found: list[httpx.Response] = []

        def asked() -> bool:
            try:
                found.append(httpx.get(f"{self.url}{path}", timeout=10))
            except httpx.TransportError:
                return False
            return found[-1].status_code == status

        wait_until(asked, self.process, PATIENCE, self.log)
        said: dict[str, Any] = found[-1].json()
        return said


Start = Callable[..., Part]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts parts of the platform, which must end in order."""
    parts: list[Part] = []

    def started(name: str, **settings: str) -> Part:
        (port,) = free_ports(1)
        log = tmp_path / f"{name}-{port}.log"
        given = {"DATA": str(tmp_path / "data"), "METRICS_PORT": str(port), "LOG_FORMAT": "json", "LOG": "INFO"}
        clean = {each: value for each, value in os.environ.items() if each not in ("DATABASE_URL", "AMQP_URL")}
        command = [sys.executable, "app.py", name]
        process = spawn(command, cwd=ROOT, log=log, env={**clean, **given, **settings})
        parts.append(Part(process, f"http://127.0.0.1:{port}", log))
        return parts[-1]

    yield started
    for part in parts:
        stop(part.process, signal.SIGTERM, 30.0)
        assert part.process.returncode == 0


def test_an_engine_says_that_it_is_ready_and_what_it_counts(start: Start) -> None:
    engine = start("engine")

    ready = engine.says("/health/ready", 200)

    assert ready["ready"]
    assert set(ready["parts"]) == {"start", "database", "schema", "scheduler"}
    assert engine.says("/health/live", 200) == {"live": True}
    page = httpx.get(f"{engine.url}/metrics").text.splitlines()
    assert {"bihuan_database_up 1.0", "bihuan_outbox_messages 0.0", "bihuan_inbox_duplicates_total 0.0"} <= set(page)
    lines = engine.log.read_text().splitlines()
    assert all("message" in json.loads(line) for line in lines if line != "engine ready")


@pytest.mark.broker
def test_a_worker_is_ready_when_its_broker_is(start: Start, amqp_url: str) -> None:
    (nobody,) = free_ports(1)
    lonely = start("worker", AMQP_URL=f"amqp://guest:guest@127.0.0.1:{nobody}/")
    working = start("worker", AMQP_URL=amqp_url)

    ready = working.says("/health/ready", 200)
    assert ready["parts"] == {"broker": {"title": "消息队列", "ready": True, "reason": None}}
    said = lonely.says("/health/ready", 503)
    assert "连不上消息队列" in said["parts"]["broker"]["reason"]
    assert lonely.says("/health/live", 200) == {"live": True}
