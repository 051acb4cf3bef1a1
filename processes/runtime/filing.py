"""Files instances that have ended: what they leave behind takes less room from then on.

An instance's history, and what its jobs were given, go into its dossier (``processes.store.dossier``). Of its tasks and jobs stays what is looked
at later; what was only there for those who did them goes: a task's instructions (they stand in the definition), what was to come next and when
it was to be warned of; a job's locks.

Nobody waits for it: it is done a while after the end, in small transactions with rests in between, by whichever engine comes first.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import BindParameter, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.engine import Connection

from processes.clock import Clock
from processes.failpoints import hit
from processes.runtime.rounds import Rounds
from processes.store import dossier, history, schema
from processes.store.database import Database
from processes.store.tables import SHORT, Dossier, HistoryEntry, Instance, Job, UserTask

AFTER = timedelta(minutes=1)
"""From an instance's end on: late news of it have come by then."""

GAP = 10.0
"""Seconds between two looks."""

BATCH = 20
"""Instances of one transaction: on SQLite everybody else waits for it."""

RESTS = 9
"""Times as long as a transaction took, before the next."""

LARGE = 65_536
"""Bytes of a history, as it is stored, from which on it is left as it is: long entries are compressed well by themselves, and to do it again would
take long."""

SINCE = 8
"""The level of the software that knows of dossiers."""


class Filing(Rounds):
    """See above. ``after``: how long after its end an instance is filed."""

    def __init__(self, database: Database, clock: Clock, after: timedelta = AFTER) -> None:
        super().__init__("filing", min(GAP, max(after.total_seconds() / 6, 0.1)), RESTS)
        self._database = database
        self._clock = clock
        self._after = after

    def run(self) -> int:
        """File some instances, in one transaction; returns how many. None as long as software is connected that would not find them."""
        before = {"before": self._clock.now() - self._after}
        with self._database.read() as connection:
            if connection.execute(_UNFILED.limit(1), before).first() is None:
                return 0
        with self._database.write() as connection:
            try:
                schema.check_nobody_older(connection, SINCE)
            except schema.OlderAtWork:
                return 0
            ended = connection.execute(_UNFILED.with_for_update(skip_locked=True), before).scalars().all()
            for instance in ended:
                _file(connection, instance)
        return len(ended)

    def round(self) -> bool:
        """See ``Rounds``."""
        return self.run() == BATCH


def _file(connection: Connection, instance: str) -> None:
    own = {"i": instance}
    if 0 < (connection.execute(_SIZE, own).scalar_one() or 0) < LARGE:
        rows = history.rows_of(connection, instance)
        arguments = {row.id: row.arguments for row in connection.execute(_ARGUMENTS, own)}
        body = dossier.pack(dossier.Contents(rows, arguments))
        connection.execute(_NEW, {"instance_id": instance, "body": body})
        hit("filing.packed")
        connection.execute(_DROP_HISTORY, {**own, "last": rows[-1].seq})
        connection.execute(_LEAN_JOBS, own)
        connection.execute(_LEAN_TASKS, own)
    connection.execute(_DONE, own)


_OWN: BindParameter[str] = bindparam("i")
_UNFILED = (
    select(Instance.id)
    .where(Instance.ended_at.is_not(None), Instance.filed.is_(None), Instance.version > literal_column(str(SHORT)))
    .where(Instance.ended_at <= bindparam("before", type_=Instance.ended_at.type))
    .order_by(Instance.ended_at)
    .limit(BATCH)
)
_SIZE = select(func.sum(func.length(HistoryEntry.input) + func.length(HistoryEntry.steps))).where(
    HistoryEntry.instance_id == _OWN
)
_ARGUMENTS = select(Job.id, Job.arguments).where(Job.instance_id == _OWN)
_NEW = insert(Dossier)
_DROP_HISTORY = delete(HistoryEntry).where(HistoryEntry.instance_id == _OWN, HistoryEntry.seq <= bindparam("last"))
_LEAN_TASKS = update(UserTask).where(UserTask.instance_id == _OWN).values(instructions="", next="", warn_at=None)
_LEAN_JOBS = update(Job).where(Job.instance_id == _OWN).values(arguments={}, locked_by=None, locked_until=None)
_DONE = update(Instance).where(Instance.id == _OWN).values(filed=True)
