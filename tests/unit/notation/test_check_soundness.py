"""Soundness as `check` tells it: how bad, in which words, with a walk for people and one for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from processes.notation.check import Finding, check_files, check_paths
from processes.notation.check.rules.soundness import GAVE_UP
from tests.diagrams import boundary, definitions, element, end, flow, path, process, start, timer

MODELS = sorted((Path(__file__).parents[3] / "bpmn").glob("**/*.bpmn"))
RULES = {"deadlock", "token-left", "dead-step", "livelock", "unbounded", GAVE_UP.code}


def found(*body: str) -> list[Finding]:
    findings = check_files({"p.bpmn": definitions(process("p", *body))})
    return [each for each in findings if each.rule in RULES]


def named(tag: str, id: str, name: str) -> str:
    return element(tag, id, name=name)


def test_an_error_says_where_it_waits_for_what_and_how_it_comes_there() -> None:
    (finding,) = found(
        element("startEvent", "start", name="收到"), named("exclusiveGateway", "split", "谁办"), named("task", "a", "甲办"),
        named("task", "b", "乙办"), named("parallelGateway", "join", "会合"), end(),
        path("start", "split", "a", "join", "end"), path("split", "b", "join"),
    )  # fmt: skip
    assert (finding.severity, finding.rule, finding.element) == ("error", "deadlock", "join")
    assert finding.zh == (
        "并行网关“会合”（join）会永远等下去：等不到从任务“乙办”（b）来的那一路。走法：收到 → 谁办 → 甲办，然后停住。"
    )
    assert finding.en == (
        'parallelGateway "会合" (join) waits for ever: nothing will come from task "乙办" (b). The way: 收到 → 谁办 → 甲办, then it stops.'
    )
    assert finding.witness == ("start", "split", "a")
    assert json.loads(json.dumps(finding.to_dict()))["witness"] == ["start", "split", "a"]


def test_what_depends_on_the_data_is_a_warning_that_says_on_what() -> None:
    (finding,) = found(
        start(), element("parallelGateway", "split"), named("task", "a", "甲办"), named("exclusiveGateway", "ok", "要会签吗"),
        element("task", "b"), element("parallelGateway", "join"), end(), end("early"),
        path("start", "split", "a", "ok", "join", "end"), path("split", "b", "join"),
        '<bpmn:sequenceFlow id="f" name="不要" sourceRef="ok" targetRef="early"/>',
    )  # fmt: skip
    assert (finding.severity, finding.rule, finding.element) == ("warning", "token-left", "join")
    assert finding.zh.startswith(
        "如果排他网关“要会签吗”（ok）走“不要”这条线，别的路走完以后，并行网关（join）还留着一路"
    )
    assert "流程（p）结束不了" in finding.zh
    assert finding.en.startswith('If exclusiveGateway "要会签吗" (ok) takes the flow "不要", ')


def test_an_event_that_leads_past_a_join_is_named() -> None:
    (finding,) = found(
        start(), element("parallelGateway", "split"), element("task", "a"), boundary("late", "a", timer("timeDuration", "P1D")),
        element("task", "b"), element("parallelGateway", "join"), end(), end("gone"),
        path("start", "split", "a", "join", "end"), path("split", "b", "join"), path("late", "gone"),
    )  # fmt: skip
    assert finding.zh.startswith("如果边界事件（late）发生，")
    assert finding.severity == "warning"


def test_what_needs_one_question_answered_in_two_ways_is_only_a_note() -> None:
    (finding,) = found(
        start(), element("parallelGateway", "split"), element("exclusiveGateway", "x", default="x_join"),
        element("exclusiveGateway", "y", default="y_join"), element("parallelGateway", "join"), end(), end("e1"), end("e2"),
        path("start", "split", "x", "join", "end"), path("split", "y", "join"), flow("x", "e1", "= off"), flow("y", "e2", "= off"),
    )  # fmt: skip
    assert (finding.severity, finding.rule) == ("info", "token-left")
    assert "只有同一个条件前后两次判断不一样时才会这样" in finding.zh


def test_steps_that_never_run_are_noted_and_walks_without_end_warned_of() -> None:
    (dead,) = found(
        start(), element("subProcess", "inner", start("s"), end("e"), path("s", "e")),
        boundary("caught", "inner", "<bpmn:errorEventDefinition/>"), end(), end("e2"), path("start", "inner", "end"), path("caught", "e2"),
    )  # fmt: skip
    assert (dead.severity, dead.rule, dead.element, dead.witness) == ("info", "dead-step", "caught", ())
    assert "子流程（inner）里没有哪一步会抛出它等的事件" in dead.zh
    (endless,) = found(
        start(), element("parallelGateway", "split"), end(), path("start", "split", "end"), flow("split", "split")
    )
    assert (endless.rule, endless.witness) == ("deadlock", ("start",))
    (endless,) = found(
        start(), element("task", "a"), element("task", "b"), end(), path("start", "a", "b", "end"), flow("b", "a")
    )
    assert (endless.severity, endless.rule, endless.element, endless.witness) == (
        "warning",
        "livelock",
        "b",
        ("start", "a", "b"),
    )


def test_a_long_walk_is_shown_from_both_ends_and_given_whole() -> None:
    tasks = [f"t{index}" for index in range(20)]
    (finding,) = found(
        start(), *(element("task", each) for each in tasks), element("exclusiveGateway", "split"), element("parallelGateway", "join"), end(),
        path("start", *tasks, "split", "join", "end"), '<bpmn:sequenceFlow id="f" sourceRef="split" targetRef="join"/>',
    )  # fmt: skip
    assert finding.witness == ("start", *tasks, "split")
    assert "start → t0 → t1 → t2 → t3 → t4 → … → t15 → t16 → t17 → t18 → t19 → split，" in finding.zh


def test_giving_up_is_said() -> None:
    branches = 12
    rows = [[f"t{row}_{step}" for step in range(4)] for row in range(branches)]
    inside = [
        element("inclusiveGateway", "split"), element("inclusiveGateway", "join"),
        *(element("task", each) for row in rows for each in row), *(path("split", *row, "join") for row in rows),
        *(path("split", f"x{row[0]}", "join") + element("exclusiveGateway", f"x{row[0]}") + path(f"x{row[0]}", row[2]) for row in rows),
    ]  # fmt: skip
    (finding,) = found(start(), *inside, end(), path("start", "split"), path("join", "end"))
    assert (finding.severity, finding.rule, finding.element) == ("info", GAVE_UP.code, "p")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_the_shipped_models_are_sound(model: Path) -> None:
    assert [each for each in check_paths([model]) if each.rule in RULES] == []
