"""Whether the database can be worked with: it answers, and its schema fits this software."""

from __future__ import annotations

from functools import partial

from sqlalchemy import text

from processes.errors import BihuanError
from processes.observing.health import Health, NotReady
from processes.store import schema
from processes.store.database import Database


def add_checks(health: Health, database: Database) -> None:
    """Make the database and its schema parts of a process's health."""
    health.add("database", "数据库", partial(check_answers, database))
    health.add("schema", "数据库结构", partial(check_schema, database))


def check_answers(database: Database) -> None:
    """Raises :class:`NotReady` when the database does not answer."""
    try:
        with database.read() as connection:
            connection.execute(text("SELECT 1"))
    except Exception as error:
        raise _absent(error) from error


def check_schema(database: Database) -> None:
    """Raises :class:`NotReady`, or the schema's own error, when this software can't work on the schema."""
    if database.in_memory:
        return  # made by this very process
    try:
        with database.read() as connection:
            schema.check(connection)
    except BihuanError:
        raise
    except Exception as error:
        raise _absent(error) from error


def _absent(error: Exception) -> NotReady:
    kind = type(error).__name__
    return NotReady(f"数据库没有回答（{kind}）；请检查数据库是否在运行、DATABASE_URL 是否正确", f"the database: {kind}")
