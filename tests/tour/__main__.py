"""``python -m tests.tour``: plays scenarios and says whether each ended as its file expects; exit code 1 when one did not."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from gateway.client import expectations, trace
from gateway.client.player import Play
from gateway.client.scenario import Scenario, read_folder
from processes.errors import BihuanError
from tests.tour.effects import doubled
from tests.tour.killer import Killer
from tests.tour.world import MODELS, PARTS, World

START = datetime.fromisoformat("2026-04-24T09:00:00+08:00")
"""A Friday a week before the May holidays: the terms that the first round waits for cross them and the Saturday worked for them."""

PATIENCE, PATIENCE_UNDER_FIRE = 30.0, 180.0
"""Seconds a step may take."""

ROUNDS = 200
"""Rounds at most under fire; a bound for a killer that never ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the tour."""
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description="把每个场景从头到尾走一遍")
    parser.add_argument("--scenarios", type=Path, default=MODELS / "scenarios", help="场景文件夹")
    parser.add_argument("--seed", type=int, help="给出种子：一路上随机 kill -9 六个进程")
    parser.add_argument("--kills", type=int, default=10 * len(PARTS), help="共杀多少次（默认每个进程 10 次）")
    parser.add_argument("--only", action="append", help="只走这个场景（可多次）")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    try:
        scenarios = [
            each for each in read_folder(options.scenarios) if options.only in (None, []) or each.name in options.only
        ]
    except BihuanError as error:
        print(error.zh, file=sys.stderr)
        return 1
    began = time.monotonic()
    with World(START) as world:
        print(f"六个进程已就绪（{time.monotonic() - began:.1f} 秒）：{'、'.join(PARTS)}", flush=True)
        fire = options.seed is not None
        wrong = _under_fire(world, scenarios, options) if fire else _Tour(world, PATIENCE).round(scenarios, 1)
    print(f"用时 {time.monotonic() - began:.1f} 秒", flush=True)
    if wrong:
        print(f"{len(wrong)} 处不符：{'、'.join(wrong)}；进程的日志在 {world.folder}")
        return 1
    world.remove()
    print("全部与场景文件相符。")
    return 0


def _under_fire(world: World, scenarios: Sequence[Scenario], options: argparse.Namespace) -> list[str]:
    """Play on, round after round, until all kills are used up; the last round begins before and ends after the last kill."""
    print(f"种子 {options.seed}，共 {options.kills} 次 kill -9", flush=True)
    tour, killer = _Tour(world, PATIENCE_UNDER_FIRE), Killer(world, options.seed, options.kills)
    killer.start()
    wrong: list[str] = []
    for number in range(1, ROUNDS):
        wrong += tour.round(scenarios, number)
        if wrong or killer.done:
            break
    killer.join()
    print("各进程被杀次数：" + "、".join(f"{name} {killer.counts[name]}" for name in PARTS), flush=True)
    return [*wrong, *([f"杀进程的线程出错：{killer.failure}"] if killer.failure else [])]


class _Tour:
    """Plays rounds and prints what it saw."""

    def __init__(self, world: World, patience: float) -> None:
        self._world, self._patience = world, patience
        self._api, self._outside = world.api(), world.outside()

    def round(self, scenarios: Sequence[Scenario], number: int) -> list[str]:
        """Play each scenario once; returns which went wrong."""
        wrong = []
        for scenario in scenarios:
            began = time.monotonic()
            print(f"\n━━ 第 {number} 轮　{scenario.name}　{scenario.about}", flush=True)
            found = self._play(scenario, number)
            wrong += [f"第 {number} 轮 {scenario.name}"] if found else []
            print(
                "\n".join(f"  ✗ {each}" for each in found) or f"  ✓ 与预期一致（{time.monotonic() - began:.1f} 秒）",
                flush=True,
            )
        return wrong

    def _play(self, scenario: Scenario, number: int) -> list[str]:
        play = Play(
            self._api, scenario, f"{scenario.name}-{number}", self._outside, self._world.clock, patience=self._patience
        )
        try:
            family = play.run()
        except BihuanError as error:
            return [error.zh]
        print(trace.family(family), flush=True)
        return [*expectations.differences(scenario.expect, family), *doubled(play, family)]


if __name__ == "__main__":
    raise SystemExit(main())
