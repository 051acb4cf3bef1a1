"""Wrong tries, counted in the database: by account and, with room for a whole office, by address.

A try is counted before it is made, and uncounted when it was right: a thousand at once are no way around. Accounts that do not exist are
counted as well, so that nobody learns which do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Delete, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework.records import AccountRules
from processes.store.tables import LoginAttempts


@dataclass(frozen=True)
class Subject:
    """What is counted by: ``limit`` tries, and it is locked."""

    key: str
    limit: int


def account(rules: AccountRules, name: str) -> Subject:
    """By an account, whether there is one of this name or not."""
    return Subject(_hashed("account", name), rules.tries)


def code(rules: AccountRules, person: str) -> Subject:
    """By a person whose password was right already: his or her codes."""
    return Subject(_hashed("code", person), rules.tries)


def address(rules: AccountRules, address: str) -> Subject:
    """By where a try comes from."""
    return Subject(_hashed("address", address), rules.address_tries)


def _hashed(kind: str, name: str) -> str:
    """What somebody typed may be of any length and hold anything; and a password typed in the wrong field is not to be kept."""
    return hashlib.sha256(f"{kind} {name}".encode("utf-8", "surrogatepass")).hexdigest()


def admit(connection: Connection, subjects: Sequence[Subject], now: datetime, rules: AccountRules) -> bool:
    """Whether a try may be made; if so it is counted as a wrong one for each subject."""
    connection.execute(_forgotten(now, rules))
    found = [_row(connection, each, now) for each in subjects]
    if any(until is not None and until > now for _, _, until in found):
        return False
    for subject, (wrong, since, until) in zip(subjects, found, strict=True):
        fresh = until is not None or since + timedelta(minutes=rules.tries_minutes) <= now
        wrong = 1 if fresh else wrong + 1
        locked = now + timedelta(minutes=rules.locked_minutes) if wrong >= subject.limit else None
        values = {"wrong": wrong, "since": now if fresh else since, "until": locked}
        connection.execute(update(LoginAttempts).where(LoginAttempts.subject == subject.key).values(**values))
    return True


def was_right(connection: Connection, owned: Iterable[Subject], shared: Iterable[Subject] = ()) -> None:
    """The try that was counted last was right: forget those of the account; of the address, which others share, this one alone."""
    connection.execute(delete(LoginAttempts).where(LoginAttempts.subject.in_([each.key for each in owned])))
    for each in shared:
        one_less = update(LoginAttempts).where(LoginAttempts.subject == each.key, LoginAttempts.wrong > 0)
        connection.execute(one_less.values(wrong=LoginAttempts.wrong - 1, until=None))


def all_locked(connection: Connection, subjects: Mapping[str, Subject], now: datetime) -> Mapping[str, datetime]:
    """Which of these are locked, by what the caller calls them, and until when."""
    keys = {each.key: name for name, each in subjects.items()}
    locked = select(LoginAttempts.subject, LoginAttempts.until).where(LoginAttempts.until > now)
    found = connection.execute(locked.where(LoginAttempts.subject.in_(list(keys))))
    return {keys[row.subject]: row.until for row in found}


def forget(connection: Connection, subjects: Iterable[Subject]) -> None:
    """Unlock."""
    was_right(connection, subjects)


def _row(connection: Connection, subject: Subject, now: datetime) -> tuple[int, datetime, datetime | None]:
    """The subject's, locked until the transaction ends; made when there is none."""
    insert = sqlite.insert(LoginAttempts) if connection.dialect.name == "sqlite" else postgresql.insert(LoginAttempts)
    connection.execute(insert.values(subject=subject.key, wrong=0, since=now).on_conflict_do_nothing())
    columns = (LoginAttempts.wrong, LoginAttempts.since, LoginAttempts.until)
    row = connection.execute(select(*columns).where(LoginAttempts.subject == subject.key).with_for_update()).one()
    return row.wrong, row.since, row.until


def _forgotten(now: datetime, rules: AccountRules) -> Delete:
    longest = timedelta(minutes=rules.tries_minutes + rules.locked_minutes)
    return delete(LoginAttempts).where(LoginAttempts.since < now - longest)
