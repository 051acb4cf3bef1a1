"""Passes: a browser holds a random token, the database its hash, and for whom it is: a number, or one problem."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from processes.store.tables import PortalPass


@dataclass(frozen=True)
class Pass:
    """What a browser may see until then: the problems of a number, or the one of a report."""

    phone: str | None
    report_id: str | None
    ends_at: datetime


def grant(
    connection: Connection, now: datetime, minutes: int, *, phone: str | None = None, report_id: str | None = None
) -> str:
    """Let a browser in for so many minutes; returns its token. Passes that are over go."""
    connection.execute(delete(PortalPass).where(PortalPass.ends_at <= now))
    token = secrets.token_urlsafe(32)
    ends_at = now + timedelta(minutes=minutes)
    connection.execute(
        insert(PortalPass).values(token=_hashed(token), phone=phone, report_id=report_id, ends_at=ends_at)
    )
    return token


def find(connection: Connection, token: str, now: datetime) -> Pass | None:
    """The pass of a token, None when it is over."""
    columns = (PortalPass.phone, PortalPass.report_id, PortalPass.ends_at)
    row = connection.execute(select(*columns).where(PortalPass.token == _hashed(token))).first()
    return Pass(*row) if row is not None and row.ends_at > now else None


def end(connection: Connection, token: str) -> None:
    """Whoever sits at the browser next is somebody else."""
    connection.execute(delete(PortalPass).where(PortalPass.token == _hashed(token)))


def _hashed(token: str) -> str:
    """Not a slow hash: the token is as random as a key, and can't be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
