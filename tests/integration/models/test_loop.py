"""A simple problem goes all the way round."""

from __future__ import annotations

from tests.integration.models.desk import Desk

ANSWER = {"outcome": "answer", "resolution": "solved", "answer": "贷款已续上。"}


def test_a_simple_problem_is_signed_answered_rated_and_closed(desk: Desk) -> None:
    problem = desk.report("贷款到期续不上")
    assert problem.outcome == "pool"
    number = problem.number
    assert desk.tasks() == ["sign"]
    desk.do("sign", outcome="accept")
    desk.do("handle", **ANSWER)
    assert desk.jobs("channel.answer")[0]["outcome"] == "solved"
    desk.say("rating.given", number, level=5)
    case = desk.case(number)
    assert (case.status, case.outcome, case.rating) == ("已办结", "solved", "5")
    assert case.closed_at is not None
    assert desk.stages(number) == ["intake", "assignment", "handling", "answer", "rating", "closure"]
    assert desk.instance(number).state == "completed"
