"""Errors, escalations, event sub-processes and terminate, one rule a test."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagrams import (
    boundary,
    end,
    flow,
    message,
    path,
    process,
    script,
    service,
    start,
    timer,
    user,
)
from tests.reference.hand import between, do, run_of, waits
from tests.reference.interpreter import Run
from tests.reference.words import (
    TERMINATE,
    begins,
    call,
    condition,
    error,
    escalation,
    event_sub_process,
    many,
    root,
    signal,
    sub_process,
    throw,
)

# -- errors and escalations ------------------------------------------------------------------------------------------


def failing(*catchers: str, code: str = "E", inner: str = "") -> Run:
    """An error end event in a sub-process in a sub-process."""
    inside = sub_process("inside", user("u"), end("bad", error(code)), flow("u", "bad"), inner)
    run = run_of(*between(sub_process("outside", inside), *catchers, first="outside"))
    do(run, "u")
    return run


def test_an_error_goes_to_the_boundary_of_the_activity_around_its_scope() -> None:
    run = failing(boundary("caught", "outside", error("E")))
    assert (run.state, run.trace) == ("completed", ["start", "u", "bad", "caught"])


def test_the_very_code_goes_before_any_code_and_another_code_does_not_count() -> None:
    run = failing(
        boundary("any", "outside", error()),
        boundary("other", "outside", error("F")),
        boundary("own", "outside", error("E")),
    )
    assert run.trace[-1] == "own"
    run = failing(boundary("any", "outside", error()), boundary("other", "outside", error("F")))
    assert run.trace[-1] == "any"


def test_an_event_sub_process_of_the_scope_catches_before_the_boundary() -> None:
    inner = event_sub_process("on", begins("on_start", error("E")), script("mend", "= {}"), flow("on_start", "mend"))
    run = failing(boundary("caught", "outside", error("E")), inner=inner)
    assert run.trace == ["start", "u", "bad", "on_start", "mend", "on", "inside", "outside", "end"]


def test_an_error_that_nobody_catches_is_an_incident() -> None:
    run = failing(boundary("other", "outside", error("F")))
    assert (run.state, run.trace) == ("incident", ["start"])


def test_an_error_goes_out_through_call_activities() -> None:
    called = process("q", user("u"), end("bad", error("E")), flow("u", "bad"))
    run = run_of(*between(call("c", "q"), boundary("caught", "c", error("E")), first="c"), outside=called)
    do(run, "u")
    assert (run.state, run.trace) == ("completed", ["start", "u", "bad", "caught"])


def test_a_workers_business_error_goes_to_the_tasks_own_boundary_first() -> None:
    error_root = root("error", "G", variable="why", errorCode="E1")
    run = run_of(
        *between(
            service("a", "work"),
            boundary("caught", "a", '<bpmn:errorEventDefinition errorRef="G"/>'),
            event_sub_process("on", begins("on_start", error("E"))),
            first="a",
        ),
        outside=error_root,
    )
    run.job_error(run.waiting("job")[0], "E1", "no", {"n": 1})
    assert (run.trace, run.variables) == (["start", "caught"], {"why": {"code": "E1", "message": "no", "n": 1}})


def test_a_workers_error_that_nobody_catches_moves_nothing() -> None:
    run = run_of(*between(service("a", "work"), first="a"))
    run.job_error(run.waiting("job")[0], "E1")
    assert (run.state, waits(run)) == ("incident", ["job a"])


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_escalation_may_let_its_thrower_go_on(interrupting: bool) -> None:
    inner = sub_process("sub", user("u"), throw("tell", escalation("X")), user("v"), path("u", "tell", "v"))
    run = run_of(*between(inner, boundary("b", "sub", escalation("X"), interrupting), first="sub"))
    do(run, "u")
    assert run.trace == ["start", "u", "tell", "b"]
    assert waits(run) == ([] if interrupting else ["user v"])


def test_an_escalation_that_nobody_catches_is_fine() -> None:
    run = run_of(start(), end("tell", escalation("X")), flow("start", "tell"))
    assert (run.state, run.trace) == ("completed", ["start", "tell"])


# -- event sub-processes ---------------------------------------------------------------------------------------------


def with_events(definition: str, interrupting: bool) -> Run:
    """A sub-process with tasks a and b beside each other, and an event sub-process."""
    on = event_sub_process(
        "on", begins("on_start", definition, interrupting=interrupting), user("h"), flow("on_start", "h")
    )
    inner = sub_process("sub", user("a"), user("b"), user("b2"), flow("b", "b2"), on)
    return run_of(*between(inner, first="sub"), x=0)


def test_an_interrupting_event_sub_process_has_its_scope_for_itself_and_ends_it() -> None:
    run = with_events(signal("S"), True)
    do(run, "b", x=1)
    run.signal("S")
    assert waits(run) == ["user h"]
    do(run, "h", y=2)
    assert (run.state, run.trace) == ("completed", ["start", "b", "on_start", "h", "on", "sub", "end"])
    assert run.variables == {"x": 1, "told": {}, "y": 2}


def test_a_non_interrupting_event_sub_process_runs_beside_its_scope_as_often_as_it_is_called() -> None:
    run = with_events(message("M"), False)
    run.message("M")
    run.message("M")
    assert waits(run) == ["message on_start", "user a", "user b", "user h", "user h"]
    for name in ("a", "b", "b2", "h"):
        do(run, name)
    assert run.state == "active"
    assert run.trace[-2:] == ["h", "on"]
    do(run, "h")
    assert (run.state, run.trace[-3:]) == ("completed", ["on", "sub", "end"])


@pytest.mark.parametrize(
    ("definition", "come"),
    [
        (timer("timeDuration", "PT1H"), lambda run: run.advance(3600)),
        (condition("= x > 0"), lambda run: do(run, "b", x=1)),
        (message("M"), lambda run: run.message("M")),
    ],
)
def test_event_sub_processes_start_by_every_trigger(definition: str, come: Any) -> None:
    run = with_events(definition, True)
    come(run)
    assert run.trace[-1] == "on_start"


def test_an_event_sub_process_of_the_process_ends_the_process() -> None:
    run = run_of(start(), user("a"), flow("start", "a"), event_sub_process("on", begins("on_start", signal("S"))))
    run.signal("S")
    assert (run.state, run.trace) == ("completed", ["start", "on_start", "on"])


def test_an_escalation_from_an_event_sub_process_goes_outwards() -> None:
    on = event_sub_process(
        "on",
        begins("on_start", signal("S"), interrupting=False),
        end("tell", escalation("X")),
        flow("on_start", "tell"),
    )
    inner = sub_process("sub", user("a"), on)
    run = run_of(*between(inner, boundary("b", "sub", escalation("X")), first="sub"))
    run.signal("S")
    assert (run.state, run.trace) == ("completed", ["start", "on_start", "tell", "b"])


# -- ending at once --------------------------------------------------------------------------------------------------


def test_terminate_ends_its_scope_at_once_and_no_other() -> None:
    inner = sub_process("sub", user("a"), user("b"), end("stop", TERMINATE), flow("b", "stop"))
    run = run_of(*between(inner, first="sub"))
    do(run, "b", x=1)
    assert (run.state, run.trace, run.variables) == ("completed", ["start", "b", "stop", "sub", "end"], {"x": 1})


def test_terminate_keeps_what_other_branches_have_done() -> None:
    branches = path("start", "a", "b", "end"), path("start", "c", "over")
    run = run_of(start(), user("a"), user("b"), user("c"), end(), end("over", TERMINATE), *branches)
    do(run, "a", done=1)
    do(run, "c", stopped=True)
    assert (run.state, run.variables) == ("completed", {"done": 1, "stopped": True})


def test_terminate_in_one_instance_ends_only_that_instance() -> None:
    inner = sub_process("sub", many(number="= 2"), user("a"), user("b"), end("stop", TERMINATE), flow("b", "stop"))
    run = run_of(*between(inner, first="sub"))
    do(run, "b")
    assert run.trace == ["start", "b", "stop", "sub"]
    assert waits(run) == ["user a", "user b"]
    do(run, "b")
    assert (run.state, run.trace[4:]) == ("completed", ["b", "stop", "sub", "sub", "end"])


def test_an_interrupting_event_sub_process_ends_the_others_and_none_can_start_any_more() -> None:
    beside = event_sub_process(
        "beside", begins("beside_start", message("M"), interrupting=False), user("g"), flow("beside_start", "g")
    )
    alone = event_sub_process("alone", begins("alone_start", signal("S")), user("h"), flow("alone_start", "h"))
    run = run_of(*between(sub_process("sub", user("a"), beside, alone), first="sub"))
    run.message("M")
    run.signal("S")
    assert waits(run) == ["user h"]
    run.message("M")
    do(run, "h")
    assert (run.state, run.trace) == ("completed", ["start", "beside_start", "alone_start", "h", "alone", "sub", "end"])


def test_an_event_sub_process_may_hold_another() -> None:
    inner = event_sub_process("inner", begins("inner_start", message("M")))
    outer = event_sub_process("outer", begins("outer_start", signal("S")), user("h"), flow("outer_start", "h"), inner)
    run = run_of(start(), user("a"), flow("start", "a"), outer)
    run.signal("S")
    run.message("M")
    assert (run.state, run.trace) == ("completed", ["start", "outer_start", "inner_start", "inner", "outer"])


def test_terminate_of_a_called_process_ends_only_that() -> None:
    called = process("q", user("a"), user("b"), end("stop", TERMINATE), flow("b", "stop"))
    run = run_of(*between(call("c", "q"), first="c"), outside=called)
    do(run, "b")
    assert (run.state, run.trace) == ("completed", ["start", "b", "stop", "c", "end"])
