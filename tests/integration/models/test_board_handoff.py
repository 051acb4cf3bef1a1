"""One board: sign, dispute, handle, extend, ask, hand on; lights and notices at their times."""

from __future__ import annotations

import pytest

from processes.casework.forms import FormErrors
from tests.integration.models.desk import COUNTY, Desk

ANSWER = {"outcome": "answer", "resolution": "solved", "answer": "贷款已续上。"}


@pytest.fixture
def number(desk: Desk) -> str:
    """A problem that the finance board is to sign for."""
    return str(desk.report("贷款到期续不上").number)


def due(desk: Desk, element: str = "handle") -> str:
    return f"{desk.task(element).due_at:%m-%d %H:%M}"  # 17:30 in Beijing is 09:30 in UTC


def test_a_board_disputes_and_the_centre_gives_it_to_another_board(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="dispute", reason="不归金融板块。")
    desk.do("dispute_ruling", outcome="reassign", new_board=f"{COUNTY}.policy")
    assert desk.task("sign").organisation == f"{COUNTY}.policy"
    assert desk.case(number).board == f"{COUNTY}.policy"
    desk.do("sign", outcome="accept")
    assert desk.task("handle").organisation == f"{COUNTY}.policy"


def test_the_centre_cannot_give_it_back_to_the_board_that_disputes(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="dispute", reason="不归金融板块。")
    with pytest.raises(FormErrors):
        desk.do("dispute_ruling", outcome="reassign", new_board=f"{COUNTY}.finance")


def test_an_upheld_assignment_counts_as_signed(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="dispute", reason="不归金融板块。")
    desk.do("dispute_ruling", outcome="uphold", note="归你们办。")
    assert desk.tasks() == ["handle"]


def test_the_centre_takes_a_disputed_problem_back(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="dispute", reason="谁都不归。")
    desk.do("dispute_ruling", outcome="take_back")
    assert desk.tasks() == ["route"]


def test_after_a_working_day_there_is_no_dispute_any_more(desk: Desk, number: str) -> None:
    desk.until(1, 6, 17, 31)
    assert desk.notices(number) == [("reminder", "01-06 17:30")]
    with pytest.raises(FormErrors):
        desk.do("sign", outcome="dispute", reason="不归金融板块。")
    desk.do("sign", outcome="accept")
    assert desk.tasks() == ["handle"]


def test_an_ordinary_problem_has_five_working_days(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    assert due(desk) == "01-12 09:30"
    assert f"{desk.task('handle').warn_at:%m-%d}" == "01-09"


def test_lights_and_notices_come_at_their_times(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.until(1, 20)
    assert desk.notices(number) == [
        ("reminder", "01-09 17:30"),
        ("supervision", "01-12 17:30"),
        ("notice", "01-19 17:30"),
    ]
    recipients = [each["to"]["role"] for each in desk.jobs("notice.send")]
    assert recipients == ["board_handler", "supervisor", "leader_in_charge"]
    assert desk.case(number).status == "超期未办结，已通报"


def test_deadlines_cross_the_spring_festival(desk: Desk) -> None:
    desk.until(2, 12)
    number = desk.report("春节前的一件").number
    desk.do("sign", outcome="accept")
    assert due(desk) == "02-26 09:30"  # Friday, the working Saturday, and three days after nine days off
    desk.until(3, 10)
    assert desk.notices(number) == [
        ("reminder", "02-25 17:30"),
        ("supervision", "02-26 17:30"),
        ("notice", "03-04 17:30"),  # Saturday 28 February is a working day
    ]


def test_an_extension_is_granted_once_and_moves_the_lights(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="extend", days=3, reason="银行审批需要时间。")
    desk.do("extension_ruling", outcome="grant", days=3)
    desk.say("hotline.extension-ruled", number, granted=True)
    assert due(desk) == "01-15 09:30"
    with pytest.raises(FormErrors):
        desk.do("handle", outcome="extend", days=3, reason="再延。")
    desk.until(1, 16)
    assert desk.notices(number) == [("reminder", "01-14 17:30"), ("supervision", "01-15 17:30")]
    desk.do("handle", **ANSWER)
    assert desk.case(number).stage == "rating"


def test_no_more_days_are_granted_than_the_table_allows(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="extend", days=20, reason="要很久。")
    desk.do("extension_ruling", outcome="grant", days=20)
    assert desk.jobs("hotline.extend")[0]["days"] == 5
    desk.say("hotline.extension-ruled", number, granted=True)
    assert due(desk) == "01-19 09:30"


def test_a_refused_extension_leaves_the_deadline_and_sends_no_second_reminder(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.until(1, 12, 9)
    desk.do("handle", outcome="extend", days=3, reason="来不及。")
    desk.do("extension_ruling", outcome="refuse", note="抓紧办。")
    assert due(desk) == "01-12 09:30"
    desk.until(1, 13)
    assert desk.notices(number) == [("reminder", "01-09 17:30"), ("supervision", "01-12 17:30")]


def test_an_extension_must_be_asked_before_the_deadline(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.until(1, 13)
    with pytest.raises(FormErrors):
        desk.do("handle", outcome="extend", days=3, reason="来不及。")


def test_the_clock_stands_still_while_the_enterprise_is_asked(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.until(1, 7)
    desk.do("handle", outcome="ask", question="请补充营业执照。")
    assert desk.jobs("channel.ask")[0]["due_at"].startswith("2026-01-14T17:30")
    desk.until(1, 13)
    assert desk.notices(number) == []
    desk.say("supplement.answered", number, text="已补。")
    assert due(desk) == "01-16 09:30"  # four working days later than the 12th
    desk.do("handle", **ANSWER)
    assert desk.case(number).stage == "rating"


def test_asking_lapses_and_the_handler_goes_on(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="ask", question="请补充营业执照。")
    desk.until(1, 12, 17, 31)
    assert desk.tasks() == ["handle"]
    assert due(desk) == "01-19 09:30"


def test_asking_after_the_red_light_brings_no_second_supervision(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.until(1, 13)
    desk.do("handle", outcome="ask", question="请补充营业执照。")
    desk.until(1, 14)
    desk.say("supplement.answered", number, text="已补。")
    desk.until(1, 15)
    assert [kind for kind, _ in desk.notices(number)] == ["reminder", "supervision"]


def test_a_department_does_the_work_and_the_board_answers(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="department", department=f"{COUNTY}.finance_office")
    assert desk.tasks() == ["department_handle"]
    desk.do("department_handle", outcome="reply", opinion="已协调银行。")
    desk.do("handle", **ANSWER)
    assert desk.case(number).stage == "rating"


def test_what_the_board_cannot_do_goes_to_the_centre(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="cannot", reason="权限不够。")
    assert desk.tasks() == ["route"]
    desk.do("route", outcome="answered", resolution="explained", answer="现行政策不支持。")
    assert desk.jobs("channel.answer")[0]["outcome"] == "explained"


def test_notices_that_cannot_be_sent_do_not_hold_up_the_answer(desk: Desk, number: str) -> None:
    desk.down.add("notice.send")
    desk.do("sign", outcome="accept")
    desk.until(1, 13)
    desk.do("handle", **ANSWER)
    assert desk.case(number).stage == "rating"
    assert desk.engine.jobs("notice.send") == []


def test_the_withdrawn_problem_leaves_nothing_behind(desk: Desk, number: str) -> None:
    desk.do("sign", outcome="accept")
    desk.say("withdrawal.requested", number)
    assert desk.tasks() == []
    assert desk.waiting_timers() == []
    assert "已撤回" in desk.jobs("channel.progress")[-1]["text"]
