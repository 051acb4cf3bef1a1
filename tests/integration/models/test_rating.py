"""Answer, rating, call-back, rework, closure."""

from __future__ import annotations

import pytest

from tests.integration.models.desk import COUNTY, Desk


def answered(desk: Desk) -> str:
    number = str(desk.report("分不清的一件").number)
    desk.do("route", outcome="answered", resolution="solved", answer="办好了。")
    return number


@pytest.mark.parametrize("level", [3, 4, 5])
def test_a_satisfied_enterprise_closes_the_case(desk: Desk, level: int) -> None:
    number = answered(desk)
    desk.say("rating.given", number, level=level)
    assert (desk.case(number).status, desk.case(number).rating) == ("已办结", str(level))


def test_an_enterprise_that_never_rates_does_not_keep_the_case_open(desk: Desk) -> None:
    number = answered(desk)
    desk.until(1, 12, 17, 29)
    assert desk.case(number).closed_at is None
    desk.until(1, 12, 17, 31)
    assert (desk.case(number).status, desk.case(number).rating) == ("已办结", None)
    assert desk.instance(number).state == "completed"


def test_an_unsatisfied_enterprise_is_called_back_and_its_problem_is_handled_once_more(desk: Desk) -> None:
    number = answered(desk)
    desk.say("rating.given", number, level=1)
    desk.do("call_back", outcome="rework", note="没有解决。")
    desk.do("route", outcome="board", board=f"{COUNTY}.finance")
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="answer", resolution="solved", answer="这次真办好了。")
    assert len(desk.jobs("channel.answer")) == 2
    desk.say("rating.given", number, level=5)
    assert (desk.case(number).status, desk.case(number).rating) == ("已办结", "5")
    assert desk.stages(number).count("handling") == 1


def test_an_enterprise_that_understands_ends_it(desk: Desk) -> None:
    number = answered(desk)
    desk.say("rating.given", number, level=2)
    desk.do("call_back", outcome="understood", note="理解了。")
    assert desk.case(number).status == "已办结"


def rework(desk: Desk) -> str:
    number = answered(desk)
    desk.say("rating.given", number, level=1)
    desk.do("call_back", outcome="rework", note="没有解决。")
    desk.do("route", outcome="answered", resolution="explained", answer="只能这样。")
    desk.say("rating.given", number, level=1)
    return number


def test_after_one_rework_the_centre_decides_to_close(desk: Desk) -> None:
    number = rework(desk)
    assert desk.tasks() == ["final_decision"]
    desk.do("final_decision", outcome="close", note="已尽力。")
    assert desk.case(number).status == "已办结"


def test_after_one_rework_the_centre_may_have_it_handled_again(desk: Desk) -> None:
    number = rework(desk)
    desk.do("final_decision", outcome="again", note="再试一次。")
    desk.do("route", outcome="answered", resolution="solved", answer="终于好了。")
    desk.say("rating.given", number, level=4)
    assert desk.case(number).outcome == "solved"


@pytest.mark.parametrize("code", ["order_unknown", "order_closed"])
def test_an_answer_that_the_channel_does_not_take_is_given_by_a_person(desk: Desk, code: str) -> None:
    desk.errors["channel.answer"] = code
    answered(desk)
    desk.do("deliver", note="已电话答复。")
    assert desk.jobs("rating.request")


def test_a_handling_that_was_rated_before_is_closed(desk: Desk) -> None:
    desk.errors["rating.request"] = "already_rated"
    number = answered(desk)
    assert desk.case(number).status == "已办结"
