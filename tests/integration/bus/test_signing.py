"""The platform's own processes sign what they send to the platform, on every way, and it is believed where nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from processes.clock import SystemClock
from processes.messaging.bus import Address, Message, Unreadable
from processes.messaging.identity import Identity
from processes.messaging.inlet import INTERNAL, NotTaken
from processes.messaging.signing import HEADER, Key, Signer
from processes.runtime.turns import Turn
from processes.store.outbox import Outgoing
from processes.store.parcels import Packed
from tests.integration.bus.transports import PATIENCE, MakeBus, eventually, started
from workers.bus.amqp import AmqpBus
from workers.bus.delivery import Again, Done, Ending
from workers.bus.line import Line

pytestmark = pytest.mark.broker

KEY = Key("own", "secret")
IDENTITY = Identity({INTERNAL: (KEY,)})


class Engine:
    """The end of a line: what comes first fails as often as told, as when the database is away."""

    def __init__(self, bus: AmqpBus, failures: int = 0) -> None:
        self.came: list[Message | Unreadable] = []
        self.failures = failures
        self.line: Line = bus.line(
            self._receive, tidy=lambda: None, give_back=lambda _: None, resolve=lambda each: each
        )

    def _receive(self, messages: Sequence[Message | Unreadable], turn: Turn) -> list[Ending]:
        self.came += messages
        self.failures -= 1
        return [Done() if self.failures < 0 else Again("the database is away", None)] * len(messages)


@pytest.fixture
def bus(make_bus: MakeBus) -> Iterator[AmqpBus]:
    return started(make_bus(signer=Signer(KEY, SystemClock())))


@pytest.fixture
def engine(bus: AmqpBus) -> Iterator[Engine]:
    made = Engine(bus)
    made.line.start()
    assert made.line.ready.wait(PATIENCE)
    yield made
    made.line.stop(5.0)


def answer(id: str = "a-1") -> Message:
    return Message(id, "job.completed", "/workers/x", datetime.now(UTC), {"result": {}}, extensions={"jobid": "j"})


def test_a_workers_answer_is_signed(bus: AmqpBus, engine: Engine) -> None:
    bus.send(Address.INBOX, "job.completed", answer())
    (message,) = eventually(lambda: engine.came)
    assert isinstance(message, Message)
    IDENTITY.check(INTERNAL, message)


def test_what_the_line_sends_is_signed(engine: Engine) -> None:
    engine.line.send([Packed("p", [Outgoing(Address.INBOX, "job.completed", answer())])])
    (message,) = eventually(lambda: engine.came)
    assert isinstance(message, Message)
    IDENTITY.check(INTERNAL, message)


def test_a_signature_outlasts_the_ladder(bus: AmqpBus, engine: Engine) -> None:
    engine.failures = 1
    bus.send(Address.INBOX, "job.completed", answer())
    first, second = eventually(lambda: engine.came if len(engine.came) > 1 else [])
    for message in (first, second):
        assert isinstance(message, Message)
        IDENTITY.check(INTERNAL, message)


def test_what_goes_to_workers_and_listeners_bears_no_signature(bus: AmqpBus) -> None:
    for address in (Address.JOBS, Address.EVENTS, Address.REPLY):
        assert HEADER not in bus.wire(address, "x", answer()).headers


def test_what_is_not_signed_is_not_believed(make_bus: MakeBus, engine: Engine) -> None:
    started(make_bus()).send(Address.INBOX, "job.completed", answer())
    (message,) = eventually(lambda: engine.came)
    assert isinstance(message, Message)
    with pytest.raises(NotTaken, match="平台的签名"):
        IDENTITY.check(INTERNAL, message)
