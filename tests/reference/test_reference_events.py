"""Events that catch, throw and interrupt, one rule a test."""

from __future__ import annotations

import pytest

from tests.diagrams import (
    boundary,
    end,
    flow,
    message,
    path,
    process,
    script,
    start,
    timer,
    user,
)
from tests.reference.hand import between, do, run_of, waits
from tests.reference.interpreter import Run
from tests.reference.words import (
    call,
    catch,
    condition,
    link,
    root,
    signal,
    sub_process,
    throw,
)

# -- catching and throwing -------------------------------------------------------------------------------------------


def test_a_message_goes_to_the_one_receiver_with_its_key() -> None:
    run = run_of(
        start(),
        *(catch(name, message("M", variable=f"got_{name}"), correlationKey=f'= "{name}"') for name in "ab"),
        flow("start", "a"),
        flow("start", "b"),
    )
    run.message("M", "b", {"n": 1})
    assert (run.trace, run.variables) == (["start", "b"], {"got_b": {"n": 1}})
    run.message("M", "c")
    assert run.trace == ["start", "b"]


def test_of_two_receivers_the_one_that_has_waited_longest_gets_the_message() -> None:
    run = run_of(start(), catch("a", message("M")), catch("b", message("M")), flow("start", "a"), flow("start", "b"))
    run.message("M")
    assert (run.state, run.trace) == ("active", ["start", "a"])


def test_a_signal_reaches_every_catcher_in_every_scope() -> None:
    called = process("q", start("s2"), catch("c", signal("S")), path("s2", "c"))
    run = run_of(
        start(),
        catch("a", signal("S")),
        sub_process("sub", catch("b", signal("S"))),
        call("call", "q"),
        user("u"),
        throw("tell", signal("S")),
        *(flow("start", name) for name in ("a", "sub", "call", "u")),
        flow("u", "tell"),
        outside=called,
    )
    do(run, "u")
    assert run.trace == ["start", "s2", "u", "tell", "a", "b", "c", "sub", "call"]
    assert (run.state, run.variables) == ("completed", {"told": {}})


def test_timers_fire_when_they_are_due_in_order() -> None:
    run = run_of(
        start(),
        catch("late", timer("timeDuration", "PT2H")),
        catch("soon", timer("timeDate", "2026-01-05T02:00:00+00:00")),
        flow("start", "late"),
        flow("start", "soon"),
    )
    run.advance(3599)
    assert run.trace == ["start"]
    run.advance(3601)
    assert run.trace == ["start", "soon", "late"]


def test_a_conditional_event_fires_when_another_branch_makes_it_true() -> None:
    run = run_of(
        start(),
        catch("c", condition("= go")),
        sub_process("sub", user("u"), user("v"), flow("u", "v")),
        flow("start", "c"),
        flow("start", "sub"),
    )
    do(run, "u", go=True)
    assert run.trace == ["start", "u", "c"]


def test_a_conditional_event_fires_at_once_when_it_holds_already() -> None:
    run = run_of(*between(catch("c", condition("= go")), first="c"), go=True)
    assert run.trace == ["start", "c", "end"]


def test_a_multiple_event_catches_any_and_a_parallel_multiple_one_needs_all() -> None:
    definitions = (message("M"), signal("S"))
    one = run_of(*between(catch("c", *definitions), first="c"))
    assert waits(one) == ["message c", "signal c"]
    one.signal("S")
    assert one.state == "completed"
    both = run_of(*between(catch("c", *definitions, all_of=True), first="c"))
    both.signal("S", {"x": 1})
    both.signal("S")
    assert waits(both) == ["message c"]
    both.message("M", payload={"y": 2})
    assert (both.state, both.trace) == ("completed", ["start", "c", "end"])
    assert both.variables == {"told": {"x": 1}, "y": 2}


def test_a_multiple_throw_event_throws_everything() -> None:
    run = run_of(
        start(),
        user("u"),
        end("both", signal("S"), message("M")),
        catch("s", signal("S")),
        catch("m", message("M")),
        path("start", "u", "both"),
        flow("start", "s"),
        flow("start", "m"),
    )
    do(run, "u")
    assert (run.state, run.trace) == ("completed", ["start", "u", "both", "s", "m"])


def test_a_link_leads_from_any_throw_to_its_catch() -> None:
    run = run_of(
        start(),
        throw("t1", link("L")),
        throw("t2", link("L")),
        catch("c", link("L")),
        script("a", "= {}"),
        flow("start", "t1"),
        flow("start", "t2"),
        flow("c", "a"),
    )
    assert (run.state, run.trace) == ("completed", ["start", "t1", "t2", "c", "c", "a", "a"])


# -- boundary events -------------------------------------------------------------------------------------------------


def guarded(definition: str, interrupting: bool = True, *inner: str) -> Run:
    """A sub-process with a task u and then v inside, and this event at its boundary that leads to a script h."""
    return run_of(
        *between(
            sub_process("sub", user("u"), user("v"), flow("u", "v"), *inner),
            boundary("b", "sub", definition, interrupting),
            script("h", "= {handled: true}"),
            flow("b", "h"),
            first="sub",
        )
    )


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_boundary_event_interrupts_at_once_or_lets_the_activity_go_on(interrupting: bool) -> None:
    for definition, come in (
        (message("M"), lambda run: run.message("M")),
        (signal("S"), lambda run: run.signal("S")),
        (timer("timeDuration", "PT1H"), lambda run: run.advance(3600)),
        (condition("= done"), lambda run: do(run, "u", done=True)),
    ):
        run = guarded(definition, interrupting)
        come(run)
        assert run.trace[-2:] == ["b", "h"]
        assert run.state == ("completed" if interrupting else "active")


def test_what_happened_inside_an_interrupted_activity_is_forgotten() -> None:
    run = guarded(signal("S"))
    do(run, "u", x=1)
    run.signal("S")
    assert (run.state, run.trace, run.variables) == (
        "completed",
        ["start", "u", "b", "h"],
        {"told": {}, "handled": True},
    )


def test_a_non_interrupting_boundary_event_stays_armed() -> None:
    run = guarded(message("M"), False)
    run.message("M")
    run.message("M")
    assert run.trace == ["start", "b", "h", "b", "h"]
    do(run, "u")
    do(run, "v")
    assert run.state == "completed"


def test_a_cycle_fires_as_often_as_it_says_and_a_duration_once() -> None:
    cycle, once = guarded(timer("timeCycle", "R3/PT10M"), False), guarded(timer("timeDuration", "PT10M"), False)
    cycle.advance(86400)
    once.advance(86400)
    assert (cycle.trace.count("b"), once.trace.count("b")) == (3, 1)


def test_a_non_interrupting_condition_fires_again_only_after_it_was_false() -> None:
    run = run_of(
        *between(
            user("u"),
            boundary("b", "u", condition("= hot"), False),
            user("t1"),
            user("t2"),
            user("t3"),
            path("start", "t1", "t2", "t3"),
            first="u",
        )
    )
    do(run, "t1", hot=True)
    do(run, "t2", hot=True, more=1)
    assert run.trace.count("b") == 1
    do(run, "t3", hot=False)
    assert run.trace.count("b") == 1


def test_a_parallel_multiple_boundary_event_needs_all_each_time() -> None:
    run = run_of(
        *between(
            user("u"),
            boundary("b", "u", message("M") + signal("S"), False).replace(
                "<bpmn:boundaryEvent", '<bpmn:boundaryEvent parallelMultiple="true"'
            ),
            first="u",
        )
    )
    run.message("M")
    assert run.trace == ["start"]
    run.signal("S")
    assert run.trace == ["start", "b"]
    run.message("M")
    run.signal("S")
    assert run.trace == ["start", "b", "b"]


def test_an_event_definition_on_the_root_counts_as_if_it_stood_inside() -> None:
    told = signal("S").replace("EventDefinition ", 'EventDefinition id="told" ')
    run = run_of(
        *between(catch("c", "<bpmn:eventDefinitionRef>told</bpmn:eventDefinitionRef>"), first="c"), outside=told
    )
    assert waits(run) == ["signal c"]
    run.signal("S")
    assert run.state == "completed"


def test_a_thrown_signal_brings_its_payload_under_its_name() -> None:
    loud = root("signal", "L", payload="= {n: n + 1}", variable="heard")
    run = run_of(
        start(),
        catch("c", signal("L")),
        user("u"),
        end("tell", signal("L")),
        flow("start", "c"),
        path("start", "u", "tell"),
        outside=loud,
        n=1,
    )
    do(run, "u")
    assert run.variables == {"n": 1, "heard": {"n": 2}}


def test_an_early_message_is_kept_for_seven_days() -> None:
    for days, state in ((6, "completed"), (7, "active")):
        run = run_of(*between(user("u"), catch("c", message("M")), flow("u", "c"), first="u", last="c"))
        run.message("M")
        run.advance(days * 86400)
        do(run, "u")
        assert run.state == state


def test_a_timer_that_is_due_already_fires_at_once() -> None:
    run = run_of(*between(catch("c", timer("timeDate", "2020-01-01T00:00:00+00:00")), first="c"))
    assert (run.state, run.trace) == ("completed", ["start", "c", "end"])


def test_what_a_boundary_event_began_goes_on_when_the_activity_is_over() -> None:
    run = run_of(
        *between(
            user("u"),
            boundary("b", "u", message("M"), False),
            user("h"),
            flow("b", "h"),
            end("e"),
            flow("h", "e"),
            first="u",
        )
    )
    run.message("M")
    do(run, "u")
    assert (run.state, waits(run)) == ("active", ["user h"])
    do(run, "h")
    assert (run.state, run.trace) == ("completed", ["start", "b", "u", "end", "h", "e"])
