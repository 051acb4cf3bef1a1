"""A small platform to back up, and all that a database holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text, cast, select

from processes.clock import ManualClock
from processes.runtime.engine import Engine
from processes.store.database import Database
from processes.store.tables import Base
from tests.diagrams import definitions, end, path, process, service, start, user

JOB = definitions(
    process(
        "p", start(), user("a"), service("b", "letter.send", {"text": "= said"}), end(), path("start", "a", "b", "end")
    )
)


def a_platform(database: Database, clock: ManualClock) -> Engine:
    engine = Engine(database, clock)
    engine.deploy({"p.bpmn": JOB})
    return engine


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, JSON as the very text that is stored."""
    found = {}
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [cast(column, Text) if str(column.type) == "JSON" else column for column in table.c]
            rows = connection.execute(select(*columns).order_by(*table.primary_key.columns)).all()
            found[table.name] = [tuple(row) for row in rows]
    return found
