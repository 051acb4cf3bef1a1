"""Flows, gateways and data, one rule a test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagrams import (
    boundary,
    element,
    end,
    flow,
    message,
    path,
    script,
    start,
    timer,
    user,
)
from tests.reference.hand import between, do, run_of, waits
from tests.reference.words import (
    catch,
    condition,
    data_object,
    gateway,
    link,
    many,
    reads,
    signal,
    sub_process,
    throw,
    writes,
)

# -- flows and gateways ----------------------------------------------------------------------------------------------


def test_tokens_run_breadth_first_over_the_branches() -> None:
    names = ("a1", "a2", "b1", "b2")
    run = run_of(
        start(), *(script(name, "= {}") for name in names), path("start", "a1", "a2"), path("start", "b1", "b2")
    )
    assert run.trace == ["start", "a1", "b1", "a2", "b2"]


def test_an_activity_runs_once_for_each_token_that_comes() -> None:
    run = run_of(
        start(), user("a"), path("start", "a"), flow("start", "a").replace("start_a", "again"), end(), flow("a", "end")
    )
    assert waits(run) == ["user a", "user a"]
    do(run, "a")
    do(run, "a")
    assert run.trace == ["start", "a", "end", "a", "end"]


CHOICES = (
    script("a", "= {}"),
    script("b", "= {}"),
    script("c", "= {}"),
    *(end(f"end_{name}") for name in "abc"),
    *(flow(name, f"end_{name}") for name in "abc"),
)


def choosing(node: str, default: str = "") -> tuple[str, ...]:
    """Three ways out of the node ``g``: to a when x > 0, to b when x > 1, to c by default or unconditionally."""
    return (
        start(),
        node,
        *CHOICES,
        flow("start", "g"),
        flow("g", "a", "= x > 0"),
        flow("g", "b", "= x > 1"),
        flow("g", "c"),
    )


@pytest.mark.parametrize(("x", "taken"), [(2, ["a"]), (1, ["a"]), (0, ["c"])])
def test_an_exclusive_gateway_takes_the_first_flow_that_holds_else_the_default(x: int, taken: list[str]) -> None:
    run = run_of(*choosing(gateway("exclusive", "g", "g_c")), x=x)
    assert [name for name in run.trace if name in "abc"] == taken


@pytest.mark.parametrize(("x", "taken"), [(2, ["a", "b"]), (1, ["a"]), (0, ["c"])])
def test_an_inclusive_gateway_takes_all_that_hold_else_the_default(x: int, taken: list[str]) -> None:
    run = run_of(*choosing(gateway("inclusive", "g", "g_c")), x=x)
    assert [name for name in run.trace if name in "abc"] == taken


@pytest.mark.parametrize(("x", "taken"), [(2, ["a", "b", "c"]), (0, ["c"])])
def test_an_activity_takes_its_unconditional_flows_and_those_that_hold(x: int, taken: list[str]) -> None:
    run = run_of(*choosing(element("task", "g")), x=x)
    assert [name for name in run.trace if name in "abc"] == taken


def test_an_activity_takes_its_default_flow_when_nothing_else_holds() -> None:
    run = run_of(*choosing(element("task", "g", default="g_c")), x=0)
    assert [name for name in run.trace if name in "abc"] == ["c"]


def test_no_way_out_is_an_incident_and_nothing_has_moved() -> None:
    run = run_of(
        start(), user("u"), gateway("exclusive", "g"), end(), path("start", "u", "g"), flow("g", "end", "= x > 0")
    )
    do(run, "u", x=0)
    assert (run.state, run.trace, waits(run)) == ("incident", ["start"], ["user u"])
    do(run, "u", x=1)
    assert (run.state, run.trace) == ("completed", ["start", "u", "g", "end"])


def test_a_parallel_join_needs_a_token_on_every_flow_and_keeps_surplus_ones() -> None:
    run = run_of(
        start(),
        user("a"),
        user("b"),
        gateway("parallel", "j"),
        end(),
        path("start", "a", "j"),
        flow("start", "a").replace("start_a", "again"),
        path("start", "b", "j", "end"),
    )
    do(run, "a")
    do(run, "a")
    assert run.trace == ["start", "a", "a"]
    do(run, "b")
    assert run.trace == ["start", "a", "a", "b", "j", "end"]
    assert run.state == "active"  # the surplus token waits for a second one


def inclusive() -> tuple[str, ...]:
    """A split into a, b and c by the variables of these names, and a join."""
    return (
        start(),
        gateway("inclusive", "s", "s_c"),
        *(user(name) for name in "abc"),
        gateway("inclusive", "j"),
        end(),
        flow("start", "s"),
        flow("s", "a", "= a"),
        flow("s", "b", "= b"),
        flow("s", "c"),
        *(flow(name, "j") for name in "abc"),
        flow("j", "end"),
    )


def test_an_inclusive_join_waits_for_those_who_can_still_come() -> None:
    run = run_of(*inclusive(), a=True, b=True)
    do(run, "b")
    assert run.trace == ["start", "s", "b"]
    do(run, "a")
    assert (run.state, run.trace) == ("completed", ["start", "s", "b", "a", "j", "end"])


def test_an_inclusive_join_goes_on_when_a_token_has_turned_away() -> None:
    run = run_of(
        start(),
        gateway("parallel", "s"),
        user("a"),
        user("b"),
        gateway("exclusive", "x", "x_away"),
        gateway("inclusive", "j"),
        end(),
        end("away"),
        path("start", "s", "a", "j", "end"),
        path("s", "b", "x", "away"),
        flow("x", "j", "= false"),
    )
    do(run, "a")
    assert run.trace == ["start", "s", "a"]
    do(run, "b")
    assert run.trace == ["start", "s", "a", "b", "x", "j", "away", "end"]


def test_an_inclusive_join_sees_ways_through_boundary_events_and_links() -> None:
    run = run_of(
        start(),
        gateway("parallel", "s"),
        user("a"),
        user("b"),
        end("b_end"),
        boundary("late", "b", timer("timeDuration", "PT1H")),
        throw("away", link("L")),
        catch("back", link("L")),
        gateway("inclusive", "j"),
        end(),
        path("start", "s", "a", "j", "end"),
        path("s", "b", "b_end"),
        path("late", "away"),
        path("back", "j"),
    )
    do(run, "a")
    assert run.trace == ["start", "s", "a"]
    run.advance(3600)
    assert run.trace == ["start", "s", "a", "late", "away", "back", "j", "end"]


def test_an_inclusive_join_does_not_wait_for_a_token_that_may_come_by_a_flow_that_has_one() -> None:
    run = run_of(
        start(),
        gateway("parallel", "s"),
        gateway("exclusive", "m"),
        user("b"),
        gateway("exclusive", "x", "x_m"),
        gateway("inclusive", "j"),
        end(),
        path("start", "s", "m", "j", "end"),
        path("s", "b", "x", "m"),
        flow("x", "j", "= false"),
    )
    assert run.trace == ["start", "s", "m", "j", "end"]
    do(run, "b")
    assert (run.state, run.trace[5:]) == ("completed", ["b", "x", "m", "j", "end"])


def test_the_first_event_behind_an_event_based_gateway_wins() -> None:
    run = run_of(
        start(),
        gateway("eventBased", "g"),
        catch("m", message("M")),
        catch("s", signal("S")),
        catch("soon", timer("timeDuration", "PT1H")),
        catch("late", timer("timeDuration", "PT2H")),
        catch("true", condition("= x")),
        element("receiveTask", "r", messageRef="M", properties={"correlationKey": '= "k"'}),
        flow("start", "g"),
        *(flow("g", name) for name in ("m", "s", "soon", "late", "true", "r")),
    )
    assert run.trace == ["start", "g"]
    assert len(run.waiting()) == 6
    run.advance(3600)
    assert (run.state, run.trace) == ("completed", ["start", "g", "soon"])


# -- data ------------------------------------------------------------------------------------------------------------


def parted(a: str, b: str, *, last: str) -> dict[str, Any]:
    """The variables after two branches have run these scripts and ``last`` has arrived last."""
    run = run_of(
        start(),
        gateway("parallel", "s"),
        script("a", a),
        user("ua"),
        script("b", b),
        user("ub"),
        gateway("parallel", "j"),
        end(),
        path("start", "s", "a", "ua", "j", "end"),
        path("s", "b", "ub", "j"),
        x=0,
        box={"old": 0},
    )
    for name in ("ua", "ub") if last == "ub" else ("ub", "ua"):
        do(run, name)
    return run.variables


def test_branches_do_not_see_each_others_changes() -> None:
    assert parted("= {x: 1}", "= {seen: x}", last="ub") == {"x": 1, "seen": 0, "box": {"old": 0}}


def test_only_what_a_branch_has_changed_counts_where_branches_meet() -> None:
    assert parted("= {x: 1}", "= {y: 2}", last="ub")["x"] == 1


def test_of_two_changes_to_one_value_that_of_the_last_to_arrive_counts() -> None:
    assert parted("= {x: 1}", "= {x: 2}", last="ub")["x"] == 2
    assert parted("= {x: 1}", "= {x: 2}", last="ua")["x"] == 1


def test_nested_contexts_are_merged_entry_by_entry() -> None:
    both = parted('= {box: context put(box, "a", 1)}', '= {box: context put(box, "b", 2)}', last="ub")
    assert both["box"] == {"old": 0, "a": 1, "b": 2}


def test_branches_that_end_apart_are_merged_at_the_end_of_their_scope() -> None:
    inner = sub_process("sub", script("a", "= {x: 1}"), script("b", "= {y: x}"), user("c"))
    run = run_of(*between(inner, first="sub"), x=0)
    do(run, "c")
    assert run.variables == {"x": 1, "y": 0}


def test_what_was_written_before_a_fork_does_not_come_back_at_a_later_join() -> None:
    run = run_of(
        start(),
        gateway("parallel", "s"),
        script("a", "= {x: 1}"),
        gateway("parallel", "s2"),
        user("a1"),
        user("a2"),
        user("b"),
        gateway("parallel", "j"),
        gateway("parallel", "j2"),
        end(),
        path("start", "s", "a", "s2", "a1", "j", "j2", "end"),
        path("s", "b", "j"),
        path("s2", "a2", "j2"),
    )
    do(run, "a1")
    do(run, "b", x=2)
    do(run, "a2")  # it knows x = 1 from before its fork, and has not changed it
    assert run.variables == {"x": 2}


def test_data_objects_are_copied_in_before_and_out_after() -> None:
    run = run_of(
        data_object("report"),
        *between(
            element("userTask", "a", writes("report", "a", "text")),
            element("scriptTask", "b", reads("report", "b", "given"), "<bpmn:script>= {x: given}</bpmn:script>"),
            element("scriptTask", "c", reads("report", "c"), "<bpmn:script>= {y: report}</bpmn:script>"),
            path("a", "b", "c"),
            first="a",
            last="c",
        ),
    )
    do(run, "a", text="A")
    # What bears the object's name is the object's alone.
    assert run.variables == {"text": "A", "given": "A", "x": "A", "y": "A"}


def test_a_data_object_lives_in_the_scope_that_declares_it() -> None:
    each = sub_process(
        "each",
        many("xs", "x"),
        data_object("kept"),
        element("scriptTask", "a", writes("kept", "a", "x"), "<bpmn:script>= {}</bpmn:script>"),
        element("userTask", "u", properties={"organisation": "= x"}),
        element("scriptTask", "b", reads("kept", "b", "given"), '<bpmn:script>= {seen: given + "!"}</bpmn:script>'),
        path("a", "u", "b"),
    )
    run = run_of(*between(each, first="each"), xs=["p", "q"])
    run.complete(next(each for each in run.waiting() if each.key == "q"), {})
    run.complete(run.waiting()[0], {})
    assert run.variables["seen"] == "p!"


def test_branches_that_cross_are_merged_by_the_newest_they_have_in_common() -> None:
    names = ("a1", "a2", "b1", "b2")
    run = run_of(
        start(),
        user("a"),
        user("b"),
        *(user(name) for name in names),
        *(gateway("parallel", name) for name in ("j1", "j2", "j")),
        end(),
        flow("start", "a"),
        flow("start", "b"),
        path("a", "a1", "j1", "j", "end"),
        path("a", "a2", "j2", "j"),
        path("b", "b1", "j1"),
        path("b", "b2", "j2"),
        x=0,
        y=0,
    )
    do(run, "a", x=1)
    do(run, "b", y=2)
    for name in names:
        do(run, name, **({"x": 5} if name == "b1" else {}))
    assert run.variables == {"x": 5, "y": 2}  # nobody but b1 has changed x since it was 1


def test_the_value_is_open_when_two_branches_that_changed_it_arrive_at_once() -> None:
    run = run_of(start(), script("a", "= {x: 1}"), script("b", "= {x: 2}"), flow("start", "a"), flow("start", "b"), x=0)
    assert (run.state, run.machine.unsure) == ("completed", {"x"})


def test_an_expression_that_fails_is_an_incident_and_nothing_has_moved() -> None:
    run = run_of(*between(user("u"), script("a", "= 1"), flow("u", "a"), first="u", last="a"))
    do(run, "u")
    assert (run.state, run.trace, waits(run)) == ("incident", ["start"], ["user u"])
