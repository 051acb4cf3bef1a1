"""The exchanges and queues on the broker: declared, the same each time, by every process that connects.

A message goes to one of three topic exchanges; what fails waits in one queue a delay and returns to its queue; what is
given up lies in ``dead``. Every queue is a durable quorum queue. Their arguments can never be changed in place: new
arguments need new names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel

from processes.messaging.addresses import DEAD_QUEUE as DEAD_QUEUE
from processes.messaging.addresses import EXCHANGES, INBOX_QUEUE, job_queue, urgent
from processes.messaging.bus import Address
from workers.bus.delivery import ALL, Ladder, Subscription

DEAD_EXCHANGE = "bihuan.dead"

_DELIVERIES = 20
"""A message that was in the hands of so many processes that died is given up: it may be what kills them."""

_UNLIMITED = 1_000_000_000
"""For queues that people look into: each look is a delivery that is not acknowledged (RabbitMQ 4 counts to 20 by default)."""

_SAFE_DEAD_LETTERING = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


@dataclass(frozen=True)
class Queue:
    """A queue and what is bound to it, as (exchange, routing key)."""

    name: str
    bindings: tuple[tuple[str, str], ...]
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Topology:
    """What has to be on the broker for a bus."""

    queues: tuple[Queue, ...]
    waits: tuple[float, ...]

    def declare(self, channel: BlockingChannel) -> None:
        """Declare all of it. Raises pika's ChannelClosedByBroker (406) when a queue exists with other arguments."""
        for exchange in (*EXCHANGES.values(), DEAD_EXCHANGE):
            channel.exchange_declare(exchange, "topic", durable=True)
        for wait in self.waits:
            channel.exchange_declare(wait_exchange(wait), "fanout", durable=True)
        for queue in self.queues:
            channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
            for exchange, routing_key in queue.bindings:
                channel.queue_bind(queue.name, exchange, routing_key)


def topology(name: str, topics: Collection[str], subscriptions: Iterable[Subscription], ladder: Ladder) -> Topology:
    """The broker's furniture for a bus called ``name`` that knows these job topics and has these subscriptions."""
    subscribed = list(subscriptions)
    jobs = {each for topic in topics for each in (topic, urgent(topic))}
    for one in subscribed:
        if one.address == Address.JOBS:
            jobs |= one.topics - {ALL}
    waits = tuple(sorted(set(ladder.delays)))
    queues = [
        Queue(DEAD_QUEUE, ((DEAD_EXCHANGE, "#"),), {"x-queue-type": "quorum", "x-delivery-limit": _UNLIMITED}),
        Queue(INBOX_QUEUE, ((EXCHANGES[Address.INBOX], "#"),), _WORK),
        *(Queue(job_queue(topic), ((EXCHANGES[Address.JOBS], topic),), _WORK) for topic in sorted(jobs)),
        *(_events(name, one) for one in subscribed if one.address == Address.EVENTS),
        *(_wait(delay) for delay in waits),
    ]
    return Topology(tuple(queues), waits)


_WORK: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-delivery-limit": _DELIVERIES,
    "x-dead-letter-exchange": DEAD_EXCHANGE,
    **_SAFE_DEAD_LETTERING,
}


def events_queue(name: str, subscription: Subscription) -> str:
    """The queue of a subscription to events: processes that go by the same name share it."""
    return f"events.{name}.{subscription.key}"


def _events(name: str, subscription: Subscription) -> Queue:
    keys = ["#" if topic == ALL else topic for topic in sorted(subscription.topics)]
    exchange = EXCHANGES[Address.EVENTS]
    return Queue(events_queue(name, subscription), tuple((exchange, key) for key in keys), _WORK)


def wait_exchange(delay: float) -> str:
    """Publish here, with a queue's name as the routing key: ``delay`` seconds later the message is in that queue."""
    return f"bihuan.wait.{_milliseconds(delay)}"


def is_furniture(queue: str) -> bool:
    """Whether it is a queue that nobody sends to: where messages wait for their next attempt, or lie dead."""
    return queue == DEAD_QUEUE or queue.startswith("wait.")


def _wait(delay: float) -> Queue:
    # One queue a delay: only a queue's head expires, so a long wait would hold up a short one behind it.
    arguments = {
        "x-queue-type": "quorum",
        "x-message-ttl": _milliseconds(delay),
        "x-dead-letter-exchange": "",
        **_SAFE_DEAD_LETTERING,
    }
    return Queue(f"wait.{_milliseconds(delay)}", ((wait_exchange(delay), ""),), arguments)


def _milliseconds(delay: float) -> int:
    return max(int(delay * 1000), 1)


def queues_of(name: str, topics: Collection[str], subscription: Subscription) -> list[str]:
    """The queues that a subscription consumes."""
    if subscription.address == Address.INBOX:
        return [INBOX_QUEUE]
    if subscription.address == Address.EVENTS:
        return [events_queue(name, subscription)]
    wanted = set(subscription.topics)
    if ALL in wanted:
        wanted |= {each for topic in topics for each in (topic, urgent(topic))}
    return sorted(job_queue(topic) for topic in wanted - {ALL})


def origin(queue: str) -> tuple[Address, str]:
    """The address of a queue, and the topic as far as its name says it."""
    kind, _, rest = queue.partition(".")
    if kind == Address.JOBS:
        return Address.JOBS, rest
    return (Address.EVENTS, "") if kind == Address.EVENTS else (Address.INBOX, "")
