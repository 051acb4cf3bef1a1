"""Many people at once: each page beside itself when one person is alone, in the same run; and nothing that was done is lost, or done twice.

The gateways, engine, worker and stand-ins are the processes that anybody would start, over PostgreSQL and RabbitMQ. The crowd is a process of its own
(see ``rig/crowd``): officials of seven roles, and enterprises in the portal. Each thinks between two clicks, so the load is bounded.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from processes.store.database import Database
from tests.benchmarks.report import Section, at_most, figure, percentile, times
from tests.benchmarks.rig import cpu, office, reckoning
from tests.benchmarks.rig.crowd.browsing import Log
from tests.benchmarks.rig.office import Office, Size
from tests.benchmarks.rig.programs import Program

GOAL = 10.0

BUSY = "all at once"
"""What the crowd says when it begins."""

SETTLING = 1200.0
"""Seconds until then, at most: everybody logs in, and is alone for a while."""

REDUCED: dict[str, Any] = {
    "people": 60,
    "seconds": 30.0,
    "think": 8.0,
    "cases": 3_000,
    "waiting": 800,
    "rounds": 5,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line's options."""
    parser.add_argument("--people", type=int, default=200, help="people who are logged in at once")
    parser.add_argument("--seconds", type=float, default=180.0, help="for how long")
    parser.add_argument(
        "--think", type=float, default=12.0, help="seconds between two clicks of one of them, on average"
    )
    parser.add_argument("--cases", type=int, default=50_000, help="cases in the database")
    parser.add_argument("--waiting", type=int, default=10_000, help="open tasks in it")
    parser.add_argument("--rounds", type=int, default=20, help="of everything that is done by one alone")


@dataclass(frozen=True)
class Day:
    """What came of it. ``alone`` and ``loaded``: from when to when, seconds of the machine's monotonic clock; ``cpu``: processor seconds while
    all were there, by process."""

    log: Log
    alone: tuple[float, float]
    loaded: tuple[float, float]
    cpu: cpu.Reading
    amiss: Sequence[str]

    @property
    def seconds(self) -> float:
        """How long all were there."""
        return self.loaded[1] - self.loaded[0]

    def answers(self, kind: str, phase: tuple[float, float]) -> list[float]:
        """Milliseconds of each answer of a kind ("": of all) in a phase."""
        return [
            seconds * 1e3
            for name, began, seconds, _ in self.log.clicks
            if phase[0] <= began < phase[1] and kind in ("", name)
        ]

    def kinds(self) -> list[str]:
        """What was clicked on when all were there."""
        return sorted({name for name, began, _, _ in self.log.clicks if began >= self.loaded[0]})


def run(options: argparse.Namespace) -> list[Section]:
    """Fill the office, let them come, and tell."""
    size = Size(options.cases, options.waiting, options.people)
    with Office(size) as place:
        day = play(place, options.seconds, options.think, options.rounds)
    place.remove()
    return [_pages(day, options), _processors(day, options)]


def play(place: Office, seconds: float, think: float, rounds: int) -> Day:
    """One day in the office."""
    plan = office.write(place.folder, {**place.plan, "seconds": seconds, "think": think, "rounds": rounds})
    out = place.folder / "crowd.json"
    crowd = Program("crowd", ["-m", "tests.benchmarks.rig.crowd", str(plan), str(out)], place.folder, "")
    crowd.wait_for(lambda: BUSY in crowd.log.read_text("utf-8"), SETTLING)
    with cpu.Meter(_clocks(place, crowd)) as meter:
        crowd.ended()
    said = json.loads(out.read_text("utf-8"))
    log = Log(**{each.name: said[each.name] for each in fields(Log)})
    accounts = [each["account"] for each in place.plan["people"]] + [
        account for each in place.plan["rivals"] for account in each["pair"]
    ]
    database = Database(place.database_url)
    wrong = [*reckoning.amiss(database, log, accounts), *place.ended]
    database.dispose()
    return Day(log, tuple(said["alone"]), tuple(said["loaded"]), meter.spent(), wrong)


def _clocks(place: Office, crowd: Program) -> dict[str, list[Callable[[], float]]]:
    gateways = [cpu.process(place.pid(name)) for name in office.GATEWAYS]
    ours = {name: [cpu.process(place.pid(name))] for name in ("engine", "worker", "standins", "rabbitmq")}
    return {
        f"{len(gateways)} gateways": gateways,
        **ours,
        "postgresql": [cpu.family(place.pid("postgresql"))],
        "the crowd": [crowd.clock],
    }


def _pages(day: Day, options: argparse.Namespace) -> Section:
    clicks = len(day.answers("", day.loaded))
    return Section(
        f"{options.people} people at once",
        [
            "",
            "alone: p50",
            "p95",
            "answers",
            "all at once: p50",
            "p95",
            "p99",
            "answers",
            "p95 beside alone's p50",
            "goal",
        ],
        [_row(day, kind) for kind in ("", *day.kinds())],
        f"{options.think:g} s between two clicks of one, for {day.seconds:.0f} s: {clicks / day.seconds:.1f} requests a second, those that pages "
        f"send by themselves included; {options.cases:,} cases, {options.waiting:,} open tasks.",
        _account(day),
    )


def _row(day: Day, kind: str) -> list[str]:
    alone, loaded = day.answers(kind, day.alone), day.answers(kind, day.loaded)
    usual, slow = percentile(alone, 50), percentile(loaded, 95)
    ratio = slow / usual if usual and slow else None
    return [
        kind or "whatever it is",
        *(figure(percentile(alone, each), "ms") for each in (50, 95)),
        f"{len(alone):,}",
        *(figure(percentile(loaded, each), "ms") for each in (50, 95, 99)),
        f"{len(loaded):,}",
        times(ratio) if ratio else "–",
        at_most(ratio, GOAL) if ratio else "–",
    ]


def _account(day: Day) -> list[str]:
    log = day.log
    if day.amiss:
        return [f"AMISS: {len(day.amiss)}", *day.amiss[:20]]
    statuses = {status for _, _, _, status in log.clicks if status >= 400}
    return [
        f"{len(log.done):,} tasks done, {len(log.claimed):,} taken, {len(log.drafts):,} drafts, {len(log.reported):,} reports: each found in the "
        "database exactly once, and nothing that nobody was told of.",
        f"{len(log.late):,} came too late for a task, {len(log.taken):,} found it somebody else's: so it was, and they have changed nothing.",
        f"No error, no incident, no process ended; of statuses from 400 on only {sorted(statuses)}, for those.",
    ]


def _processors(day: Day, options: argparse.Namespace) -> Section:
    return Section(
        f"Processor time under {options.people} people",
        ["", "of one core", "a request"],
        [
            [
                name,
                f"{100 * spent / day.seconds:.0f} %",
                figure(1e3 * spent / max(len(day.answers("", day.loaded)), 1), "ms"),
            ]
            for name, spent in day.cpu.items()
        ],
    )
