"""How either database is connected to: SQLAlchemy's engines, and what each connection is told first."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import QueuePool, StaticPool

from processes.messaging.json_text import from_json, to_json
from processes.store import schema

BUSY_SECONDS = 30.0
"""How long a writer waits for the writers before it (in this process, and in others that share the SQLite file)."""

READERS = 8
"""Connections kept for reading; more are opened under load and closed after use."""

BEGIN_WRITING = "BEGIN IMMEDIATE"
"""Of SQLite: the writer's place is taken now, not with the first statement that writes."""

PREPARED = 500
"""Statements that a connection keeps prepared: a gateway has more than drivers keep by themselves (128 and 100), and to prepare one takes longer
than many take to run."""

MAPPED = 2_000_000_000
"""Bytes of a file that connections that only read see as memory; nothing is kept for it. A call for each page would cost a third of a search."""

_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    # Of a new file. A commit writes every page whole that it has changed: small ones of many tables.
    "PRAGMA page_size = 2048",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16000",
    "PRAGMA temp_store = MEMORY",
    # A burst of writes must not leave a gigabyte of log behind.
    "PRAGMA journal_size_limit = 67108864",
)

BY_INDEX = "-c enable_seqscan=off"
"""For connections that write: what a command looks for it finds by an index. A statement that was planned when its table was empty would
otherwise go on to read the whole of it, until PostgreSQL has gathered statistics."""

_ALIKE: dict[str, Any] = {
    "json_serializer": to_json,
    "json_deserializer": from_json,
    # Errors are logged, and what a statement was given may be a person's.
    "hide_parameters": True,
}


def dialect_of(url: URL) -> Literal["sqlite", "postgresql"]:
    """Which of the two an address is of."""
    return "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"


def with_driver(url: URL) -> URL:
    """The address with the driver that this program uses. Raises ValueError for another database."""
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError(f"the database is SQLite or PostgreSQL, not {url.get_backend_name()}")
    return url


def raw_of(connection: Connection) -> Any:
    """The driver's own connection."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    return raw


def file_engine(url: URL, begin: str, size: int) -> Engine:
    """For a file of SQLite. ``begin``: the statement that begins a transaction; "BEGIN": nothing can be written. ``size``: connections kept."""
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=-1,
        connect_args={"check_same_thread": False, "cached_statements": PREPARED},
        **_ALIKE,
    )
    _prepare(engine, begin, query_only=begin == "BEGIN")
    return engine


def memory_engine(url: URL) -> Engine:
    """For a database in memory: one connection, which all share."""
    engine = create_engine(
        url,
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        **_ALIKE,
    )
    _prepare(engine, "BEGIN", query_only=False)
    return engine


def _prepare(engine: Engine, begin: str, query_only: bool) -> None:
    """The driver's own implicit transactions are switched off: they begin too late and commit before DDL."""

    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            raw.execute(pragma)
        if query_only:
            raw.execute("PRAGMA query_only = ON")
            raw.execute(f"PRAGMA mmap_size = {MAPPED}")

    def begun(connection: Connection) -> None:
        raw = raw_of(connection)
        if not raw.in_transaction:
            raw.execute(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def postgres_engine(url: URL, options: str = "") -> Engine:
    """For PostgreSQL; ``options``: of its command line."""
    connect_args: dict[str, Any] = {
        "connect_timeout": 10,
        "options": f"-c timezone=UTC -c jit=off {options}",
        "keepalives_idle": 30,
        "application_name": schema.APPLICATION,
    }
    engine = create_engine(
        url,
        pool_size=READERS,
        max_overflow=READERS * 2,
        connect_args={name: value for name, value in connect_args.items() if name not in url.query},
        **_ALIKE,
    )

    def connected(raw: Any, _record: Any) -> None:
        raw.prepared_max = PREPARED

    event.listen(engine, "connect", connected)
    return engine
