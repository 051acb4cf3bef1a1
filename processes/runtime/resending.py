"""Jobs that a broker held when the database was backed up: their messages are sent again after a restore.

A job's row outlives its message, which left the outbox once the broker had it. A worker that gets a job twice does it under the
same key, and of two answers the first one counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from processes.runtime.rows import job_message
from processes.store import outbox
from processes.store.tables import JOB_IS_OPEN, Job

_BATCH = 500


def resend_open_jobs(connection: Connection, source: str, now: datetime) -> int:
    """Put a message for every open job into the outbox, unless one waits there; returns how many jobs are open.

    ``source`` names this platform in messages.
    """
    count, last = 0, ""
    while rows := _open_jobs(connection, last):
        messages = [job_message(source, row._mapping, now, row.available_at) for row in rows]
        outbox.put(connection, messages, now)
        count, last = count + len(rows), rows[-1].id
    return count


def _open_jobs(connection: Connection, last: str) -> list[Any]:
    after = select(Job.__table__).where(JOB_IS_OPEN, Job.id > last).order_by(Job.id).limit(_BATCH)
    return list(connection.execute(after))
