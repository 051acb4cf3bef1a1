"""Logging in: by a password, and on with a second factor."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from processes.casework.accounts import attempts, passwords, rows, second_factor, sessions
from processes.casework.accounts.sessions import Session
from processes.casework.accounts.vault import Vault
from processes.casework.audit.log import record
from processes.casework.records import AccountRules
from processes.errors import BihuanError
from processes.store.database import Database
from processes.store.tables import Account, Person

log = logging.getLogger("bihuan.accounts")


class Refused(BihuanError):
    """Nobody is logged in."""


class Wrong(Refused):
    """Account and password don't go together; it is not said which is wrong."""

    def __init__(self) -> None:
        super().__init__("账号或密码不对，请核对后再试。", "Account or password is wrong: check both and try again.")


class TooOften(Refused):
    """Too many wrong tries: also the right one has to wait."""

    def __init__(self, minutes: int) -> None:
        super().__init__(
            f"连续输错次数过多，请 {minutes} 分钟后再试，或联系安全管理员解锁。",
            f"Too many wrong tries: wait {minutes} minutes, or ask the security administrator to unlock the account.",
        )


class Locked(Refused):
    """The password was right, but an administrator has locked the account."""

    def __init__(self) -> None:
        super().__init__("账号已被锁定，请联系安全管理员。", "The account is locked: ask the security administrator.")


class Unknown(Refused):
    """Somebody was vouched for who has no account here, or none any more."""

    def __init__(self) -> None:
        super().__init__(
            "您的身份已确认，但本平台没有开通您的账号，请联系系统管理员。",
            "It is known who you are, but you have no account here: ask the system administrator.",
        )


@dataclass(frozen=True)
class From:
    """Where somebody logs in from."""

    address: str
    agent: str


@dataclass(frozen=True)
class Entered:
    """A login has begun. ``whole``: False, if its second factor is still to come."""

    token: str
    whole: bool


def by_password(
    database: Database, rules: AccountRules, account: str, password: str, now: datetime, origin: From
) -> Entered:
    """Check an account's password.

    :raises Wrong: or :class:`TooOften`, or :class:`Locked`
    """
    name = account if account.isprintable() and len(account) <= 60 else ""
    subject, place = attempts.account(rules, account), attempts.address(rules, origin.address)
    with database.write() as connection:
        admitted = attempts.admit(connection, [subject, place], now, rules)
        hashed = passwords.kept(connection, name)
    if not admitted:
        raise TooOften(rules.locked_minutes)
    # Outside of any transaction: it takes a while, and others would wait for it.
    right = passwords.fits(hashed, password)
    with database.write() as connection:
        row = connection.execute(select(Account.__table__).where(Account.person == name)).first()
        same = passwords.kept(connection, name) == hashed
        if not (right and same) or (row is not None and passwords.has_lapsed(rules, row, now)):
            raise Wrong
        attempts.was_right(connection, [subject], [place])
        passwords.renew_hash(connection, name, hashed, password)
        return enter(connection, rules, name, now, origin, sessions.PASSWORD)


def by_code(
    database: Database, vault: Vault, rules: AccountRules, half: Session, code: str, now: datetime, origin: From
) -> Entered:
    """Go on with a login whose second factor is to come: another begins, with another token.

    :raises TooOften: or :class:`second_factor.WrongCode`
    """
    subject = attempts.code(rules, half.person)
    with database.write() as connection:
        admitted = attempts.admit(connection, [subject], now, rules)
    if not admitted:
        raise TooOften(rules.locked_minutes)
    with database.write() as connection:
        second_factor.use(connection, vault, half.person, code, now)
        attempts.was_right(connection, [subject])
        sessions.end(connection, half.person, half.id)
        return _begin(connection, rules, half.person, now, origin, half.way, whole=True)


def vouched(
    connection: Connection, rules: AccountRules, account: str, now: datetime, origin: From, way: str
) -> Entered:
    """Begin a login of somebody for whom somebody else vouches.

    :raises Unknown: when there is no active account of this name
    :raises Locked: when an administrator has locked it
    """
    known = account.isprintable() and connection.scalar(select(Person.active).where(Person.id == account))
    if not known:
        raise Unknown
    return enter(connection, rules, account, now, origin, way)


def enter(connection: Connection, rules: AccountRules, person: str, now: datetime, origin: From, way: str) -> Entered:
    """Begin a login of somebody of whom it is sure who that is.

    :raises Locked: when an administrator has locked the account
    """
    rows.put(connection, person, now)
    row = connection.execute(select(Account.locked_at, Account.second).where(Account.person == person)).one()
    if row.locked_at is not None:
        raise Locked
    return _begin(connection, rules, person, now, origin, way, whole=row.second is None)


def _begin(
    connection: Connection, rules: AccountRules, person: str, now: datetime, origin: From, way: str, *, whole: bool
) -> Entered:
    address, agent = origin.address, origin.agent
    token = sessions.begin(connection, person, now, rules, way=way, whole=whole, address=address, agent=agent)
    if whole:
        log.info("%s logged in by %s", person, way)
        record(connection, now, person, "login", f"person:{person}", way=way, agent=agent)
    return Entered(token, whole)
