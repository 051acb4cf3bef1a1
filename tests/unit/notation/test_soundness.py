"""Soundness verdict by verdict, on small diagrams: what is wrong where, and the shortest walk that shows it."""

from __future__ import annotations

from itertools import count

import pytest

from processes.notation.check.sanity import parse
from processes.notation.diagram import Diagram, read
from processes.notation.soundness import Budget, Verdict, examine
from tests.diagrams import boundary, definitions, element, end, flow, message, path, process, script, start, timer, user

ERROR = '<bpmn:error id="E" errorCode="REFUSED"/><bpmn:error id="F" errorCode="OTHER"/>'
ESCALATION = '<bpmn:escalation id="U" escalationCode="UP"/>'
MESSAGE = '<bpmn:message id="M" name="news"/>'
TERMINATE = "<bpmn:terminateEventDefinition/>"
THROW_ERROR = '<bpmn:errorEventDefinition errorRef="E"/>'
ESCALATE = '<bpmn:escalationEventDefinition escalationRef="U"/>'
DAY = timer("timeDuration", "P1D")


def xor(id: str, **attributes: str) -> str:
    return element("exclusiveGateway", id, **attributes)


def both(id: str) -> str:
    return element("parallelGateway", id)


def some(id: str, **attributes: str) -> str:
    return element("inclusiveGateway", id, **attributes)


def sub(id: str, *inner: str, **attributes: str) -> str:
    return element("subProcess", id, *inner, **attributes)


def task(id: str) -> str:
    return element("task", id)


def diagram(*body: str) -> Diagram:
    xml, findings = parse("p.bpmn", definitions(ERROR, ESCALATION, MESSAGE, process("p", *body)))
    assert xml is not None, findings
    return read("p.bpmn", xml.root)


def examined(*body: str) -> list[Verdict]:
    return examine(diagram(*body))


def said(*body: str) -> list[tuple[str, str]]:
    return [(each.kind, each.node.id if each.node else each.scope.id) for each in examined(*body)]


def only(*body: str) -> Verdict:
    (verdict,) = examined(*body)
    return verdict


# Joins that wait for ever


def test_a_parallel_join_behind_an_exclusive_split_always_waits_for_ever() -> None:
    verdict = only(
        start(), xor("split"), user("a"), user("b"), both("join"), end(),
        path("start", "split", "a", "join", "end"), path("split", "b", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id, verdict.certain) == ("deadlock", "join", True)
    assert verdict.witness == ("start", "split", "a")
    assert [each.id for each in verdict.missing] == ["b"]


def test_a_branch_that_may_end_leaves_the_other_one_at_the_join() -> None:
    verdict = only(
        start(), both("split"), user("a"), xor("enough"), user("b"), user("c"), both("join"), end(), end("early"),
        path("start", "split", "a", "enough", "join", "end"), path("enough", "early"), path("split", "b", "c", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id, verdict.certain) == ("token-left", "join", False)
    assert sorted(verdict.witness) == sorted(("start", "split", "a", "enough", "early", "b", "c"))
    assert verdict.choice is not None
    assert (verdict.choice.node.id, [each.id for each in verdict.choice.flows]) == ("enough", ["enough_early"])


def test_a_way_out_by_a_boundary_event_leaves_a_token_at_the_join() -> None:
    verdict = only(
        start(), both("split"), user("a"), boundary("late", "a", DAY), user("b"), both("join"), end(), end("gone"),
        path("start", "split", "a", "join", "end"), path("split", "b", "join"), path("late", "gone"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id, verdict.certain) == ("token-left", "join", False)
    assert verdict.choice is not None
    assert verdict.choice.event is not None
    assert verdict.choice.event.id == "late"


def test_a_terminating_end_takes_the_waiting_token_along() -> None:
    assert not examined(
        start(), both("split"), user("a"), xor("enough"), user("b"), both("join"), end(), end("early", TERMINATE),
        path("start", "split", "a", "enough", "join", "end"), path("enough", "early"), path("split", "b", "join"),
    )  # fmt: skip


def test_a_join_that_gets_more_of_one_branch_than_of_the_other_keeps_the_rest() -> None:
    verdict = only(
        start(), both("split"), user("a"), xor("merge"), user("b"), user("c"), both("join"), end(),
        path("start", "split", "a", "merge", "join", "end"), path("split", "b", "merge"), path("split", "c", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id, verdict.certain) == ("token-left", "join", True)
    assert len(verdict.witness) == len(("start", "split", "a", "b", "merge", "merge", "c", "join", "end"))


def test_a_join_that_never_fires_is_certain_even_where_other_ways_are_fine() -> None:
    verdict = only(
        start(), xor("way"), user("plain"), xor("split"), user("a"), user("b"), both("join"), end(), end("fine"),
        path("start", "way", "plain", "fine"), path("way", "split", "a", "join", "end"), path("split", "b", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id, verdict.certain) == ("deadlock", "join", True)
    assert verdict.witness == ("start", "way", "split", "a")


def test_a_reminder_that_the_join_needs_may_not_come() -> None:
    verdict = only(
        start(), user("a"), boundary("late", "a", DAY, False), user("b"), both("join"), end(),
        path("start", "a", "join", "end"), path("late", "b", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.certain, verdict.witness) == ("deadlock", False, ("start", "a"))


def test_inclusive_joins_that_wait_for_each_other_are_told_once() -> None:
    verdict = only(
        start(), both("split"), some("one"), some("two"), xor("after one"), xor("after two"), end("end1"), end("end2"),
        path("start", "split", "one", "after one", "two", "after two", "one"), path("split", "two"),
        path("after one", "end1"), path("after two", "end2"),
    )  # fmt: skip
    assert (verdict.kind, verdict.certain, verdict.witness) == ("deadlock", True, ("start", "split"))
    assert verdict.node is not None
    assert {verdict.node.id, *(each.id for each in verdict.also)} == {"one", "two"}


def test_an_inclusive_join_waits_for_exactly_what_was_split() -> None:
    assert not examined(
        start(), some("split"), user("a"), user("b"), user("c"), some("join"), end(),
        path("start", "split", "a", "join", "end"), path("split", "b", "join"), path("split", "c", "join"),
    )  # fmt: skip


def test_a_join_that_waits_for_another_that_waits_is_not_told_of() -> None:
    verdict = only(
        start(), both("all"), xor("split"), user("a"), user("b"), both("inner"), user("c"), both("outer"), end(),
        path("start", "all", "split", "a", "inner", "outer", "end"), path("split", "b", "inner"), path("all", "c", "outer"),
    )  # fmt: skip
    assert (verdict.node and verdict.node.id, verdict.certain) == ("inner", True)


# Questions that are asked twice


def asked_twice(first: str, second: str) -> list[Verdict]:
    """A branch turns off when ``first`` holds, its sibling when ``second`` does; else they join."""
    return examined(
        start(), both("split"), xor("x", default="x_join"), xor("y", default="y_join"), both("join"), end(), end("e1"), end("e2"),
        path("start", "split", "x", "join", "end"), path("split", "y", "join"), flow("x", "e1", first), flow("y", "e2", second),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("= refused", "= refused"),
        ("= refused", "=refused = true"),
        ("= not(accepted)", "= accepted = false"),
        ("= amount >= 5", "= not(amount < 5)"),
        ('= level = "high"', "level == 'high'"),
    ],
)  # fmt: skip
def test_equal_questions_have_equal_answers(first: str, second: str) -> None:
    (verdict,) = asked_twice(first, second)
    assert verdict.contradictory


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("= refused", "= not(refused)"),
        ("= a", "= b"),
        ('= level = "high"', '= level = "low"'),
        ("= a = 1 and b = 2", "= a = 1"),
    ],
)
def test_other_questions_may_have_other_answers(first: str, second: str) -> None:
    (verdict,) = asked_twice(first, second)
    assert not verdict.contradictory
    assert not verdict.certain


def test_a_question_may_be_answered_anew_after_another_round() -> None:
    (verdict,) = examined(
        start(), xor("again"), user("a"), xor("x"), both("split"), user("b"), xor("y", default="y_join"), both("join"), end(), end("off"),
        path("start", "again", "a", "x"), flow("x", "again", "= not(ok)"), flow("x", "split", "= ok"),
        path("split", "b", "join"), path("split", "y", "join", "end"), flow("y", "off", "= not(ok)"),
    )  # fmt: skip
    assert verdict.contradictory  # on leaving the loop ok holds, whatever it was before


def test_a_walk_is_shown_that_answers_alike_even_where_a_shorter_one_does_not() -> None:
    body = [
        start(), xor("x", default="x_short"), task("short"), task("long"), task("longer"), xor("merge"), both("split"), xor("y"),
        both("join"), end(), end("off"),
        path("start", "x", "short", "merge"), flow("x", "long", "= ok"), path("long", "longer", "merge", "split", "y"),
        flow("y", "off", "= ok"), flow("y", "join", "= not(ok)"), path("split", "join", "end"),
    ]  # fmt: skip
    verdict = only(*body)
    assert not verdict.contradictory
    assert verdict.witness == ("start", "x", "long", "longer", "merge", "split", "y", "off")


# Steps that never run


def test_what_follows_a_sub_process_that_always_fails_never_runs() -> None:
    verdict = only(
        start(), sub("inner", start("s"), task("t"), end("failed", THROW_ERROR), path("s", "t", "failed")), boundary("caught", "inner", THROW_ERROR),
        user("next"), user("after"), end(), end("e2"), path("start", "inner", "next", "after", "end"), path("caught", "e2"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id) == ("dead-step", "next")
    assert [each.id for each in verdict.also] == ["after", "end"]


def test_a_boundary_event_that_nothing_inside_throws_for_never_happens() -> None:
    def caught(definition: str, *inside: str) -> list[tuple[str, str]]:
        return said(
            start(), sub("inner", start("s"), end("t", *inside), path("s", "t")), boundary("caught", "inner", definition),
            end(), end("e2"), path("start", "inner", "end"), path("caught", "e2"),
        )  # fmt: skip

    other = '<bpmn:errorEventDefinition errorRef="F"/>'
    assert caught(THROW_ERROR) == [("dead-step", "caught")]
    assert ("dead-step", "caught") in caught(other, THROW_ERROR)
    assert caught(THROW_ERROR, THROW_ERROR) == [("dead-step", "end")]
    assert caught("<bpmn:errorEventDefinition/>", THROW_ERROR) == [("dead-step", "end")]
    assert caught(ESCALATE) == [("dead-step", "caught")]
    assert caught(DAY) == []


def test_a_worker_inside_may_throw_whatever_is_caught_outside() -> None:
    assert not examined(
        start(), sub("inner", start("s"), element("serviceTask", "work"), end("t"), path("s", "work", "t")), boundary("caught", "inner", THROW_ERROR),
        end(), end("e2"), path("start", "inner", "end"), path("caught", "e2"),
    )  # fmt: skip


def test_an_event_sub_process_for_an_error_that_nothing_throws_never_runs() -> None:
    def handled(*body: str) -> list[tuple[str, str]]:
        handler = sub(
            "aside", start("s", THROW_ERROR), task("t"), end("e"), path("s", "t", "e"), triggeredByEvent="true"
        )
        return said(start(), *body, handler)

    assert handled(task("a"), end(), path("start", "a", "end")) == [("dead-step", "aside")]
    assert handled(task("a"), end("end", THROW_ERROR), path("start", "a", "end")) == []
    assert handled(element("callActivity", "a"), end(), path("start", "a", "end")) == []


def test_what_no_flow_leads_to_is_told_elsewhere() -> None:
    assert said(start(), user("a"), user("lost"), end(), path("start", "a", "end"), path("lost", "end")) == []


def test_what_stands_behind_a_join_that_never_fires_is_not_told_again() -> None:
    kinds = said(
        start(), xor("split"), user("a"), user("b"), both("join"), user("c"), end(),
        path("start", "split", "a", "join", "c", "end"), path("split", "b", "join"),
    )  # fmt: skip
    assert kinds == [("deadlock", "join")]


# Walks without an end


def test_going_back_and_on_at_once_never_ends() -> None:
    verdict = only(
        start(),
        xor("merge"),
        user("a"),
        both("split"),
        end(),
        path("start", "merge", "a", "split", "merge"),
        path("split", "end"),
    )
    assert (verdict.kind, verdict.node and verdict.node.id, verdict.certain) == ("livelock", "split", True)
    assert verdict.witness == ("start", "merge", "a", "split")


def test_a_task_with_a_flow_back_and_one_on_never_ends() -> None:
    verdict = only(start(), user("a"), user("b"), end(), path("start", "a", "b", "end"), flow("b", "a"))
    assert (verdict.kind, verdict.node and verdict.node.id) == ("livelock", "b")
    assert verdict.witness == ("start", "a", "b")


def test_a_loop_without_any_way_out_is_told_elsewhere() -> None:
    assert said(start(), xor("merge"), user("a"), path("start", "merge", "a", "merge")) == []


def test_a_loop_with_a_way_out_may_go_on_as_long_as_it_likes() -> None:
    assert not examined(
        start(),
        xor("merge"),
        user("a"),
        xor("again"),
        end(),
        path("start", "merge", "a", "again", "end"),
        flow("again", "merge"),
    )


def test_a_fork_that_feeds_itself_grows_without_limit() -> None:
    verdict = only(
        start(), xor("merge"), both("split"), xor("again"), end(),
        path("start", "merge", "split", "again", "end"), path("split", "merge"), path("again", "merge"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id) == ("unbounded", "split")
    assert verdict.witness == ("start", "merge", "split", "again")


def test_each_round_may_start_something_that_ends_by_itself() -> None:
    assert not examined(
        start(), xor("merge"), both("split"), user("remind"), end("reminded"), user("a"), xor("again"), end(),
        path("start", "merge", "split", "a", "again", "end"), path("split", "remind", "reminded"), path("again", "merge"),
    )  # fmt: skip


def test_each_round_leaving_a_token_at_a_join_is_both_left_and_growing() -> None:
    kinds = said(
        start(), xor("merge"), both("split"), user("a"), xor("again"), both("join"), end(),
        path("start", "merge", "split", "a", "again"), path("split", "join", "end"), path("again", "merge"), path("again", "join"),
    )  # fmt: skip
    assert {kind for kind, _ in kinds} == {"token-left", "unbounded"}


# Scopes in scopes


def test_a_flaw_inside_is_shown_from_the_start_of_the_process_and_told_once() -> None:
    verdict = only(
        start(), both("split"), user("a"), user("b"),
        sub("inner", start("s"), xor("x"), task("t"), task("u"), both("j"), end("e"), path("s", "x", "t", "j", "e"), path("x", "u", "j")),
        both("join"), end(), path("start", "split", "a", "inner", "join", "end"), path("split", "b", "join"),
    )  # fmt: skip
    assert (verdict.node and verdict.node.id, verdict.scope.id, verdict.certain) == ("j", "inner", True)
    assert verdict.witness == ("start", "split", "a", "inner", "s", "x", "t")


def test_what_only_an_event_from_outside_could_break_off_is_certain() -> None:
    verdict = only(
        start(), sub("inner", start("s"), xor("x"), task("t"), task("u"), both("j"), end("e"), path("s", "x", "t", "j", "e"), path("x", "u", "j")),
        boundary("late", "inner", DAY), end(), path("start", "inner", "end"), path("late", "end"),
    )  # fmt: skip
    assert (verdict.kind, verdict.certain, verdict.interruptible) == ("deadlock", True, True)


def test_an_error_inside_is_shown_with_its_way() -> None:
    verdict = only(
        start(), both("split"), user("b"), both("join"), end(), end("off"),
        sub("inner", start("s"), xor("x"), task("t"), end("e"), end("failed", THROW_ERROR), path("s", "x", "t", "e"), path("x", "failed")),
        boundary("caught", "inner", THROW_ERROR), path("start", "split", "inner", "join", "end"), path("split", "b", "join"), path("caught", "off"),
    )  # fmt: skip
    assert (verdict.kind, verdict.node and verdict.node.id) == ("token-left", "join")
    inner = ("inner", "s", "x", "failed", "caught", "off")
    assert "".join(inner) in "".join(verdict.witness)
    assert sorted(verdict.witness) == sorted(("start", "split", "b", *inner))


def test_an_escalation_on_every_way_inside_brings_what_the_join_needs() -> None:
    def joined(*inside: str) -> list[tuple[str, str]]:
        return said(
            start(), sub("inner", *inside), boundary("up", "inner", ESCALATE, False), user("a"), user("b"), both("join"), end(),
            path("start", "inner", "a", "join", "end"), path("up", "b", "join"),
        )  # fmt: skip

    throw = element("intermediateThrowEvent", "raise", ESCALATE)
    assert joined(start("s"), throw, end("e"), path("s", "raise", "e")) == []
    either = joined(start("s"), xor("x"), throw, xor("y"), end("e"), path("s", "x", "raise", "y", "e"), path("x", "y"))
    assert either == [("deadlock", "join")]


def test_an_escalation_that_interrupts_keeps_the_sub_process_from_completing() -> None:
    kinds = said(
        start(), sub("inner", start("s"), task("t"), end("e", ESCALATE), path("s", "t", "e")), boundary("up", "inner", ESCALATE),
        user("a"), end(), end("e2"), path("start", "inner", "a", "end"), path("up", "e2"),
    )  # fmt: skip
    assert kinds == [("dead-step", "a")]


def test_an_error_goes_out_through_a_sub_process_that_does_not_catch_it() -> None:
    assert not examined(
        start(),
        sub("outer", start("s"),
            sub("inner", start("s2"), xor("x"), end("ok"), end("failed", THROW_ERROR), path("s2", "x", "ok"), path("x", "failed")),
            end("e"), path("s", "inner", "e")),
        boundary("caught", "outer", THROW_ERROR), end(), end("e2"), path("start", "outer", "end"), path("caught", "e2"),
    )  # fmt: skip


def test_a_transaction_is_left_by_its_cancel_event() -> None:
    cancel = "<bpmn:cancelEventDefinition/>"
    transaction = element(
        "transaction", "deal", start("s"), xor("x"), end("ok"), end("off", cancel), path("s", "x", "ok"), path("x", "off"),
    )  # fmt: skip
    around = [
        boundary("cancelled", "deal", cancel),
        end(),
        end("e2"),
        path("start", "deal", "end"),
        path("cancelled", "e2"),
    ]
    assert not examined(start(), transaction, *around)


def test_an_interrupting_event_sub_process_ends_a_scope_that_would_not_complete() -> None:
    inside = [start("s"), task("t"), end("failed", THROW_ERROR), path("s", "t", "failed")]
    news = sub("aside", start("told", message("M")), end("e"), path("told", "e"), triggeredByEvent="true")
    around = [
        boundary("caught", "inner", THROW_ERROR),
        user("a"),
        end(),
        end("e2"),
        path("start", "inner", "a", "end"),
        path("caught", "e2"),
    ]
    assert said(start(), sub("inner", *inside), *around) == [("dead-step", "a")]
    assert said(start(), sub("inner", *inside, news), *around) == []


def test_zero_instances_pass_through_and_several_are_looked_at_as_one() -> None:
    number = '<bpmn:loopCardinality xsi:type="bpmn:tFormalExpression">n</bpmn:loopCardinality>'
    loop = f"<bpmn:multiInstanceLoopCharacteristics>{number}</bpmn:multiInstanceLoopCharacteristics>"
    inside = [start("s"), task("t"), end("failed", THROW_ERROR), path("s", "t", "failed")]
    around = [
        boundary("caught", "inner", THROW_ERROR),
        user("a"),
        end(),
        end("e2"),
        path("start", "inner", "a", "end"),
        path("caught", "e2"),
    ]
    assert said(start(), sub("inner", loop, *inside), *around) == []


def test_an_event_sub_process_may_start_another() -> None:
    asks = sub("asks", start("told", message("M")), end("up", ESCALATE), path("told", "up"), triggeredByEvent="true")
    answers = sub(
        "answers", start("raised", ESCALATE), end("answered"), path("raised", "answered"), triggeredByEvent="true"
    )
    assert said(start(), user("a"), end(), path("start", "a", "end"), answers) == [("dead-step", "answers")]
    assert said(start(), user("a"), end(), path("start", "a", "end"), answers, asks) == []


def test_an_event_sub_process_that_has_taken_over_is_not_interrupted_by_others() -> None:
    stuck = [xor("x"), task("t"), task("u"), both("j"), end("e"), path("told", "x", "t", "j", "e"), path("x", "u", "j")]
    other = sub("other", start("late", DAY), end("e2"), path("late", "e2"), triggeredByEvent="true")

    def handled(**attributes: str) -> Verdict:
        news = element("startEvent", "told", message("M"), **attributes)
        return only(
            start(),
            user("a"),
            end(),
            path("start", "a", "end"),
            sub("aside", news, *stuck, triggeredByEvent="true"),
            other,
        )

    assert handled().certain
    assert handled().witness == ("start", "aside", "told", "x", "t")
    assert handled(isInterrupting="false").interruptible


# Other ways to start and to go on


def test_several_starts_exclude_each_other() -> None:
    verdict = only(
        start("s1", message("M")), start("s2", message("M")), both("join"), end(), path("s1", "join", "end"), path("s2", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.certain, verdict.witness) == ("deadlock", True, ("s1",))


def test_without_a_start_everything_that_nothing_leads_to_starts() -> None:
    assert not examined(user("a"), user("b"), both("join"), end(), path("a", "join", "end"), path("b", "join"))


def test_links_lead_on_like_flows() -> None:
    def throw(name: str) -> str:
        return element("intermediateThrowEvent", "jump", f'<bpmn:linkEventDefinition name="{name}"/>')

    land = element("intermediateCatchEvent", "land", '<bpmn:linkEventDefinition name="over"/>')
    assert not examined(start(), throw("over"), land, user("a"), end(), path("start", "jump"), path("land", "a", "end"))
    verdict = only(
        start(), xor("x"), throw("over"), land, both("join"), end(), path("start", "x", "jump"), path("x", "join", "end"), path("land", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.witness) == ("deadlock", ("start", "x"))


def test_the_first_event_behind_a_gateway_wins() -> None:
    verdict = only(
        start(), element("eventBasedGateway", "wait"), element("intermediateCatchEvent", "told", message("M")),
        element("intermediateCatchEvent", "late", DAY), both("join"), end(),
        path("start", "wait", "told", "join", "end"), path("wait", "late", "join"),
    )  # fmt: skip
    assert (verdict.kind, verdict.witness) == ("deadlock", ("start", "wait", "told"))


def test_conditional_flows_of_an_activity_are_any_of_them_or_the_default() -> None:
    def after(join: str) -> list[tuple[str, str]]:
        return said(
            start(), element("task", "a", default="a_c"), user("b"), user("c"), user("d"), element(join, "join"), end(),
            path("start", "a"), flow("a", "b", "= x"), flow("a", "d", "= y"), flow("a", "c"),
            path("b", "join", "end"), path("c", "join"), path("d", "join"),
        )  # fmt: skip

    assert after("inclusiveGateway") == []
    assert after("parallelGateway") == [("deadlock", "join")]


def test_compensation_passes_through_and_its_handler_is_no_dead_step() -> None:
    assert not examined(
        start(), task("a"), boundary("undo", "a", "<bpmn:compensateEventDefinition/>"), element("task", "undone", isForCompensation="true"),
        '<bpmn:association id="as" sourceRef="undo" targetRef="undone"/>',
        element("intermediateThrowEvent", "take back", "<bpmn:compensateEventDefinition/>"), end(), path("start", "a", "take back", "end"),
    )  # fmt: skip


def test_event_definitions_by_reference_count() -> None:
    xml, _ = parse("p.bpmn", definitions(
        '<bpmn:terminateEventDefinition id="T"/>',
        process("p", start(), both("split"), user("a"), xor("enough"), user("b"), both("join"), end(),
                end("early", "<bpmn:eventDefinitionRef>T</bpmn:eventDefinitionRef>"),
                path("start", "split", "a", "enough", "join", "end"), path("enough", "early"), path("split", "b", "join")),
    ))  # fmt: skip
    assert xml is not None
    assert examine(read("p.bpmn", xml.root)) == []


def test_a_scope_with_a_flow_that_leads_nowhere_is_left_out() -> None:
    assert not examined(
        start(),
        xor("split"),
        both("join"),
        end(),
        path("start", "split", "join", "end"),
        path("split", "join"),
        flow("split", "lost"),
    )


# Bounds


def branches(number: int, length: int, split: str, join: str) -> str:
    names = [[f"t{branch}_{step}" for step in range(length)] for branch in range(number)]
    return "".join(
        [
            start(), element(split, "split"), element(join, "join"), end(), path("start", "split"), path("join", "end"),
            *(script(name, "= {}") for row in names for name in row), *(path("split", *row, "join") for row in names),
        ]
    )  # fmt: skip


def test_ten_parallel_branches_of_five_steps_are_one_walk() -> None:
    budget = Budget(states=100)
    assert examine(diagram(branches(10, 5, "parallelGateway", "parallelGateway")), budget) == []


def test_it_says_where_it_gave_up() -> None:
    body = branches(10, 5, "inclusiveGateway", "inclusiveGateway")
    assert examine(diagram(body)) == []
    (verdict,) = examine(diagram(body), Budget(states=2_000))
    assert (verdict.kind, verdict.scope.id, verdict.certain) == ("gave-up", "p", False)
    assert verdict.states >= 2_000
    assert verdict.length >= 2


def test_it_gives_up_when_its_time_is_over() -> None:
    ticks = count()
    (verdict,) = examine(
        diagram(branches(10, 5, "inclusiveGateway", "inclusiveGateway")), Budget(clock=lambda: float(next(ticks)))
    )
    assert verdict.kind == "gave-up"


def test_what_is_found_before_giving_up_is_told_but_not_called_certain() -> None:
    body = branches(10, 5, "inclusiveGateway", "parallelGateway")
    stuck, gave_up = examine(diagram(body), Budget(states=1_500))
    assert (stuck.kind, stuck.certain, gave_up.kind) == ("deadlock", False, "gave-up")


def test_more_tokens_in_one_place_than_are_counted_is_giving_up() -> None:
    def flows(source: str, target: str) -> str:
        return "".join(
            f'<bpmn:sequenceFlow id="{source}{index}" sourceRef="{source}" targetRef="{target}"/>'
            for index in range(100)
        )

    (*_, last) = examined(
        start(), both("split"), user("a"), user("b"), both("join"), end(),
        path("start", "split", "join", "end"), path("a", "join"), path("b", "a"), flows("split", "a"), flows("split", "b"),
    )  # fmt: skip
    assert last.kind == "gave-up"


def test_a_scope_that_is_too_large_is_not_looked_at() -> None:
    names = [f"t{index}" for index in range(300)]
    split = [
        both("split"),
        *map(task, names),
        some("join"),
        path("start", "split"),
        *(path("split", name, "join") for name in names),
    ]
    assert examined(start(), *split, end(), path("join", "end")) == []
    more = [
        task("chain0"),
        *(task(f"chain{index}") + flow(f"chain{index - 1}", f"chain{index}") for index in range(1, 1000)),
    ]
    (verdict,) = examined(start(), *split, *more, end(), path("join", "chain0"), path("chain999", "end"))
    assert (verdict.kind, verdict.states) == ("gave-up", 0)


def test_when_the_time_is_over_nothing_more_is_looked_at() -> None:
    (verdict,) = examine(diagram(start(), end(), path("start", "end")), Budget(seconds=0))
    assert (verdict.kind, verdict.states) == ("gave-up", 0)


def test_the_time_holds_for_what_grows_without_an_end_of_ways_too() -> None:
    budget = Budget()
    verdicts = examine(
        diagram(
            start(), task("a"), boundary("late", "a", DAY, False), task("b"), both("fork"), some("some"), xor("back"), end(),
            path("start", "a", "some", "back", "a"), path("start", "b", "fork", "end"), path("late", "b"), path("a", "back"),
            path("fork", "some"), path("back", "end"),
        ),
        budget,
    )  # fmt: skip
    assert [each.kind for each in verdicts] == ["unbounded", "unbounded"]
    assert budget.spent < 10 * budget.seconds


def test_a_cheaper_way_to_a_state_that_shows_growth_leaves_its_witness_whole() -> None:
    flows = "n0 n1, n0 n8, n1 n6, n2 n0, n2 n7, n4 n7, n6 n7, n6 n8, n7 e, n7 n2, n7 n7, n8 n1, n8 n4, s n0"
    verdicts = examined(
        start("s"), end("e"), xor("n0"), some("n1"), xor("n2"), xor("n4"), both("n6"), some("n7"), some("n8"),
        *(flow(*each.split()) for each in flows.split(", ")),
    )  # fmt: skip
    grown = [each for each in verdicts if each.kind == "unbounded"]
    assert grown
    assert all(each.witness[0] == "s" for each in grown)


def test_only_what_may_begin_a_process_begins_it_by_instantiate() -> None:
    late = boundary("late", "work", DAY).replace("<bpmn:boundaryEvent", '<bpmn:boundaryEvent instantiate="true"')
    drawn = (start(), task("work"), late, end(), path("start", "work", "end"), path("late", "end"))
    assert not examined(*drawn)


def test_a_boundary_event_that_waits_for_more_than_compensation_leads_on() -> None:
    mixed = boundary("undo", "inner", f"{ESCALATE}<bpmn:compensateEventDefinition/>")
    inside = (start("i_start"), end("i_end", ESCALATE), path("i_start", "i_end"))
    ends = (end("end"), end("other"), path("start", "inner", "end"), path("undo", "other"))
    assert said(start(), sub("inner", *inside), mixed, *ends) == [("dead-step", "end")]


def test_a_parallel_start_that_leads_into_a_join_at_once_is_examined_all_the_same() -> None:
    first = element("eventBasedGateway", "first", instantiate="true", eventGatewayType="Parallel")
    waits = [element("receiveTask", name, messageRef="M") for name in ("a", "b")]
    flows = path("first", "a", "join", "end"), path("first", "b", "join"), path("first", "join")
    assert ("deadlock", "join") in said(first, *waits, both("join"), end(), *flows)
