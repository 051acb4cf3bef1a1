"""What addresses are called on an AMQP broker: the one list that the transport declares and the AsyncAPI document tells."""

from __future__ import annotations

from processes.messaging.bus import Address

EXCHANGES = {
    Address.JOBS: "bihuan.jobs",
    Address.INBOX: "bihuan.inbox",
    Address.EVENTS: "bihuan.events",
}
"""topic exchanges, durable"""

INBOX_QUEUE = "inbox"
"""the queue of everything that is sent to the platform"""


def job_queue(topic: str) -> str:
    """The queue of a job topic."""
    return f"jobs.{topic}"


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
