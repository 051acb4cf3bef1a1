"""From the first case to the last: begin, bring to their positions, try, migrate under fire, finish, account for every one."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from processes.casework import bulk, migration_plans
from processes.casework.migration_plans import MIGRATE, TRY
from processes.store.tables import TASK_IS_OPEN, Instance, Operation, OperationItem, UserTask
from tests.migration import evidence
from tests.migration.cases import Case, draw
from tests.migration.models import PROCESS, new, old
from tests.migration.people import People
from tests.migration.world import Campaign

STUCK = 4.0
"""Seconds without progress after which the clock is moved on: whoever holds the operation is dead, and its lease is to run out."""

PATIENCE = 1800.0
"""Seconds for the whole of a phase."""


@dataclass
class Found:
    """What came of it. ``wrong``: everything that should not be, by what it is."""

    cases: int
    eligible: int
    tried: Mapping[str, int]
    moved: Mapping[str, int]
    moved_of_eligible: int
    kills: int
    in_flight: Mapping[str, int]
    meanwhile: int
    seconds: Mapping[str, float]
    wrong: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        share = self.moved_of_eligible / self.eligible if self.eligible else 1.0
        lines = [
            f"cases: {self.cases}; in flight at the beginning: {dict(self.in_flight)}",
            f"tried: {dict(self.tried)}",
            f"migrated: {dict(self.moved)}; tasks that people completed meanwhile: {self.meanwhile}; engines killed: {self.kills}",
            f"active steps in both versions, not ended before their turn: {self.eligible}, moved: {self.moved_of_eligible} ({share:.2%})",
            "seconds: " + ", ".join(f"{name} {spent:.0f}" for name, spent in self.seconds.items()),
            f"broken: {len(self.wrong)}",
        ]
        return "\n".join([*lines, *(f"  {name}: {what}" for name, what in list(self.wrong.items())[:20])])


def play(count: int, seed: int, every: float) -> Found:
    """Play it."""
    with Campaign() as world:
        found = _Play(world, draw(count, seed), random.Random(seed), every).play()
        world.keep_folder = bool(found.wrong)
        return found


class _Play:
    def __init__(self, world: Campaign, cases: list[Case], chance: random.Random, every: float) -> None:
        self._world = world
        self._cases = cases
        self._chance = chance
        self._every = every
        self._people = People(world)
        self._seconds = dict[str, float]()
        self._kills = 0

    def play(self) -> Found:
        world, people = self._world, self._people
        engine = world.core.engine
        engine.deploy(old())
        world.rest(asleep=True)
        self._timed("begin", lambda: people.begin(self._cases))
        self._timed("bring", lambda: people.bring(self._cases))
        engine.deploy(new())
        was, eligible = evidence.before(world), evidence.eligible(world, self._cases)
        plan = self._plan()
        tried = self._timed("try", lambda: self._operate(plan, TRY))
        world.rest(asleep=False)
        meanwhile = list[int]()
        moved = self._timed("migrate", lambda: self._under_fire(lambda: self._operate(plan, MIGRATE), meanwhile))
        unlisted = self._unlisted(moved)
        wrong = {f"lost {what}": str(number) for what, number in evidence.lost(world, was).items()}
        on_new = self._on_new(plan)
        self._timed("finish", self._finish)
        wrong |= evidence.broken(world, self._cases, on_new)
        if unsaid := [each for each, has_ended in unlisted.items() if not has_ended]:
            wrong["without an outcome"] = str(len(unsaid))
        wrong |= evidence.unanswered(world)
        eligible -= self._ended_before(moved) | unlisted.keys()
        in_flight = {"jobs": len(was.jobs), "timers": len(was.timers), "messages waited for": len(was.keys)}
        in_flight |= {"people's tasks": len(was.terms), "drafts": len(was.drafts)}
        return Found(
            len(self._cases), len(eligible), self._counts(tried), self._counts(moved), len(eligible & on_new), self._kills, in_flight,
            sum(meanwhile), self._seconds, wrong,
        )  # fmt: skip

    def _timed(self, name: str, what: Callable[[], Any]) -> Any:
        began = time.monotonic()
        found = what()
        self._seconds[name] = time.monotonic() - began
        print(f"  {name}: {self._seconds[name]:.1f} s", flush=True)
        return found

    # -- the migration -----------------------------------------------------------------------------------------------

    def _plan(self) -> str:
        world = self._world
        with world.observed.write() as connection:
            newest = select(Instance.definition_id).where(Instance.process_id == PROCESS).limit(1)
            source = connection.scalar(newest)
            target = world.core.engine.definitions.in_force(connection).definition(PROCESS, "")
            places = world.core.snapshots.now().reference.places
            return migration_plans.begin(connection, world.core.engine, PROCESS, str(source), target, "people", places)

    def _operate(self, plan: str, act: str) -> str:
        """Let the engines do it; returns the operation's id when it is done."""
        world = self._world
        with world.observed.write() as connection:
            places = list(world.core.snapshots.now().reference.places)
            operation = bulk.begin(connection, act, "改版", "people", places, world.clock.now(), plan_id=plan)
        until, last, since = time.monotonic() + PATIENCE, -1, time.monotonic()
        while (row := self._row(operation)).state not in ("done", "stopped"):
            if time.monotonic() > until:
                raise RuntimeError(f"{act}: {row.done} + {row.failed} of {row.total} within {PATIENCE} s")
            if (reached := row.total + row.done + row.failed) != last:
                last, since = reached, time.monotonic()
            elif time.monotonic() - since > STUCK:
                since = time.monotonic()
                world.let_pass(bulk.LEASE.total_seconds() + 1)
            time.sleep(0.2)
        return operation

    def _row(self, operation: str) -> Any:
        with self._world.observed.read() as connection:
            return connection.execute(select(Operation.__table__).where(Operation.id == operation)).one()

    def _under_fire(self, what: Callable[[], str], meanwhile: list[int]) -> str:
        """Do it while engines are killed, and people go on working."""
        over = threading.Event()
        others = [
            threading.Thread(target=self._kill, args=(over,)),
            threading.Thread(target=self._work, args=(over, meanwhile)),
        ]
        for each in others:
            each.start()
        try:
            return what()
        finally:
            over.set()
            for each in others:
                each.join()

    def _kill(self, over: threading.Event) -> None:
        while not over.wait(self._chance.uniform(0.5, 1.5) * self._every):
            self._world.kill(self._chance.choice(self._world.engines))
            self._kills += 1

    def _work(self, over: threading.Event, done: list[int]) -> None:
        while not over.wait(0.5):
            with self._world.observed.read() as connection:
                some = connection.scalars(
                    select(UserTask.id).where(TASK_IS_OPEN).order_by(func.random()).limit(3)
                ).all()
            done.append(self._people.a_few(some))

    def _on_new(self, plan: str) -> set[str]:
        with self._world.observed.read() as connection:
            row = migration_plans.one(connection, plan)
            assert row is not None
            return set(connection.scalars(select(Instance.id).where(Instance.definition_id == row.target)))

    def _ended_before(self, operation: str) -> set[str]:
        """Cases that people had finished when their turn came."""
        statement = select(OperationItem.instance_id).where(OperationItem.operation_id == operation)
        with self._world.observed.read() as connection:
            return set(connection.scalars(statement.where(OperationItem.outcome == migration_plans.GONE)))

    def _unlisted(self, operation: str) -> dict[str, bool]:
        """Cases that the operation knows nothing of, and whether they have ended: then people were done with them before it had listed them."""
        listed = select(OperationItem.instance_id).where(OperationItem.operation_id == operation)
        statement = select(Instance.id, Instance.ended_at).where(Instance.process_id == PROCESS)
        with self._world.observed.read() as connection:
            rows = connection.execute(statement.where(Instance.id.not_in(listed))).all()
        return {row.id: row.ended_at is not None for row in rows}

    def _counts(self, operation: str) -> Counter[str]:
        statement = select(OperationItem.outcome, func.count()).where(OperationItem.operation_id == operation)
        with self._world.observed.read() as connection:
            return Counter(dict(connection.execute(statement.group_by(OperationItem.outcome)).tuples().all()))  # type: ignore[arg-type]

    # -- the end -----------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Do what is open until every case has ended."""
        world, last, since, until = self._world, -1, time.monotonic(), time.monotonic() + PATIENCE
        while (left := self._people.running()) and time.monotonic() < until:
            if not self._people.all_that_is_open():
                world.let_pass(3600)
                time.sleep(0.5)
            if left != last:
                last, since = left, time.monotonic()
            elif time.monotonic() - since > 60:
                return  # those that are left are broken
