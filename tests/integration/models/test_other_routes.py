"""Several boards, leaders, the seven lists, the superior places and the last resort."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processes.casework.forms import FormErrors
from tests.integration.models.desk import CITY, COUNTY, PROVINCE, TOWNSHIP, Desk

BOARDS = ("project", "finance", "policy")


def contribute(desk: Desk) -> None:
    for board in BOARDS:
        desk.do("consult", f"{COUNTY}.{board}", outcome="contribute", opinion=f"{board}意见")


# ---- several boards --------------------------------------------------------------------------------------------------


def test_three_boards_work_side_by_side_and_the_centre_answers(desk: Desk) -> None:
    number = desk.report("跨板块的一件").number
    assert desk.tasks() == ["consult"] * 3
    for board in reversed(BOARDS):
        desk.do("consult", f"{COUNTY}.{board}", outcome="contribute", opinion=f"{board}意见")
    said = desk.variables("compose")["contributions"]
    assert [desk.words(each["opinion"]) for each in said] == [f"{board}意见" for board in BOARDS]
    desk.do("compose", outcome="answered", resolution="solved", answer="三个板块一起办好了。")
    assert desk.words(desk.jobs("channel.answer")[0]["text"]) == "三个板块一起办好了。"
    assert desk.case(number).board == f"{COUNTY}.centre"


def test_the_boards_are_asked_again(desk: Desk) -> None:
    desk.report("跨板块的一件")
    contribute(desk)
    desk.do("compose", outcome="again")
    assert desk.tasks() == ["consult"] * 3
    contribute(desk)
    desk.do("compose", outcome="answered", resolution="solved", answer="办好了。")
    assert desk.jobs("rating.request")


def test_slow_boards_are_reminded_one_by_one_and_the_centre_with_them(desk: Desk) -> None:
    number = desk.report("跨板块的一件").number
    desk.do("consult", f"{COUNTY}.project", outcome="contribute", opinion="没有意见")
    desk.until(1, 13)
    assert desk.notices(number) == [("reminder", "01-09 17:30")] * 2 + [("supervision", "01-12 17:30")] * 2
    desk.do("consult", f"{COUNTY}.finance", outcome="contribute", opinion="同意")
    desk.do("consult", f"{COUNTY}.policy", outcome="decline", opinion="与本板块无关")
    assert f"{desk.task('compose').due_at:%m-%d}" == "01-26"
    desk.until(2, 3)
    assert [kind for kind, _ in desk.notices(number)][4:] == ["reminder", "supervision", "notice"]


def test_the_boards_do_not_agree_and_the_leaders_decide(desk: Desk) -> None:
    desk.report("跨板块的一件")
    contribute(desk)
    desk.do("compose", outcome="leadership", reason="意见不一。")
    desk.do("leader_in_charge", outcome="instructed", instruction="由项目板块办。")
    assert desk.tasks() == ["route"]


def test_what_the_boards_together_cannot_do_goes_up(desk: Desk) -> None:
    number = desk.report("跨板块的一件").number
    contribute(desk)
    desk.do("compose", outcome="cannot", reason="权限在市里。")
    assert desk.child(number).place == CITY


# ---- leaders ---------------------------------------------------------------------------------------------------------


def test_a_hard_problem_passes_through_both_leaders(desk: Desk) -> None:
    number = desk.report("疑难的一件").number
    desk.do("leader_in_charge", outcome="passed")
    desk.do("principal_leader", outcome="instructed", instruction="项目板块牵头办。")
    desk.do("route", outcome="board", board=f"{COUNTY}.project")
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="answer", resolution="solved", answer="办好了。")
    desk.say("rating.given", number, level=4)
    assert desk.case(number).outcome == "solved"
    trace = desk.trace(number)
    assert trace.index("leader_in_charge") < trace.index("principal_leader") < trace.index("handle")


def test_what_the_principal_leader_cannot_decide_goes_up(desk: Desk) -> None:
    number = desk.report("疑难的一件").number
    desk.do("leader_in_charge", outcome="passed")
    desk.do("principal_leader", outcome="passed")
    assert desk.child(number).place == CITY


# ---- seven lists -----------------------------------------------------------------------------------------------------


def test_a_major_problem_is_closed_only_when_it_is_struck_off(desk: Desk) -> None:
    number = desk.report("重大的一件").number
    assert desk.jobs("seven-lists.transfer")[0]["list"] == "safety"
    desk.say("seven-lists.accepted", number, reference="QD-1")
    shown = []
    for stage in ("measures", "rectification"):
        desk.say("seven-lists.stage", number, stage=stage)
        shown.append(desk.case(number).status)
        assert desk.tasks() == []
    assert shown == ["七张问题清单：措施", "七张问题清单：整改"]
    desk.say("seven-lists.stage", number, stage="strike_off")
    desk.do("lists_answer", answer="隐患已消除。")
    desk.say("rating.given", number, level=5)
    assert desk.case(number).status == "已办结"


def accepted(desk: Desk) -> str:
    number = str(desk.report("重大的一件").number)
    desk.say("seven-lists.accepted", number, reference="QD-1")
    return number


def test_stages_only_go_forward_whatever_comes_late_or_twice(desk: Desk) -> None:
    number = accepted(desk)
    shown = []
    for stage in ("rectification", "measures", "rectification", "rectification"):
        desk.say("seven-lists.stage", number, stage=stage)
        shown.append(desk.case(number).status)
    assert shown == ["七张问题清单：整改"] * 4
    desk.say("seven-lists.stage", number, stage="strike_off")
    desk.say("seven-lists.stage", number, stage="rectification")
    assert desk.tasks() == ["lists_answer"]
    assert desk.case(number).status == "七张问题清单已销号，准备答复企业"


def test_a_stage_that_overtakes_the_acceptance_counts_as_one(desk: Desk) -> None:
    number = desk.report("重大的一件").number
    desk.say("seven-lists.stage", number, stage="measures")
    assert desk.case(number).status == "七张问题清单：措施"
    desk.say("seven-lists.accepted", number, reference="QD-1")
    desk.say("seven-lists.stage", number, stage="strike_off")
    assert desk.tasks() == ["lists_answer"]


def test_a_problem_that_is_given_back_after_its_acceptance_comes_back_too(desk: Desk) -> None:
    number = accepted(desk)
    desk.say("seven-lists.stage", number, stage="measures")
    desk.say("seven-lists.rejected", number, reason="应由板块办理。")
    assert desk.tasks() == ["route"]
    desk.do("route", outcome="seven_lists", list="ecology", reason="改列环保清单。")
    desk.say("seven-lists.accepted", number, reference="QD-2")
    desk.say("seven-lists.stage", number, stage="measures")
    assert desk.case(number).status == "七张问题清单：措施"


def test_a_rejected_problem_comes_back_to_the_centre(desk: Desk) -> None:
    number = desk.report("重大的一件").number
    desk.say("seven-lists.rejected", number, reason="不属于清单范围。")
    desk.do("route", outcome="board", board=f"{COUNTY}.project")
    assert desk.tasks() == ["sign"]


def test_a_list_that_the_system_does_not_have_comes_back_to_the_centre(desk: Desk) -> None:
    desk.errors["seven-lists.transfer"] = "list_unknown"
    desk.report("重大的一件")
    assert desk.tasks() == ["route"]


def test_a_system_that_does_not_accept_is_asked_about_again_and_again(desk: Desk) -> None:
    number = desk.report("重大的一件").number
    desk.until(1, 14)
    assert desk.notices(number) == [("reminder", "01-08 17:30"), ("reminder", "01-13 17:30")]
    desk.say("seven-lists.accepted", number, reference="QD-1")
    desk.say("seven-lists.stage", number, stage="strike_off")
    assert desk.tasks() == ["lists_answer"]


# ---- up and back -----------------------------------------------------------------------------------------------------


def escalate(desk: Desk) -> None:
    desk.do("route", outcome="escalation", reason="权限在上级。")


def test_a_problem_climbs_from_township_to_task_force_and_comes_back(desk: Desk) -> None:
    number = desk.report("分不清的一件", place=TOWNSHIP).number
    places, lower = [], number
    for _ in range(3):
        escalate(desk)
        child = desk.child(lower)
        places.append(child.place)
        lower = child.number
    assert places == [COUNTY, CITY, PROVINCE]
    escalate(desk)
    assert desk.case(number).status == "上级办理中：浙江省已提请专班统筹"
    desk.do("reform_office", outcome="passed")
    desk.do("task_force", outcome="answered", answer="专班已协调解决。")
    assert desk.words(desk.jobs("channel.answer")[0]["text"]) == "专班已协调解决。"
    assert len(desk.jobs("channel.answer")) == 1
    desk.say("rating.given", number, level=5)
    assert desk.case(number).outcome == "solved"
    assert desk.tasks() == []
    for place in places:
        number = desk.child(number).number
        assert desk.case(number).closed_at is not None, place
        assert desk.stages(number)[0] == "intake"
        assert desk.stages(number)[-1] == "closure"


def test_the_task_force_explains(desk: Desk) -> None:
    number = desk.report("分不清的一件", place=PROVINCE).number
    escalate(desk)
    desk.do("reform_office", outcome="passed")
    desk.do("task_force", outcome="explained", answer="国家规定如此。")
    desk.say("rating.given", number, level=3)
    assert desk.case(number).outcome == "explained"


def test_the_reform_office_solves_it(desk: Desk) -> None:
    desk.report("分不清的一件", place=PROVINCE)
    escalate(desk)
    desk.do("reform_office", outcome="answered", answer="已协调。")
    assert desk.jobs("channel.answer")


def test_a_carried_problem_is_reviewed_until_it_is_settled_and_everybody_is_told(desk: Desk) -> None:
    number = desk.report("分不清的一件", place=CITY).number
    escalate(desk)
    escalate(desk)
    desk.do("reform_office", outcome="passed")
    desk.do("task_force", outcome="carried")
    assert "挂账" in desk.case(number).status
    assert "挂账" in desk.jobs("channel.progress")[-1]["text"]
    assert desk.tasks() == []
    desk.until(4, 30)
    desk.do("review", outcome="carried")
    assert desk.tasks() == []
    desk.until(8, 31)
    desk.do("review", outcome="answered", answer="政策已出台。")
    desk.say("rating.given", number, level=5)
    assert desk.case(number).outcome == "solved"


def test_a_problem_reported_at_the_top_is_carried_and_its_enterprise_told(desk: Desk) -> None:
    desk.report("分不清的一件", place=PROVINCE)
    escalate(desk)
    desk.do("reform_office", outcome="passed")
    desk.do("task_force", outcome="carried")
    assert "挂账" in desk.jobs("channel.progress")[-1]["text"]


def test_the_superior_place_returns_it_with_an_instruction(desk: Desk) -> None:
    number = desk.report("分不清的一件").number
    escalate(desk)
    child = desk.child(number).number
    desk.do("route", outcome="returned", guidance="请先组织会商。")
    assert desk.case(child).outcome == "returned"
    assert desk.tasks() == ["route"]
    assert desk.task("route").place == COUNTY
    desk.do("route", outcome="coordination", boards=[f"{COUNTY}.project", f"{COUNTY}.finance"])
    assert desk.tasks() == ["consult"] * 2


def test_a_problem_that_came_back_may_go_up_again(desk: Desk) -> None:
    number = desk.report("分不清的一件").number
    escalate(desk)
    desk.do("route", outcome="returned", guidance="请先组织会商。")
    desk.clock.advance(timedelta(minutes=1))
    escalate(desk)
    desk.do("route", outcome="answered", resolution="solved", answer="市里办好了。")
    desk.say("rating.given", number, level=5)
    assert desk.case(number).outcome == "solved"


def test_only_a_lower_place_s_problem_can_be_returned(desk: Desk) -> None:
    desk.report("分不清的一件")
    with pytest.raises(FormErrors):
        desk.do("route", outcome="returned", guidance="退回。")


def test_the_enterprise_withdraws_what_is_three_places_up(desk: Desk) -> None:
    number = desk.report("分不清的一件", place=TOWNSHIP).number
    for _ in range(3):
        escalate(desk)
    desk.say("withdrawal.requested", number)
    assert desk.tasks() == []
    for _ in range(4):
        case = desk.case(number)
        assert (case.outcome, case.closed_at is not None) == ("withdrawn", True)
        child = desk.child(number)
        number = child.number if child else number


def test_the_superior_place_s_board_handles_it_while_the_lower_place_watches(desk: Desk) -> None:
    number = desk.report("分不清的一件").number
    escalate(desk)
    desk.do("route", outcome="board", board=f"{CITY}.finance")
    assert desk.case(number).status == "上级办理中：湖州市已交板块办理"
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="answer", resolution="solved", answer="市里办好了。")
    assert desk.case(number).stage == "rating"
    assert desk.child(number).stage == "closure"


# ---- what the centre may decide --------------------------------------------------------------------------------------


def test_the_centre_hands_a_problem_to_one_of_the_seven_lists(desk: Desk) -> None:
    desk.report("分不清的一件")
    desk.do("route", outcome="seven_lists", list="ecology", reason="涉及环保督察。")
    assert desk.jobs("seven-lists.transfer")[0]["list"] == "ecology"


def test_the_centre_asks_the_leaders(desk: Desk) -> None:
    desk.report("分不清的一件")
    desk.do("route", outcome="leadership", reason="需要领导拍板。")
    assert desk.tasks() == ["leader_in_charge"]


def test_a_problem_whose_board_a_place_does_not_have_waits_for_the_centre(desk: Desk) -> None:
    desk.report("贷款到期续不上", place=TOWNSHIP)  # townships have no finance board
    assert desk.tasks() == ["route"]
