"""``scenarios``: those beside the models, played in memory; what they pass of the diagrams."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from cli.settings import MODELS, Settings
from processes.errors import BihuanError
from processes.scenarios.coverage import Coverage
from processes.scenarios.playing import Played
from processes.scenarios.suite import Suite

FAILED, UNREADABLE = 1, 2


def scenarios(settings: Settings, options: argparse.Namespace) -> int:
    """A line a scenario and a diagram. Exit code 1 when a scenario fails or too little is passed, 2 when a file cannot be read or deployed."""
    try:
        suite = Suite(options.paths or [MODELS])
        played = []
        for each in suite.play():
            _say(each)
            played.append(each)
        coverage = suite.coverage()
    except BihuanError as error:
        print(error.zh, file=sys.stderr)
        return UNREADABLE
    failed = sum(each.failure is not None for each in played)
    for diagram in coverage:
        _tell(diagram)
    few = [each for each in coverage if each.percent < options.least]
    print(f"情景 {len(played)} 份，{len(played) - failed} 份相符，{failed} 份不符。" + _too_little(few, options.least))
    if options.coverage is not None:
        body = {each.process: each.to_dict() for each in coverage}
        options.coverage.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return FAILED if failed or few else 0


def _say(played: Played) -> None:
    scenario, failure = played.scenario, played.failure
    mark = "符" if failure is None else "不符"
    print(f"{mark}  {scenario.path.parent.name}/{scenario.path.name}  {scenario.name}")
    if failure is not None:
        print("    " + failure.zh.replace("\n", "\n    "))


def _tell(diagram: Coverage) -> None:
    passed, nodes = len(diagram.drawn) - len(diagram.missed), sum(map(bool, diagram.nodes.values()))
    print(
        f"{diagram.file} {diagram.process}（{diagram.name}）：顺序流 {passed}/{len(diagram.drawn)}，{diagram.percent:.1f} %；"
        f"节点 {nodes}/{len(diagram.nodes)}"
    )
    for flow in diagram.missed:
        name = f"“{flow.name}”" if flow.name else ""
        print(f"    没有经过 {flow.id}{name}（{flow.source} → {flow.target}）")


def _too_little(few: Sequence[Coverage], least: float) -> str:
    return f"顺序流覆盖不到 {least:g} % 的：{'、'.join(each.process for each in few)}。" if few else ""
