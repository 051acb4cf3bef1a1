"""A consistent copy of a running database, row by row into the file: nothing waits, and memory stays flat.

PostgreSQL: one REPEATABLE READ transaction, and COPY. SQLite: the online backup API makes a copy in one step, beside the file that
is being written, and the copy is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from processes.clock import Clock, SystemClock
from processes.store import schema
from processes.store.backup.archive import BackupError, Manifest, writing
from processes.store.backup.progress import Progress, silent
from processes.store.backup.values import POSTGRES, Column, Dialect, kind_of, pack, packing
from processes.store.database import Database, WriterBusy

OURS = "alembic_version"
"""The table whose only row is the level: it stands in the manifest."""


def write(database: Database, file: Path, *, clock: Clock | None = None, progress: Progress = silent) -> Manifest:
    """Back a database up into ``file``; other processes work on it meanwhile.

    :raises BackupError: when the file is there already or can't be written, or the database is empty
    """
    clock = clock or SystemClock()
    with writing(file) as archive, told("备份"), _still(database, file.parent) as connection:
        found = schema.schema_of(connection)
        if found is None:
            raise BackupError("数据库里没有平台的数据，没有可备份的内容", "the database has no tables of ours")
        made_at = clock.now()
        with progress("备份", None) as tell:
            for name in _tables(connection, found.level):
                columns = columns_of(connection, name)
                converts = packing(columns, database.dialect)
                archive.add(name, columns, (pack(row, converts) for row in _rows(connection, name, columns)), tell)
        return archive.finish(_software(), found.level, database.dialect, made_at)


def _tables(connection: Connection, level: int) -> list[str]:
    """Our tables at this level. Of a level that only newer software knows: all that are there."""
    found = set(inspect(connection).get_table_names())
    return sorted(found & schema.tables_at(level) if level <= schema.LEVEL else found - {OURS})


def columns_of(connection: Connection, table: str) -> list[Column]:
    """A table's columns, as the database has them: a newer one may have columns that this software does not know."""
    return [
        Column(each["name"], kind_of(table, each["name"], each["type"]))
        for each in inspect(connection).get_columns(table)
    ]


def quoted(name: str) -> str:
    """An identifier as both databases take it."""
    return '"' + name.replace('"', '""') + '"'


def driver(connection: Connection) -> Any:
    """The driver's own connection under one of SQLAlchemy's."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    return raw


@contextmanager
def told(what: str) -> Iterator[None]:
    """Make a sentence of what the database has against it. Not of its words: they may repeat a row."""
    try:
        yield
    except (DBAPIError, WriterBusy, sqlite3.Error, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        kind = type(cause).__name__
        why = " ".join(f"{kind}: {cause}".split()) if isinstance(cause, _ABOUT_THE_SERVER) else kind
        raise BackupError(f"{what}时数据库出错（{why}），没有完成；请排除原因后再试", why) from error


_ABOUT_THE_SERVER = (sqlite3.OperationalError, psycopg.OperationalError)


@contextmanager
def _still(database: Database, folder: Path) -> Iterator[Connection]:
    """A connection that sees one moment of the database, however long it is used."""
    if database.dialect == "postgresql":
        with database.read() as connection:
            yield connection
        return
    if not database.in_memory and not Path(str(database.url.database)).exists():
        raise BackupError(f"没有找到数据库 {database.url.database}", f"no database at {database.url.database}")
    with TemporaryDirectory(prefix=".backup-", dir=folder) as beside:
        copy = Path(beside) / "copy.db"
        with database.read() as connection, closing(sqlite3.connect(copy)) as target:
            # All pages in one step: a backup in several begins anew whenever another process has written between two.
            driver(connection).backup(target, pages=-1)
        engine = create_engine(URL.create("sqlite", database=str(copy)))
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def _rows(connection: Connection, table: str, columns: list[Column]) -> Iterable[Any]:
    dialect: Dialect = "sqlite" if connection.dialect.name == "sqlite" else "postgresql"
    if dialect == "sqlite":
        names = ", ".join(quoted(column.name) for column in columns)
        yield from driver(connection).execute(f"SELECT {names} FROM {quoted(table)}")
        return
    types = [POSTGRES[column.kind] for column in columns]
    wanted = ", ".join(f"{quoted(column.name)}::{type_}" for column, type_ in zip(columns, types, strict=True))
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY (SELECT {wanted} FROM {quoted(table)}) TO STDOUT (FORMAT BINARY)") as copy,
    ):
        copy.set_types(types)
        yield from copy.rows()


def _software() -> str:
    try:
        return metadata.version("bihuan")
    except metadata.PackageNotFoundError:
        return "unknown"
