"""What an operator sees of a gateway: metrics, health, and a log in which nobody's words stand."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from gateway import create_app
from processes.casework.reception import Reception
from processes.messaging.bus import Message
from processes.messaging.inlet import anyone
from processes.observing import logs
from processes.observing.metrics import REGISTRY, Metrics
from processes.runtime.commands import CompleteJob, FailJob
from processes.runtime.scheduler import Scheduler
from processes.store import parcels, readiness, schema
from processes.store.bulk import Writes
from processes.store.gauges import Gauges
from processes.store.outbox import Outgoing
from processes.store.tables import Job, OutboxMessage, Setting
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.world import HOTLINE, World

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


def value(name: str, **labels: str) -> float:
    """What the registry of this process has counted so far."""
    return REGISTRY.get_sample_value(f"bihuan_{name}", labels) or 0.0


@pytest.fixture
def counted() -> Callable[..., float]:
    """How much a metric has grown since it was asked for first."""
    before: dict[Any, float] = {}

    def grown(name: str, **labels: str) -> float:
        key = (name, *sorted(labels.items()))
        return value(name, **labels) - before.setdefault(key, value(name, **labels))

    return grown


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The JSON log of the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up({"LOG_FORMAT": "json", "LOG": "INFO"}, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def the_job(world: World) -> Any:
    with world.services.database.read() as connection:
        return connection.execute(select(Job.__table__)).one()


# ---- metrics -----------------------------------------------------------------------------------------------------------


def test_commands_are_counted_by_kind_and_outcome(world: World, counted: Callable[..., float]) -> None:
    asked = [
        ("commands_total", {"kind": "Start", "outcome": "done"}),
        ("commands_total", {"kind": "FailJob", "outcome": "incident"}),
        ("commands_total", {"kind": "CompleteJob", "outcome": "done"}),
        ("commands_total", {"kind": "CompleteJob", "outcome": "duplicate"}),
        ("command_seconds_count", {"kind": "CompleteJob"}),
        ("jobs_total", {"topic": "channel.progress", "outcome": "incident"}),
        ("jobs_total", {"topic": "channel.progress", "outcome": "completed"}),
        ("inbox_duplicates_total", {}),
    ]
    for name, labels in asked:
        counted(name, **labels)

    world.report("hot-1")
    job = the_job(world).id
    world.engine.execute(FailJob("fail", job, "对方没有答复", final=True))
    for _ in range(2):
        world.engine.execute(CompleteJob("done", job, {"delivered": True}))

    assert [counted(name, **labels) for name, labels in asked] == [1, 1, 1, 1, 2, 1, 1, 1]


def test_hot_instances_and_late_timers_are_counted(world: World, counted: Callable[..., float]) -> None:
    asked = [("hot_instances_total", {"found": "hit"}), ("timer_lateness_seconds_count", {})]
    for name, labels in asked:
        counted(name, **labels)
    lateness = value("timer_lateness_seconds_sum")
    world.report("hot-1")
    scheduler = Scheduler(world.engine)
    due = scheduler.next_due()
    assert due is not None
    world.clock.set(due)
    world.clock.advance(due - due.replace(second=0))

    fired = scheduler.run_due()

    assert fired > 0
    assert counted("timer_lateness_seconds_count") == fired
    assert value("timer_lateness_seconds_sum") >= lateness
    assert counted("hot_instances_total", found="hit") > 0


def test_the_page_tells_what_waits_in_the_database(world: World) -> None:
    services = world.services
    services = replace(services, metrics=Metrics(Gauges(services.database, services.clock, lasting=0)))
    client = create_app(services).test_client()
    world.report("hot-1")
    job = the_job(world).id

    before = client.get("/metrics").text.splitlines()
    writes = Writes()
    with services.database.write() as connection:
        sent = [Outgoing("events", "x", Message(f"m-{n}", "x", "/engine", world.clock.now(), {})) for n in range(3)]
        parcels.pack(writes, sent, world.clock.now(), world.clock.now())
        writes.flush(connection)
    packed = client.get("/metrics").text.splitlines()
    with services.database.write() as connection:
        parcels.open_all(connection, world.clock.now())
    world.engine.execute(FailJob("fail", job, "对方没有答复", final=True))
    with services.database.write() as connection:
        connection.execute(update(OutboxMessage).values(dead_at=world.clock.now()))
    after = client.get("/metrics").text.splitlines()

    assert {"bihuan_database_up 1.0", "bihuan_incidents_open 0.0", "bihuan_outbox_messages 1.0"} <= set(before)
    assert 'bihuan_jobs_open{topic="channel.progress"} 1.0' in before
    assert "bihuan_outbox_messages 4.0" in packed
    assert {"bihuan_incidents_open 1.0", "bihuan_outbox_messages 0.0", "bihuan_outbox_dead_messages 4.0"} <= set(after)
    assert not any(line.startswith("bihuan_jobs_open{") for line in after)


def test_the_oldest_message_has_an_age(world: World) -> None:
    services = world.services
    services = replace(services, metrics=Metrics(Gauges(services.database, services.clock, lasting=0)))
    world.report("hot-1")
    with services.database.read() as connection:
        put = connection.execute(select(OutboxMessage.available_at)).scalar_one()
    world.clock.set(put.replace(minute=put.minute + 2))

    page = create_app(services).test_client().get("/metrics").text

    assert "bihuan_outbox_oldest_seconds 120.0" in page.splitlines()


def test_without_its_database_the_page_still_comes(world: World) -> None:
    services = world.services
    gauges = Gauges(services.database, services.clock, lasting=0)
    with services.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE incident")

    page = create_app(replace(services, metrics=Metrics(gauges))).test_client().get("/metrics")

    assert page.status_code == 200
    assert "bihuan_database_up 0.0" in page.text.splitlines()
    assert "bihuan_command_seconds" in page.text


def test_requests_are_timed_by_route_not_by_address(world: World, browser: Callable[..., Browser]) -> None:
    page = browser()
    page.get("/login")
    page.get("/no/such/王明", status=404)

    lines = page.get("/metrics")

    assert 'bihuan_http_request_seconds_count{method="GET",route="/login",status="200"}' in lines
    assert 'bihuan_http_request_seconds_count{method="GET",route="none",status="404"}' in lines
    assert "王明" not in lines


# ---- health ------------------------------------------------------------------------------------------------------------


def test_a_gateway_is_ready_while_its_database_is(world: World) -> None:
    readiness.add_checks(world.services.health, world.services.database)
    client = world.app.test_client()

    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["ready"]) == (200, True)  # type: ignore[index]

    with world.services.database.write() as connection:
        connection.execute(
            insert(Setting).values(key="other", value={})
        )  # a neighbour of the mark's: it stays as it is
        connection.execute(
            update(Setting)
            .where(Setting.key == schema.MARK)
            .values(value={"level": schema.LEVEL + 2, "lowest": schema.LEVEL + 1})
        )
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    parts = ready.json["parts"]  # type: ignore[index]
    assert parts["database"] == {"title": "数据库", "ready": True, "reason": None}
    assert "请启动新版本" in parts["schema"]["reason"]
    assert client.get("/health/live").status_code == 200

    with world.services.database.write() as connection:
        connection.execute(delete(Setting).where(Setting.key == schema.MARK))
    assert client.get("/health/ready").status_code == 200


# ---- logs --------------------------------------------------------------------------------------------------------------


def test_a_request_and_its_command_are_logged_with_their_ids(world: World, log: io.StringIO) -> None:
    hotline = Program(world.app.test_client(), HOTLINE)
    hotline.headers |= TRACEPARENT
    body = "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"
    row = {
        "id": "hot-1",
        "title": "供电增容",
        "body": body,
        "contact": "王明",
        "phone": "13812345678",
        "place": "330502",
    }
    [answer] = hotline.post("/api/reports", {"channel": "hotline", "rows": [row]})

    written = [json.loads(line) for line in log.getvalue().splitlines()]
    command = next(line for line in written if line["logger"] == "bihuan.command")
    request = next(line for line in written if line["logger"] == "bihuan.request")
    with world.services.database.read() as connection:
        instance = connection.execute(select(Job.instance_id)).scalars().first()
        sent = connection.execute(select(OutboxMessage.headers)).scalars().all()

    assert (command["kind"], command["case"], command["partner"]) == ("Start", answer["case"], "hotline")
    assert command["instance"] is not None
    assert instance is not None
    assert {line["trace"] for line in (command, request)} == {TRACE}
    assert {headers["extensions"]["traceparent"][3:35] for headers in sent} == {TRACE}
    assert request["message"].startswith("POST /api/reports 200 in ")


def test_commands_that_share_a_commit_keep_their_own_traces(
    world: World, log: io.StringIO, counted: Callable[..., float]
) -> None:
    done = {"kind": "CompleteJob", "outcome": "done"}
    names = ["group_commit_commands_count", "group_commit_commands_sum"]
    world.report("hot-1")
    world.report("hot-2", title="项目用地审批", body="我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。")
    with world.services.database.read() as connection:
        ids = connection.execute(select(Job.id)).scalars().all()
    traces = {job: f"{number:032x}" for number, job in enumerate(ids, start=1)}
    answers = [
        Message(
            f"{job}:answer",
            "job.completed",
            "/workers/channel",
            world.clock.now(),
            {"result": {"delivered": True}},
            extensions={"jobid": job, "attempt": "1", "traceparent": f"00-{traces[job]}-00f067aa0ba902b7-01"},
        )
        for job in ids
    ]
    for name in names:
        counted(name)
    counted("commands_total", **done)
    counted("jobs_total", topic="channel.progress", outcome="completed")

    assert Reception(world.engine).receive_all(answers, anyone) == [None, None]

    assert [counted(name) for name in names] == [1, 2], "one commit for both"
    assert counted("commands_total", **done) == 2
    assert counted("jobs_total", topic="channel.progress", outcome="completed") == 2
    told = [json.loads(line) for line in log.getvalue().splitlines() if "bihuan.command" in line]
    assert [line["trace"] for line in told[-2:]] == [traces[job] for job in ids]


def test_nothing_that_a_person_wrote_is_logged(world: World, log: io.StringIO) -> None:
    """Not even when the database refuses it: a column's limit is met, a row is there already, a request is broken."""
    hotline = Program(world.app.test_client(), HOTLINE)
    secret = "机密的话"
    row = {"id": "hot-1", "title": secret, "body": f"{secret}，请协调解决", "contact": secret, "place": "330502"}
    hotline.post("/api/reports", {"channel": "hotline", "rows": [row]})
    job = the_job(world).id
    world.engine.execute(FailJob("fail", job, f"{secret}没有答复", final=True))
    with world.services.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE report_text")
    hotline.post("/api/reports", {"channel": "hotline", "rows": [{**row, "id": "hot-2"}]}, status=500)

    written = log.getvalue()
    assert "OperationalError" in written
    assert secret not in written
    assert json.dumps(secret) not in written
