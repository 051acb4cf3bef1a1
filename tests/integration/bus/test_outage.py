"""A broker that dies, falls silent, or is not there yet: a node of its own, so that it may."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from processes.clock import ManualClock
from processes.messaging.bus import Address, Message, NotSent
from processes.runtime.turns import Turn
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import OutboxMessage
from tests.integration.bus.transports import (
    PATIENCE,
    Inbox,
    MakeBus,
    eventually,
    message,
    send_until_taken,
    started,
)
from tests.servers import install
from tests.servers.rabbit import RabbitNode
from workers.bus.delivery import Done, Ending
from workers.bus.relay import Relay

pytestmark = pytest.mark.broker

JOB = "rating.request"


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitNode]:
    problem = install.ensure(["rabbitmq-server"])
    if problem:
        pytest.skip(problem)
    node = RabbitNode.start()
    yield node
    node.destroy()


def test_a_broker_killed_in_mid_stream_loses_nothing(rabbit: RabbitNode, make_bus: MakeBus) -> None:
    inbox = Inbox()
    worker = make_bus()
    worker.subscribe(Address.JOBS, [JOB], inbox, concurrency=4)
    started(worker)
    sender = started(make_bus())
    rabbit.sync()
    ids = [f"m-{number}" for number in range(400)]

    sending = threading.Thread(target=lambda: [send_until_taken(sender, message(id)) for id in ids])
    sending.start()
    inbox.wait(100)
    rabbit.kill()
    rabbit.boot()
    sending.join(PATIENCE)

    assert not sending.is_alive()
    eventually(lambda: set(inbox.ids) == set(ids))


def test_a_line_that_loses_its_connection_while_a_group_is_carried_out_takes_the_next_ones(
    rabbit: RabbitNode, make_bus: MakeBus
) -> None:
    carried: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def receive(messages: Sequence[Message], turn: Turn) -> list[Ending]:
        begun.set()
        assert go_on.wait(PATIENCE)
        carried.extend(each.id for each in messages)
        return [Done()] * len(messages)

    bus = started(make_bus())
    line = bus.line(receive, tidy=lambda: None, give_back=lambda rows: None, resolve=lambda message: message)
    line.start()
    assert line.ready.wait(PATIENCE)
    rabbit.sync()
    bus.send(Address.INBOX, "m", message("m-1"))
    assert begun.wait(PATIENCE)
    rabbit.kill()
    eventually(lambda: not line.ready.is_set())
    go_on.set()
    eventually(lambda: carried)
    rabbit.boot()

    send_until_taken(bus, message("m-2"), Address.INBOX)
    eventually(lambda: "m-2" in carried)
    line.stop(5.0)


def test_messages_that_wait_in_a_queue_survive_the_broker_s_death(rabbit: RabbitNode, make_bus: MakeBus) -> None:
    sender = started(make_bus())
    rabbit.sync()
    for number in range(20):
        sender.send(Address.JOBS, JOB, message(f"m-{number}"))
    rabbit.kill()
    rabbit.boot()

    inbox = Inbox()
    worker = make_bus()
    worker.subscribe(Address.JOBS, [JOB], inbox)
    started(worker)
    inbox.wait(20)

    assert sorted(inbox.ids) == sorted(f"m-{number}" for number in range(20))


def test_a_broker_that_falls_silent_fails_a_send_in_time_and_is_found_again(
    rabbit: RabbitNode, make_bus: MakeBus
) -> None:
    bus = started(make_bus(publish_seconds=0.5))
    rabbit.pause()
    began = time.monotonic()
    with pytest.raises(NotSent):
        bus.send(Address.JOBS, JOB, message())
    took = time.monotonic() - began
    rabbit.resume()

    send_until_taken(bus, message())

    assert took < 3.0


def test_a_bus_may_start_before_its_broker(rabbit: RabbitNode, make_bus: MakeBus) -> None:
    inbox = Inbox()
    bus = make_bus(publish_seconds=0.5)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    rabbit.stop()
    bus.start()
    with pytest.raises(NotSent):
        bus.send(Address.JOBS, JOB, message("m-0"))
    rabbit.boot()

    send_until_taken(bus, message("m-1"))

    eventually(lambda: "m-1" in inbox.ids)


def test_while_the_broker_is_away_rows_wait_in_the_outbox(
    rabbit: RabbitNode, make_bus: MakeBus, memory: Database, clock: ManualClock
) -> None:
    inbox = Inbox()
    bus = make_bus(publish_seconds=2.0)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    relay = Relay(memory, started(bus), clock, poll_seconds=0.02)
    relay.start()
    rabbit.sync()
    rabbit.kill()
    with memory.write() as connection:
        rows = [outbox.Outgoing(Address.JOBS, JOB, message(f"m-{number}")) for number in range(50)]
        outbox.put(connection, rows, clock.now())
    rabbit.boot()

    def relayed() -> bool:
        # A row that was put off for a second waits for our clock.
        clock.advance(timedelta(seconds=1))
        with memory.read() as connection:
            return connection.execute(select(func.count()).select_from(OutboxMessage)).scalar_one() == 0

    eventually(relayed)
    eventually(lambda: len(set(inbox.ids)) == 50)
    relay.stop(5.0)
