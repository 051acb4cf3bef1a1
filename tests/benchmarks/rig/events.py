"""What the programs around the engine say and hear: CloudEvents 1.0 in binary mode, on the platform's exchanges."""

from __future__ import annotations

from datetime import UTC, datetime

from pika.adapters.blocking_connection import BlockingChannel

from processes.messaging.addresses import EXCHANGES, INBOX_QUEUE, job_queue
from processes.messaging.bus import Address
from workers.bus.delivery import Ladder
from workers.bus.topology import topology

TOPIC = "bench.work"
ORDER_PLACED = "order.placed"
SIGNAL_DONE = "signal.done"
INBOX, JOBS, EVENTS = EXCHANGES[Address.INBOX], EXCHANGES[Address.JOBS], EXCHANGES[Address.EVENTS]
MESSAGES_IN = INBOX_QUEUE
JOBS_QUEUE = job_queue(TOPIC)
DONE_QUEUE = "bench.done"
"""the generator's own: a quorum queue bound to the exchange of events"""


def declare(channel: BlockingChannel) -> None:
    """The platform's exchanges and queues, the queue of our topic, and the generator's."""
    topology("bench", [TOPIC], [], Ladder()).declare(channel)
    channel.queue_declare(DONE_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(DONE_QUEUE, EVENTS, SIGNAL_DONE)


def headers(identity: str, type_: str, source: str, **extensions: str) -> dict[str, str]:
    """The attributes of an event, with the present time."""
    core = {"ce-specversion": "1.0", "ce-id": identity, "ce-type": type_, "ce-source": source}
    time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {**core, "ce-time": time, **{f"ce-{name}": value for name, value in extensions.items()}}
