"""What the engine asks of a transport that delivers its messages itself, as soon as they are committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from processes.store.outbox import Outgoing

OWN_LEASE = timedelta(seconds=5)
"""For so long the process that has written a message delivers it itself; after that any relay may."""


class Sent(NamedTuple):
    """A message of a commit; ``row`` is its id in the outbox."""

    row: str
    outgoing: Outgoing


class Courier(Protocol):
    """Delivers messages of this process. Safe in any thread."""

    def send(self, sent: Sequence[Sent]) -> None:
        """Deliver these; what cannot be delivered goes back to the outbox."""

    def take_delivered(self) -> Sequence[str]:
        """Rows of messages that have been delivered: whoever takes them strikes them off."""

    def put_back(self, rows: Sequence[str]) -> None:
        """They could not be struck off now."""
