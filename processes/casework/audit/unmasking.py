"""Contact data is masked on pages. Who needs it says why, and sees it for a while, of that case; the log's entry is what opens it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from processes.casework.audit.entries import DONE
from processes.casework.audit.log import record
from processes.store.tables import AuditEntry

UNMASKED = "personal.unmask"

LASTS = timedelta(minutes=10)

CASE, MESSAGE = "case", "message"
"""What is masked: a case's contact data, a message of the quarantine."""


def unmask(
    connection: Connection, now: datetime, person: str, id: str, reason: str, words: str, kind: str = CASE
) -> None:
    """Let somebody see the contact data of a case (or what ``kind`` says) from now on. ``reason``: the code of the one chosen; ``words``: his or
    her own."""
    record(connection, now, person, UNMASKED, f"{kind}:{id}", reason=reason, words=words or None)


def shown_until(connection: Connection, person: str, id: str, now: datetime, kind: str = CASE) -> datetime | None:
    """Until when somebody sees them; None when they are masked."""
    asked = (AuditEntry.about == f"{kind}:{id}", AuditEntry.act == UNMASKED, AuditEntry.by == person)
    fresh = (AuditEntry.outcome == DONE, AuditEntry.at > now - LASTS)
    latest = select(AuditEntry.at).where(*asked, *fresh).order_by(AuditEntry.seq.desc()).limit(1)
    at: datetime | None = connection.scalar(latest)
    return at + LASTS if at else None
