"""What runs twice because branches come together unjoined: said where they do, and nowhere else."""

from __future__ import annotations

from processes.notation.soundness import Verdict
from tests.diagrams import boundary, element, end, flow, message, path, start, user
from tests.unit.notation.test_soundness import DAY, TERMINATE, both, examined, some, sub, xor


def repeated(*body: str) -> list[Verdict]:
    return [each for each in examined(*body) if each.kind == "runs-twice"]


def where(*body: str) -> list[str]:
    return [each.node.id for each in repeated(*body) if each.node is not None]


def test_a_parallel_split_that_an_exclusive_gateway_merges_runs_what_follows_twice() -> None:
    (verdict,) = repeated(
        start(), both("split"), user("a"), user("b"), xor("merge"), user("next"), end(),
        path("start", "split", "a", "merge", "next", "end"), path("split", "b", "merge"),
    )  # fmt: skip
    assert verdict.node is not None
    assert verdict.node.id == "merge"
    assert verdict.witness[0] == "start"
    assert verdict.witness[-1] == "merge"
    assert verdict.witness.count("merge") == 2
    assert {"split", "a", "b"} <= set(verdict.witness)


def test_only_the_first_place_is_told() -> None:
    assert where(
        start(), both("split"), user("a"), user("b"), user("next"), xor("x"), user("c"), user("d"), user("last"), end(),
        path("start", "split", "a", "next", "x", "c", "last", "end"), path("split", "b", "next"), path("x", "d", "last"),
    ) == ["next"]  # fmt: skip


def test_an_inclusive_split_may_take_both_ways_unless_their_conditions_exclude_each_other() -> None:
    def split(one: str, other: str) -> list[str]:
        return where(
            start(), some("split"), user("a"), user("b"), xor("merge"), user("next"), end(), path("start", "split"),
            flow("split", "a", one), flow("split", "b", other), path("a", "merge", "next", "end"), path("b", "merge"),
        )  # fmt: skip

    assert split("= x", "= y") == ["merge"]
    assert split("= x", "= not(x)") == []


def test_what_is_done_each_time_matters_be_it_only_a_message() -> None:
    def to(*last: str) -> list[str]:
        return where(
            start(), both("split"), user("a"), user("b"), xor("merge"), end("end", *last),
            path("start", "split", "a", "merge", "end"), path("split", "b", "merge"),
        )  # fmt: skip

    assert to() == []
    assert to(message("M")) == ["merge"]
    assert to(TERMINATE) == []


def test_a_loop_is_entered_once_however_often_it_goes_round() -> None:
    assert not where(
        start(), xor("merge"), both("split"), user("a"), user("b"), both("join"), xor("again"), end(),
        path("start", "merge", "split", "a", "join", "again", "end"), path("split", "b", "join"), path("again", "merge"),
    )  # fmt: skip


def test_what_a_loop_sends_on_with_each_round_is_meant() -> None:
    assert not where(
        start(), xor("merge"), both("split"), xor("kind"), user("call"), user("write"), user("file"), end("filed"), user("a"), xor("again"),
        end(), path("start", "merge", "split", "a", "again", "end"), path("again", "merge"),
        path("split", "kind", "call", "file", "filed"), path("kind", "write", "file"),
    )  # fmt: skip


def test_what_comes_beside_an_activity_by_a_non_interrupting_event_is_meant() -> None:
    def late(*, interrupting: bool) -> list[str]:
        return where(
            start(), user("a"), boundary("late", "a", DAY, interrupting=interrupting), xor("merge"), user("next"), end(),
            path("start", "a", "merge", "next", "end"), path("late", "merge"),
        )  # fmt: skip

    assert late(interrupting=False) == []
    assert late(interrupting=True) == []


def test_inside_a_sub_process_the_walk_begins_where_the_process_does() -> None:
    (verdict,) = repeated(
        start(), sub("inner", start("s"), both("split"), xor("merge"), user("next"), end("e"),
            path("s", "split", "merge", "next", "e"), element("sequenceFlow", "second", sourceRef="split", targetRef="merge")),
        end(), path("start", "inner", "end"),
    )  # fmt: skip
    assert verdict.witness[:2] == ("start", "inner")
    assert verdict.witness[-1] == "merge"
