"""What only the embedded bus can meet: a process that dies with leases, a clock that jumps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from processes.clock import ManualClock
from processes.messaging.bus import Address, Message, NotSent
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import OutboxMessage
from tests.integration.bus.transports import PATIENCE, Inbox, eventually, message, put_and_fail
from tests.servers.postgres import PostgresServer
from workers.bus.embedded import EmbeddedBus

JOB = "rating.request"
MakeBus = Callable[..., EmbeddedBus]


@pytest.fixture
def make_bus(database: Database, clock: ManualClock) -> Iterator[MakeBus]:
    made: list[EmbeddedBus] = []

    def make(**options: Any) -> EmbeddedBus:
        bus = EmbeddedBus(database, clock, **{"poll_seconds": 0.02, **options})
        made.append(bus)
        return bus

    yield make
    for bus in made:
        bus.stop(5.0)


def put(database: Database, clock: ManualClock, *messages: Message) -> None:
    with database.write() as connection:
        outbox.put(connection, [outbox.Outgoing(Address.JOBS, JOB, one) for one in messages], clock.now())


def test_a_commit_wakes_the_bus(database: Database, clock: ManualClock, make_bus: MakeBus) -> None:
    inbox = Inbox()
    bus = make_bus(poll_seconds=3600.0)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.start()

    put(database, clock, message())

    assert inbox.wait(1)


def test_a_transaction_rolled_back_sends_nothing(database: Database, clock: ManualClock, make_bus: MakeBus) -> None:
    inbox = Inbox()
    bus = make_bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.start()
    with pytest.raises(RuntimeError):
        put_and_fail(database, message("m-1"))

    put(database, clock, message("m-2"))

    assert [one.id for one in inbox.wait(1)] == ["m-2"]


def test_the_work_of_a_process_that_died_is_taken_over(
    database: Database, clock: ManualClock, make_bus: MakeBus
) -> None:
    put(database, clock, message())
    with database.write() as connection:
        outbox.lease(connection, clock.now(), 10, clock.now() + timedelta(seconds=300))
    inbox = Inbox()
    bus = make_bus(lease_seconds=300.0)
    bus.subscribe(Address.JOBS, [JOB], inbox)

    bus.start()
    if database.dialect == "postgresql":
        # Others may live on this database: only time tells that the holder does not.
        clock.advance(timedelta(seconds=300))

    assert inbox.wait(1)


def test_a_jump_of_the_clock_does_not_begin_running_work_again(
    database: Database, clock: ManualClock, make_bus: MakeBus
) -> None:
    began, go_on, inbox = threading.Event(), threading.Event(), Inbox()

    def handler(one: Message) -> None:
        inbox(one)
        if one.id == "long":
            began.set()
            go_on.wait(PATIENCE)

    bus = make_bus()
    bus.subscribe(Address.JOBS, [JOB], handler, concurrency=2)
    bus.start()
    put(database, clock, message("long"))
    assert began.wait(PATIENCE)

    clock.advance(timedelta(days=3))
    put(database, clock, message("short"))
    inbox.wait(2)
    go_on.set()
    eventually(lambda: _leases(database) == [])

    assert inbox.ids == ["long", "short"]


def test_long_work_keeps_its_lease(database: Database, clock: ManualClock, make_bus: MakeBus) -> None:
    began, go_on = threading.Event(), threading.Event()

    def handler(_: Message) -> None:
        began.set()
        go_on.wait(PATIENCE)

    bus = make_bus(lease_seconds=300.0)
    bus.subscribe(Address.JOBS, [JOB], handler)
    bus.start()
    put(database, clock, message())
    assert began.wait(PATIENCE)

    clock.advance(timedelta(seconds=200))

    eventually(lambda: _leases(database) == [clock.now() + timedelta(seconds=300)])
    go_on.set()


def test_references_are_resolved_in_jobs_and_only_there(
    database: Database, clock: ManualClock, make_bus: MakeBus
) -> None:
    inbox = Inbox()
    bus = make_bus(resolve=lambda one: replace(one, data="答复全文"))
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.subscribe(Address.INBOX, ["*"], inbox)
    bus.start()

    bus.send(Address.JOBS, JOB, message("job", {"$text": "t-1"}))
    bus.send(Address.INBOX, "case.answered", message("answer", {"$text": "t-1"}))

    assert {one.id: one.data for one in inbox.wait(2)} == {"job": "答复全文", "answer": {"$text": "t-1"}}


def test_a_job_that_cannot_be_resolved_is_tried_again(
    database: Database, clock: ManualClock, make_bus: MakeBus
) -> None:
    failures = [KeyError("no such text")]

    def resolve(one: Message) -> Message:
        if failures:
            raise failures.pop()
        return one

    inbox = Inbox()
    bus = make_bus(resolve=resolve)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.start()
    put(database, clock, message())
    eventually(lambda: _attempts(database) == [1])

    clock.advance(timedelta(seconds=1))

    assert inbox.wait(1)


def test_handlers_may_use_the_database_and_send(database: Database, clock: ManualClock, make_bus: MakeBus) -> None:
    inbox = Inbox()
    bus = make_bus()

    def handler(one: Message) -> None:
        with database.write() as connection:
            answer = replace(one, id=f"answer to {one.id}")
            outbox.put(connection, [outbox.Outgoing(Address.INBOX, "job.done", answer)], clock.now())

    bus.subscribe(Address.JOBS, [JOB], handler, concurrency=4)
    bus.subscribe(Address.INBOX, ["*"], inbox)
    bus.start()
    put(database, clock, *[message(f"m-{number}") for number in range(50)])

    inbox.wait(50)

    assert set(inbox.ids) == {f"answer to m-{number}" for number in range(50)}


@pytest.mark.postgres
def test_a_database_that_goes_away_for_a_while_stops_nothing(
    postgres: PostgresServer, postgresql_database: Database, clock: ManualClock
) -> None:
    inbox = Inbox()
    bus = EmbeddedBus(postgresql_database, clock, poll_seconds=0.02)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.start()
    put(postgresql_database, clock, message("m-1"))
    inbox.wait(1)

    postgres.kill()
    postgres.boot()
    eventually(lambda: _sent(bus, message("m-2")))

    eventually(lambda: "m-2" in inbox.ids)
    bus.stop(5.0)


def _sent(bus: EmbeddedBus, one: Message) -> bool:
    try:
        bus.send(Address.JOBS, JOB, one)
    except NotSent:
        return False
    return True


def _leases(database: Database) -> list[datetime]:
    with database.read() as connection:
        return [at for at in connection.execute(select(OutboxMessage.leased_until)).scalars() if at is not None]


def _attempts(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(select(OutboxMessage.attempts)).scalars())
