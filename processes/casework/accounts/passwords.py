"""Passwords: what they must be, how they are kept and tried, and when they must be changed."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, delete, insert, select, update

from processes.casework.accounts import rows, sessions
from processes.casework.audit.log import record
from processes.casework.records import AccountRules
from processes.errors import BihuanError
from processes.store.database import Database
from processes.store.tables import PastPassword, Person

log = logging.getLogger("bihuan.accounts")

LONGEST = 200
"""Characters; to hash what is longer would be work that anybody could give us."""

_CLASSES = (str.isupper, str.islower, str.isdigit, lambda sign: not sign.isalnum())
_HANDED_OUT = "23456789", "abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Signs that nobody mistakes for others, by class."""

_hasher = PasswordHasher()


class PasswordError(BihuanError):
    """A password that is not accepted, or whose owner does not exist."""


class AccountLike(Protocol):
    """A row of ``Account``, as far as passwords depend on it; None throughout when there is none."""

    @property
    def changed_at(self) -> datetime | None: ...

    @property
    def must_change(self) -> bool | None: ...


# ---- trying one ------------------------------------------------------------------------------------------------------


def kept(connection: Connection, person: str) -> str:
    """The hash of a person's password, to be tried outside of any transaction (it takes a while); empty when nobody can log in by it."""
    row = connection.execute(select(Person.password, Person.active).where(Person.id == person)).first()
    return row.password if row is not None and row.active else ""


def fits(hashed: str, password: str) -> bool:
    """Whether a password is the one behind a hash. Takes as long when there is none."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(hashed or _nobody(), password) and bool(hashed)
    except (Argon2Error, InvalidHashError):
        return False


def verify(connection: Connection, person: str, password: str) -> bool:
    """Whether this is the password of an active person; takes as long for one who does not exist."""
    return fits(kept(connection, person), password)


def renew_hash(connection: Connection, person: str, hashed: str, password: str) -> None:
    """Hash a password that has just been right anew, if today's parameters are others than those of its hash."""
    if _hasher.check_needs_rehash(hashed):
        same = (Person.id == person, Person.password == hashed)
        connection.execute(update(Person).where(*same).values(password=_hasher.hash(password)))


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


# ---- what it must be -------------------------------------------------------------------------------------------------


def check(database: Database, rules: AccountRules, person: str, password: str) -> None:
    """Whether a person may take a password.

    :raises PasswordError: with the first thing that is wrong with it, or when there is no such person
    """
    with database.read() as connection:
        row = connection.execute(select(Person.name, Person.password).where(Person.id == person)).first()
        used = _past(connection, person, rules)
    if row is None:
        raise _unknown(person)
    if len(password) < rules.password_length:
        raise PasswordError(
            f"密码至少 {rules.password_length} 位，现有 {len(password)} 位。",
            f"A password has at least {rules.password_length} characters; this one has {len(password)}.",
        )
    if len(password) > LONGEST:
        raise PasswordError(f"密码最多 {LONGEST} 位。", f"A password has at most {LONGEST} characters.")
    if sum(any(map(kind, password)) for kind in _CLASSES) < rules.password_classes:
        raise PasswordError(
            f"密码要包含大写字母、小写字母、数字、符号中的至少 {rules.password_classes} 类。",
            f"A password has at least {rules.password_classes} of capitals, small letters, digits and other signs.",
        )
    if any(name.lower() in password.lower() for name in (person, row.name)):
        raise PasswordError("密码不能包含账号或姓名。", "A password does not contain the account or the name.")
    if rules.password_kept and any(fits(hashed, password) for hashed in (row.password, *used) if hashed):
        raise PasswordError(
            f"不能与最近 {rules.password_kept} 次用过的密码相同。",
            f"A password is none of the last {rules.password_kept}.",
        )


def _past(connection: Connection, person: str, rules: AccountRules) -> Sequence[str]:
    """The hashes of those before the one of today, as many as are looked at."""
    newest = select(PastPassword.hash).where(PastPassword.person == person).order_by(PastPassword.id.desc())
    return connection.scalars(newest.limit(max(0, rules.password_kept - 1))).all()


def _unknown(person: str) -> PasswordError:
    return PasswordError(f"没有账号“{person}”。", f"There is no account {person}.")


# ---- changing it -----------------------------------------------------------------------------------------------------


def change(
    database: Database, rules: AccountRules, person: str, password: str, now: datetime, *, keep: str = ""
) -> None:
    """A person takes a new password. His or her logins end, but for the one whose id is ``keep``.

    :raises PasswordError: when it is not accepted
    """
    check(database, rules, person, password)
    _set(database, rules, person, password, now, by=person, must_change=False, keep=keep)
    log.info("%s changed the password", person)


def hand_out(database: Database, rules: AccountRules, person: str, now: datetime, *, by: str) -> str:
    """Give a person a password that is good for one thing, to be changed within ``initial_hours``; returns it, for it is kept nowhere.
    All his or her logins end.

    :raises PasswordError: when there is no such person
    """
    length = max(12, rules.password_length)
    signs = [secrets.choice(_HANDED_OUT[at % len(_HANDED_OUT)]) for at in range(length)]
    secrets.SystemRandom().shuffle(signs)
    password = "-".join("".join(signs[at : at + 4]) for at in range(0, length, 4))
    _set(database, rules, person, password, now, by=by, must_change=True)
    log.info("%s gave %s a password", by, person)
    return password


def must_change(rules: AccountRules, account: AccountLike, now: datetime) -> bool:
    """Whether a person can do nothing else before the password is changed: it was given, or has become old."""
    if account.changed_at is None:
        return False
    old = rules.password_days and account.changed_at + timedelta(days=rules.password_days) <= now
    return bool(account.must_change or old)


def has_lapsed(rules: AccountRules, account: AccountLike, now: datetime) -> bool:
    """Whether a password that was given has not been changed in time: it is good for nothing now."""
    given = account.changed_at if account.must_change else None
    return given is not None and given + timedelta(hours=rules.initial_hours) <= now


def set_missing(connection: Connection, password: str) -> int:
    """Give everybody without a password the same one, as demonstrations need; returns to how many. It is held to no rules.

    They share one hash: whoever reads the table sees that their passwords are the same, which is no secret there.
    """
    missing = connection.scalars(select(Person.id).where(Person.password == "", Person.active)).all()
    if missing:
        hashed = _hasher.hash(password)
        connection.execute(update(Person).where(Person.password == "", Person.active).values(password=hashed))
    return len(missing)


def _set(
    database: Database,
    rules: AccountRules,
    person: str,
    password: str,
    now: datetime,
    *,
    by: str,
    must_change: bool,
    keep: str = "",
) -> None:
    hashed = _hasher.hash(password)
    with database.write() as connection:
        row = connection.execute(select(Person.password).where(Person.id == person).with_for_update()).first()
        if row is None:
            raise _unknown(person)
        if row.password:
            connection.execute(insert(PastPassword).values(person=person, hash=row.password))
        looked_at = select(PastPassword.id).where(PastPassword.person == person).order_by(PastPassword.id.desc())
        oldest = connection.scalars(looked_at.offset(max(0, rules.password_kept - 1))).all()
        connection.execute(delete(PastPassword).where(PastPassword.id.in_(oldest)))
        connection.execute(update(Person).where(Person.id == person).values(password=hashed))
        rows.put(connection, person, now, changed_at=now, must_change=must_change)
        sessions.end_all(connection, person, keep=keep)
        record(connection, now, by, "account.give_password" if must_change else "account.password", f"person:{person}")
