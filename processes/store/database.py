"""The database: SQLite by default, PostgreSQL by URL; transactions as ``with`` blocks over SQLAlchemy Core.

>>> from processes.store.database import Database
>>> database = Database("sqlite://")
>>> database.migrate()
>>> with database.write() as connection:
...     _ = connection.exec_driver_sql("insert into role (code, name) values ('clerk', '受理员')")
>>> with database.read() as connection:
...     connection.exec_driver_sql("select name from role").scalar()
'受理员'
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError

from processes.failpoints import hit
from processes.messaging.json_text import from_json, to_json
from processes.store import schema, word_index
from processes.store.engines import (
    BEGIN_WRITING,
    BUSY_SECONDS,
    BY_INDEX,
    READERS,
    dialect_of,
    file_engine,
    memory_engine,
    postgres_engine,
    raw_of,
    with_driver,
)

__all__ = ["Database", "NestedTransaction", "OrphanedRows", "WriterBusy", "from_json", "to_json"]

_TRANSACTION = "transaction"

# Serialization failure, deadlock, lock not available, server going down or coming up, too many connections.
_TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})
_TRANSIENT_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

# One writer at a time for each SQLite file, however many Database objects a process opens on it.
_file_locks: dict[str, threading.RLock] = {}
_file_locks_guard = threading.Lock()


class WriterBusy(Exception):
    """Another transaction of this process kept the writer's place for longer than ``BUSY_SECONDS``."""


class OrphanedRows(Exception):
    """A change of the schema would have left rows that refer to nothing: it did not happen."""


class NestedTransaction(Exception):
    """A write was begun inside another transaction of the same thread: it could neither join nor stand alone."""


class Database:
    """Transactions on one database. Safe to share between threads.

    A ``read()`` inside another transaction of the same thread joins it (and so sees what that one wrote); a ``write()``
    inside another transaction is refused, because its atomicity would be a lie.

    ``url``: ``sqlite://`` (in memory, one shared connection), ``sqlite:///path/to/file``, or ``postgresql://…``.
    """

    def __init__(self, url: str) -> None:
        self.url = with_driver(make_url(url))
        self.dialect: Literal["sqlite", "postgresql"] = dialect_of(self.url)
        self._local = threading.local()
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._idle: list[Connection] = []
        self._lock: threading.RLock | None = None
        self.in_memory = self.dialect == "sqlite" and self.url.database in (None, "", ":memory:")
        if self.in_memory:
            self._lock = threading.RLock()
            self._writer = self._reader = memory_engine(self.url)
        elif self.dialect == "sqlite":
            self._lock = _file_lock(self.url)
            self._writer = file_engine(self.url, BEGIN_WRITING, size=1)
            self._reader = file_engine(self.url, "BEGIN", size=READERS)
        else:
            self._writer = postgres_engine(self.url, BY_INDEX)
            self._reader = postgres_engine(self.url).execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)!r})"

    @contextmanager
    def write(self, *, foreign_keys: bool = True) -> Iterator[Connection]:
        """A transaction that may write: committed at the end of the block, rolled back when it raises. (For ``foreign_keys`` see
        :meth:`rebuilding`.)

        Raises :class:`NestedTransaction`, :class:`WriterBusy`, or what the driver raises (see :meth:`is_transient`).
        """
        if getattr(self._local, "connection", None) is not None:
            raise NestedTransaction("write() inside another transaction of the same thread")
        if self._lock is not None and not self._lock.acquire(timeout=BUSY_SECONDS):
            raise WriterBusy(f"no writer's place within {BUSY_SECONDS} s")
        try:
            connection = self._idle_writer()
            self._local.connection = connection
            try:
                if not foreign_keys:
                    _enforce_foreign_keys(connection, "OFF")
                transaction = _begun(connection, lean=foreign_keys and self.dialect == "sqlite" and not self.in_memory)
                yield connection
                hit("database.committing")
                _commit(connection)
                hit("database.committed")
                if not foreign_keys:
                    _enforce_foreign_keys(connection, "ON")
            except BaseException:
                connection.close()
                raise
            finally:
                self._local.connection = None
            self._idle.append(connection)
        finally:
            if self._lock is not None:
                self._lock.release()
        for name in transaction.signals:
            for listener in self._listeners.get(name, ()):
                listener()

    def _idle_writer(self) -> Connection:
        """A connection that an earlier transaction has left in order, else a new one: checking one out of the pool and back into it
        costs more than a short transaction."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._writer.connect()

    def on_commit(self, name: str, listener: Callable[[], None]) -> None:
        """Call ``listener`` (quick, any thread) after each commit of this process in which :func:`signal` was used."""
        self._listeners.setdefault(name, []).append(listener)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one consistent state and can't write."""
        outer = getattr(self._local, "connection", None)
        if outer is not None:
            yield outer
        elif self.in_memory:
            with self._read_in_memory() as connection:
                yield connection
        else:
            with self._reader.connect() as connection, self._current(connection):
                _begun(connection)
                yield connection

    @contextmanager
    def _read_in_memory(self) -> Iterator[Connection]:
        """The one connection is shared with the writer, so reading waits for it; only reading while it lasts."""
        assert self._lock is not None
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise WriterBusy(f"the in-memory database was not free within {BUSY_SECONDS} s")
        try:
            with self._reader.connect() as connection, self._current(connection):
                _begun(connection)
                raw = raw_of(connection)
                raw.execute("PRAGMA query_only = ON")
                try:
                    yield connection
                finally:
                    raw.execute("PRAGMA query_only = OFF")
        finally:
            self._lock.release()

    @contextmanager
    def _current(self, connection: Connection) -> Iterator[None]:
        self._local.connection = connection
        try:
            yield
        finally:
            self._local.connection = None

    def insert(self, table: Any) -> sqlite.Insert | postgresql.Insert:
        """The dialect's own insert for a table or class: it knows ``on_conflict_do_nothing`` and ``returning``.

        Judge a conflict by ``returning``, never by ``rowcount``: for inserts psycopg's is not to be trusted.
        """
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    def migrate(self) -> None:
        """Bring the schema to the newest version. Safe when several processes start at once."""
        with self.rebuilding() as connection:
            if self.in_memory:
                schema.create_tables(connection)
            else:
                schema.upgrade(connection)

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """A write in which tables may be made anew.

        To change a table, SQLite needs another one in its place, and with foreign keys in force to drop the old one is to delete
        what others refer to. So they are not, and the whole is judged at the end.
        """
        if self.dialect != "sqlite" or self.in_memory:
            with self.write() as connection:
                yield connection
            return
        with self.write(foreign_keys=False) as connection:
            try:
                yield connection
                orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if orphans:
                    raise OrphanedRows(f"{orphans[0][0]} refers to rows of {orphans[0][2]} that are not there")
            except BaseException:
                connection.invalidate()  # it must not be used again as it is
                raise

    def scrub(self) -> None:
        """What was deleted is to be found in no page of the file, nor in its log. On SQLite the file is written anew, for which everybody
        else waits: seconds a gigabyte. PostgreSQL's own vacuum sees to it in its time.

        Raises :class:`WriterBusy` when it has to be done once more.
        """
        if self.dialect != "sqlite" or self.in_memory or self._lock is None:
            return
        with self.write() as connection:
            word_index.merge(connection)
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise WriterBusy(f"no writer's place within {BUSY_SECONDS} s")
        try:
            raw = sqlite3.connect(str(self.url.database), timeout=BUSY_SECONDS, isolation_level=None)
            try:
                raw.execute("VACUUM")
                busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                raw.close()
        finally:
            self._lock.release()
        if busy:
            raise WriterBusy("somebody reads: the log still has what was deleted")

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same transaction, begun anew, may well succeed: lock conflicts, deadlocks, a restarting server.

        A lost connection during commit leaves open whether the commit happened: begin anew with the same command id.
        """
        if isinstance(error, WriterBusy):
            return True
        if isinstance(error, DBAPIError):
            if error.connection_invalidated:
                return True
            error = error.orig or error
        if isinstance(error, sqlite3.Error):
            code: int = getattr(error, "sqlite_errorcode", 0)
            return code & 0xFF in _TRANSIENT_SQLITE
        if isinstance(error, psycopg.Error):
            state = error.sqlstate
            if state is None:  # the connection could not be made, or broke
                return isinstance(error, psycopg.OperationalError)
            return state in _TRANSIENT_STATES or state.startswith("08")
        return False

    def was_away(self, error: BaseException | None) -> bool:
        """Whether an error, or what it was raised from, is a transient one: the database under a function that an expression called, say."""
        while error is not None and not self.is_transient(error):
            error = error.__cause__
        return error is not None

    def was_first(self, error: BaseException) -> bool:
        """Whether somebody else has written a row of the same key meanwhile: begun anew, the transaction finds it."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, psycopg.Error):
            return isinstance(cause, psycopg.errors.UniqueViolation)
        code = getattr(cause, "sqlite_errorcode", 0)
        return code in (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)

    def refuses_value(self, error: BaseException) -> bool:
        """Whether a value did not fit its column (too long, of the wrong kind): it never will."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, psycopg.Error):
            # The driver itself could not adapt the value: there is no state of the server's then.
            return isinstance(cause, psycopg.DataError) or (
                isinstance(cause, psycopg.ProgrammingError) and cause.sqlstate is None
            )
        return isinstance(cause, sqlite3.Error) and "binding parameter" in str(cause)

    def dispose(self) -> None:
        """Close every pooled connection. An in-memory database is gone after this."""
        while self._idle:
            self._idle.pop().close()
        self._writer.dispose()
        if self._reader is not self._writer:
            self._reader.dispose()


def _enforce_foreign_keys(connection: Connection, whether: str) -> None:
    """On SQLite, between two transactions: within one it has no effect."""
    raw_of(connection).execute(f"PRAGMA foreign_keys = {whether}")


def signal(connection: Connection, name: str) -> None:
    """Tell :meth:`Database.on_commit` listeners of ``name`` when this transaction has committed."""
    connection.info[_TRANSACTION].signals.add(name)


class Transaction:
    """Stands for one: whoever keeps what he has read in it knows by a weak reference whether it is still the same."""

    __slots__ = ("__weakref__", "signals")

    def __init__(self) -> None:
        self.signals: set[str] = set()
        """what is to be told of when it has committed"""


def transaction_of(connection: Connection) -> Transaction:
    """The transaction that a connection of :meth:`Database.read` or :meth:`Database.write` is in."""
    found: Transaction = connection.info[_TRANSACTION]
    return found


def _begun(connection: Connection, lean: bool = False) -> Transaction:
    """Begin one, now: statements that go round SQLAlchemy (``bulk``) would not. ``lean``: on a file of SQLite, without SQLAlchemy, whose own
    part in it costs several times the database's; whoever executes by SQLAlchemy within it finds it begun (see ``engines``)."""
    if lean:
        raw_of(connection).execute(BEGIN_WRITING)
    else:
        connection.begin()
    found = connection.info[_TRANSACTION] = Transaction()
    return found


def _commit(connection: Connection) -> None:
    if connection.in_transaction():
        connection.commit()
    else:
        raw_of(connection).commit()


def _file_lock(url: URL) -> threading.RLock:
    path = str(Path(str(url.database)).resolve())
    with _file_locks_guard:
        return _file_locks.setdefault(path, threading.RLock())
