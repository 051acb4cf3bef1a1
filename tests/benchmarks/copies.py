"""A database full of waiting cases: one is made by the engine, the others are copies of its rows under ids of their own.

Every copy is as good as the original: the ids of its tasks begin with its own prefix, its state knows its own key and due time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from processes.clock import SystemClock
from processes.kernel.codec import FORMAT
from processes.kernel.instance import prefix_of
from processes.orchestrator import Orchestrator
from processes.packing import compress, decompress
from processes.runtime import commands as c
from processes.runtime.engine import Settings
from tests.diagrams import boundary, definitions, end, message, path, process, start, timer, user

PROCESS, NEWS = "waiting", "news"
MODEL = definitions(
    f'<bpmn:message id="M" name="{NEWS}"/>',
    process(
        PROCESS,
        start(),
        user("work", role="clerk", place="330502"),
        boundary("late", "work", timer("timeDate", "= due"), interrupting=False),
        boundary("told", "work", message("M", variable="said"), interrupting=False, correlationKey="= number"),
        end(),
        end("late_end"),
        end("told_end"),
        path("start", "work", "end"),
        path("late", "late_end"),
        path("told", "told_end"),
    ),
)

FAR = timedelta(days=400)
"""When the timers of stored cases are due: not while anybody measures."""

CHUNK = 50_000


@dataclass(frozen=True)
class Stored:
    """A stored case, by its number."""

    number: int

    @property
    def id(self) -> str:
        """Its instance's id."""
        return f"stored-{self.number:029d}"

    @property
    def prefix(self) -> str:
        """What its tasks' ids begin with."""
        return prefix_of(self.id)

    @property
    def key(self) -> str:
        """What messages for it are correlated by."""
        return f"K-{self.number:09d}"

    def variables(self, due: datetime) -> dict[str, Any]:
        """What it is started with."""
        return {"number": self.key, "due": due.isoformat(), "note": "lorem ipsum " * 30}

    def start(self, due: datetime) -> c.Start:
        """The command that starts it."""
        return c.Start(f"start:{self.id}", PROCESS, "", self.variables(due), self.key, self.id)


def prepare(url: str) -> Orchestrator:
    """An engine on an empty database, with the model in force; jobs are not what this is about, so there is no bus."""
    engine = Orchestrator(url, SystemClock(), settings=Settings("bench", publish_jobs=False))
    engine.deploy({"waiting.bpmn": MODEL}, check=False)
    return engine


def fill(engine: Orchestrator, url: str, count: int) -> None:
    """Bring the number of stored cases from none to ``count``."""
    far = datetime.now(UTC).replace(microsecond=0) + FAR
    original = Stored(0)
    engine.engine.execute(original.start(far))
    with psycopg.connect(url) as connection:
        connection.execute("SET synchronous_commit = off")
        # Foreign keys would be looked at row by row: the copies point where the original does.
        connection.execute("SET session_replication_role = replica")
        row = connection.execute("SELECT state FROM instance WHERE id = %s", (original.id,)).fetchone()
        assert row is not None
        state = decompress(row[0][1:])
        connection.execute("CREATE TEMPORARY TABLE copy (id text, prefix text, key text, due timestamptz, state bytea)")
        for first in range(1, count, CHUNK):
            last = min(first + CHUNK, count)
            with connection.cursor().copy("COPY copy FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "text", "text", "timestamptz", "bytea"])
                for each in _copies(original, state, far, first, last):
                    copy.write_row(each)
            for statement in _SPREAD:
                connection.execute(statement, {"id": original.id, "start": f"start:{original.id}"})
            connection.execute("TRUNCATE copy")
            connection.commit()
            if count > CHUNK:
                print(f"  {last:,} of {count:,} cases", file=sys.stderr, flush=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _copies(original: Stored, state: bytes, far: datetime, first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """The ids, the key, the due time and the state of each copy."""
    prefix, key, due = original.prefix.encode(), original.key.encode(), far.isoformat().encode()
    for number in range(first, last):
        own, at = Stored(number), far + timedelta(seconds=number)
        own_prefix = own.prefix
        body = state.replace(prefix, own_prefix.encode()).replace(key, own.key.encode())
        yield own.id, own_prefix, own.key, at, FORMAT + compress(body.replace(due, at.isoformat().encode()))


def _spread(table: str, where: str, **own: str) -> str:
    """The original's rows of a table, once for each copy; ``own``: what a copy has of its own, by column."""
    columns = _COLUMNS[table].split()
    values = ", ".join(own.get(column, f"o.{column}") for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} o, copy s WHERE {where}"


_COLUMNS = {
    "instance": "id definition_id process_id place key status version state parts prefix created_at ended_at",
    "user_task": "id instance_id case_id definition_id element_id process_id name instructions next form role organisation place assignee "
    "excluded state created_at due_at warn_at provisional ended_at completed_by",
    "timer": "task_id instance_id element_id due_at provisional incident_id",
    "subscription": "task_id instance_id element_id message key",
    "history": "instance_id command_id kind actor at input steps versions",
    "inbox": "partner source id received_at result",
}
_TASK = "s.prefix || substr(o.{}, 25)"
_OF_ORIGINAL = "o.instance_id = %(id)s"
_SPREAD = (
    _spread("instance", "o.id = %(id)s", id="s.id", key="s.key", prefix="s.prefix", state="s.state"),
    _spread("user_task", _OF_ORIGINAL, id=_TASK.format("id"), instance_id="s.id"),
    _spread("timer", _OF_ORIGINAL, task_id=_TASK.format("task_id"), instance_id="s.id", due_at="s.due"),
    _spread("subscription", _OF_ORIGINAL, task_id=_TASK.format("task_id"), instance_id="s.id", key="s.key"),
    _spread("history", _OF_ORIGINAL, instance_id="s.id", command_id="'start:' || s.id"),
    _spread("inbox", "o.id = %(start)s", id="'start:' || s.id"),
)
