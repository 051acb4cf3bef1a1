"""Lookups by several columns: right on both databases, and by the index however little PostgreSQL knows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from processes.store.bulk import Delete, Update, Writes
from processes.store.database import Database
from processes.store.lookup import Select, fetch
from processes.store.tables import InboxMessage

RESULTS = Select(InboxMessage, "id", "result", by=("partner", "source", "id"))

ROWS = 3_000

NOW = datetime(2026, 1, 1, tzinfo=UTC)

NEW = "INSERT INTO inbox (partner, source, id, received_at, result) VALUES ('p', '{source}', '{id}', '2026-01-01', '{{}}')"


def keys(*ids: str, source: str = "a") -> list[tuple[str, str, str]]:
    return [("p", source, id) for id in ids]


def test_only_rows_of_the_very_keys_are_found_each_once(database: Database) -> None:
    with database.write() as connection:
        for source, id in (("a", "1"), ("b", "2"), ("a", "3")):
            connection.exec_driver_sql(NEW.format(source=source, id=id))
        found = fetch(connection, RESULTS, [*keys("1", "2", "1", "9"), *keys("3", source="b")])
    assert found == [("1", {})]


def test_keys_may_hold_every_sign(database: Database) -> None:
    ids = ['"', "\\", "{a,b}", "null", "", "'", "%s", "企业"]
    with database.write() as connection:
        for id in ids:
            connection.execute(insert(InboxMessage).values(partner="p", source="a", id=id, received_at=NOW, result={}))
        found = fetch(connection, RESULTS, keys(*ids))
        assert sorted(id for id, _ in found) == sorted(ids)
        assert [id for id, _ in fetch(connection, Select(InboxMessage, "id", "result", by="id"), ids)] == sorted(ids)


@pytest.mark.postgres
@pytest.mark.parametrize("column", [("partner", "source", "id"), "partner"], ids=["by three columns", "by one"])
def test_a_lookup_takes_the_index_though_it_was_planned_when_the_table_was_empty(
    postgresql_database: Database, column: Any
) -> None:
    select = Select(InboxMessage, "id", by=column, locked=isinstance(column, str))
    wanted = [(f"p-{number}", "a", str(number)) for number in range(1, 101)]
    asked = [key[0] for key in wanted] if isinstance(column, str) else wanted
    with planned_early(postgresql_database, lambda connection: fetch(connection, select, asked[:2])) as connection:
        before = read(connection)
        assert len(fetch(connection, select, asked)) == 100
        assert read(connection) - before <= 100


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [Update(InboxMessage, "result", keys=("partner",)), Delete(InboxMessage, "partner")],
    ids=["update", "delete"],
)
def test_rows_are_changed_by_the_index_though_it_was_planned_when_the_table_was_empty(
    postgresql_database: Database, statement: Any
) -> None:
    def change(connection: Connection, most: int = 2) -> None:
        writes = Writes()
        for number in range(1, most + 1):
            row = (f"p-{number}",) if isinstance(statement, Delete) else ({}, f"p-{number}")
            writes.add(statement, *row)
        writes.flush(connection)

    with planned_early(postgresql_database, change) as connection:
        before = read(connection)
        change(connection, 100)
        assert read(connection) - before <= 300


@contextmanager
def planned_early(database: Database, use: Callable[[Connection], object]) -> Iterator[Connection]:
    """A transaction in which a statement has been prepared, as the driver does with what it sees often, before the table was filled."""
    with database.write() as connection:
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        for _ in range(10):
            use(connection)
        connection.exec_driver_sql(
            "INSERT INTO inbox (partner, source, id, received_at, result) "
            "SELECT 'p-' || number, 'a', number, now(), '{}' FROM generate_series(1, %(rows)s) AS number",
            {"rows": ROWS},
        )
        yield connection


def read(connection: Connection) -> int:
    """Rows of the inbox that statements of this transaction have read, by whatever way."""
    counts = (
        "pg_stat_get_xact_tuples_returned('inbox'::regclass) + pg_stat_get_xact_tuples_returned('inbox_pkey'::regclass)"
    )
    return int(connection.exec_driver_sql(f"SELECT {counts}").scalar_one())
