"""What the processes and the outside leave behind: logs, the stand-ins' own files, the broker's queues."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pika

from processes.messaging.addresses import INBOX_QUEUE, job_queue, urgent
from processes.messaging.jobs import CATALOGUE
from tests.faults.lasting import LEFT, LONG
from workers.bus import topology
from workers.bus.delivery import Ladder

DUPLICATE = "had its effect before"
"""What the platform says of a message that it knows."""

FULL = ("disk is full", "No space left on device")
"""What SQLite and PostgreSQL say when their disk is full."""


class Log:
    """How often a process has said something: each piece of its log is read once."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text = path, text.encode()
        self._read, self._found = 0, 0
        self._rest = b""
        self._lock = threading.Lock()

    def count(self) -> int:
        """Up to now."""
        with self._lock:
            if self._path.exists() and self._path.stat().st_size > self._read:
                with self._path.open("rb") as file:
                    file.seek(self._read)
                    fresh = file.read()
                self._read += len(fresh)
                whole = self._rest + fresh
                self._found += whole.count(self._text)
                self._rest = whole[len(whole) - len(self._text) + 1 :]
            return self._found


def effects(folder: Path, system: str) -> list[dict[str, Any]]:
    """A stand-in's own log of what really happened: rows with ``kind``, ``subject``, ``key`` and ``data``."""
    return _rows(folder, system, "SELECT seq, kind, subject, key, data FROM effect ORDER BY seq")


def repeated(folder: Path, system: str) -> int:
    """How often a stand-in was asked again under a key that had had its effect."""
    statement = "SELECT count(*) - count(DISTINCT key) AS n FROM request WHERE outcome LIKE '20%' AND key IS NOT NULL"
    return int(_rows(folder, system, statement)[0]["n"])


def _rows(folder: Path, system: str, statement: str) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(folder / f"{system}.sqlite", timeout=30)) as file:
        file.row_factory = sqlite3.Row
        return [dict(row) for row in file.execute(statement)]


def queue_depths(parameters: pika.URLParameters) -> dict[str, int]:
    """The messages that lie in the broker's queues, those without any left out. Raises pika's errors when it is away."""
    waits = (f"wait.{int(delay * 1000)}" for delay in set(Ladder().delays))
    jobs = (job_queue(each) for topic in (*CATALOGUE, LONG, LEFT) for each in (topic, urgent(topic)))
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()
        depths = {
            name: int(channel.queue_declare(name, passive=True).method.message_count)
            for name in (INBOX_QUEUE, topology.DEAD_QUEUE, *jobs, *waits)
        }
    finally:
        connection.close()
    return {name: depth for name, depth in depths.items() if depth}
