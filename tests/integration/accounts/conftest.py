"""A database with a few people, whose accounts are tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from processes.casework.accounts import login, passwords, sessions
from processes.casework.accounts.sessions import Session
from processes.casework.records import AccountRules
from processes.clock import ManualClock
from processes.store.database import Database
from processes.store.tables import Base, Person

GIVEN = "Demonstration-1"


@dataclass
class Door:
    """Where people log in."""

    database: Database
    clock: ManualClock
    rules: AccountRules

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def enter(self, person: str, password: str, address: str = "10.0.0.1") -> str:
        """Log in; the token."""
        return login.by_password(
            self.database, self.rules, person, password, self.now, login.From(address, "Chrome Windows")
        ).token

    def session(self, token: str) -> Session | None:
        with self.database.read() as connection:
            return sessions.find(connection, token, self.now, self.rules)

    def change(self, person: str, password: str, keep: str = "") -> None:
        passwords.change(self.database, self.rules, person, password, self.now, keep=keep)

    def set(self, table: type[Base], where: Any, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(table).where(where).values(**values))

    def hash_of(self, person: str) -> str:
        with self.database.read() as connection:
            return str(connection.scalar(select(Person.password).where(Person.id == person)))


@pytest.fixture
def door(database: Database, clock: ManualClock) -> Door:
    """On SQLite and on PostgreSQL."""
    return _furnished(database, clock)


@pytest.fixture
def small_door(memory: Database, clock: ManualClock) -> Door:
    """In memory, for what does not depend on the database."""
    return _furnished(memory, clock)


def _furnished(database: Database, clock: ManualClock) -> Door:
    with database.write() as connection:
        for person, name in (("wx.li", "李婷婷"), ("wx.chen", "chen"), ("wx.su", "苏")):
            connection.execute(insert(Person).values(id=person, name=name, active=True))
        passwords.set_missing(connection, GIVEN)
    return Door(database, clock, AccountRules())
