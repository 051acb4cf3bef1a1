"""The migrations lead to the tables that the code speaks of."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select

from processes.store import schema
from processes.store.database import Database
from processes.store.tables import Base, Role


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


def differences(database: Database) -> list[Any]:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": schema.compared})
        return list(compare_metadata(context, Base.metadata))


def test_the_migrations_make_the_tables(empty_url: str) -> None:
    database = Database(empty_url)

    with database.write() as connection:
        schema.migrate_step_by_step(connection)

    assert differences(database) == []
    database.dispose()


def test_an_empty_database_gets_the_same_tables(empty_url: str) -> None:
    database = Database(empty_url)

    database.migrate()

    assert differences(database) == []
    database.dispose()


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    database.migrate()
    with database.write() as connection:
        connection.execute(insert(Role).values(code="clerk", name="受理员"))

    database.migrate()

    with database.read() as connection:
        assert connection.execute(select(Role.name)).scalar_one() == "受理员"
    database.dispose()


def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(4)]
    failures: list[Exception] = []

    def migrate(database: Database) -> None:
        try:
            database.migrate()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=migrate, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    for database in databases:
        database.dispose()
