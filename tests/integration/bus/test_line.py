"""The engine's line: a parcel is struck off when the broker has taken all that is in it; what it does not take goes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from processes.messaging.bus import Address, Message
from processes.runtime.turns import Turn
from processes.store.outbox import Outgoing
from processes.store.parcels import Packed
from tests.integration.bus.transports import PATIENCE, Inbox, MakeBus, eventually, message, started
from workers.bus.amqp import AmqpBus
from workers.bus.delivery import Done, Ending
from workers.bus.line import Line

pytestmark = pytest.mark.broker

JOB = "rating.request"


class Engine:
    """What a line does for: remembers what comes back."""

    def __init__(self, bus: AmqpBus) -> None:
        self.returned: dict[str, list[str]] = {}
        self.line: Line = bus.line(
            self._receive, tidy=lambda: None, give_back=self._give_back, resolve=lambda message: message
        )

    def _receive(self, messages: Sequence[Message], turn: Turn) -> list[Ending]:
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
