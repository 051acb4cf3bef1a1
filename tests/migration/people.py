"""Everybody who has a part in the cases: they do what is open, by commands like those of the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from sqlalchemy import select

from processes.kernel.errors import NotWaiting
from processes.runtime import commands as c
from processes.store.tables import JOB_IS_OPEN, TASK_IS_OPEN, Instance, Job, Subscription, UserTask
from tests.migration.cases import Case, Step
from tests.migration.models import PROCESS, REPLY
from tests.migration.world import Campaign

TOGETHER = 20
"""Commands of a transaction."""


def _some(commands: Iterable[c.Command]) -> Iterator[list[c.Command]]:
    listed = list(commands)
    return (listed[at : at + TOGETHER] for at in range(0, len(listed), TOGETHER))


class People:
    """They share an engine of their own with the campaign's process, which nobody kills."""

    def __init__(self, world: Campaign) -> None:
        self._world = world
        self._engine = world.core.engine
        self._numbers = count(1)

    def begin(self, cases: Sequence[Case]) -> None:
        """Start the cases."""
        people = ["甲", "乙", "丙"]
        starts = [
            c.Start(
                f"start:{each.number}",
                PROCESS,
                "",
                {"number": each.number, "kind": each.kind, "people": people},
                each.number,
            )
            for each in cases
        ]
        for each, outcome in zip(cases, self._all(starts), strict=True):
            each.instance = str(outcome.instance_id)

    def bring(self, cases: Sequence[Case]) -> None:
        """Bring every case to its position."""
        for at in range(max(len(each.position.steps) for each in cases)):
            steps = {each.instance: each.position.steps[at] for each in cases if at < len(each.position.steps)}
            self._all(self._commands(steps, {each.instance: each.number for each in cases}))

    def _commands(self, steps: dict[str, Step], numbers: dict[str, str]) -> list[c.Command]:
        tasks = self._open(UserTask, TASK_IS_OPEN)
        jobs = self._open(Job, JOB_IS_OPEN)
        found: list[c.Command] = []
        for instance, (kind, element) in steps.items():
            if kind == "message":
                found.append(c.Correlate(self._id(), REPLY, numbers[instance], {"text": "知悉"}))
            elif kind == "job":
                found.append(c.CompleteJob(self._id(), jobs[instance, element][0], {"answer_to": numbers[instance]}))
            else:
                found.append(c.CompleteTask(self._id(), tasks[instance, element][0], {"vote": "同意"}, actor="people"))
        return found

    def _open(self, table: Any, is_open: Any) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        statement = select(table.instance_id, table.element_id, table.id).where(is_open).order_by(table.id)
        with self._engine.database.read() as connection:
            for instance, element, id in connection.execute(statement):
                found.setdefault((instance, element), []).append(id)
        return found

    def _id(self) -> str:
        return f"people:{next(self._numbers)}"

    def _all(self, commands: Iterable[c.Command]) -> list[c.Outcome]:
        outcomes: list[c.Outcome] = []
        for some in _some(commands):
            for outcome in self._engine.execute_all(some):
                if isinstance(outcome, Exception):
                    raise outcome
                outcomes.append(outcome)
        return outcomes

    # -- meanwhile and afterwards ------------------------------------------------------------------------------------

    def a_few(self, ids: Sequence[str]) -> int:
        """Complete these tasks, as far as they are still open; returns how many."""
        done = 0
        for id in ids:
            try:
                self._engine.execute(c.CompleteTask(self._id(), id, {"vote": "同意"}, actor="people"))
                done += 1
            except NotWaiting:
                pass
        return done

    def all_that_is_open(self) -> int:
        """Complete every open task, and send every reply that is waited for; returns how many there were."""
        with self._engine.database.read() as connection:
            tasks = connection.scalars(select(UserTask.id).where(TASK_IS_OPEN)).all()
            keys = connection.scalars(select(Subscription.key).where(Subscription.message == REPLY)).all()
        commands: list[c.Command] = [
            c.CompleteTask(self._id(), each, {"vote": "同意"}, actor="people") for each in tasks
        ]
        commands += [c.Correlate(self._id(), REPLY, each, {"text": "知悉"}) for each in keys]
        for some in _some(commands):
            for outcome in self._engine.execute_all(some):
                if isinstance(outcome, Exception) and not isinstance(outcome, NotWaiting):
                    raise outcome
        return len(commands)

    def running(self) -> int:
        """How many cases have not ended."""
        with self._engine.database.read() as connection:
            return len(connection.scalars(select(Instance.id).where(Instance.ended_at.is_(None))).all())
