"""What both transports do alike: who gets a message, what a handler's end means, and when a message comes again."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from processes.messaging import measures
from processes.messaging.bus import Address, Handler, Message, NotSent, Reject, Retry
from processes.observing.here import door
from processes.observing.trace import HEADER

log = logging.getLogger("bihuan.bus")

Resolve = Callable[[Message], Message]
"""Applied to a job when it leaves for its worker: references become what they refer to."""

ALL = "*"
"""The topic that stands for all topics."""

NOT_SENT_SECONDS = 1.0
"""After which a message is delivered again whose answer could not be sent."""

_REASON_LIMIT = 500
"""Characters of a reason that are kept: a header must stay small, and long error texts repeat what was processed."""


def identity(message: Message) -> Message:
    """The message as it is."""
    return message


@dataclass(frozen=True)
class Ladder:
    """How long a message waits (seconds) after its first, second … failure; after the last rung it is given up.

    The default reaches over an hour, so that the restart of a database or a partner's outage costs no message.
    """

    delays: tuple[float, ...] = (1.0, 10.0, 60.0, 600.0, 600.0, 600.0, 600.0, 600.0, 600.0)

    def wait(self, failures: int) -> float | None:
        """The delay after so many earlier failures, or None: given up."""
        return self.delays[failures] if failures < len(self.delays) else None


@dataclass(frozen=True)
class Subscription:
    """Who handles which messages, and how many at once."""

    address: Address
    topics: frozenset[str]
    handler: Handler
    concurrency: int
    prefetch: int = 0
    """how many messages may be in this process's hands at once, those whose answers are on their way included"""

    def wants(self, topic: str) -> bool:
        """Whether a topic is among those subscribed to."""
        return ALL in self.topics or topic in self.topics

    @property
    def key(self) -> str:
        """The same for the same address and topics, in every process and after every restart."""
        return hashlib.sha256("\n".join([self.address, *sorted(self.topics)]).encode()).hexdigest()[:12]


def subscription(
    address: Address, topics: Collection[str], handler: Handler, concurrency: int, prefetch: int | None = None
) -> Subscription:
    """A checked subscription. Raises ValueError for no topics or no concurrency."""
    if not topics or isinstance(topics, str):
        raise ValueError("a subscription needs a list of topics")
    if any(wildcard in topic for topic in topics if topic != ALL for wildcard in "*#"):
        raise ValueError("a subscription names whole topics, or all of them by *")
    if concurrency < 1:
        raise ValueError("a subscription handles at least one message at once")
    return Subscription(
        Address(address), frozenset(topics), handler, concurrency, max(prefetch or 2 * concurrency, concurrency)
    )


@dataclass(frozen=True)
class Done:
    """The message has had its effect."""


@dataclass(frozen=True)
class Again:
    """Deliver again. ``after`` seconds when the handler named them (this uses up no rung), else as the ladder says."""

    reason: str
    after: float | None


@dataclass(frozen=True)
class GivenUp:
    """Never deliver again."""

    reason: str


Ending = Done | Again | GivenUp


Later = Callable[[Ending], None]
"""Hears of an ending that came after the handler's return, in the thread that it came in: it must not wait there."""


def run(handler: Handler, message: Message, resolve: Resolve = identity, later: Later | None = None) -> Ending | None:
    """Call a handler; whatever it does, the message gets an ending. None: ``later`` hears of it (without ``later`` it is waited for)."""
    with door(message.extensions.get(HEADER)):
        try:
            pending = handler(resolve(message))
            if pending is None:
                return ending_of(None)
            if later is None:
                pending.result()
                return ending_of(None)
        except BaseException as error:
            return ending_of(error)
        hear = later
        pending.add_done_callback(lambda future: hear(ending_of(future.exception())))
        return None


def ending_of(error: BaseException | None) -> Ending:
    """What a handler's end means for its message; None: it has had its effect."""
    ending = _judged(error)
    measures.DELIVERIES.labels(type(ending).__name__.lower()).inc()
    return ending


def _judged(error: BaseException | None) -> Ending:
    if error is None:
        return Done()
    if isinstance(error, NotSent):
        # What came of it did not get out: it is done again, and its idempotency key sees to it that nothing happens twice.
        return Again(_short(str(error)), NOT_SENT_SECONDS)
    if isinstance(error, Retry):
        return Again(_short(str(error)), error.after)
    if isinstance(error, Reject):
        return GivenUp(_short(str(error)))
    log.warning("handling a message failed", exc_info=error)
    return Again(_short(f"{type(error).__name__}: {error}"), None)


def _short(reason: str) -> str:
    return reason[:_REASON_LIMIT]
