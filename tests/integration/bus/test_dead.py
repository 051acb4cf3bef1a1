"""Dead letters on a broker: put back once that is confirmed, by one person at a time; strangers' headers, queues that are gone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from processes.clock import SystemClock
from processes.messaging.bus import Address, BusAway, DeadLetter, LettersInHand, NotSent, Reject, Replayed
from processes.store import outbox
from processes.store.database import Database
from processes.store.outbox import Outgoing
from tests.integration.bus.transports import PATIENCE, Inbox, MakeBus, eventually, message, started
from workers.bus import dead, topology
from workers.bus.amqp import AmqpBus
from workers.bus.upkeep import BothUpkeep

pytestmark = pytest.mark.broker

JOB = "rating.request"


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    """A stranger's channel."""
    connection = BlockingConnection(pika.URLParameters(amqp_url))
    yield connection.channel()
    if connection.is_open:
        connection.close()


def _given_up(bus: AmqpBus, *ids: str) -> list[DeadLetter]:
    """Messages that a worker has rejected, as the dead letters that they are now."""
    bus.subscribe(Address.JOBS, [JOB], Inbox(*[Reject("no") for _ in ids]))
    started(bus)
    for id in ids:
        bus.send(Address.JOBS, JOB, message(id))
    return list(eventually(lambda: found if len(found := bus.dead_letters()) == len(ids) else []))


def test_a_letter_whose_publishing_is_not_confirmed_stays_dead(make_bus: MakeBus, monkeypatch: Any) -> None:
    bus = make_bus()
    letters = _given_up(bus, "m-0", "m-1")
    publish = bus._running_publisher().publish

    def unsure(exchange: str, key: str, body: bytes, properties: Any, **how: Any) -> Any:
        future = publish(exchange, key, body, properties, **how)
        if properties.message_id == "m-0":
            future.result(PATIENCE)
            future = type(future)()
            future.set_exception(NotSent("no confirm in time"))
        return future

    monkeypatch.setattr(bus._running_publisher(), "publish", unsure)
    names = {letter.message.id: letter.id for letter in letters}

    # What comes after a broken connection is not even tried.
    first = bus.replay([names["m-0"]])

    assert first == Replayed(0, (names["m-0"],))
    assert sorted(each.message.id for each in eventually(bus.dead_letters)) == ["m-0", "m-1"]


def test_an_event_whose_listener_has_gone_for_good_stays_dead(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = make_bus()
    bus.subscribe(Address.EVENTS, ["case.closed"], Inbox(Reject("no")))
    started(bus)
    bus.send(Address.EVENTS, "case.closed", message())
    (letter,) = eventually(bus.dead_letters)
    bus.stop()
    _, properties, _ = _take(channel)
    channel.queue_delete(properties.headers["bihuan-queue"])
    operator = make_bus()

    assert operator.replay([letter.id]) == Replayed(0, (letter.id,))

    assert [each.id for each in eventually(operator.dead_letters)] == [letter.id]


def test_while_one_has_the_letters_another_waits_and_is_told_in_the_end(
    make_bus: MakeBus, channel: BlockingChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = make_bus()
    _given_up(bus, "m-0")
    channel.queue_declare(dead.OPEN, exclusive=True)
    monkeypatch.setattr(dead, "PATIENCE", 0.1)

    for asked in (bus.dead_letters, bus.replay, lambda: bus.discard(["x"], keep=_keep_nothing)):
        with pytest.raises(LettersInHand):
            asked()

    channel.connection.close()
    monkeypatch.setattr(dead, "PATIENCE", PATIENCE)
    assert len(bus.dead_letters()) == 1


def test_who_dies_with_the_letters_in_hand_has_not_lost_them(make_bus: MakeBus, amqp_url: str) -> None:
    bus = make_bus()
    _given_up(bus, "m-0", "m-1")
    looking = AmqpBus(amqp_url, topics=[JOB])
    held, go_on = threading.Event(), threading.Event()

    def keep(letters: Sequence[DeadLetter]) -> None:
        held.set()
        go_on.wait(PATIENCE)
        raise KeyboardInterrupt

    def look() -> None:
        with pytest.raises(KeyboardInterrupt):
            looking.discard([each.id for each in bus.dead_letters()], keep)

    one = threading.Thread(target=look)
    one.start()
    assert held.wait(PATIENCE)
    go_on.set()
    one.join(PATIENCE)

    eventually(lambda: len(bus.dead_letters()) == 2)


@pytest.mark.parametrize(
    "headers",
    [
        {"bihuan-given-up-at": "yesterday"},
        {"bihuan-given-up-at": 7, "bihuan-reason": 7, "bihuan-topic": 7, "bihuan-queue": 7},
        {"bihuan-given-up-at": "2026-01-05T01:00:00"},
        {"bihuan-queue": "", "ce-id": None},
        {"ce-specversion": "1.0", "ce-id": "x", "ce-type": "t", "ce-source": "/", "ce-extra": {"a": [1]}},
    ],
)
def test_whatever_a_stranger_has_put_among_the_letters_they_can_be_looked_at_and_put_back(
    make_bus: MakeBus, channel: BlockingChannel, headers: dict[str, Any]
) -> None:
    bus = make_bus()
    (ours,) = _given_up(bus, "m-0")
    channel.basic_publish("bihuan.dead", "inbox", b"\xff", pika.BasicProperties(headers=headers))

    letters = eventually(lambda: found if len(found := bus.dead_letters()) == 2 else [])
    (theirs,) = [each for each in letters if each.id != ours.id]

    assert bus.replay([theirs.id]).done + len(bus.replay([theirs.id]).kept) == 1
    assert ours.id in {each.id for each in eventually(bus.dead_letters)}


def test_a_broker_that_is_away_is_said_so(amqp_url: str) -> None:
    bus = AmqpBus("amqp://guest:guest@127.0.0.1:1/%2f")
    for asked in (bus.dead_letters, bus.queues, bus.replay):
        with pytest.raises(BusAway, match="消息队列没有应答"):
            asked()
    bus.stop(1.0)


def test_a_letter_goes_back_byte_by_byte(make_bus: MakeBus, channel: BlockingChannel) -> None:
    bus = make_bus()
    _given_up(bus, "m-0")
    body = json.dumps({"分": 5.0, "x": "\u2028"}).encode("utf-8") + b"  \n"
    properties = pika.BasicProperties(
        headers={
            "ce-specversion": "1.0",
            "ce-id": "x-1",
            "ce-type": "rating.given",
            "ce-source": "/r",
            "other": "kept",
        },
        content_type="application/json",
        message_id="x-1",
    )
    bus.stop()
    channel.basic_publish("bihuan.dead", "inbox", body, properties)
    operator = make_bus()
    letter = eventually(lambda: next((each for each in operator.dead_letters() if each.message.id == "x-1"), None))

    assert operator.replay([letter.id]).done == 1

    method, found, arrived = eventually(lambda: _get(channel, "inbox"))
    assert (arrived, found.message_id, found.content_type, found.headers["other"]) == (
        body,
        "x-1",
        "application/json",
        "kept",
    )
    assert method.routing_key == "inbox"
    assert not {name for name in found.headers if name.startswith("bihuan-")} - {"bihuan-topic"}


def test_the_upkeep_of_a_platform_with_a_broker_has_the_outboxs_dead_as_well(
    make_bus: MakeBus, sqlite_database: Database
) -> None:
    bus, clock = make_bus(), SystemClock()
    _given_up(bus, "m-0", "m-1")
    with sqlite_database.write() as connection:
        outbox.put(connection, [Outgoing(Address.JOBS, "no.such", message("m-2"))], clock.now())
        (row,) = outbox.lease(connection, clock.now(), 1, clock.now())
        outbox.bury(connection, row.id, "no queue", clock.now())
    upkeep = BothUpkeep(bus, sqlite_database, clock)

    assert [each.message.id for each in upkeep.dead_letters()][-1] == "m-2"
    assert {each.name: each.ready for each in upkeep.queues()}["dead"] == 3
    assert upkeep.replay(limit=1) == Replayed(1, more=True)
    assert {each.name: each.ready for each in upkeep.queues()}["outbox"] == 1
    kept: list[DeadLetter] = []
    assert upkeep.discard([each.id for each in upkeep.dead_letters()], kept.extend) == 2
    assert {each.message.id for each in kept} == {"m-0", "m-1"}
    assert list(upkeep.dead_letters()) == []


def test_the_states_of_queues_that_nobody_has_declared_are_left_out(amqp_url: str) -> None:
    assert AmqpBus(amqp_url, topics=[JOB]).queues() == []


def _keep_nothing(letters: Sequence[DeadLetter]) -> None:
    raise AssertionError(f"{letters} were to be kept")


def _get(channel: BlockingChannel, queue: str) -> Any:
    method, properties, body = channel.basic_get(queue, auto_ack=True)
    return (method, properties, body) if method is not None else None


def _take(channel: BlockingChannel) -> Any:
    """Look at the only dead letter, and put it back."""
    method, properties, body = eventually(
        lambda: found if (found := channel.basic_get(topology.DEAD_QUEUE))[0] else None
    )
    channel.basic_nack(method.delivery_tag, requeue=True)
    return method, properties, body
