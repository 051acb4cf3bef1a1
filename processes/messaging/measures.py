"""What is counted of messages, whichever way they come and go."""

from __future__ import annotations

from processes.observing.metrics import counter

RECEIVED = counter("messages_received", "Messages to the platform by what became of them", "status")
DELIVERIES = counter("deliveries", "Messages that this process was handed, by how that ended", "ending")
DEAD = counter("dead_letters", "Messages that were given up")
