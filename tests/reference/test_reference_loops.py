"""Multi-instance and standard loops, one rule a test."""

from __future__ import annotations

import pytest

from tests.diagrams import (
    boundary,
    element,
)
from tests.reference.hand import between, do, run_of
from tests.reference.words import (
    many,
    repeated,
    signal,
)


def test_a_parallel_multi_instance_stands_in_the_trace_once_an_instance_and_once_for_all() -> None:
    task = element(
        "userTask", "a", many("xs", "x", "ys", "y"), properties={"organisation": "= x", "resultVariable": "y"}
    )
    run = run_of(*between(task, first="a"), xs=["p", "q", "r"])
    assert [each.key for each in run.waiting()] == ["p", "q", "r"]
    for each, n in ((2, 1), (0, 2), (0, 3)):
        run.complete(run.waiting()[each], {"n": n})
    assert run.trace == ["start", "a", "a", "a", "a", "end"]
    assert run.variables["ys"] == [{"n": 2}, {"n": 3}, {"n": 1}]


def test_a_sequential_multi_instance_goes_on_with_what_the_last_one_changed() -> None:
    task = element("scriptTask", "a", many(number="= 3", one_by_one=True), "<bpmn:script>= {n: n + 1}</bpmn:script>")
    run = run_of(*between(task, first="a"), n=0)
    assert (run.trace, run.variables) == (["start", "a", "a", "a", "a", "end"], {"n": 3})


def test_without_instances_a_multi_instance_is_passed() -> None:
    task = element("userTask", "a", many("xs", "x", "ys", "y"))
    run = run_of(*between(task, first="a"), xs=[])
    assert (run.trace, run.variables) == (["start", "a", "end"], {"xs": [], "ys": []})


def test_a_completion_condition_ends_the_other_instances() -> None:
    task = element("userTask", "a", many("xs", "x", "ys", "y", enough="= y.ok"), properties={"resultVariable": "y"})
    run = run_of(*between(task, first="a"), xs=[1, 2, 3])
    run.complete(run.waiting()[1], {"ok": False})
    run.complete(run.waiting()[0], {"ok": True})
    assert (run.state, run.trace) == ("completed", ["start", "a", "a", "a", "end"])
    assert run.variables["ys"] == [{"ok": True}, {"ok": False}]


def test_the_list_of_a_multi_instance_may_be_an_expression_and_its_item_is_its_own() -> None:
    task = element("scriptTask", "a", many("= xs[item > 1]", "x"), "<bpmn:script>= {seen: x}</bpmn:script>")
    run = run_of(*between(task, first="a"), xs=[1, 2])
    assert run.variables == {"xs": [1, 2], "seen": 2}


def test_an_interrupted_multi_instance_ends_all_of_its_instances() -> None:
    task = element("userTask", "a", many(number="= 3"))
    run = run_of(*between(task, boundary("b", "a", signal("S")), first="a"))
    do(run, "a")
    run.signal("S")
    assert (run.state, run.trace) == ("completed", ["start", "a", "b"])


@pytest.mark.parametrize(
    ("loop", "turns"),
    [
        (repeated("= n < 3"), 3),
        (repeated("= n < 3", before=True), 3),
        (repeated("= n < 3", maximum=2), 2),
        (repeated("= false"), 1),
        (repeated("= false", before=True), 0),
        (repeated(maximum=2), 2),
    ],
)
def test_a_standard_loop_goes_on_while_its_condition_holds(loop: str, turns: int) -> None:
    task = element("scriptTask", "a", loop, "<bpmn:script>= {n: n + 1}</bpmn:script>")
    run = run_of(*between(task, first="a"), n=0)
    assert (run.trace, run.variables) == (["start", *["a"] * (turns + 1), "end"], {"n": turns})
