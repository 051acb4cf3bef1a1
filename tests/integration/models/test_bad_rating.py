"""A service that was rated badly: 核实 → 整改 → 反馈 → 复核, within five working days."""

from __future__ import annotations

import pytest

from tests.integration.models.desk import COUNTY, Desk

DONE = {"outcome": "answer", "resolution": "solved", "answer": "已统一材料清单并公示。"}


@pytest.fixture
def number(desk: Desk) -> str:
    """A bad rating that the finance board is to look into."""
    return str(desk.report("非常不满意：用电报装", channel="rating", original="proj-7").number)


def rectify(desk: Desk) -> None:
    desk.do("sign", outcome="accept")
    desk.do("handle", **DONE)


def test_what_was_mended_goes_to_the_rating_system_and_not_to_a_channel(desk: Desk, number: str) -> None:
    rectify(desk)
    [told] = desk.jobs("rating.rectified")
    assert (told["original"], told["place"], told["outcome"]) == ("proj-7", COUNTY, "solved")
    assert desk.words(told["text"]) == "已统一材料清单并公示。"
    assert desk.jobs("channel.answer") == desk.jobs("rating.request") == []
    desk.say("rating.reviewed", number, passed=True)
    assert (desk.case(number).status, desk.case(number).outcome) == ("已办结", "solved")
    assert desk.stages(number) == ["intake", "assignment", "handling", "answer", "rating", "closure"]


def test_what_is_not_mended_well_enough_is_handled_again(desk: Desk, number: str) -> None:
    rectify(desk)
    desk.say("rating.reviewed", number, passed=False, reason="清单没有上墙。")
    desk.do("route", outcome="board", board=f"{COUNTY}.finance")
    rectify(desk)
    assert len(desk.jobs("rating.rectified")) == 2
    desk.say("rating.reviewed", number, passed=True)
    assert desk.case(number).status == "已办结"


def test_a_review_that_never_comes_keeps_nothing_open(desk: Desk, number: str) -> None:
    rectify(desk)
    desk.until(1, 12, 17, 29)
    assert desk.case(number).closed_at is None
    desk.until(1, 12, 17, 31)
    assert desk.case(number).status == "已办结"


def test_a_rating_that_was_taken_back_needs_no_review(desk: Desk, number: str) -> None:
    desk.errors["rating.rectified"] = "item_unknown"
    rectify(desk)
    assert desk.case(number).status == "已办结"


def test_the_whole_has_five_working_days(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    assert f"{desk.task('handle').due_at:%m-%d}" == "01-09"


def test_a_bad_rating_is_never_turned_away_by_a_table(desk: Desk) -> None:
    outcome = desk.report("不属于涉企的一件", channel="rating", original="proj-8")
    assert (outcome.outcome, desk.tasks()) == ("person", ["triage"])


def test_a_second_rating_of_an_item_is_the_same(desk: Desk, number: str) -> None:
    again = desk.report("非常不满意：用电报装", channel="rating", original="proj-7")
    assert (again.outcome, again.number) == ("known", number)
