"""Compensation and transactions, one rule a test."""

from __future__ import annotations

from tests.diagrams import (
    boundary,
    element,
    end,
    flow,
    path,
    script,
    start,
    user,
)
from tests.reference.hand import between, do, run_of
from tests.reference.interpreter import Run
from tests.reference.words import (
    CANCEL,
    begins,
    compensated,
    compensation,
    error,
    event_sub_process,
    many,
    signal,
    sub_process,
    throw,
)


def undoing(*names: str) -> tuple[str, ...]:
    """Scripts with handlers ``no_NAME``."""
    found: list[str] = []
    for name in names:
        handler = script(f"no_{name}", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
        found += [script(name, "= {}"), handler, *compensated(name, f"no_{name}")]
    return tuple(found)


def test_compensation_undoes_what_was_completed_in_reverse_order_and_once() -> None:
    run = run_of(
        start(),
        *undoing("a", "b"),
        throw("undo", compensation()),
        throw("again", compensation()),
        end(),
        path("start", "a", "b", "undo", "again", "end"),
    )
    undone = ["b_undo", "no_b", "a_undo", "no_a"]
    assert run.trace == ["start", "a", "b", *undone, "undo", "again", "end"]


def test_compensation_of_one_activity_and_at_the_end() -> None:
    run = run_of(start(), *undoing("a", "b"), end("undo", compensation("a")), path("start", "a", "b", "undo"))
    assert run.trace == ["start", "a", "b", "a_undo", "no_a", "undo"]


def test_the_throw_waits_for_its_handlers_unless_it_says_not_to() -> None:
    def body(waits_for: bool) -> tuple[str, ...]:
        handler = element("userTask", "no_a", isForCompensation="true")
        return (
            start(),
            script("a", "= {}"),
            handler,
            *compensated("a", "no_a"),
            throw("undo", compensation(waits=waits_for)),
            script("after", "= {}"),
            path("start", "a", "undo", "after"),
        )

    waiting, passing = run_of(*body(True)), run_of(*body(False))
    assert waiting.trace == ["start", "a", "a_undo"]
    assert sorted(passing.trace) == ["a", "a_undo", "after", "start", "undo"]
    for run in (waiting, passing):
        assert run.state == "active"
        do(run, "no_a", x=1)
        assert (run.state, run.variables) == ("completed", {"x": 1})
    assert waiting.trace[3:] == ["no_a", "undo", "after"]


def test_a_completed_sub_process_is_compensated_from_inside() -> None:
    inner = sub_process("sub", *undoing("a", "b"), flow("a", "b"))
    run = run_of(start(), *undoing("c"), inner, end("undo", compensation()), path("start", "c", "sub", "undo"))
    undone = ["b_undo", "no_b", "a_undo", "no_a", "c_undo", "no_c"]
    assert run.trace == ["start", "c", "a", "b", "sub", *undone, "undo"]


def test_handlers_inside_a_completed_sub_process_know_what_it_knew_at_its_end() -> None:
    a, _, *handled = undoing("a")
    handler = element("scriptTask", "no_a", "<bpmn:script>= {seen: n}</bpmn:script>", isForCompensation="true")
    inner, later = sub_process("sub", a, handler, *handled), script("later", "= {n: 5}")
    run = run_of(start(), inner, later, end("undo", compensation()), path("start", "sub", "later", "undo"), n=1)
    assert run.variables == {"n": 5, "seen": 1}


def test_a_sub_process_with_a_handler_of_its_own_is_compensated_by_that() -> None:
    own = script("no_sub", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
    run = run_of(
        start(),
        sub_process("sub", *undoing("a")),
        own,
        *compensated("sub", "no_sub"),
        end("undo", compensation()),
        path("start", "sub", "undo"),
    )
    assert run.trace == ["start", "a", "sub", "sub_undo", "no_sub", "undo"]


def test_a_compensation_event_sub_process_is_its_scopes_handler_and_knows_what_it_knew() -> None:
    on = event_sub_process(
        "on", begins("on_start", compensation()), script("mend", "= {seen: x}"), flow("on_start", "mend")
    )
    run = run_of(
        start(),
        sub_process("sub", script("a", "= {x: 1}"), on),
        script("b", "= {x: 2}"),
        end("undo", compensation("sub")),
        path("start", "sub", "b", "undo"),
    )
    assert run.trace == ["start", "a", "sub", "b", "on_start", "mend", "on", "undo"]
    assert run.variables == {"x": 2, "seen": 1}


def test_each_instance_that_was_completed_is_compensated() -> None:
    task = element("scriptTask", "a", many(number="= 2"), "<bpmn:script>= {}</bpmn:script>")
    handler = script("no_a", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
    run = run_of(
        start(), task, handler, *compensated("a", "no_a"), end("undo", compensation()), path("start", "a", "undo")
    )
    assert run.trace == ["start", "a", "a", "a", "a_undo", "no_a", "a_undo", "no_a", "undo"]


def test_from_an_event_sub_process_the_scope_around_it_is_compensated() -> None:
    on = event_sub_process("on", begins("on_start", signal("S")), end("undo", compensation()), flow("on_start", "undo"))
    inner = sub_process("sub", *undoing("a"), user("u"), flow("a", "u"), on)
    run = run_of(*between(inner, first="sub"))
    run.signal("S")
    assert run.trace == ["start", "a", "on_start", "a_undo", "no_a", "undo", "on", "sub", "end"]


def test_nothing_to_compensate_is_passed() -> None:
    run = run_of(*between(throw("undo", compensation()), first="undo"))
    assert run.trace == ["start", "undo", "end"]


def transaction(last: str) -> Run:
    """A transaction that undoes a, with a task u beside, and this way out."""
    inner = sub_process("t", *undoing("a"), user("u"), user("v"), last, path("a", "v", "out"), tag="transaction")
    catchers = boundary("cancelled", "t", CANCEL), boundary("failed", "t", error("E"))
    run = run_of(*between(inner, *catchers, first="t"))
    do(run, "v")
    return run


def test_a_cancelled_transaction_is_compensated_and_left_by_its_cancel_event() -> None:
    run = transaction(end("out", CANCEL))
    assert (run.state, run.trace) == ("completed", ["start", "a", "v", "out", "a_undo", "no_a", "cancelled"])


def test_an_error_leaves_a_transaction_without_compensation() -> None:
    run = transaction(end("out", error("E")))
    assert (run.state, run.trace) == ("completed", ["start", "a", "v", "out", "failed"])


def test_a_transaction_that_ends_goes_on_like_any_sub_process() -> None:
    run = transaction(end("out"))
    do(run, "u")
    assert (run.state, run.trace) == ("completed", ["start", "a", "v", "out", "u", "t", "end"])


def test_cancelling_one_instance_of_a_transaction_ends_them_all() -> None:
    inner = sub_process(
        "t", many(number="= 2"), *undoing("a"), user("u"), end("out", CANCEL), path("a", "u", "out"), tag="transaction"
    )
    run = run_of(*between(inner, boundary("cancelled", "t", CANCEL), first="t"))
    do(run, "u")
    assert (run.state, run.trace) == ("completed", ["start", "a", "a", "u", "out", "a_undo", "no_a", "cancelled"])


def test_the_order_of_compensation_is_open_where_that_of_completion_is() -> None:
    run = run_of(
        start(), *undoing("a", "b"), user("u"), end("undo", compensation()), flow("start", "a"), flow("start", "b"),
        path("start", "u", "undo"),
    )  # fmt: skip
    do(run, "u")
    assert (run.state, run.machine.unsure) == ("completed", {"the order of compensation"})
