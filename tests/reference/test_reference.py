"""The reference interpreter by hand: small diagrams, one a rule, with the traces they must leave."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagrams import (
    boundary,
    definitions,
    element,
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
from tests.reference.interpreter import Reference, Run
from tests.reference.words import (
    CANCEL,
    TERMINATE,
    begins,
    call,
    catch,
    compensated,
    compensation,
    condition,
    data_object,
    error,
    escalation,
    event_sub_process,
    gateway,
    link,
    many,
    reads,
    repeated,
    root,
    scripted,
    signal,
    sub_process,
    throw,
    writes,
)

ROOTS = (
    root("message", "M")
    + root("signal", "S", variable="told")
    + root("error", "E", errorCode="E1")
    + root("error", "F", errorCode="E2")
    + root("escalation", "X", escalationCode="X1")
)


def run_of(*body: str, outside: str = "", **variables: Any) -> Run:
    """Start a process ``p`` with this body."""
    return Reference({"p.bpmn": definitions(ROOTS, process("p", *body), outside)}).start("p", variables)


def do(run: Run, name: str, **data: Any) -> None:
    """Complete the first task of this name."""
    run.complete(next(each for each in run.waiting("user") if each.element == name), data)


def waits(run: Run) -> list[str]:
    """What is waited for, as ``kind element``."""
    return [f"{each.kind} {each.element}" for each in run.waiting()]


def between(*inner: str, first: str = "", last: str = "") -> tuple[str, ...]:
    """A start and an end around a body that begins and ends at these elements."""
    return (start(), end(), *inner, flow("start", first), flow(last or first, "end"))


# -- scopes ----------------------------------------------------------------------------------------------------------


def test_a_process_runs_from_its_start_to_its_end() -> None:
    run = run_of(*between(script("a", "= {x: n + 1}"), first="a"), n=1)
    assert (run.state, run.trace, run.variables) == ("completed", ["start", "a", "end"], {"n": 1, "x": 2})


def test_a_scope_without_a_start_begins_everywhere_that_nothing_leads_to() -> None:
    run = run_of(script("a", "= {a: 1}"), script("b", "= {b: 1}"), script("c", "= {c: 1}"), flow("a", "c"))
    assert run.trace == ["a", "b", "c"]
    assert run.variables == {"a": 1, "b": 1, "c": 1}


def test_an_implicit_start_is_no_boundary_event_link_or_handler() -> None:
    run = run_of(
        user("a"),
        boundary("late", "a", timer("timeDuration", "PT1H")),
        compensated("a", "undo"),
        script("undo", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"'),
        catch("there", link("L")),
        event_sub_process("on", begins("on_start", signal("S"))),
    )
    do(run, "a")
    assert (run.state, run.trace) == ("completed", ["a"])


def test_a_token_ends_where_no_flow_goes_on_and_the_scope_ends_with_the_last() -> None:
    run = run_of(start(), user("a"), user("b"), path("start", "a"), flow("start", "b"))
    do(run, "b")
    assert (run.state, run.trace) == ("active", ["start", "b"])
    do(run, "a")
    assert (run.state, run.trace) == ("completed", ["start", "b", "a"])


def test_a_sub_process_stands_in_the_trace_after_its_content() -> None:
    inner = sub_process("sub", start("s1"), script("a", "= {x: 1}"), path("s1", "a"))
    run = run_of(*between(inner, first="sub"))
    assert run.trace == ["start", "s1", "a", "sub", "end"]
    assert run.variables == {"x": 1}


def test_a_call_activity_runs_a_process_with_everything_and_gets_everything_back() -> None:
    called = process("q", start("s1"), script("a", "= {x: n + 1}"), path("s1", "a"))
    run = run_of(*between(call("c", "q"), first="c"), outside=called, n=1)
    assert run.trace == ["start", "s1", "a", "c", "end"]
    assert run.variables == {"n": 1, "x": 2}


def test_a_called_process_that_declares_its_data_gets_and_gives_only_that() -> None:
    declared = (
        '<bpmn:ioSpecification><bpmn:dataInput id="i" name="n"/><bpmn:dataOutput id="o" name="x"/>'
        "<bpmn:inputSet/><bpmn:outputSet/></bpmn:ioSpecification>"
    )
    called = process("q", declared, start("s1"), script("a", "= {x: n + 1, y: m}"), path("s1", "a"))
    run = run_of(*between(call("c", "q"), first="c"), outside=called, n=1, m=5)
    assert run.variables == {"n": 1, "m": 5, "x": 2}


def test_a_call_of_a_global_task_runs_that_task() -> None:
    run = run_of(*between(call("c", "g"), first="c"), outside=element("globalUserTask", "g"))
    assert waits(run) == ["user g"]
    do(run, "g", done=True)
    assert (run.trace, run.variables) == (["start", "g", "c", "end"], {"done": True})


def test_a_process_that_only_events_start_waits_for_the_first_of_them() -> None:
    run = run_of(
        element("startEvent", "by_signal", signal("S")),
        element("startEvent", "by_message", message("M")),
        script("a", "= {}"),
        script("b", "= {}"),
        flow("by_signal", "a"),
        flow("by_message", "b"),
    )
    assert waits(run) == ["message by_message", "signal by_signal"]
    run.message("M")
    assert (run.state, run.trace) == ("completed", ["by_message", "b"])


def test_an_instantiating_gateway_waits_for_its_first_event_or_for_all() -> None:
    def body(kind: str) -> tuple[str, ...]:
        return (
            element("eventBasedGateway", "g", instantiate="true", eventGatewayType=kind),
            catch("m", message("M")),
            catch("s", signal("S")),
            flow("g", "m"),
            flow("g", "s"),
        )

    one, both = run_of(*body("Exclusive")), run_of(*body("Parallel"))
    one.signal("S")
    assert (one.state, one.trace) == ("completed", ["g", "s"])
    both.signal("S")
    assert both.state == "active"
    both.message("M")
    assert (both.state, both.trace) == ("completed", ["g", "s", "m"])


# -- tasks -----------------------------------------------------------------------------------------------------------


def test_a_plain_task_passes_and_a_manual_task_waits() -> None:
    run = run_of(*between(element("task", "a"), element("manualTask", "b"), flow("a", "b"), first="a", last="b"))
    assert waits(run) == ["user b"]
    do(run, "b")
    assert run.trace == ["start", "a", "b", "end"]


def test_a_persons_data_land_among_the_variables_or_under_the_result_variable() -> None:
    run = run_of(*between(user("a"), user("b", resultVariable="r"), flow("a", "b"), first="a", last="b"))
    do(run, "a", x=1)
    do(run, "b", y=2)
    assert run.variables == {"x": 1, "r": {"y": 2}}


def test_a_service_task_waits_for_its_result() -> None:
    run = run_of(*between(service("a", "work", {"k": "= n"}, "r"), first="a"), n=3)
    (job,) = run.waiting("job")
    assert (job.name, job.key) == ("work", "{'k': 3}")
    run.job_done(job, [1])
    assert run.variables == {"n": 3, "r": [1]}


def test_a_business_rule_task_decides() -> None:
    table = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d"><decision id="level" name="level">'
        '<variable name="level"/><literalExpression><text>if n &gt; 2 then "high" else "low"</text></literalExpression></decision></definitions>'
    )
    rule = element(
        "businessRuleTask",
        "a",
        "<bpmn:extensionElements><spiffworkflow:calledDecisionId>level</spiffworkflow:calledDecisionId></bpmn:extensionElements>",
    )
    files = {"p.bpmn": definitions(process("p", *between(rule, first="a"))), "d.dmn": table.encode()}
    assert Reference(files).start("p", {"n": 3}).variables == {"n": 3, "level": "high"}


def test_a_sent_message_is_received_by_a_task_even_when_it_comes_early() -> None:
    send = element(
        "sendTask",
        "a",
        "<bpmn:extensionElements><spiffworkflow:messagePayload>= {x: n}</spiffworkflow:messagePayload></bpmn:extensionElements>",
        messageRef="M",
    )
    receive = element("receiveTask", "b", messageRef="M")
    run = run_of(*between(send, receive, flow("a", "b"), first="a", last="b"), n=1)
    assert (run.state, run.trace, run.variables) == ("completed", ["start", "a", "b", "end"], {"n": 1, "x": 1})


def test_scripts_run_before_and_after_an_activity() -> None:
    task = scripted("userTask", "a", before="= {x: 1}", after="= {y: x + z}")
    run = run_of(*between(task, first="a"))
    assert run.variables == {"x": 1}
    do(run, "a", z=2)
    assert run.variables == {"x": 1, "z": 2, "y": 3}


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
    assert run.variables == {"text": "A", "given": "A", "x": "A", "report": "A", "y": "A"}


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


def test_two_receivers_of_one_message_are_an_incident() -> None:
    run = run_of(start(), catch("a", message("M")), catch("b", message("M")), flow("start", "a"), flow("start", "b"))
    run.message("M")
    assert (run.state, run.trace) == ("incident", ["start"])


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


def test_terminate_in_one_instance_ends_only_that_instance() -> None:
    inner = sub_process("sub", many(number="= 2"), user("a"), user("b"), end("stop", TERMINATE), flow("b", "stop"))
    run = run_of(*between(inner, first="sub"))
    do(run, "b")
    assert run.trace == ["start", "b", "stop", "sub"]
    assert waits(run) == ["user a", "user b"]
    do(run, "b")
    assert (run.state, run.trace[4:]) == ("completed", ["b", "stop", "sub", "sub", "end"])


# -- several times ---------------------------------------------------------------------------------------------------


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


# -- compensation and transactions -----------------------------------------------------------------------------------


def undoing(*names: str) -> tuple[str, ...]:
    """Scripts with handlers ``no_NAME``."""
    found: list[str] = []
    for name in names:
        handler = script(f"no_{name}", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
        found += [script(name, "= {}"), handler, compensated(name, f"no_{name}")]
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
            compensated("a", "no_a"),
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


def test_a_sub_process_with_a_handler_of_its_own_is_compensated_by_that() -> None:
    own = script("no_sub", "= {}").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
    run = run_of(
        start(),
        sub_process("sub", *undoing("a")),
        own,
        compensated("sub", "no_sub"),
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
        start(), task, handler, compensated("a", "no_a"), end("undo", compensation()), path("start", "a", "undo")
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
