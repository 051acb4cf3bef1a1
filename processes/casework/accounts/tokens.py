"""Access tokens: a program holds one and acts for the person who made it, within scopes; the database holds its hash.

A scope only narrows: what the person may not do, no token may. A token is good until it ends or is revoked, and only as long as its person could
log in. Rows that have ended stay for a while, so that it can be said whose a token was that is still used.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from processes.casework.accounts.sessions import Session
from processes.errors import BihuanError
from processes.store.tables import AccessToken, Account, Person

log = logging.getLogger("bihuan.accounts")

PREFIX = "bihuan_"
"""What every token begins with, so that one that has got into a file can be found there."""

LONGEST = timedelta(days=365)

MOST = 20
"""Good tokens of a person; whoever needs more has forgotten some."""

REMEMBERED = timedelta(days=90)
"""How long a row stays after its token has ended."""

NOTED_EVERY = timedelta(minutes=1)
"""The last use is written down so often and no oftener."""

REVOKED, ENDED, DEACTIVATED, LOCKED = "revoked", "ended", "deactivated", "locked"
"""Why a token is refused."""


class TooMany(BihuanError):
    """The person has as many tokens as there may be."""

    def __init__(self) -> None:
        super().__init__(
            f"一个账号最多有 {MOST} 个有效的访问令牌，请先撤销不用的。",
            f"An account has at most {MOST} tokens: revoke those that are not used.",
        )


@dataclass(frozen=True)
class Token:
    """What is known of a token, beside the token."""

    id: str
    person: str
    name: str
    scopes: tuple[str, ...]
    way: str
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None
    address: str
    revoked_at: datetime | None


@dataclass(frozen=True)
class Known:
    """A token that there is or was. ``refused``: why it opens nothing, if it does not; ``session``: the person as after a login."""

    token: Token
    refused: str
    session: Session


def make(
    connection: Connection, person: str, name: str, scopes: Sequence[str], ends_at: datetime, now: datetime, way: str
) -> tuple[str, str]:
    """Make a token; returns its id and the token, which is kept nowhere. It ends within a year whatever is asked for.

    :raises TooMany: when the person has too many
    """
    # Of two at once the second waits, and counts the first.
    connection.execute(select(Person.id).where(Person.id == person).with_for_update())
    if (connection.scalar(select(func.count()).select_from(AccessToken).where(*_good(person, now))) or 0) >= MOST:
        raise TooMany
    identity, token = str(uuid4()), PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(AccessToken).values(
            id=identity,
            token=_hashed(token),
            person=person,
            name=name,
            scopes=list(scopes),
            way=way,
            made_at=now,
            ends_at=min(ends_at, now + LONGEST),
            address="",
        )
    )
    log.info("%s made the token %s", person, identity)
    return identity, token


def find(connection: Connection, token: str, now: datetime) -> Known | None:
    """Whose token it is, by one indexed read; None when there is no such."""
    row: Any = connection.execute(_BY_TOKEN, {"token": _hashed(token)}).first()
    if row is None:
        return None
    known = _token(row)
    session = Session(
        known.id,
        known.person,
        known.way,
        True,
        known.made_at,
        now,
        known.address,
        "",
        row.changed_at,
        row.must_change,
        row.second is not None,
    )
    return Known(known, _refused(row, now), session)


def note(connection: Connection, token: Token, now: datetime, address: str) -> None:
    """Write down that it is used, unless that has just been done."""
    if token.used_at is None or token.used_at + NOTED_EVERY <= now or token.address != address[:64]:
        used = update(AccessToken).where(AccessToken.id == token.id)
        connection.execute(used.values(used_at=now, address=address[:64]))


def of(connection: Connection, person: str, now: datetime) -> list[Token]:
    """A person's tokens that are good now, the latest first."""
    statement = select(*AccessToken.__table__.c).where(*_good(person, now)).order_by(AccessToken.made_at.desc())
    return [_token(row) for row in connection.execute(statement)]


def revoke(connection: Connection, person: str, token_id: str, now: datetime, *, by: str) -> bool:
    """End one of a person's tokens; returns whether there was one."""
    gone = update(AccessToken).where(AccessToken.id == token_id, *_good(person, now)).values(revoked_at=now)
    found = connection.execute(gone.returning(AccessToken.id)).first() is not None
    if found:
        log.info("%s revoked the token %s of %s", by, token_id, person)
    return found


def revoke_all(connection: Connection, person: str, now: datetime, *, by: str) -> None:
    """End all of a person's tokens."""
    connection.execute(update(AccessToken).where(*_good(person, now)).values(revoked_at=now))
    log.info("%s revoked the tokens of %s", by, person)


def long_ended(connection: Connection, now: datetime, most: int) -> Sequence[str]:
    """Ids of tokens whose rows need not stay any longer."""
    old = select(AccessToken.id).where(AccessToken.ends_at <= now - REMEMBERED)
    return connection.scalars(old.order_by(AccessToken.ends_at).limit(most)).all()


def forget(connection: Connection, ids: Collection[str]) -> None:
    """Delete rows."""
    connection.execute(delete(AccessToken).where(AccessToken.id.in_(ids)))


def _good(person: str, now: datetime) -> tuple[Any, ...]:
    return AccessToken.person == person, AccessToken.revoked_at.is_(None), AccessToken.ends_at > now


def _refused(row: Any, now: datetime) -> str:
    if row.revoked_at is not None:
        return REVOKED
    if row.ends_at <= now:
        return ENDED
    if not row.active:
        return DEACTIVATED
    return LOCKED if row.locked_at is not None else ""


def _token(row: Any) -> Token:
    found = {name: getattr(row, name) for name in Token.__dataclass_fields__}
    return Token(**{**found, "scopes": tuple(row.scopes)})


def _hashed(token: str) -> str:
    """Not a slow hash: see ``sessions``."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


_BY_TOKEN = (
    select(
        *AccessToken.__table__.c,
        Person.active,
        Account.changed_at,
        Account.must_change,
        Account.locked_at,
        Account.second,
    )
    .join(Person, Person.id == AccessToken.person)
    .join(Account, Account.person == AccessToken.person, isouter=True)
    .where(AccessToken.token == bindparam("token"))
)
