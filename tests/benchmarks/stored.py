"""Commands and timers among a million stored waiting cases, beside the same among a thousand, on one PostgreSQL in the same run.

Each case waits for a person (a user task), for a message, and for a timer in the far future.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.scheduler import Scheduler
from processes.store.tables import TASK_IS_OPEN, UserTask
from tests.benchmarks import copies
from tests.benchmarks.copies import Stored
from tests.benchmarks.report import Section, at_most, figure, percentile, times
from tests.benchmarks.rig import cpu
from tests.benchmarks.rig.servers import Servers

FEW = 1_000
GROWTH_GOAL, LATE_GOAL = 1.2, 1.0
"""The cost among many beside that among few; seconds that a timer may be late."""

REDUCED = {"cases": 50_000, "rounds": 5, "timers": 100}

COMMANDS = 20
"""Commands of a kind in a round; stored cases are touched once, so that none is in memory already."""

AHEAD, SPACING = 3.0, 0.05
"""Seconds until the first of the timers that become due, and between them."""


@dataclass
class Samples:
    """Commands of one kind: milliseconds of each by the clock on the wall, and of processor time here and in PostgreSQL."""

    wall: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)

    def middle(self, of: str) -> float:
        """The median."""
        return statistics.median(getattr(self, of))


class Store:
    """A database with so many stored cases, and an engine of this process on it."""

    def __init__(self, url: str, cases: int) -> None:
        self.cases = cases
        self._url = url
        self._fresh = count(cases)
        self._untouched = iter(random.Random(1).sample(range(1, cases), min(cases - 1, 960)))
        self.engine: Orchestrator = copies.prepare(url)
        copies.fill(self.engine, url, cases)
        with self.engine.database.write() as connection:
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        self._backend = cpu.thread(int(backend))
        self._planned: list[Stored] = []
        self.samples: dict[str, Samples] = {}
        self.lateness: list[float] = []

    # -- commands ----------------------------------------------------------------------------------------------------

    def measure(self, kind: str, command: c.Command, keep: bool) -> None:
        """Carry out a command."""
        wall, ours, server = time.perf_counter(), time.process_time(), self._backend()
        self.engine.engine.execute(command)
        if keep:
            samples = self.samples.setdefault(kind, Samples())
            samples.wall.append((time.perf_counter() - wall) * 1e3)
            samples.ours.append((time.process_time() - ours) * 1e3)
            samples.server.append((self._backend() - server) * 1e3)

    def batch(self) -> dict[str, Sequence[c.Command]]:
        """Commands of each kind: new cases, whose timers are far ahead too, and stored cases that no command has touched yet."""
        far = datetime.now(UTC) + copies.FAR
        told, completed = ([Stored(next(self._untouched)) for _ in range(COMMANDS)] for _ in range(2))
        tasks = self._tasks(completed)
        return {
            "start a case": [Stored(next(self._fresh)).start(far) for _ in range(COMMANDS)],
            "give it a message": [
                c.Correlate(f"news:{each.id}", copies.NEWS, each.key, {"text": "news"}) for each in told
            ],
            "complete its task": [
                c.CompleteTask(f"complete:{each.id}", tasks[each.id], {"approved": True}) for each in completed
            ],
        }

    def _tasks(self, cases: Sequence[Stored]) -> Mapping[str, str]:
        wanted = select(UserTask.instance_id, UserTask.id).where(
            UserTask.instance_id.in_([each.id for each in cases]), TASK_IS_OPEN
        )
        with self.engine.database.read() as connection:
            return {row.instance_id: row.id for row in connection.execute(wanted)}

    # -- timers ------------------------------------------------------------------------------------------------------

    def plan(self, number: int, first: datetime) -> None:
        """Start cases whose timers become due from ``first`` on, among all the others."""
        self._planned = [Stored(next(self._fresh)) for _ in range(number)]
        for at, each in enumerate(self._planned):
            self.engine.engine.execute(each.start(first + timedelta(seconds=at * SPACING)))

    def all_fired(self) -> bool:
        """Whether all that was planned has fired; notes how late each had its effect."""
        found = self._fired(self._planned)
        if len(found) < len(self._planned):
            return False
        self.lateness += found
        return True

    def _fired(self, cases: Sequence[Stored]) -> list[float]:
        """Seconds from a timer's due time to the commit of what it did."""
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(_FIRED, ([each.id for each in cases],)).fetchall()
        return [
            (committed - datetime.fromisoformat(identity.split(":", 2)[2])).total_seconds()
            for identity, committed in rows
        ]

    def close(self) -> None:
        """Let go of the database."""
        self.engine.database.dispose()


_FIRED = "SELECT command_id, pg_xact_commit_timestamp(xmin) FROM history WHERE kind = 'FireTimer' AND instance_id = ANY(%s::text[])"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--cases", type=int, default=1_000_000, help="stored cases of the big database")
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds of commands")
    parser.add_argument("--timers", type=int, default=400, help="timers that become due, in each database")


def run(options: argparse.Namespace) -> list[Section]:
    """Fill both databases, take turns, and tell."""
    with Servers(broker=False) as servers:
        begun = time.monotonic()
        stores = [Store(servers.postgres.create_database(f"stored-{cases}"), cases) for cases in (FEW, options.cases)]
        filled = time.monotonic() - begun
        for number in range(options.rounds + 1):
            _round(stores, keep=number > 0)  # the first warms up
        for _ in range(2):
            _fire(stores, options.timers // 2)
        for store in stores:
            store.close()
    few, many = stores
    return [_commands(few, many, options, filled), _timers(few, many, options)]


def _round(stores: Sequence[Store], keep: bool) -> None:
    """A command here, a command there, so that whatever else the machine does concerns both."""
    batches = [store.batch() for store in stores]
    for kind in batches[0]:
        for commands in zip(*(batch[kind] for batch in batches), strict=True):
            for store, command in zip(stores, commands, strict=True):
                store.measure(kind, command, keep)


def _fire(stores: Sequence[Store], number: int) -> None:
    """Let timers become due in all of the databases, in turns, under a scheduler each."""
    first = datetime.now(UTC) + timedelta(seconds=AHEAD + len(stores) * number * 0.005)
    for at, store in enumerate(stores):
        store.plan(number, first + timedelta(seconds=at * SPACING / len(stores)))
    schedulers = [Scheduler(store.engine.engine) for store in stores]
    for scheduler in schedulers:
        scheduler.start()
    waiting, until = list(stores), first + timedelta(seconds=number * SPACING + 60)
    while waiting:
        time.sleep(0.2)
        waiting = [store for store in waiting if not store.all_fired()]
        if datetime.now(UTC) > until:
            raise AssertionError("not all timers have fired")
    for scheduler in schedulers:
        scheduler.stop()


def _commands(few: Store, many: Store, options: argparse.Namespace, filled: float) -> Section:
    rows = []
    for kind, small in few.samples.items():
        big = many.samples[kind]
        for what, of in (("latency, median", "wall"), ("CPU, engine", "ours"), ("CPU, PostgreSQL", "server")):
            ratio = big.middle(of) / small.middle(of)
            goal = at_most(ratio, GROWTH_GOAL)
            rows.append(
                [f"{kind}: {what}", figure(small.middle(of), "ms"), figure(big.middle(of), "ms"), times(ratio), goal]
            )
        late = [percentile(each.wall, 99) or 0.0 for each in (small, big)]
        rows.append([f"{kind}: latency, p99", *(figure(each, "ms") for each in late), times(late[1] / late[0]), ""])
    return Section(
        f"Commands among {many.cases:,} stored cases",
        ["", f"among {few.cases:,}", f"among {many.cases:,}", "growth", "goal"],
        rows,
        f"Each stored case waits for a person, a message and a timer; one command a transaction (fsync on), now here, now there, "
        f"{options.rounds * COMMANDS} of a kind; made in {filled:.0f} s.",
    )


def _timers(few: Store, many: Store, options: argparse.Namespace) -> Section:
    rows = []
    for what, of in (
        ("median", lambda late: statistics.median(late)),
        ("p99", lambda late: percentile(late, 99)),
        ("most", max),
    ):
        small, big = (of(store.lateness) * 1e3 for store in (few, many))
        goal = (
            at_most(big / 1e3, LATE_GOAL, "s")
            if what == "most"
            else at_most(big / small, GROWTH_GOAL)
            if what == "median"
            else ""
        )
        rows.append([what, figure(small, "ms"), figure(big, "ms"), times(big / small), goal])
    return Section(
        f"Lateness of timers among {many.cases:,} stored cases",
        ["", f"among {few.cases:,}", f"among {many.cases:,}", "growth", "goal"],
        rows,
        f"From the due time to the commit of what it did; {options.timers} timers, {1 / SPACING:.0f} a second.",
    )
