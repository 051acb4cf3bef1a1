"""A backup into an empty database, of either kind: everything in one transaction, or nothing.

The file is read to its end first, and refused when a hash or a count is wrong. The tables are made at the level of the backup,
filled, and then migrated to this software's. Ids of commands and messages come along, so whatever is sent again stays without
effect; leases and locks are given back, since who held them is gone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import MetaData, delete, inspect, select, text, update
from sqlalchemy.engine import Connection

from processes.failpoints import hit
from processes.store import outbox, parcels, schema, word_index
from processes.store.backup.archive import Archive, BackupError, Damaged, Manifest, Table
from processes.store.backup.progress import Progress, Tell, silent
from processes.store.backup.values import Dialect, unpack, unpacking
from processes.store.backup.writing import OURS, columns_of, driver, quoted, told
from processes.store.database import Database
from processes.store.tables import Base, Job, Setting

Finish = Callable[[Connection], object]
"""What is done in the same transaction, once everything is there and migrated."""

_BATCH = 1000

_LINGERING = 2.0
"""Seconds that the server gets to notice that the processes just stopped are gone."""


def restore(
    database: Database,
    file: Path,
    *,
    force: bool = False,
    finish: Finish = lambda connection: None,
    progress: Progress = silent,
) -> Manifest:
    """Restore ``file`` into a database that is empty, or with ``force`` in place of everything in it.

    :raises BackupError: when the file is damaged or too new, the database has data (without ``force``) or is in use (with it)
    """
    with told("恢复"), Archive(file) as archive:
        manifest = archive.manifest
        _check_level(manifest)
        with progress("核对", manifest.rows) as tell:
            for table in manifest.tables:
                archive.verify(table, tell)
        names = {table.name for table in manifest.tables} | set(Base.metadata.tables) | {OURS}
        if force:
            _check_idle(database)
        with database.rebuilding() as connection:
            schema.lock(connection)
            _make_room(connection, names, force)
            hit("restore.room-made")
            schema.create_at(connection, manifest.schema)
            hit("restore.tables-made")
            with progress("恢复", manifest.rows) as tell:
                _fill(connection, archive, file, tell)
            hit("restore.filled")
            schema.upgrade(connection)
            _release(connection)
            finish(connection)
    return manifest


def _check_level(manifest: Manifest) -> None:
    if manifest.schema > schema.LEVEL:
        raise BackupError(
            f"备份来自更新的软件（{manifest.software}，数据库第 {manifest.schema} 级），本软件只到第 {schema.LEVEL} 级；"
            "请用那个版本或更新的版本恢复",
            f"the backup is of level {manifest.schema}, this software of {schema.LEVEL}",
        )


# ---- room --------------------------------------------------------------------------------------------------------------


def _make_room(connection: Connection, names: set[str], force: bool) -> None:
    """Drop our tables; whatever else is in the database stays."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in names)
    filled = [table.name for table in found.sorted_tables if _has_rows(connection, table)]
    if filled and not force:
        raise BackupError(
            f"数据库里已有数据（{'、'.join(filled[:3])} 等 {len(filled)} 张表）。请恢复到一个空的数据库；"
            "确实要用备份取代现有的全部数据，请加 --force：现有数据会被删除，无法找回",
            f"the database is not empty: {', '.join(filled)}",
        )
    found.drop_all(connection)


def _has_rows(connection: Connection, table: Any) -> bool:
    if table.name == OURS:
        return False
    rows = select(text("1")).select_from(table).limit(1)
    if table.name == Setting.__tablename__:
        rows = rows.where(table.c.key != schema.MARK)
    return connection.execute(rows).first() is not None


def _check_idle(database: Database) -> None:
    """Nobody else may be at work: an engine's hot instances would outlive what they were read from."""
    if database.in_memory:
        return
    database.dispose()
    if database.dialect == "postgresql":
        others = _others(database)
        until = time.monotonic() + _LINGERING
        while others and time.monotonic() < until:
            time.sleep(0.1)
            others = _others(database)
        if others:
            raise BackupError(
                f"数据库正在被 {len(others)} 个连接使用（{'、'.join(sorted(set(others) - {''}))}）；"
                "请先停止所有引擎和网页服务，再恢复",
                f"{len(others)} other connections",
            )
    elif not _alone(Path(str(database.url.database))):
        raise BackupError("数据库正在被使用；请先停止平台，再恢复", "another process has the database open")


def _others(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(text(schema.CONNECTED)).scalars())


def _alone(path: Path) -> bool:
    """SQLite leaves the write-ahead log only for a connection that is the only one."""
    if not path.exists():
        return True
    with closing(sqlite3.connect(path, timeout=0.0)) as connection:
        try:
            mode: str = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            return False
    return mode == "delete"


# ---- rows --------------------------------------------------------------------------------------------------------------


def _fill(connection: Connection, archive: Archive, file: Path, tell: Tell) -> None:
    made = MetaData()
    made.reflect(connection, only=lambda name, _: not word_index.is_part(name))
    # A migration may have put rows of its own into the empty tables: the backup has them too.
    for table in reversed(made.sorted_tables):
        if table.name != OURS:
            connection.execute(delete(table))
    order = {table.name: at for at, table in enumerate(made.sorted_tables)}
    unknown = [table.name for table in archive.manifest.tables if table.name not in order]
    if unknown:
        raise Damaged(file, f"{archive.manifest.schema} 级没有表 {'、'.join(unknown)}", "unknown tables")
    for table in sorted(archive.manifest.tables, key=lambda each: order[each.name]):
        if not set(table.columns) <= set(columns_of(connection, table.name)):
            raise Damaged(file, table.part, "columns that this level does not have")
        _load(connection, table, archive.lines(table), tell)
    if connection.dialect.name == "postgresql":
        _reset_sequences(connection, made)


def _load(connection: Connection, table: Table, lines: Iterator[bytes], tell: Tell) -> None:
    dialect: Dialect = "sqlite" if connection.dialect.name == "sqlite" else "postgresql"
    converts = unpacking(table.columns, dialect)
    rows = (unpack(line, converts) for line in lines)
    try:
        (_into_sqlite if dialect == "sqlite" else _into_postgres)(connection, table, rows, tell)
    except _REFUSED as error:
        kind = type(error).__name__
        raise BackupError(
            f"表 {table.name} 有一行放不进这个数据库（{kind}），没有恢复任何内容", f"{table.name}: {kind}"
        ) from error


_REFUSED = (sqlite3.IntegrityError, sqlite3.InterfaceError, psycopg.DataError, psycopg.IntegrityError)


def _into_sqlite(connection: Connection, table: Table, rows: Iterator[list[Any]], tell: Tell) -> None:
    names = ", ".join(quoted(column.name) for column in table.columns)
    places = ", ".join("?" * len(table.columns))
    statement = f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({places})"
    raw = driver(connection)
    while batch := list(islice(rows, _BATCH)):
        raw.executemany(statement, batch)
        tell(len(batch))


def _into_postgres(connection: Connection, table: Table, rows: Iterator[list[Any]], tell: Tell) -> None:
    names = ", ".join(quoted(column.name) for column in table.columns)
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY {quoted(table.name)} ({names}) FROM STDIN") as copy,
    ):
        while batch := list(islice(rows, _BATCH)):
            for row in batch:
                copy.write_row(row)
            tell(len(batch))


def _reset_sequences(connection: Connection, made: MetaData) -> None:
    """The next generated id comes after the greatest that was restored. (SQLite's does by itself.)"""
    for table in made.sorted_tables:
        for column in inspect(connection).get_columns(table.name):
            if not (column.get("autoincrement") or column.get("identity")):
                continue
            name, key = quoted(table.name), quoted(column["name"])
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence(:table, :column), coalesce(max({key}), 1), max({key}) IS NOT NULL) "
                    f"FROM {name}"
                ),
                {"table": name, "column": column["name"]},
            )


def _release(connection: Connection) -> None:
    """Whoever held these is not at work on this database."""
    outbox.release(connection)
    parcels.release(connection)
    connection.execute(update(Job).where(Job.locked_until.is_not(None)).values(locked_by=None, locked_until=None))
