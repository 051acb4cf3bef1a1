"""Collects what people have left behind: drafts, uploads and reminders of tasks that are over, a while after they were last touched or came;
tokens that have ended, and answers that no request asks for again.

Whoever was second on a task is shown what he or she had put in for as long; nobody can send it any more.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, delete, exists, select, tuple_

from processes.casework import uploads
from processes.casework.accounts import tokens
from processes.clock import Clock
from processes.runtime.rounds import Rounds
from processes.store import kept_answers
from processes.store.database import Database
from processes.store.tables import TASK_IS_OPEN, FollowUp, Instant, Presence, TaskDraft, Upload, UserTask

KEPT = timedelta(days=7)
"""How long what belongs to a task that is over is kept."""

GAP = 600.0
"""Seconds between two looks."""

BATCH = 50
"""Rows of one transaction: on SQLite everybody else waits for it."""

RESTS = 1.0
"""Times as long as a transaction took, before the next."""


class Tidying(Rounds):
    """See above. ``kept``: how long drafts and uploads of ended tasks stay."""

    def __init__(self, database: Database, clock: Clock, kept: timedelta = KEPT) -> None:
        super().__init__("tidying", GAP, RESTS)
        self._database = database
        self._clock = clock
        self._kept = kept

    def run(self) -> int:
        """Collect some, in one transaction; returns how many."""
        before = {"before": self._clock.now() - self._kept}
        with self._database.read() as connection:
            files = connection.scalars(_UPLOADS, before).all()
            drafts = [tuple(row) for row in connection.execute(_DRAFTS, before)]
            pages = [tuple(row) for row in connection.execute(_PAGES, before)]
            reminders = [tuple(row) for row in connection.execute(_REMINDERS, {"day": before["before"].date()})]
            ended = tokens.long_ended(connection, self._clock.now(), BATCH)
            answers = kept_answers.out_of_date(connection, self._clock.now(), BATCH)
        if files or drafts or pages or reminders or ended or answers:
            with self._database.write() as connection:
                uploads.remove(connection, files)
                tokens.forget(connection, ended)
                kept_answers.forget(connection, answers)
                for table, keys in ((TaskDraft, drafts), (Presence, pages), (FollowUp, reminders)):
                    of = tuple_(table.task_id, table.person_id)
                    connection.execute(delete(table).where(of.in_(keys)))
        return sum(map(len, (files, drafts, pages, reminders, ended, answers)))

    def round(self) -> bool:
        """See ``Rounds``."""
        return self.run() >= BATCH


_BEFORE = bindparam("before", type_=Instant)
_UPLOADS = (
    select(Upload.id)
    .where(Upload.at <= _BEFORE, ~exists().where(UserTask.id == Upload.task_id, TASK_IS_OPEN))
    .order_by(Upload.at)
    .limit(BATCH)
)
_DRAFTS = (
    select(TaskDraft.task_id, TaskDraft.person_id)
    .where(TaskDraft.saved_at <= _BEFORE, ~exists().where(UserTask.id == TaskDraft.task_id, TASK_IS_OPEN))
    .order_by(TaskDraft.saved_at)
    .limit(BATCH)
)
_REMINDERS = (
    select(FollowUp.task_id, FollowUp.person_id)
    .where(FollowUp.day <= bindparam("day"), ~exists().where(UserTask.id == FollowUp.task_id, TASK_IS_OPEN))
    .limit(BATCH)
)
_PAGES = (
    select(Presence.task_id, Presence.person_id)
    .where(Presence.seen_at <= _BEFORE)
    .order_by(Presence.seen_at)
    .limit(BATCH)
)
"""pages that were closed without a word"""
