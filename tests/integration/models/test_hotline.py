"""What the hotline says of an order that it sent: urged, more time, called back, sent again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from processes.store.tables import Note, Report
from tests.integration.models.desk import COUNTY, Desk

BOARD = {"role": "board_handler", "organisation": f"{COUNTY}.finance", "place": COUNTY}
CENTRE = {"role": "coordinator", "organisation": None, "place": COUNTY}


def urge(desk: Desk, number: str, *holders: dict[str, str]) -> None:
    desk.say("hotline.urged", number, reason="请尽快联系。", times=1, holders=list(holders))


def extend(desk: Desk) -> str:
    number = str(desk.report("贷款到期续不上").number)
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="extend", days=3, reason="银行审批需要时间。")
    return number


# ---- 催办 ----------------------------------------------------------------------------------------------------------------


def test_an_urging_goes_to_whoever_has_the_case_and_stops_nothing(desk: Desk) -> None:
    number = str(desk.report("贷款到期续不上").number)
    urge(desk, number, BOARD)
    urge(desk, number, BOARD, {"person": "finance01"})
    assert desk.tasks() == ["sign"]
    assert [each["to"] for each in desk.jobs("notice.send")] == [BOARD, BOARD, {"person": "finance01"}]
    with desk.engine.database.read() as connection:
        assert list(connection.scalars(select(Note.kind))) == ["urging"] * 3
    assert desk.case(number).status == "热线催办，已转告经办人"


def test_an_urging_while_nobody_has_the_case_goes_to_the_centre(desk: Desk) -> None:
    number = str(desk.report("分不清的一件").number)
    desk.do("route", outcome="answered", resolution="solved", answer="办好了。")
    urge(desk, number)
    assert [each["to"] for each in desk.jobs("notice.send")] == [CENTRE]


# ---- 延期 ----------------------------------------------------------------------------------------------------------------


def test_an_extension_of_a_work_order_needs_the_hotline(desk: Desk) -> None:
    number = extend(desk)
    desk.do("extension_ruling", outcome="grant", days=3)
    assert desk.tasks() == []
    [asked] = desk.jobs("hotline.extend")
    assert (asked["days"], asked["due_at"][:16]) == (3, "2026-01-15T17:30")
    assert desk.words(asked["reason"]) == "银行审批需要时间。"
    desk.say("hotline.extension-ruled", number, granted=True)
    assert f"{desk.task('handle').due_at:%m-%d}" == "01-15"


def test_what_the_hotline_refuses_keeps_its_deadline(desk: Desk) -> None:
    number = extend(desk)
    desk.do("extension_ruling", outcome="grant", days=3)
    desk.say("hotline.extension-ruled", number, granted=False, reason="来电人催得紧。")
    assert f"{desk.task('handle').due_at:%m-%d}" == "01-12"


def test_a_hotline_that_takes_no_extension_refuses_it(desk: Desk) -> None:
    desk.errors["hotline.extend"] = "extension_refused"
    extend(desk)
    desk.do("extension_ruling", outcome="grant", days=3)
    assert f"{desk.task('handle').due_at:%m-%d}" == "01-12"


def test_a_silent_hotline_has_not_agreed(desk: Desk) -> None:
    extend(desk)
    desk.do("extension_ruling", outcome="grant", days=3)
    desk.until(1, 6, 17, 29)
    assert desk.tasks() == []
    desk.until(1, 6, 17, 31)
    assert f"{desk.task('handle').due_at:%m-%d}" == "01-12"


def test_what_the_centre_refuses_is_not_asked_of_the_hotline(desk: Desk) -> None:
    extend(desk)
    desk.do("extension_ruling", outcome="refuse", note="抓紧办。")
    assert desk.tasks() == ["handle"]
    assert desk.jobs("hotline.extend") == []


def test_another_channel_is_not_asked(desk: Desk) -> None:
    desk.report("贷款到期续不上", channel="counter")
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="extend", days=3, reason="银行审批需要时间。")
    desk.do("extension_ruling", outcome="grant", days=3)
    assert f"{desk.task('handle').due_at:%m-%d}" == "01-15"
    assert desk.jobs("hotline.extend") == []


# ---- 回访 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "solved", "tasks"), [(5, 0, []), (3, 2, []), (2, 0, ["call_back"]), (5, 1, ["call_back"])]
)
def test_a_call_back_of_the_hotline_counts_as_the_rating(desk: Desk, level: int, solved: int, tasks: list[str]) -> None:
    number = str(desk.report("分不清的一件").number)
    desk.do("route", outcome="answered", resolution="solved", answer="办好了。")
    desk.say("rating.given", number, level=level, solved=solved)
    assert desk.tasks() == tasks
    assert desk.case(number).rating == str(level)


# ---- 退回 ----------------------------------------------------------------------------------------------------------------


def test_what_was_given_back_and_comes_again_is_for_a_person(desk: Desk) -> None:
    first = desk.report("不属于涉企的一件", original="12345-7")
    assert (first.outcome, desk.tasks()) == ("refused", [])
    again = desk.report("不属于涉企的一件", original="12345-7", round=2)
    assert (again.outcome, desk.tasks()) == ("person", ["triage"])
    assert again.number != first.number
    desk.do("triage", outcome="refuse", ground="不属于涉企问题：消费者对商家的投诉")
    assert [each["original"] for each in desk.jobs("channel.refuse")] == ["12345-7", "12345-7"]
    with desk.engine.database.read() as connection:
        assert list(connection.scalars(select(Report.original).order_by(Report.original))) == [
            "12345-7",
            "12345-7（第2次派发）",
        ]


def test_the_same_round_comes_once(desk: Desk) -> None:
    first = desk.report("不属于涉企的一件", original="12345-7", round=2)
    again = desk.report("不属于涉企的一件", original="12345-7", round=2)
    assert (again.outcome, again.number) == ("known", first.number)
