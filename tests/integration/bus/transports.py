"""Two transports as the contract suite sees them: what differs between the two is here, the tests are the same."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from processes.clock import Clock, ManualClock, SystemClock
from processes.messaging.bus import Address, Bus, DeadLetter, Message, NotSent
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import OutboxMessage
from workers.bus.amqp import AmqpBus
from workers.bus.delivery import Ladder
from workers.bus.embedded import EmbeddedBus

PATIENCE = 20.0
"""Seconds after which a test says that what it waits for does not come."""

TOPICS = ("rating.request", "notice.send")


def message(id: str = "m-1", data: Any = None, type: str = "rating.request", **extensions: str) -> Message:
    """A message with little to say."""
    return Message(id, type, "/tests", datetime(2026, 1, 5, 1, 2, 3, tzinfo=UTC), data, extensions=extensions)


class Inbox:
    """A handler that remembers what it got, and fails as often as told."""

    def __init__(self, *errors: Exception, clock: Clock | None = None) -> None:
        self._errors = list(errors)
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self.got: list[Message] = []
        self.times: list[datetime] = []

    def __call__(self, message: Message) -> None:
        with self._changed:
            self.got.append(message)
            self.times.append(self._clock.now())
            self._changed.notify_all()
            if self._errors:
                raise self._errors.pop(0)

    @property
    def ids(self) -> list[str]:
        with self._changed:
            return [message.id for message in self.got]

    def wait(self, count: int) -> list[Message]:
        """The messages, once there are ``count``."""
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.got) >= count, PATIENCE)
            assert enough, f"{len(self.got)} of {count} messages came"
            return list(self.got)


T = TypeVar("T")


def eventually(look: Callable[[], T]) -> T:
    """What ``look`` gives, as soon as that is anything."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        pause.wait(0.02)
    return found


def put_and_fail(database: Database, sent: Message) -> None:
    """A transaction that puts a message into the outbox and then fails."""
    with database.write() as connection:
        outbox.put(connection, [outbox.Outgoing(Address.JOBS, "rating.request", sent)], sent.time)
        raise RuntimeError("the command failed")


class Transport(ABC):
    """Makes buses that share one transport, as processes do."""

    ladder: Ladder
    """short enough to be climbed in a test"""

    def __init__(self) -> None:
        self._buses: list[Bus] = []

    def bus(self) -> Bus:
        """A bus, stopped at the end of the test."""
        made = self._make()
        self._buses.append(made)
        return made

    def started(self, bus: Bus) -> Bus:
        """Start it."""
        bus.start()
        return bus

    @abstractmethod
    def _make(self) -> Bus: ...

    def clock(self) -> Clock:
        """The clock by which messages wait."""
        return SystemClock()

    @abstractmethod
    def let_time_pass(self, seconds: float) -> None:
        """Make it so that a message that waits ``seconds`` need not wait any longer."""

    def dead(self, bus: Bus, count: int) -> list[DeadLetter]:
        """The dead letters, once there are ``count``."""
        return eventually(lambda: found if len(found := list(bus.dead_letters())) >= count else [])

    def close(self) -> None:
        for bus in self._buses:
            bus.stop(5.0)


class Embedded(Transport):
    """The clock is ours: waiting is moving it."""

    ladder = Ladder((1.0, 10.0, 60.0))

    def __init__(self, database: Database, clock: ManualClock) -> None:
        super().__init__()
        self._database = database
        self._clock = clock

    def _make(self) -> EmbeddedBus:
        return EmbeddedBus(self._database, self._clock, topics=TOPICS, ladder=self.ladder, poll_seconds=0.02)

    def clock(self) -> Clock:
        return self._clock

    def let_time_pass(self, seconds: float) -> None:
        eventually(self._something_waits)
        self._clock.advance(timedelta(seconds=seconds))

    def _something_waits(self) -> bool:
        """A failure has been written down: its delay counts from the time before the clock is moved."""
        now = self._clock.now()
        waiting = select(OutboxMessage.id).where(OutboxMessage.available_at > now, OutboxMessage.leased_until.is_(None))
        with self._database.read() as connection:
            return connection.execute(waiting).first() is not None


class Amqp(Transport):
    """The broker's clock can't be moved: the rungs are short."""

    ladder = Ladder((0.1, 0.2, 0.4))

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def _make(self) -> AmqpBus:
        return AmqpBus(self.url, topics=TOPICS, ladder=self.ladder)

    def started(self, bus: Bus) -> Bus:
        bus.start()
        assert isinstance(bus, AmqpBus)
        assert bus.wait_connected(PATIENCE)
        return bus

    def let_time_pass(self, seconds: float) -> None:
        """It passes by itself."""


MakeBus = Callable[..., AmqpBus]
"""Makes a bus on the test's own vhost, with short rungs; takes the options of :class:`AmqpBus`."""


def started(bus: AmqpBus) -> AmqpBus:
    """Start it, and wait until it can send and receive."""
    bus.start()
    assert bus.wait_connected(PATIENCE)
    return bus


def send_until_taken(bus: AmqpBus, sent: Message, address: Address = Address.JOBS) -> None:
    """As a relay does: what was not taken is sent again with the same id."""

    def taken() -> bool:
        try:
            bus.send(address, "rating.request", sent)
        except NotSent:
            return False
        return True

    eventually(taken)
