"""What people were told, beside what the database says: each deed happened once, whoever was late has changed nothing, nothing else was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Row, func, select

from processes.store import history
from processes.store.database import Database
from processes.store.tables import CaseText, Incident, ReportText, TaskDraft, UserTask
from tests.benchmarks.rig.crowd.browsing import Log


def amiss(database: Database, log: Log, crowd: Collection[str]) -> list[str]:
    """What must not be. ``crowd``: the accounts of all that were there."""
    with database.read() as connection:
        told = Told(connection, log)
        found = [*told.done(), *told.late(), *told.taken(), *told.claimed(), *told.drafts(), *told.reported()]
        return [*log.errors, *found, *told.others(crowd), *_incidents(connection)]


class Told:
    """One look at the database."""

    def __init__(self, connection: Connection, log: Log) -> None:
        self._connection, self._log = connection, log

    def done(self) -> Iterator[str]:
        """Who was told that a task is done has done it, and nobody else; it happened once, and the words are there once."""
        for task, times in Counter(task for task, _, _ in self._log.done).items():
            if times > 1:
                yield f"task {task}: {times} people were told that they have done it"
        for task, person, words in self._log.done:
            row = self._task(task)
            if (row.state, row.completed_by) != ("completed", person):
                yield f"task {task}: {person} was told that it is done, but it is {row.state} by {row.completed_by}"
            if (times := self._commands(row, "CompleteTask", "task_id", task)) != 1:
                yield f"task {task}: completed {times} times"
            if words and (times := self._said(words)) != 1:
                yield f"task {task}: what {person} said stands there {times} times"

    def late(self) -> Iterator[str]:
        """Who was told that somebody else has done it: somebody has, and what was typed has gone nowhere."""
        for task, person, words in self._log.late:
            row = self._task(task)
            if row.state == "open" or row.completed_by == person:
                yield f"task {task}: {person} was told that it is done already, but it is {row.state} by {row.completed_by}"
            if words and self._said(words):
                yield f"task {task}: {person} came too late, and was heard"

    def taken(self) -> Iterator[str]:
        """Who was told that it is not theirs: it is somebody else's, or was."""
        for task, person in self._log.taken:
            row = self._task(task)
            if person in (row.assignee, row.completed_by) or (row.state == "open" and row.assignee is None):
                yield f"task {task}: {person} was sent away, but it is {row.state}, {row.assignee}'s"

    def claimed(self) -> Iterator[str]:
        """Who was told that it is theirs has taken it, once."""
        for task, person in self._log.claimed:
            row = self._task(task)
            if (times := self._commands(row, "Assign", "task_id", task, person)) != 1:
                yield f"task {task}: {person} was told that he has it, and took it {times} times"

    def drafts(self) -> Iterator[str]:
        """What was saved last stands there, unless its writer has done the task."""
        for key, words in self._log.drafts.items():
            task, person = key.split()
            if self._task(task).completed_by == person:
                continue
            own = (TaskDraft.task_id == task, TaskDraft.person_id == person)
            kept: Any = self._connection.scalar(select(TaskDraft.data).where(*own)) or {}
            if kept.get("answer") != words:
                yield f"task {task}: the draft of {person} is not what was saved last"

    def reported(self) -> Iterator[str]:
        """Every problem is in the library, once."""
        for title in self._log.reported:
            counted = select(func.count()).select_from(ReportText).where(ReportText.title == title)
            if (times := self._connection.scalar(counted)) != 1:
                yield f"“{title}” was reported once, and is there {times} times"

    def others(self, crowd: Collection[str]) -> Iterator[str]:
        """Nothing was done by anybody who was not told so."""
        statement = select(UserTask.id, UserTask.completed_by).where(UserTask.completed_by.in_(sorted(crowd)))
        told = {(task, person) for task, person, _ in self._log.done}
        for row in self._connection.execute(statement):
            if (row.id, row.completed_by) not in told:
                yield f"task {row.id}: done by {row.completed_by}, who was not told so"

    def _task(self, task: str) -> Row[Any]:
        columns = (UserTask.id, UserTask.instance_id, UserTask.state, UserTask.completed_by, UserTask.assignee)
        return self._connection.execute(select(*columns).where(UserTask.id == task)).one()

    def _commands(self, row: Row[Any], kind: str, name: str, value: str, actor: str | None = None) -> int:
        return sum(
            each.kind == kind and each.input.get(name) == value and actor in (None, each.actor)
            for each in history.read(self._connection, row.instance_id)
        )

    def _said(self, words: str) -> int:
        counted = select(func.count()).select_from(CaseText).where(CaseText.body == words)
        return self._connection.scalar(counted) or 0


def _incidents(connection: Connection) -> Iterator[str]:
    found = select(Incident.kind, Incident.element_id, Incident.detail).where(Incident.resolved_at.is_(None))
    for row in connection.execute(found):
        yield f"incident {row.kind} at {row.element_id}: {row.detail[:200]}"
