"""Plays scenarios in their worlds, the two lanes beside each other, and prints a line for each as it ends."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.faults.failpoints import Failpoint
from tests.faults.scenarios import Group, Scenario
from tests.faults.trial import STUCK, Row, Trial, prepare
from tests.faults.world import Tell, World

AGAIN = 16
"""Cases of the second try."""

_HEAD = f"{'scenario':46} {'cases':>6} {'kills':>6} {'effects':>8} {'prevented':>10} {'seconds':>8}  verdict"


class Run:
    """All of it. ``seed`` decides what is drawn: kinds, doors, doubles, passes, victims, moments."""

    def __init__(
        self, seed: int, share: dict[str, int], guard: str = "", tell: Tell = print, stuck: float = STUCK
    ) -> None:
        self._seed, self._share, self._guard, self._tell, self._stuck = seed, share, guard, tell, stuck
        self._lock = threading.Lock()
        self.rows: list[Row] = []
        self.refused: list[str] = []
        self.deaths: Counter[str] = Counter()
        """processes that died at a failpoint, by scenario"""
        self.failures: list[BaseException] = []

    # -- going ---------------------------------------------------------------------------------------------------------

    def play(self, lanes: Sequence[Sequence[Group]]) -> None:
        """Play all groups, lanes side by side."""
        self._tell(_HEAD)
        threads = [
            threading.Thread(target=self._lane, args=(groups,), name=f"lane-{n}") for n, groups in enumerate(lanes)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def _lane(self, groups: Sequence[Group]) -> None:
        for group in groups:
            try:
                self._group(group)
            except Exception as error:
                self.failures.append(error)
                self._say(f"!! {group.scenarios[0].name}: {type(error).__name__}: {error}")

    def _group(self, group: Group) -> None:
        first = group.scenarios[0]
        plan = replace(group.plan, guard=self._guard)
        chance = random.Random(f"{self._seed}/{first.name}")
        if first.failpoint is not None and first.failpoint.fresh:
            plan = replace(plan, failpoint=f"{first.failpoint.name}:1")
        began = time.monotonic()
        with World(plan, self._say) as world:
            self._remember(prepare(world))
            if plan.failpoint:
                self._add(self._fresh(world, first, chance, began))
                return
            for scenario in group.scenarios:
                self._add(self._scenario(world, scenario, random.Random(f"{self._seed}/{scenario.name}")))

    def _remember(self, refused: Sequence[str]) -> None:
        with self._lock:
            self.refused = list(refused)

    def _fresh(self, world: World, scenario: Scenario, chance: random.Random, began: float) -> Row:
        """Every process of ours has died at the failpoint when it filled the empty database; and yet the world is whole."""
        assert scenario.failpoint is not None
        kills = sum(world.deaths.values())
        world.disarm()
        row = self._trial(world, scenario, chance, self._share[scenario.name]).run(scenario.fault)
        row.kills, row.seconds, row.failpoint = kills, time.monotonic() - began, scenario.failpoint.name
        return self._hit(world, row, scenario.failpoint)

    def _scenario(self, world: World, scenario: Scenario, chance: random.Random) -> Row:
        cases = self._share[scenario.name]
        if scenario.failpoint is None:
            world.disarm()
            return self._trial(world, scenario, chance, cases, problems=scenario.problems).run(scenario.fault)
        point = scenario.failpoint
        began = time.monotonic()
        row = self._armed(world, scenario, chance, chance.randint(1, point.latest), cases)
        if not world.deaths[point.name]:
            row.add(self._armed(world, scenario, chance, 1, min(cases, AGAIN)))
        row.seconds = time.monotonic() - began
        return self._hit(world, row, point)

    def _trial(self, world: World, scenario: Scenario, chance: random.Random, cases: int, **how: Any) -> Trial:
        return Trial(world, scenario.name, cases, chance, world.mix, stuck=self._stuck, **how)

    def _armed(self, world: World, scenario: Scenario, chance: random.Random, turn: int, cases: int) -> Row:
        point = scenario.failpoint
        assert point is not None
        before = sum(world.deaths.values())
        world.arm(dict.fromkeys(point.processes(world.plan.lane), f"{point.name}:{turn}"))
        at_start = sum(world.deaths.values()) - before
        how = {"problems": scenario.problems, "oddities": True, "models": point.models}
        row = self._trial(world, scenario, chance, cases, **how).run(scenario.fault)
        row.kills += at_start
        row.failpoint = point.name
        return row

    def _hit(self, world: World, row: Row, point: Failpoint) -> Row:
        """A failpoint that nobody came by has tested nothing."""
        if not world.deaths[point.name]:
            row.wrong.append(f"no process died at {point.name}")
        return row

    # -- telling -------------------------------------------------------------------------------------------------------

    def _add(self, row: Row) -> None:
        with self._lock:
            self.rows.append(row)
        self._say(line(row))

    def _say(self, text: str) -> None:
        with self._lock:
            self._tell(text)


def line(row: Row) -> str:
    """A row of the table, what is wrong and the story of those cases below it."""
    verdict = "ok" if not row.wrong else f"{len(row.wrong)} VIOLATIONS"
    numbers = f"{row.cases:6} {row.kills:6} {row.effects:8} {row.duplicates:10} {row.seconds:8.1f}"
    text = f"{row.scenario:46} {numbers}  {verdict}{f'  ({row.note})' if row.note else ''}"
    if row.wrong:
        text += "".join(f"\n    ✗ {each}" for each in row.wrong[:20])
        text += f"\n{row.story}" if row.story else ""
    return text
