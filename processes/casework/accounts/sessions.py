"""Logins as rows: a browser holds a random token, the database its hash. To end one is to delete its row."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from processes.casework.records import AccountRules
from processes.store.tables import Account, LoginSession, Person

PASSWORD, OIDC = "password", "oidc"
"""Ways to log in: one's own password, or a provider that vouches."""

NOTED_EVERY = timedelta(minutes=1)
"""That somebody is still there is written down so often and no oftener."""

HALF_LASTS = timedelta(minutes=5)
"""How long a login waits for its second factor."""


@dataclass(frozen=True)
class Session:
    """A login that is good now, with what the account's row says (None when there is none)."""

    id: str
    person: str
    way: str
    whole: bool
    begun_at: datetime
    seen_at: datetime
    address: str
    agent: str
    changed_at: datetime | None = None
    must_change: bool | None = None
    has_second: bool = False


def begin(
    connection: Connection,
    person: str,
    now: datetime,
    rules: AccountRules,
    *,
    way: str = PASSWORD,
    whole: bool = True,
    address: str = "",
    agent: str = "",
) -> str:
    """Begin a login; returns the browser's token. ``whole``: False, if the second factor is still to come."""
    connection.execute(delete(LoginSession).where(LoginSession.ends_at <= now))
    token = secrets.token_urlsafe(32)
    lasts = timedelta(hours=rules.session_hours) if whole else HALF_LASTS
    connection.execute(
        insert(LoginSession).values(
            id=str(uuid4()),
            token=_hashed(token),
            person=person,
            way=way,
            whole=whole,
            begun_at=now,
            seen_at=now,
            ends_at=now + lasts,
            address=address[:64],
            agent=_plain(agent)[:200],
        )
    )
    return token


def find(connection: Connection, token: str, now: datetime, rules: AccountRules) -> Session | None:
    """The login of a token, by one indexed read. None when it has ended, lain idle, or its person may no longer log in."""
    row = connection.execute(_BY_TOKEN, {"token": _hashed(token)}).first()
    if row is None or not row.active or row.locked_at is not None:
        return None
    if row.ends_at <= now or row.seen_at + timedelta(minutes=rules.idle_minutes) <= now:
        return None
    return Session(
        row.id,
        row.person,
        row.way,
        row.whole,
        row.begun_at,
        row.seen_at,
        row.address,
        row.agent,
        row.changed_at,
        row.must_change,
        row.second is not None,
    )


def is_to_be_noted(session: Session, now: datetime) -> bool:
    """Whether it is time to write down that somebody is still there."""
    return session.seen_at + NOTED_EVERY <= now


def note(connection: Connection, session: Session, now: datetime) -> None:
    """Write down that somebody is still there."""
    connection.execute(update(LoginSession).where(LoginSession.id == session.id).values(seen_at=now))


def of(connection: Connection, person: str, now: datetime, rules: AccountRules) -> Sequence[Session]:
    """A person's logins that are good now, the one used last first."""
    awake = now - timedelta(minutes=rules.idle_minutes)
    columns = [getattr(LoginSession, name) for name in list(Session.__dataclass_fields__)[:8]]
    good = (LoginSession.person == person, LoginSession.whole, LoginSession.ends_at > now, LoginSession.seen_at > awake)
    rows = connection.execute(select(*columns).where(*good).order_by(LoginSession.seen_at.desc()).limit(100))
    return [Session(*row) for row in rows]


def end(connection: Connection, person: str, session: str) -> bool:
    """End one login of a person; returns whether there was one."""
    gone = delete(LoginSession).where(LoginSession.id == session, LoginSession.person == person)
    return connection.execute(gone.returning(LoginSession.id)).first() is not None


def end_all(connection: Connection, person: str, *, keep: str = "") -> None:
    """End the logins of a person, but for the one whose id is ``keep``."""
    connection.execute(delete(LoginSession).where(LoginSession.person == person, LoginSession.id != keep))


def _hashed(token: str) -> str:
    """Not a slow hash: the token is as random as a key, and can't be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


_BY_TOKEN = (
    select(
        LoginSession,
        Person.active,
        Account.changed_at,
        Account.must_change,
        Account.locked_at,
        Account.second,
    )
    .join(Person, Person.id == LoginSession.person)
    .join(Account, Account.person == LoginSession.person, isouter=True)
    .where(LoginSession.token == bindparam("token"))
)
