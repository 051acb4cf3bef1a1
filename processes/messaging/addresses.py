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
