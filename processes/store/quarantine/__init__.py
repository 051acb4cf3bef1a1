"""Quarantine: what came to the platform and could not be used. A person sends it again, or dismisses it."""

from processes.store.quarantine.entries import (
    DEAD,
    DISMISSED,
    OPEN,
    RESENT,
    Entry,
    NoEntry,
    Settled,
    Try,
    Wanted,
    count,
    get,
    keep,
    listed,
    names,
    plain,
    raw_of,
)
from processes.store.quarantine.settling import Edit, dismiss, resend

__all__ = [
    "DEAD",
    "DISMISSED",
    "OPEN",
    "RESENT",
    "Edit",
    "Entry",
    "NoEntry",
    "Settled",
    "Try",
    "Wanted",
    "count",
    "dismiss",
    "get",
    "keep",
    "listed",
    "names",
    "plain",
    "raw_of",
    "resend",
]
