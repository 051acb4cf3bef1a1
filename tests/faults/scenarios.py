"""The scenarios: what is played in which world, under which fault, and what share of the cases it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.faults import faults
from tests.faults.failpoints import Failpoint, scan
from tests.faults.restoring import restore_a_backup
from tests.faults.trial import Fault
from tests.faults.world import BROKER, EMBEDDED, LANES, Plan

LEAST = 18
"""Cases of a scenario at least: one of each kind, and a real problem."""

SMALL = {EMBEDDED: 24, BROKER: 160}
"""Megabytes of the disk that is filled: what the database needs anyway, and some."""


@dataclass(frozen=True)
class Scenario:
    """``weight``: its share of the cases; ``problems``: real ones among them; ``failpoint``: the place at which processes are to die."""

    name: str
    plan: Plan
    fault: Fault
    weight: float = 1.0
    problems: int = 1
    failpoint: Failpoint | None = None


@dataclass(frozen=True)
class Group:
    """Scenarios that share a world, one after the other."""

    plan: Plan
    scenarios: Sequence[Scenario] = field(default_factory=tuple)


def matrix(lane: str) -> list[Scenario]:
    """Every failpoint that this lane comes by; those of an empty database each in a world of its own."""
    return [
        Scenario(f"{lane} {each.name}", Plan(lane), faults.nothing, failpoint=each)
        for each in scan()
        if lane in each.lanes
    ]


def usual(lane: str) -> list[Failpoint]:
    """The failpoints that every ordinary case comes by."""
    return [each for each in scan() if lane in each.lanes and not each.fresh and not each.models and not each.rare]


def of_lane(lane: str) -> list[Group]:
    """All scenarios of a lane, grouped by the world that they need."""
    points = matrix(lane)
    alone = [Group(each.plan, [each]) for each in points if each.failpoint is not None and each.failpoint.fresh]
    together = [each for each in points if each.failpoint is not None and not each.failpoint.fresh]
    others = _embedded if lane == EMBEDDED else _broker
    return [Group(Plan(lane), [Scenario(f"{lane} no fault", Plan(lane), faults.nothing), *together]), *alone, *others()]


def _group(plan: Plan, *scenarios: tuple[str, Fault, float]) -> Group:
    # Real problems have deadlines of days and wait for people: where the clock leaps they would go other ways.
    return Group(
        plan,
        [
            Scenario(f"{plan.lane} {name}", plan, fault, weight, problems=0 if fault is faults.jump_clock else 1)
            for name, fault, weight in scenarios
        ],
    )


def _embedded() -> list[Group]:
    lane = EMBEDDED
    return [
        _group(
            Plan(lane),
            ("one failpoint after another", faults.die_at(usual(lane)), 6),
            ("random kills", faults.kill_all(40, 1.0, 4.0), 12),
            ("backup and restore", restore_a_backup, 1),
            ("clock jumps", faults.jump_clock, 3),
            ("platform asleep past its leases", faults.sleep_past_leases("platform"), 3),
        ),
        _group(Plan(lane, small=SMALL[lane]), ("disk full", faults.fill_disk, 3)),
    ]


def _broker() -> list[Group]:
    lane = BROKER
    return [
        _group(
            Plan(lane, engines=2),
            ("two engines", faults.nothing, 3),
            ("backup and restore", restore_a_backup, 1),
            ("one failpoint after another", faults.die_at(usual(lane)), 6),
            ("random kills", faults.kill_all(60, 0.5, 2.5), 12),
            ("broker killed", faults.kill_broker, 3),
            ("broker restarted", faults.restart_broker, 3),
            ("broker out of memory", faults.exhaust_memory, 3),
            ("broker out of disk", faults.exhaust_disk, 3),
            ("consumer timeout", faults.hold_deliveries_too_long, 2),
            ("database killed", faults.kill_database, 4),
            ("database killed in commit", faults.kill_database_in_commit, 4),
            ("database connections ended", faults.end_backends, 3),
            ("engine asleep past its leases", faults.sleep_past_leases("engine-1"), 4),
            ("clock jumps", faults.jump_clock, 3),
        ),
        _group(
            Plan(lane, proxied=True),
            ("connections to the broker", faults.disturb("broker"), 4),
            ("connections to the database", faults.disturb("database"), 4),
        ),
        _group(
            Plan(lane, nodes=3),
            ("leader of the inbox killed", faults.kill_leader, 3),
            ("minority cut off", faults.cut_minority_off, 3),
            ("node frozen", faults.freeze_node, 2),
        ),
        _group(Plan(lane, small=SMALL[lane]), ("disk full", faults.fill_disk, 3)),
    ]


def chosen(only: Callable[[str], bool]) -> dict[str, list[Group]]:
    """The groups of each lane, with the scenarios that are wanted by name; lanes and groups without any left out."""
    found: dict[str, list[Group]] = {}
    for lane in LANES:
        groups = [
            Group(group.plan, kept)
            for group in of_lane(lane)
            if (kept := [each for each in group.scenarios if only(each.name)])
        ]
        if groups:
            found[lane] = groups
    return found


def share(scenarios: Sequence[Scenario], cases: int) -> dict[str, int]:
    """How many cases each scenario gets, by name: by weight, and never too few to tell anything; together at least ``cases``."""
    whole = sum(each.weight for each in scenarios)
    return {each.name: max(LEAST, -int(-cases * each.weight // whole)) for each in scenarios}
