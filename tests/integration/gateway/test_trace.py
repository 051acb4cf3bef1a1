"""One trace from a report over HTTP through outbox and broker to a worker, and with its answer back in."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingConnection

from processes.casework import texts
from processes.casework.reception import Reception
from processes.messaging import jobs
from processes.messaging.bus import Address, Message
from processes.messaging.inlet import anyone
from processes.observing import here
from processes.observing.trace import Trace
from processes.runtime.turns import Turn
from tests.integration.bus.transports import PATIENCE, Inbox, eventually, started
from tests.integration.gateway.conftest import Program
from tests.integration.gateway.world import HOTLINE, World
from workers.bus.amqp import AmqpBus
from workers.bus.delivery import Ending, ending_of
from workers.bus.line import Line
from workers.bus.relay import Relay
from workers.kit import Worker

pytestmark = pytest.mark.broker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TOPIC = "channel.progress"


class Engine:
    """The engine's side of a broker: the inlet behind the inbox, and what carries the outbox.

    ``alone``: the relay does it, and takes messages one by one; else the engine's own line, which takes them in groups.
    """

    def __init__(self, world: World, url: str, alone: bool) -> None:
        self.answers = Inbox()
        self._world = world
        self._reception = Reception(world.engine)
        self.bus = AmqpBus(url, world.clock, name="engine", topics=tuple(jobs.CATALOGUE))
        if alone:
            self.bus.subscribe(Address.INBOX, ["*"], self._take)
            self.carrier: Relay | Line = Relay(
                world.services.database, self.bus, world.clock, self._resolve, poll_seconds=0.05
            )
        else:
            engine = world.engine
            self.carrier = self.bus.line(
                self._take_all, tidy=engine.tidy, give_back=engine.give_back, resolve=self._resolve
            )
            engine.courier = self.carrier

    def _resolve(self, message: Message) -> Message:
        with self._world.services.database.read() as connection:
            return replace(message, data=texts.resolve(connection, message.data))

    def _take(self, message: Message) -> None:
        self._world.services.inlet.deliver(message)
        self.answers(message)

    def _take_all(self, messages: Sequence[Message], turn: Turn) -> list[Ending]:
        errors = self._reception.receive_all(messages, anyone, turn)
        for message in messages:
            self.answers(message)
        return [ending_of(error) for error in errors]


@pytest.fixture(params=["relay", "line"])
def engine(request: pytest.FixtureRequest, world: World, amqp_url: str) -> Iterator[Engine]:
    made = Engine(world, amqp_url, alone=request.param == "relay")
    started(made.bus)
    made.carrier.start()
    if isinstance(made.carrier, Line):
        assert made.carrier.ready.wait(PATIENCE)
    yield made
    made.carrier.stop(5.0)
    made.bus.stop(5.0)


def waiting(url: str, queue: str) -> dict[str, str]:
    """The headers of the message that waits in a queue, where it stays."""
    connection = BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()

        def look() -> dict[str, str]:
            method, properties, _ = channel.basic_get(queue)
            if method is None:
                return {}
            channel.basic_nack(method.delivery_tag, requeue=True)
            return dict(properties.headers)

        return eventually(look)
    finally:
        connection.close()


def test_one_trace_from_the_report_to_the_answer(
    world: World, engine: Engine, amqp_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bihuan.command")
    worked: list[str] = []
    worker = Worker("channel")

    @worker.job(TOPIC)
    def progress(**_: object) -> dict[str, Any]:
        worked.append(here.known()["trace"])
        return {"delivered": True}

    hotline = Program(world.app.test_client(), HOTLINE)
    hotline.headers["traceparent"] = f"00-{TRACE}-00f067aa0ba902b7-01"
    body = "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"
    row = {"id": "hot-1", "title": "供电增容迟迟不批", "body": body, "place": "330502"}
    hotline.post("/api/reports", {"channel": "hotline", "rows": [row]})

    job = waiting(amqp_url, f"jobs.{TOPIC}")
    bus = AmqpBus(amqp_url, name="worker", topics=tuple(jobs.CATALOGUE))
    worker.attach(bus)
    started(bus)
    try:
        [answer] = engine.answers.wait(1)
    finally:
        bus.stop(5.0)

    assert job["ce-traceparent"][3:35] == TRACE
    assert worked == [TRACE]
    assert answer.extensions["traceparent"][3:35] == TRACE
    assert answer.extensions["traceparent"] != job["ce-traceparent"], "each piece of work is a span of its own"
    assert answer.type == "job.completed", answer.data
    assert [record.getMessage().split()[0] for record in caplog.records] == ["done", "done"]


def test_a_message_without_a_trace_gets_one_at_the_inlet(world: World, engine: Engine, amqp_url: str) -> None:
    data = {"id": "hot-2", "title": "供电增容", "body": "我公司申请供电增容已两个月，请协调解决。", "place": "330502"}
    order = Message("m-1", "hotline.order", "/hotline", world.clock.now(), data, extensions={"partner": "hotline"})
    engine.bus.send(Address.INBOX, order.type, order)
    engine.answers.wait(1)

    assert Trace.parse(waiting(amqp_url, f"jobs.{TOPIC}")["ce-traceparent"]) is not None
