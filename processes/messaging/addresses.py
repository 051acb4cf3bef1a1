"""What addresses are called on an AMQP broker: the one list that the transport declares and the AsyncAPI document tells."""

from __future__ import annotations

from processes.messaging.bus import Address

EXCHANGES = {
    Address.JOBS: "bihuan.jobs",
    Address.INBOX: "bihuan.inbox",
    Address.EVENTS: "bihuan.events",
}
"""topic exchanges, durable"""

DEAD_QUEUE = "dead"
"""the queue of what was given up"""

LONGEST_REPLY_TO = 120
"""characters of the name of a queue that answers go to"""

INBOX_QUEUE = "inbox"
"""the queue of everything that is sent to the platform"""


def exchange_of(address: Address) -> str:
    """The exchange of an address; answers go straight to their queues, over the default one."""
    return EXCHANGES.get(address, "")


def is_mandatory(address: Address) -> bool:
    """Whether a queue must be there: work and messages to the platform may not be lost; nobody has to listen to events and answers."""
    return address in (Address.JOBS, Address.INBOX)


def is_ours(queue: str) -> bool:
    """Whether a queue of this name is the platform's own: nobody may have his answers sent there."""
    return queue in (INBOX_QUEUE, DEAD_QUEUE) or queue.startswith(("jobs.", "events.", "wait."))


def job_queue(topic: str) -> str:
    """The queue of a job topic."""
    return f"jobs.{topic}"


URGENT = ".urgent"
"""What the topics of urgent jobs end with: they have queues of their own, so that they do not wait behind the others."""

URGENT_FROM, HIGHEST = 5, 9
"""Priorities: from the first on a job is urgent; none is higher than the second."""


def urgent(topic: str) -> str:
    """The topic under which the urgent jobs of a topic travel."""
    return f"{topic}{URGENT}"


def travels_as(topic: str, priority: int | None) -> str:
    """The topic under which a job of this priority travels."""
    return urgent(topic) if (priority or 0) >= URGENT_FROM else topic


def signal_event(name: str) -> str:
    """The topic, and type, of the event that a diagram's signal of this name is to listeners outside."""
    return f"signal.{name}"


PEER = "peer"
"""the extension that names the deployment a message comes from; only the transport sets it, from the routing key"""


def peer_key(name: str) -> str:
    """The routing key by which another deployment sends to our inbox. The broker lets its account use no other."""
    return f"{PEER}.{name}"


def peer_of(routing_key: str) -> str | None:
    """The deployment that sends by this routing key."""
    kind, dot, name = routing_key.partition(".")
    return name if dot and kind == PEER and name else None
