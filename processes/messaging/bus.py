"""The bus port: what the engine, the gateway and the workers know of message transport. Two transports stand behind it
(workers/bus): embedded (the outbox table, leased by an in-process pool) and AMQP (RabbitMQ)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from processes.errors import BihuanError


class Address(StrEnum):
    """Where a message goes. In AMQP: the exchanges ``bihuan.jobs``, ``bihuan.inbox`` and ``bihuan.events``, and the default one."""

    JOBS = "jobs"
    """work for workers; the topic is the job topic, the queue ``jobs.<topic>``"""
    INBOX = "inbox"
    """messages to the platform (answers of workers, messages of systems, loopback between cases); one queue"""
    EVENTS = "events"
    """what happened, for whoever listens; the topic is the event type"""
    REPLY = "reply"
    """an answer to whoever sent a message and named a queue of his own; the topic is that queue"""


@dataclass(frozen=True, slots=True)
class Whole:
    """Of a body that is too large to be kept: how many bytes it had, and their SHA-256 in hex."""

    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as it came in from outside, before anybody read it: what is kept of one that is refused, and what a signature covers."""

    door: str
    """``amqp``, ``http`` or ``embedded``"""
    routing_key: str
    headers: Mapping[str, Any] = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)
    properties: Mapping[str, Any] = field(default_factory=dict)
    """AMQP's: message_id, type, correlation_id, reply_to, user_id, as far as they were set"""
    whole: Whole | None = None
    """set when ``body`` is only the beginning"""


@dataclass(frozen=True)
class Message:
    """A CloudEvent 1.0. ``id`` is the same on every delivery; ``extensions`` are lower-case CloudEvents extensions
    (``correlationkey``, ``partner``, ``place``, ``jobid``, ``traceparent`` …); ``data`` is JSON. ``raw`` is how it came, when it came from
    outside."""

    id: str
    type: str
    source: str
    time: datetime
    data: Any
    subject: str | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)
    raw: Raw | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Unreadable:
    """What came to the platform and is no message at all, with the reason."""

    raw: Raw
    zh: str
    en: str


class Retry(Exception):
    """Raised by a handler: deliver the message again, not before ``after`` seconds (None: the ladder decides)."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Reject(Exception):
    """Raised by a handler: this message can never be handled; it goes to the dead letters with the reason."""


class NotSent(Exception):
    """The transport did not take responsibility for the message: it may or may not arrive; send it again, same id."""


Handler = Callable[[Message], "Future[None] | None"]
"""Returns when the message has had its effect, or a future that ends when it has (the answer to it was posted, and is to be confirmed); raises
:class:`Retry`, :class:`Reject`, :class:`NotSent`, or anything (as Retry)."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up, and why."""

    message: Message
    address: Address
    topic: str
    reason: str
    at: datetime
    id: str
    """names it for :meth:`Bus.replay` and :meth:`Bus.discard`, the same each time it is looked at"""


Keep = Callable[[Sequence[DeadLetter]], None]
"""Writes down what is about to be thrown away."""


@dataclass(frozen=True)
class Replayed:
    """What a call of :meth:`Bus.replay` came to. ``kept``: the ids of letters that could not be put back, and are dead still."""

    done: int
    kept: Sequence[str] = ()
    more: bool = False
    """whether there are letters that were not tried, because ``limit`` was reached"""


@dataclass(frozen=True)
class QueueState:
    """What waits at an address for a topic ("": whatever topic), as the transport knows it."""

    name: str
    address: Address | None
    """None: a queue that no one sends to (waiting for a retry, dead letters)"""
    topic: str
    ready: int
    """messages that a consumer could take now"""
    in_hand: int | None
    """messages that were handed out and are not settled; None: the transport does not tell"""
    consumers: int | None
    """who takes from it; None: the transport does not tell"""
    oldest: datetime | None = None
    """since when the oldest has been waiting; None: nothing waits, or the transport does not tell"""


class BusAway(BihuanError):
    """The transport does not answer; ``en`` says how."""

    def __init__(
        self, en: str, zh: str = "消息队列没有应答，请检查 RabbitMQ 是否在运行、网络是否通畅，再试一次。"
    ) -> None:
        super().__init__(zh, en)


class LettersInHand(BusAway):
    """Somebody else has the dead letters, and has not given them back in time."""

    def __init__(self) -> None:
        super().__init__("the dead letters are in use", "另一位同事正在查看或处理死信，请稍等片刻再试。")


class Upkeep(Protocol):
    """What a person looks after: queues and dead letters. What can't be done now raises :class:`BusAway`."""

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """What was given up, newest last."""

    def replay(
        self, ids: Collection[str] | None = None, *, before: datetime | None = None, limit: int = 500
    ) -> Replayed:
        """Put dead letters back where they were given up, their ids unchanged, as if they had not failed before: those of ``ids``, or
        all that were given up until ``before``; at most ``limit``. A letter is dead until the transport has taken it back."""

    def discard(self, ids: Collection[str], keep: Keep) -> int:
        """Throw dead letters away, once ``keep`` has written them down; returns how many there were."""

    def queues(self) -> Sequence[QueueState]:
        """What waits where."""


class Bus(Upkeep, Protocol):
    """At-least-once delivery. Subscribe, then start; ``stop`` lets running handlers finish. For its upkeep it need not be started."""

    def send(self, address: Address, topic: str, message: Message) -> None:
        """Hand a message over; on return it is durable. Raises :class:`NotSent`."""

    def post(self, address: Address, topic: str, message: Message) -> Future[None]:
        """Like :meth:`send`, without waiting: the future ends with None or :class:`NotSent`."""

    def subscribe(
        self,
        address: Address,
        topics: Sequence[str],
        handler: Handler,
        *,
        concurrency: int = 1,
        prefetch: int | None = None,
    ) -> None:
        """Call ``handler`` for each message of these topics (``"*"``: all); at most ``concurrency`` at once.

        ``prefetch``: how many messages may be in this process's hands, those whose handlers' futures have not ended included; twice the
        concurrency when not given.
        """

    def start(self) -> None:
        """Begin to deliver, in threads of the bus's own."""

    def cease(self, timeout: float = 30.0) -> None:
        """Take nothing new from now on; what is in hand is handled, and messages can be sent until :meth:`stop`."""

    def stop(self, timeout: float = 30.0) -> None:
        """Take nothing new, wait for running handlers up to ``timeout`` seconds; what was not finished comes again."""
