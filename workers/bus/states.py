"""What waits in which queue, as the broker says it to whoever asks politely: no plug-in and no rights are needed."""

from __future__ import annotations

from collections.abc import Iterable

import pika
import pika.exceptions

from processes.messaging.bus import QueueState
from workers.bus import topology
from workers.bus.connection import visit


def states(parameters: pika.connection.Parameters, names: Iterable[str]) -> list[QueueState]:
    """The state of each of these queues that is there. Raises ``BusAway``."""
    found: list[QueueState] = []
    with visit(parameters) as connection:
        channel = connection.channel()
        for name in names:
            try:
                told = channel.queue_declare(name, passive=True).method
            except pika.exceptions.ChannelClosedByBroker:  # nobody has declared it yet
                channel = connection.channel()
                continue
            found.append(_state(name, told.message_count, told.consumer_count))
    return found


def _state(name: str, ready: int, consumers: int) -> QueueState:
    address, topic = (None, "") if topology.is_furniture(name) else topology.origin(name)
    return QueueState(name, address, topic, ready, None, consumers)
