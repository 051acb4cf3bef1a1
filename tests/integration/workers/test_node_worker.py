"""A worker in Node that knows the AsyncAPI document alone does a thousand jobs while the engine is killed twice: a thousand effects."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from sqlalchemy import func, select

from cli.settings import MODELS
from gateway.frontend.hatch_build import tools
from processes.casework.assembly import Core
from processes.clock import SystemClock
from processes.messaging.addresses import EXCHANGES, INBOX_QUEUE
from processes.messaging.bus import Address
from processes.store.database import Database
from processes.store.tables import Incident, Instance, Job, RefusedMessage
from tests.diagrams import boundary, definitions, end, message, path, process, service, start
from tests.integration.bus.transports import eventually
from tests.servers import npm
from tests.tour.programs import Program

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "workers" / "examples" / "node"
JOBS, KILLS = 1000, (250, 600)
"""How many jobs; and after how many effects the engine is killed."""

SECONDS = 240.0
"""Longer than the lease of what a killed engine had in its hands (30 s), twice."""

TELL = service(
    "tell",
    "notice.send",
    {"case": "= m.case", "kind": "= m.kind", "subject": '= "node"', "text": '= "node"'},
    priority="= m.priority",
)
MODEL = definitions(
    '<bpmn:message id="begin" name="node.begin"/><bpmn:error id="E" name="unknown" errorCode="recipient_unknown"/>',
    process(
        "node_example",
        start("start", message("begin", variable="m")),
        TELL,
        boundary("refused", "tell", '<bpmn:errorEventDefinition errorRef="E"/>'),
        end(),
        end("nobody"),
        path("start", "tell", "end"),
        path("refused", "nobody"),
    ),
)


class World:
    """An engine of ours on a database of its own, and the worker in Node, as processes."""

    def __init__(self, folder: Path, amqp_url: str, database_url: str) -> None:
        self.folder, self.url = folder, amqp_url
        self.database = Database(database_url)
        Core.on(self.database, SystemClock()).seed(MODELS, models={"node.bpmn": MODEL})
        environment = {**os.environ, "AMQP_URL": amqp_url, "PYTHONUNBUFFERED": "1"}
        own = {"DATABASE_URL": database_url, "DATA": str(folder)}
        self.engine = Program(
            "engine", [sys.executable, "app.py", "engine"], ROOT, {**environment, **own}, folder / "engine.log"
        )
        self.effects_file = folder / "effects.jsonl"
        node, _ = tools()
        effects = {"EFFECTS": str(self.effects_file), "TOPIC": "notice.send"}
        self.worker = Program("node", [*node, "worker.mjs"], EXAMPLE, {**environment, **effects}, folder / "node.log")

    def said(self, program: Program, words: str) -> bool:
        """Whether a process has said so."""
        return program.log.exists() and words in program.log.read_text("utf-8", "replace")

    def begin(self, number: int, kind: str = "reminder") -> tuple[Any, bytes]:
        """A message that starts a case."""
        headers = {
            "ce-specversion": "1.0",
            "ce-id": f"begin-{number}",
            "ce-type": "node.begin",
            "ce-source": "/tests",
            "ce-correlationkey": f"case-{number}",
        }
        said = {"case": f"case-{number}", "kind": kind, "priority": 7 if number % 10 == 0 else 0}
        properties = pika.BasicProperties(headers=headers, content_type="application/json", delivery_mode=2)
        return properties, json.dumps(said).encode()

    def publish(self, messages: list[tuple[Any, bytes]]) -> None:
        """Send them to the platform."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        channel.confirm_delivery()
        for properties, body in messages:
            channel.basic_publish(EXCHANGES[Address.INBOX], "node.begin", body, properties, mandatory=True)
        connection.close()

    def effects(self) -> list[dict[str, str]]:
        """What the worker in Node did, by its own account."""
        if not self.effects_file.exists():
            return []
        return [json.loads(line) for line in self.effects_file.read_text("utf-8").splitlines()]

    def count(self, table: Any, *where: Any) -> int:
        """Rows of a table."""
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    def until(self, what: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.engine.log.read_text("utf-8", "replace")[-3000:]
            time.sleep(0.05)

    def until_effects(self, number: int) -> None:
        """Wait for so many effects."""
        self.until(lambda: len(self.effects()) >= number)

    def close(self) -> None:
        """Everything ends."""
        self.worker.kill()
        self.engine.kill()
        self.database.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path, amqp_url: str) -> Iterator[World]:
    problem = npm.ensure(EXAMPLE)
    if problem:
        pytest.skip(problem)
    sqlite = request.param == "sqlite"
    made = World(
        tmp_path, amqp_url, f"sqlite:///{tmp_path}/bihuan.db" if sqlite else request.getfixturevalue("postgres_url")
    )
    yield made
    made.close()


def test_a_thousand_jobs_have_a_thousand_effects_while_the_engine_is_killed_twice(world: World) -> None:
    world.engine.start()
    world.until(lambda: world.said(world.engine, "engine ready"))
    world.worker.start()
    world.publish([world.begin(number) for number in range(JOBS)])
    for kill in KILLS:
        world.until_effects(kill)
        world.engine.kill()
        assert world.count(Instance, Instance.status == "completed") < JOBS
        world.engine.start()

    world.until(lambda: world.count(Instance, Instance.status == "completed") == JOBS)
    eventually(lambda: _is_empty(world.url))

    effects = world.effects()
    with world.database.read() as connection:
        jobs = {row.id: row.state for row in connection.execute(select(Job.id, Job.state))}
    assert Counter(each["job"] for each in effects) == Counter(jobs.keys())
    assert set(jobs.values()) == {"done"}
    assert {each["about"] for each in effects} == {f"case-{number}" for number in range(JOBS)}
    assert [world.count(table) for table in (Instance, Incident, RefusedMessage)] == [JOBS, 0, 0]


def test_its_business_errors_its_locks_and_its_end(world: World) -> None:
    world.worker = Program(
        "node", *world.worker._how[:2], {**world.worker._how[2], "LOCK": "30"}, world.folder / "node.log"
    )
    world.engine.start()
    world.until(lambda: world.said(world.engine, "engine ready"))
    world.worker.start()
    world.publish([world.begin(1, "refuse"), world.begin(2)])
    world.until(lambda: world.count(Instance, Instance.status == "completed") == 2)
    with world.database.read() as connection:
        jobs = {row.instance_id: row for row in connection.execute(select(Job.__table__))}
        keys = {row.key: row.id for row in connection.execute(select(Instance.id, Instance.key))}
    assert {row.locked_by for row in jobs.values()} == {"/workers/node-example"}
    assert len(keys) == 2
    assert [world.count(table) for table in (Incident, RefusedMessage)] == [0, 0]
    assert [each["about"] for each in world.effects()] == ["case-2"]


def _is_empty(url: str) -> bool:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        queues = (INBOX_QUEUE, "jobs.notice.send", "jobs.notice.send.urgent")
        channel = connection.channel()
        return not any(channel.queue_declare(queue, passive=True).method.message_count for queue in queues)
    finally:
        connection.close()
