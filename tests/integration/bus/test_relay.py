"""The relay: what a transaction put into the outbox reaches the broker, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from processes.clock import ManualClock
from processes.messaging.bus import Address, Message
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import OutboxMessage
from tests.integration.bus.transports import PATIENCE, TOPICS, Inbox, eventually, message, put_and_fail
from workers.bus.amqp import AmqpBus
from workers.bus.delivery import Ladder
from workers.bus.relay import Relay

pytestmark = pytest.mark.broker

JOB = "rating.request"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def bus(amqp_url: str, inbox: Inbox) -> Iterator[AmqpBus]:
    bus = AmqpBus(amqp_url, topics=TOPICS, publish_seconds=2.0)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.subscribe(Address.INBOX, ["*"], inbox)
    bus.start()
    assert bus.wait_connected(PATIENCE)
    yield bus
    bus.stop(5.0)


MakeRelay = Callable[..., Relay]


@pytest.fixture
def make_relay(database: Database, bus: AmqpBus, clock: ManualClock) -> Iterator[MakeRelay]:
    made: list[Relay] = []

    def make(**options: Any) -> Relay:
        relay = Relay(database, bus, clock, ladder=Ladder((10.0, 60.0)), **{"poll_seconds": 0.02, **options})
        made.append(relay)
        relay.start()
        return relay

    yield make
    for relay in made:
        relay.stop(5.0)


def put(database: Database, clock: ManualClock, *messages: Message, address: str = "jobs", topic: str = JOB) -> None:
    with database.write() as connection:
        outbox.put(connection, [outbox.Outgoing(address, topic, one) for one in messages], clock.now())


def left(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(OutboxMessage)).scalar_one()


def attempts(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(select(OutboxMessage.attempts).order_by(OutboxMessage.id)).scalars())


def test_rows_reach_their_subscribers_and_leave_the_outbox(
    database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay
) -> None:
    make_relay()
    put(database, clock, *[message(f"m-{number}", {"标题": "排队"}) for number in range(600)])

    inbox.wait(600)
    eventually(lambda: left(database) == 0)

    assert sorted(inbox.ids) == sorted(f"m-{number}" for number in range(600))
    assert inbox.got[0].data == {"标题": "排队"}


def test_a_commit_wakes_the_relay(database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay) -> None:
    make_relay(poll_seconds=3600.0)

    put(database, clock, message())

    assert inbox.wait(1)


def test_a_transaction_rolled_back_sends_nothing(
    database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay
) -> None:
    make_relay()
    with pytest.raises(RuntimeError):
        put_and_fail(database, message("m-1"))

    put(database, clock, message("m-2"))

    assert [one.id for one in inbox.wait(1)] == ["m-2"]


def test_a_row_leaves_only_when_its_time_has_come(
    database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay
) -> None:
    later = outbox.Outgoing("jobs", JOB, message("later"), clock.now() + timedelta(hours=1))
    with database.write() as connection:
        outbox.put(connection, [later], clock.now())
    make_relay()
    put(database, clock, message("now"))
    inbox.wait(1)
    assert left(database) >= 1

    clock.advance(timedelta(hours=1))

    assert [one.id for one in inbox.wait(2)] == ["now", "later"]


def test_references_are_resolved_in_jobs_and_only_there(
    database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay
) -> None:
    make_relay(resolve=lambda one: replace(one, data={"text": "答复全文"}))
    put(database, clock, message("job", {"text": {"$text": "t-1"}}))
    put(database, clock, message("answer", {"text": {"$text": "t-1"}}), address="inbox", topic="case.answered")

    by_id = {one.id: one.data for one in inbox.wait(2)}

    assert by_id == {"job": {"text": "答复全文"}, "answer": {"text": {"$text": "t-1"}}}


def test_a_job_that_cannot_be_resolved_holds_up_no_other_and_is_given_up_in_the_end(
    database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay
) -> None:
    def resolve(one: Message) -> Message:
        if one.id == "bad":
            raise KeyError("no such text")
        return one

    put(database, clock, message("bad"), message("good"))
    make_relay(resolve=resolve)

    for failures, delay in ((1, 10.0), (2, 60.0)):
        eventually(lambda failures=failures: attempts(database) == [failures])
        clock.advance(timedelta(seconds=delay))
    (letter,) = eventually(lambda: _dead(database))

    assert inbox.ids == ["good"]
    assert letter.message.id == "bad"
    assert "no such text" in letter.reason


def test_a_job_without_a_queue_is_given_up_and_kept(
    database: Database, clock: ManualClock, make_relay: MakeRelay
) -> None:
    put(database, clock, message(), topic="no.such.topic")
    make_relay()

    for failures, delay in ((1, 10.0), (2, 60.0)):
        eventually(lambda failures=failures: attempts(database) == [failures])
        clock.advance(timedelta(seconds=delay))
    (letter,) = eventually(lambda: _dead(database))

    assert "Unroutable" in letter.reason


def test_the_rows_of_a_relay_that_died_are_taken_over(
    database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay
) -> None:
    put(database, clock, message())
    with database.write() as connection:
        outbox.lease(connection, clock.now(), 10, clock.now() + timedelta(seconds=120))

    make_relay()
    clock.advance(timedelta(seconds=120))

    assert inbox.wait(1)


def test_two_relays_share_the_work(database: Database, clock: ManualClock, inbox: Inbox, make_relay: MakeRelay) -> None:
    make_relay(window=10)
    make_relay(window=10)

    put(database, clock, *[message(f"m-{number}") for number in range(200)])
    inbox.wait(200)
    eventually(lambda: left(database) == 0)

    assert len(inbox.ids) == len(set(inbox.ids)) == 200


def _dead(database: Database) -> list[outbox.Dead]:
    with database.read() as connection:
        return outbox.dead(connection)
