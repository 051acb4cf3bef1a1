"""What an administrator does with somebody's account."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from processes.casework.accounts import attempts, rows, sessions
from processes.casework.records import AccountRules
from processes.store.tables import Account, LoginSession, Person

log = logging.getLogger("bihuan.accounts")


@dataclass(frozen=True)
class State:
    """How an account stands. ``locked_until``: by wrong tries; ``locked_at``: by an administrator."""

    active: bool = True
    has_password: bool = False
    changed_at: datetime | None = None
    must_change: bool = False
    locked_at: datetime | None = None
    locked_until: datetime | None = None
    has_second: bool = False
    seen_at: datetime | None = None
    """of the logins that are good now, the last request"""


def states(connection: Connection, people: Sequence[str], now: datetime, rules: AccountRules) -> Mapping[str, State]:
    """Those of a page full of people."""
    seen = (
        select(LoginSession.person, func.max(LoginSession.seen_at).label("seen_at"))
        .where(LoginSession.person.in_(people), LoginSession.ends_at > now)
        .group_by(LoginSession.person)
        .subquery()
    )
    columns = (Person.id, Person.active, Person.password, Account.changed_at, Account.must_change, Account.locked_at)
    statement = (
        select(*columns, Account.second, seen.c.seen_at)
        .join(Account, Account.person == Person.id, isouter=True)
        .join(seen, seen.c.person == Person.id, isouter=True)
        .where(Person.id.in_(people))
    )
    locked = attempts.all_locked(connection, {each: attempts.account(rules, each) for each in people}, now)
    return {
        row.id: State(
            row.active,
            bool(row.password),
            row.changed_at,
            bool(row.must_change),
            row.locked_at,
            locked.get(row.id),
            row.second is not None,
            row.seen_at,
        )
        for row in connection.execute(statement)
    }


def lock(connection: Connection, person: str, now: datetime, *, by: str) -> None:
    """Nobody gets in by this account, and whoever is in is out, until somebody unlocks it."""
    rows.put(connection, person, now, locked_at=now)
    sessions.end_all(connection, person)
    log.info("%s locked %s", by, person)


def unlock(connection: Connection, rules: AccountRules, person: str, now: datetime, *, by: str) -> None:
    """Undo an administrator's lock, and forget wrong tries."""
    rows.put(connection, person, now, locked_at=None)
    attempts.forget(connection, [attempts.account(rules, person), attempts.code(rules, person)])
    log.info("%s unlocked %s", by, person)


def log_out(connection: Connection, person: str, *, by: str, keep: str = "") -> None:
    """End every login of an account, but for the one whose id is ``keep``."""
    sessions.end_all(connection, person, keep=keep)
    log.info("%s logged %s out", by, person)
