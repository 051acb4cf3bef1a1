"""What a command costs late in a long loop and inside a wide one, on SQLite in a file, beside the naive way in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select

from processes.clock import SystemClock
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.memory import spare_collector
from processes.store.tables import JOB_IS_OPEN, TASK_IS_OPEN, Job, UserTask
from tests.benchmarks.naive_way import NaiveInstance
from tests.benchmarks.order import BASELINES
from tests.benchmarks.report import Section, at_most, figure, times
from tests.diagrams import definitions, element, end, flow, path, process, service, start, user
from tests.integration.upgrade.diagrams import many

EARLY, LATE, NAIVE_LATE = 10, 3_000, 300
"""Turns of the long loop; the naive way stops working at its 334th."""

WIDE, WIDER, GROUP = 1_000, 10_000, 64
"""Children of the wide loops, and how many answers share a transaction where they come in groups."""

SAMPLES = 7
"""Turns, or children, measured a round."""

TURN_GOAL, CHILD_GOAL = 1.2, 0.5

LONG = definitions(
    process(
        "long",
        start(),
        element("exclusiveGateway", "head"),
        user("work"),
        element("exclusiveGateway", "more", default="more_end"),
        end(),
        path("start", "head", "work", "more", "end"),
        flow("more", "head", "approved"),
    )
)
BROAD = definitions(
    process(
        "wide",
        start(),
        service("each", "bench.work", {"item": "item"}, "result", many(False)),
        end(),
        path("start", "each", "end"),
    )
)


@contextmanager
def _engine() -> Iterator[Orchestrator]:
    with tempfile.TemporaryDirectory() as folder:
        engine = Orchestrator(f"sqlite:///{folder}/bench.db", SystemClock())
        engine.deploy({"long.bpmn": LONG, "wide.bpmn": BROAD}, check=False)
        spare_collector()  # as a process that runs an engine does
        yield engine
        engine.database.dispose()


def _cpu(work: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1e3


class _Loop:
    """An instance that goes round and round."""

    def __init__(self, engine: Orchestrator) -> None:
        self._engine = engine
        self._case = engine.start("long", {"note": "lorem ipsum " * 30})
        self.turns = 0

    def turn(self) -> float:
        with self._engine.database.read() as connection:
            task = connection.execute(
                select(UserTask.id).where(UserTask.instance_id == self._case, TASK_IS_OPEN)
            ).scalar_one()
        self.turns += 1
        command = c.CompleteTask(f"{self._case}:{self.turns}", task, {"approved": True, "turn": self.turns})
        return _cpu(lambda: self._engine.engine.execute(command))


def long_loop(rounds: int, late: int) -> Section:
    """Turns around the ``late``-th beside turns around the tenth, in alternating rounds."""
    early_costs, late_costs = [], []
    with _engine() as engine:
        old = _Loop(engine)
        while old.turns < late:
            old.turn()
        for _ in range(rounds):
            young = _Loop(engine)
            while young.turns < EARLY - SAMPLES // 2:
                young.turn()
            early_costs += [young.turn() for _ in range(SAMPLES)]
            late_costs += [old.turn() for _ in range(SAMPLES)]
    ratio = statistics.median(late_costs) / statistics.median(early_costs)
    rows = [["this engine", *_costs(early_costs, late_costs), times(ratio), at_most(ratio, TURN_GOAL)]]
    if BASELINES.exists():
        young_peer, old_peer = (NaiveInstance(LONG, "long", {}) for _ in range(2))
        young_peer.advance(EARLY - SAMPLES // 2)
        old_peer.advance(NAIVE_LATE)
        early, after = young_peer.stored_steps(SAMPLES), old_peer.stored_steps(SAMPLES)
        grown = times(statistics.median(after) / statistics.median(early))
        rows.append([f"naive SpiffWorkflow (turn {NAIVE_LATE})", *_costs(early, after), grown, ""])
    return Section(
        "A long loop",
        ["CPU a turn", f"turn {EARLY}", f"turn {late:,}", "growth", "goal"],
        rows,
        f"A user task, over and over; medians of {rounds} alternating rounds of {SAMPLES} turns.",
    )


def _costs(*samples: Sequence[float]) -> list[str]:
    return [figure(statistics.median(each), "ms") for each in samples]


class _Wide:
    """An instance whose children wait for their answers."""

    def __init__(self, engine: Orchestrator, children: int) -> None:
        self._engine = engine
        self._case = engine.start("wide", {"items": [f"item {number}" for number in range(children)]})
        with engine.database.read() as connection:
            found = connection.execute(
                select(Job.id).where(Job.instance_id == self._case, JOB_IS_OPEN).order_by(Job.id)
            )
            self._jobs = list(found.scalars())
        if len(self._jobs) != children:
            raise AssertionError(f"{len(self._jobs)} jobs of {children} children")

    def answer(self, count: int) -> float:
        """Answer so many children in one transaction; milliseconds of each."""
        jobs = [self._jobs.pop() for _ in range(min(count, len(self._jobs)))]
        commands = [c.CompleteJob(f"answer:{job}", job, {"ok": True}) for job in jobs]
        engine = self._engine.engine
        work = (lambda: engine.execute(commands[0])) if len(commands) == 1 else (lambda: engine.execute_all(commands))
        return _cpu(work) / len(commands)

    @property
    def open(self) -> int:
        return len(self._jobs)

    def check(self) -> None:
        """All answered: it is over."""
        if self._engine.instance(self._case).state != "completed":
            raise AssertionError("the wide loop has not ended")


def wide_loops(rounds: int, wider: int) -> Section:
    """The cost of a child's answer, one by one and in groups, in alternating rounds."""
    alone, grouped, giant = [], [], []
    with _engine() as engine:
        for _ in range(rounds):
            one, many_at_once = _Wide(engine, WIDE), _Wide(engine, WIDE)
            while one.open or many_at_once.open:
                if many_at_once.open:
                    grouped.append(many_at_once.answer(GROUP))
                for _ in range(min(GROUP, one.open)):
                    alone.append(one.answer(1))
            one.check()
            many_at_once.check()
        big = _Wide(engine, wider)
        while big.open:
            giant.append(big.answer(GROUP))
        big.check()
    rows = [
        _child(f"one of {WIDE:,}, each by itself", alone),
        _child(f"one of {WIDE:,}, {GROUP} in a transaction", grouped),
        _child(f"one of {wider:,}, {GROUP} in a transaction", giant),
    ]
    if BASELINES.exists():
        steps = NaiveInstance(BROAD, "wide", {"items": [f"item {number}" for number in range(WIDE)]}).stored_steps(
            SAMPLES
        )
        rows.append(
            [
                f"naive SpiffWorkflow, one of {WIDE:,}",
                figure(statistics.median(steps), "ms"),
                figure(max(steps), "ms"),
                "",
            ]
        )
    return Section(
        "A wide loop",
        ["CPU a child", "median", "most", "goal"],
        rows,
        f"A job for each item of a list, answered until the last; {rounds} alternating rounds.",
    )


def _child(what: str, costs: Sequence[float]) -> list[str]:
    median = statistics.median(costs)
    return [what, figure(median, "ms"), figure(max(costs), "ms"), at_most(median, CHILD_GOAL, "ms")]
