"""Logging in and out, and who is logged in: a signed cookie that names the person and dies with the password."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from flask import session
from sqlalchemy import Connection, bindparam, select

from gateway.services import Services
from gateway.staff.viewer import Viewer, viewer
from processes.casework import people
from processes.store.tables import Person

LASTS = timedelta(hours=12)
"""How long a login lasts: a working day with its evening."""

TRIES = 5
"""Wrong passwords for one account from one address before it has to wait."""

WAIT = timedelta(minutes=1)

REMEMBERED = 10_000
"""Accounts and addresses with wrong passwords that are remembered; the oldest are forgotten first."""


class Attempts:
    """Counts wrong passwords by account and address. In memory: each gateway process counts for itself."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()
        self._lock = Lock()

    def must_wait(self, account: str, address: str, now: datetime) -> bool:
        """Whether this account has to wait at this address."""
        with self._lock:
            recent = [at for at in self._wrong.get((account, address), []) if now - at < WAIT]
            return len(recent) >= TRIES

    def wrong(self, account: str, address: str, now: datetime) -> None:
        """Count a wrong password."""
        with self._lock:
            recent = [at for at in self._wrong.pop((account, address), []) if now - at < WAIT]
            self._wrong[account, address] = [*recent, now][-TRIES:]
            while len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, account: str, address: str) -> None:
        """Forget the wrong ones."""
        with self._lock:
            self._wrong.pop((account, address), None)


def log_in(services: Services, connection: Connection, account: str) -> None:
    """Begin a session of a person whose password was right; whatever the old session held is gone."""
    session.clear()
    session.update(person=account, proof=_proof(connection, account), until=(services.clock.now() + LASTS).isoformat())


def log_out() -> None:
    """End the session."""
    session.clear()


def logged_in(services: Services, connection: Connection) -> Viewer | None:
    """Who this request is from, or None. A changed password or a deactivated account ends every session."""
    account = session.get("person")
    if not account or datetime.fromisoformat(session["until"]) <= services.clock.now():
        return None
    if session.get("proof") != _proof(connection, account):
        return None
    snapshot = services.snapshots.now()
    today = snapshot.calendar.local_date(services.clock.now())
    return viewer(snapshot.reference, people.authority(snapshot.reference, account, today))


def whoever(services: Services) -> Viewer | None:
    """Who is logged in on a page that is open to everybody; the database is only asked when a session says somebody is."""
    if not session.get("person"):
        return None
    with services.database.read() as connection:
        return logged_in(services, connection)


def _proof(connection: Connection, account: str) -> str:
    """A fingerprint of the stored password; it proves nothing to anyone but this session."""
    row = connection.execute(_PASSWORD, {"account": account}).first()
    return hashlib.sha256(row.password.encode()).hexdigest()[:16] if row and row.active else ""


_PASSWORD = select(Person.password, Person.active).where(Person.id == bindparam("account"))
