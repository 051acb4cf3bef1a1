"""A stand-in's own state: one SQLite file a system, which survives ``kill -9``.

What a request does, the log of its effects, the reply kept for its ``Idempotency-Key`` and the messages it sends out are
one transaction, as they would be in a system that deserves the name.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from processes.clock import Clock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS effect (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, key TEXT, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS effect_subject ON effect (subject, seq);
CREATE INDEX IF NOT EXISTS effect_kind ON effect (kind, seq);
CREATE TABLE IF NOT EXISTS reply (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, key TEXT, outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS request_key ON request (key);
CREATE TABLE IF NOT EXISTS push (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, subject TEXT NOT NULL, time TEXT NOT NULL,
    due TEXT NOT NULL, data TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0,
    answer TEXT);
CREATE INDEX IF NOT EXISTS push_waiting ON push (state, seq);
"""

Json = dict[str, Any]


@dataclass(frozen=True)
class Push:
    """A message on its way to the platform; ``id`` is the same on every try. Times are ISO 8601. ``late``: it was put off."""

    seq: int
    id: str
    type: str
    subject: str
    time: str
    data: Json
    attempts: int
    late: bool = False


@dataclass(frozen=True)
class Kept:
    """The reply that an ``Idempotency-Key`` was given, and to which request."""

    request: str
    status: int
    body: Any


class Ledger:
    """What may be done within one transaction."""

    def __init__(self, connection: sqlite3.Connection, now: datetime, key: str | None) -> None:
        self._connection = connection
        self._key = key
        self.now = now

    def get(self, kind: str, id_: str) -> Json | None:
        """A record, or None."""
        row = self._connection.execute("SELECT body FROM record WHERE kind = ? AND id = ?", (kind, id_)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, id_: str, body: Mapping[str, Any]) -> None:
        """Write a record over what was there."""
        statement = "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"
        self._connection.execute(statement, (kind, id_, _dump(body)))

    def drop(self, kind: str, id_: str) -> None:
        """Remove a record, if it is there."""
        self._connection.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id_))

    def every(self, kind: str) -> list[Json]:
        """All records of a kind, by id."""
        rows = self._connection.execute("SELECT body FROM record WHERE kind = ? ORDER BY id", (kind,))
        return [json.loads(row[0]) for row in rows]

    def next_number(self, name: str) -> int:
        """1, 2, 3 … for each name."""
        last = (self.get("serial", name) or {"last": 0})["last"]
        self.put("serial", name, {"last": last + 1})
        return int(last) + 1

    def effect(self, kind: str, subject: str, data: Mapping[str, Any]) -> int:
        """Log something that really happened; returns its number."""
        statement = "INSERT INTO effect (at, kind, subject, key, data) VALUES (?, ?, ?, ?, ?) RETURNING seq"
        row = self._connection.execute(statement, (_iso(self.now), kind, subject, self._key, _dump(data))).fetchone()
        return int(row[0])

    def push(self, type_: str, subject: str, data: Mapping[str, Any], *, after: float = 0.0) -> str:
        """Send a message to the platform, not before ``after`` seconds; messages of one subject keep their order."""
        id_ = str(uuid4())
        statement = "INSERT INTO push (id, type, subject, time, due, data) VALUES (?, ?, ?, ?, ?, ?)"
        due = self.now + timedelta(seconds=after)
        self._connection.execute(statement, (id_, type_, subject, _iso(self.now), _iso(due), _dump(data)))
        return id_

    def push_again(self, id_: str | None) -> list[str]:
        """Send what the platform has refused once more, all of it or the message of this id; returns the ids."""
        statement = "UPDATE push SET state = 'waiting' WHERE state = 'refused' AND (? IS NULL OR id = ?) RETURNING id"
        return [str(row[0]) for row in self._connection.execute(statement, (id_, id_)).fetchall()]

    def kept(self, key: str) -> Kept | None:
        """The reply this key was given before."""
        row = self._connection.execute("SELECT request, status, body FROM reply WHERE key = ?", (key,)).fetchone()
        return Kept(row[0], row[1], json.loads(row[2])) if row else None

    def keep(self, key: str, kept: Kept) -> None:
        """Keep the reply for this key."""
        values = (key, kept.request, kept.status, _dump(kept.body))
        self._connection.execute("INSERT INTO reply VALUES (?, ?, ?, ?)", values)

    def log(self, method: str, path: str, outcome: str) -> None:
        """Log an attempt, whatever came of it."""
        values = (_iso(self.now), method, path, self._key, outcome)
        self._connection.execute("INSERT INTO request (at, method, path, key, outcome) VALUES (?, ?, ?, ?, ?)", values)


class Store:
    """The file of one system. Any thread may call; one at a time is let in."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)
        self.pushed = threading.Condition(self._lock)
        """notified when there may be something to push"""

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, key: str | None = None) -> Iterator[Ledger]:
        """All of it or nothing; ``key`` is the ``Idempotency-Key`` that the effects are logged with."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Ledger(self._connection, self._clock.now(), key)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            self.pushed.notify_all()

    def rows(self, table: str, limit: int, after: int = 0, **equals: str | None) -> list[Json]:
        """Rows of the log ``effect``, ``request`` or ``push`` in order; columns of ``equals`` that are not None must match."""
        if table not in {"effect", "request", "push"}:
            raise ValueError(table)
        wanted = {column: value for column, value in equals.items() if value is not None}
        where = "".join(f" AND {column} = ?" for column in wanted)
        statement = f"SELECT * FROM {table} WHERE seq > ?{where} ORDER BY seq LIMIT ?"
        with self._lock:
            rows = self._connection.execute(statement, (after, *wanted.values(), limit)).fetchall()
        return [_decoded(dict(row)) for row in rows]

    def has_waiting_push(self) -> bool:
        """Whether some message is still to be sent, due or not."""
        with self._lock:
            statement = "SELECT 1 FROM push WHERE state IN ('waiting', 'late') LIMIT 1"
            return self._connection.execute(statement).fetchone() is not None

    def next_push(self) -> Push | None:
        """The oldest message that is due, and has no earlier one of its subject before it that was not put off."""
        statement = """SELECT * FROM push AS p WHERE state IN ('waiting', 'late') AND due <= ? AND NOT EXISTS (
            SELECT 1 FROM push AS q WHERE q.state = 'waiting' AND q.subject = p.subject AND q.seq < p.seq)
            ORDER BY seq LIMIT 1"""
        with self._lock:
            row = self._connection.execute(statement, (_iso(self._clock.now()),)).fetchone()
        if row is None:
            return None
        data = json.loads(row["data"])
        late = row["state"] == "late"
        return Push(row["seq"], row["id"], row["type"], row["subject"], row["time"], data, row["attempts"], late)

    def put_off(self, push: Push, seconds: float) -> None:
        """Let the messages after this one go first, for so many seconds."""
        statement = "UPDATE push SET state = 'late', due = ? WHERE seq = ?"
        with self._lock:
            self._connection.execute(statement, (_iso(self._clock.now() + timedelta(seconds=seconds)), push.seq))

    def settle_push(self, push: Push, state: str, answer: str) -> None:
        """Note a try: ``state`` is ``waiting`` (again), ``accepted``, ``duplicate`` or ``refused``."""
        statement = "UPDATE push SET state = ?, answer = ?, attempts = attempts + 1 WHERE seq = ?"
        with self._lock:
            self._connection.execute(statement, (state, answer[:1000], push.seq))


def _decoded(row: Json) -> Json:
    return {**row, "data": json.loads(row["data"])} if "data" in row else row


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _iso(moment: datetime) -> str:
    """Sortable: always UTC, always with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
