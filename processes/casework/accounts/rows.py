"""The row of an account: made when something is first to be written in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from processes.store.tables import Account, Person


def put(connection: Connection, person: str, now: datetime, **values: Any) -> None:
    """Write into the row of a person; a fresh one says that the password is as old as the row."""
    # Whoever else writes it waits for the person's row.
    connection.execute(select(Person.id).where(Person.id == person).with_for_update())
    found = connection.scalar(select(Account.person).where(Account.person == person))
    if found is None:
        connection.execute(insert(Account).values(**{"person": person, "changed_at": now, **values}))
    elif values:
        connection.execute(update(Account).where(Account.person == person).values(**values))
