"""Who is logged in: the browser's signed cookie holds a token, a row of the database says whose it is."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from flask import Request, session
from sqlalchemy import Connection

from gateway.languages import language
from gateway.services import Services
from gateway.staff.viewer import Viewer, viewer
from processes.casework import people
from processes.casework.accounts import login, passwords, sessions
from processes.casework.accounts.sessions import Session
from processes.casework.audit.log import record
from processes.casework.functions import Snapshot
from processes.casework.people import Authority

log = logging.getLogger(__name__)

TOKEN = "token"

BACKGROUND = "X-Background"
"""A header by which a script of ours says that it asks by itself: nobody need be there, so the login goes on lying idle."""


def origin(request: Request) -> login.From:
    """Where a request comes from."""
    return login.From(request.remote_addr or "", request.user_agent.string)


def take(token: str) -> None:
    """Let the browser hold a login's token; whatever it held before is gone."""
    session.clear()
    session[TOKEN] = token


def log_out(services: Services) -> None:
    """End the login of this browser."""
    token = session.get(TOKEN)
    session.clear()
    if token:
        with services.database.write() as connection:
            found = _found(services, connection, token)
            if found is not None:
                sessions.end(connection, found.person, found.id)
                record(connection, services.clock.now(), found.person, "logout", f"person:{found.person}")


def current(services: Services, connection: Connection) -> Session | None:
    """The login of this request, the second factor perhaps still to come."""
    token = session.get(TOKEN)
    return _found(services, connection, token) if token else None


def logged_in(services: Services, connection: Connection) -> Viewer | None:
    """Who this request is from, or None."""
    found = current(services, connection)
    return acting_for(services, found) if found is not None and found.whole else None


def acting_for(services: Services, found: Session) -> Viewer:
    """The person of a login, or of what stands for one, with the duties of today."""
    snapshot, now = services.snapshots.now(), services.clock.now()
    authority = people.authority(snapshot.reference, found.person, snapshot.calendar.local_date(now))
    named = snapshot.reference.in_language(language())
    return replace(viewer(named, authority), session=found, must=_must(snapshot, authority, found, now))


def _must(snapshot: Snapshot, authority: Authority, found: Session, now: datetime) -> str:
    reference = snapshot.reference
    if found.way == sessions.PASSWORD and passwords.must_change(reference.account_rules, found, now):
        return "password"
    second = any(each.duty.role in reference.second_factor for each in authority.acting)
    return "second" if second and not found.has_second else ""


def whoever(services: Services) -> Viewer | None:
    """Who is logged in on a page that is open to everybody; the database is only asked when a cookie says somebody is."""
    if not session.get(TOKEN):
        return None
    with services.database.read() as connection:
        return logged_in(services, connection)


def note(services: Services, found: Session) -> None:
    """Write down that somebody is still there; if that can't be done now, the next request does."""
    now = services.clock.now()
    if not sessions.is_to_be_noted(found, now):
        return
    try:
        with services.database.write() as connection:
            sessions.note(connection, found, now)
    except Exception as error:
        if not services.database.is_transient(error):
            raise
        log.info("a login was not noted: %s", type(error).__name__)


def _found(services: Services, connection: Connection, token: str) -> Session | None:
    rules = services.snapshots.now().reference.account_rules
    return sessions.find(connection, token, services.clock.now(), rules)
