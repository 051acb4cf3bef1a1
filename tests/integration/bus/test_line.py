"""The engine's line: a parcel is struck off when the broker has taken all that is in it; what it does not take goes back."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pika
import pytest

from processes.messaging.bus import Address, Message, Unreadable, Whole
from processes.messaging.inlet import BEGINNING
from processes.runtime.turns import Turn
from processes.store.outbox import Outgoing
from processes.store.parcels import Packed
from tests.hostile.messages import Unreadable as UnreadableProperties
from tests.integration.bus.transports import PATIENCE, Inbox, MakeBus, eventually, message, started
from workers.bus.amqp import AmqpBus
from workers.bus.connection import UNREADABLE
from workers.bus.delivery import Done, Ending
from workers.bus.line import Line

pytestmark = pytest.mark.broker

JOB = "rating.request"


class Engine:
    """What a line does for: remembers what comes back."""

    def __init__(self, bus: AmqpBus) -> None:
        self.returned: dict[str, list[str]] = {}
        self.came: list[Message | Unreadable] = []
        self.line: Line = bus.line(
            self._receive, tidy=lambda: None, give_back=self._give_back, resolve=lambda message: message
        )

    def _receive(self, messages: Sequence[Message | Unreadable], turn: Turn) -> list[Ending]:
        self.came += messages
        return [Done()] * len(messages)

    def _give_back(self, undelivered: Mapping[str, Sequence[Outgoing]]) -> None:
        for parcel, messages in undelivered.items():
            assert parcel not in self.returned
            self.returned[parcel] = [each.message.id for each in messages]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def engine(make_bus: MakeBus, inbox: Inbox) -> Iterator[Engine]:
    bus = make_bus()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    made = Engine(started(bus))
    made.line.start()
    assert made.line.ready.wait(PATIENCE)
    yield made
    made.line.stop(5.0)


def parcel(id: str, *topics: str, address: Address = Address.JOBS) -> Packed:
    return Packed(id, [Outgoing(address, topic, message(f"{id}-{n}")) for n, topic in enumerate(topics)])


def test_parcels_of_which_everything_is_delivered_are_told(engine: Engine, inbox: Inbox) -> None:
    engine.line.send([parcel("a", JOB, JOB), parcel("b", JOB)])

    inbox.wait(3)

    told = list[str]()
    eventually(lambda: told.extend(engine.line.take_delivered()) or sorted(told) == ["a", "b"])
    assert (inbox.ids, engine.returned) == (["a-0", "a-1", "b-0"], {})


def test_what_no_queue_takes_comes_back_alone(engine: Engine, inbox: Inbox) -> None:
    engine.line.send([parcel("a", JOB, "nobody.does.this", JOB), parcel("b", JOB)])

    eventually(lambda: engine.returned)

    eventually(lambda: engine.line.take_delivered() == ["b"])
    assert engine.returned == {"a": ["a-1"]}
    assert sorted(each.id for each in inbox.wait(3)) == ["a-0", "a-2", "b-0"]


def test_two_that_come_back_are_told_apart_by_where_they_went(engine: Engine) -> None:
    twins = [Outgoing(Address.JOBS, topic, message("twin")) for topic in ("nobody.does.this", JOB)]
    engine.line.send([Packed("a", twins), parcel("b", JOB)])

    eventually(lambda: engine.line.take_delivered() == ["b"])
    assert engine.returned == {"a": ["twin"]}


def test_what_cannot_be_put_into_words_comes_back(engine: Engine, inbox: Inbox) -> None:
    unspeakable = Outgoing(Address.JOBS, "x" * 300, message("a-0"))
    engine.line.send([Packed("a", [unspeakable, *parcel("a", JOB, JOB).messages[1:]])])

    eventually(lambda: engine.returned)

    assert engine.returned == {"a": ["a-0"]}
    assert [each.id for each in inbox.wait(1)] == ["a-1"]


def test_a_line_that_has_stopped_gives_everything_back(engine: Engine) -> None:
    engine.line.stop(5.0)

    engine.line.send([parcel("a", JOB, JOB)])

    assert engine.returned == {"a": ["a-0", "a-1"]}


# ---- what comes ------------------------------------------------------------------------------------------------------


def publish(url: str, body: bytes, properties: Any) -> None:
    """As somebody else."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().basic_publish("bihuan.inbox", "rating.given", body, properties)
    connection.close()


def came(engine: Engine) -> Message | Unreadable:
    """The next thing that came."""
    eventually(lambda: engine.came)
    return engine.came.pop(0)


def test_a_message_comes_with_how_it_came(engine: Engine, amqp_url: str) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-type": "rating.given",
        "ce-source": "/s",
        "bihuan-signature": "k;1;00",
    }
    properties = pika.BasicProperties(
        content_type="application/json",
        headers=headers,
        reply_to="mine",
        correlation_id="c",
        user_id="guest",
        message_id="m",
    )
    publish(amqp_url, b"{}", properties)
    message = came(engine)
    assert isinstance(message, Message)
    assert message.raw is not None
    assert (message.raw.door, message.raw.routing_key, message.raw.headers) == ("amqp", "rating.given", headers)
    assert (message.raw.content_type, message.raw.body) == ("application/json", b"{}")
    said = {"reply_to": "mine", "correlation_id": "c", "user_id": "guest", "message_id": "m"}
    assert message.raw.properties == said


def test_what_is_no_message_goes_to_the_engine_with_the_reason(engine: Engine, amqp_url: str) -> None:
    publish(amqp_url, b"\xff[", pika.BasicProperties(message_id="m"))
    unreadable = came(engine)
    assert isinstance(unreadable, Unreadable)
    assert (unreadable.raw.body, unreadable.raw.properties) == (b"\xff[", {"message_id": "m"})
    assert "CloudEvents" in unreadable.zh
    assert "JSON" in unreadable.en


def test_of_what_is_too_large_the_beginning_goes_on_with_length_and_hash(engine: Engine, amqp_url: str) -> None:
    body = b"x" * 3_000_000
    publish(amqp_url, body, pika.BasicProperties(message_id="m"))
    unreadable = came(engine)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.raw.body == body[:BEGINNING]
    assert unreadable.raw.whole == Whole(len(body), hashlib.sha256(body).hexdigest())
    assert "3000000" in unreadable.zh


@pytest.mark.parametrize("table", [b"\x01tT" + b"\xff" * 8, b"deep"], ids=["a time far away", "nested tables"])
def test_headers_that_no_client_reads_do_not_end_the_connection(engine: Engine, amqp_url: str, table: bytes) -> None:
    if table == b"deep":
        table = b""
        for _ in range(2_000):
            table = b"\x01aF" + struct.pack(">I", len(table)) + table
    publish(amqp_url, b"{}", UnreadableProperties(table))
    unreadable = came(engine)
    assert isinstance(unreadable, Unreadable)
    assert list(unreadable.raw.headers) == [UNREADABLE]
    assert unreadable.raw.headers[UNREADABLE].endswith(table)
    assert unreadable.raw.body == b"{}"
    publish(amqp_url, b"[", pika.BasicProperties())
    came(engine)
