"""What the engine asks of a transport that delivers its messages itself, as soon as they are committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from processes.store.parcels import Packed

OWN_LEASE = timedelta(seconds=5)
"""For so long the process that has written a message delivers it itself; after that any relay may."""


class Courier(Protocol):
    """Delivers messages of this process. Safe in any thread."""

    def send(self, parcels: Sequence[Packed]) -> None:
        """Deliver what is in these; what cannot be delivered goes back to the outbox."""

    def take_delivered(self) -> Sequence[str]:
        """Parcels of which everything has been delivered: whoever takes their ids strikes them off."""

    def put_back(self, parcels: Sequence[str]) -> None:
        """They could not be struck off now."""
