"""A board with a business system of its own: the order goes out, the answer comes back, and people are there when it does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from processes.casework import receipts
from processes.messaging.inlet import References
from tests.integration.models.desk import COUNTY, MODELS, Desk, models_with_test_decisions

FINANCE = f"{COUNTY}.finance"


def folder_with_systems(tmp_path: Path, row: str) -> Path:
    """The reference data; the board of this row of the organisations has a system."""
    folder = Path(shutil.copytree(MODELS / "reference", tmp_path / "reference"))
    file = folder / "organisations.csv"
    text = file.read_text("utf-8")
    assert row in text
    file.write_text(text.replace(row, f"{row}boards"), "utf-8")
    return folder


def cancelled(case: str, reference: str | None, reason: str, board: str = FINANCE) -> dict[str, object]:
    """What the system is told."""
    return {"case": case, "board": board, "reference": reference, "reason": reason}


def references(desk: Desk, number: str) -> References:
    """What is known of the orders of a case."""
    with desk.engine.database.read() as connection:
        return receipts.references(connection, number, "board.order")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The finance board has a system."""
    return Desk(models_with_test_decisions(), folder_with_systems(tmp_path, "330502,finance,吴兴区金融板块,board,,,,"))


@pytest.fixture
def number(desk: Desk) -> str:
    """A problem that the finance board has signed for."""
    number = str(desk.report("贷款到期续不上").number)
    desk.do("sign", outcome="accept")
    return number


def said(desk: Desk, what: str, number: str, reference: str = "BK-1", **payload: object) -> None:
    """The system says something about its order."""
    key = f"{number}/{FINANCE}/{reference}"
    told = {"case": number, "board": FINANCE, "reference": reference}
    desk.engine.correlate(f"board.{what}", key, {**told, **payload})
    desk.go_on()


def test_the_system_gets_the_order_with_its_deadline_and_nobody_gets_a_task(desk: Desk, number: str) -> None:
    (order,) = desk.jobs("board.order")
    assert (order["case"], order["board"], order["place"]) == (number, FINANCE, COUNTY)
    assert order["due_at"].startswith("2026-01-12T17:30")
    assert desk.tasks() == []


def test_a_board_without_a_system_is_asked_as_ever(desk: Desk) -> None:
    desk.report("跨板块的一件")
    assert desk.jobs("board.order") == []


def test_the_case_shows_what_the_system_reports_and_is_answered_with_its_result(desk: Desk, number: str) -> None:
    shown = []
    said(desk, "accepted", number)
    shown.append(desk.case(number).status)
    for status in ("正在核对账户", "等待银行答复"):
        said(desk, "progress", number, status=status)
        shown.append(desk.case(number).status)
    assert shown == [
        "吴兴区金融板块业务系统已受理",
        "吴兴区金融板块业务系统：正在核对账户",
        "吴兴区金融板块业务系统：等待银行答复",
    ]
    said(desk, "result", number, resolution="partly", answer="已续贷一半。")
    (answer,) = desk.jobs("channel.answer")
    assert (answer["text"], answer["outcome"]) == ("已续贷一半。", "partly")


def test_news_that_come_twice_or_in_another_order_do_no_harm(desk: Desk, number: str) -> None:
    for _ in range(2):
        said(desk, "accepted", number)
    said(desk, "result", number, resolution="solved", answer="已续上。")
    said(desk, "accepted", number)
    said(desk, "result", number, resolution="explained", answer="又一份。")
    assert [each["text"] for each in desk.jobs("channel.answer")] == ["已续上。"]
    assert desk.case(number).stage == "rating"


def test_news_that_overtake_the_receipt_of_the_order_wait_for_it(desk: Desk) -> None:
    desk.down.add("board.order")
    number = str(desk.report("贷款到期续不上").number)
    desk.do("sign", outcome="accept")
    said(desk, "accepted", number)
    said(desk, "result", number, resolution="solved", answer="已续上。")
    desk.down.clear()
    desk.go_on()
    assert [each["text"] for each in desk.jobs("channel.answer")] == ["已续上。"]


def test_what_is_said_of_another_order_is_not_taken_for_this_one(desk: Desk, number: str) -> None:
    said(desk, "result", number, reference="BK-0", resolution="solved", answer="不是这一件。")
    assert desk.jobs("channel.answer") == []


def test_the_red_light_brings_a_person_and_a_late_result_takes_the_task_away(desk: Desk, number: str) -> None:
    desk.until(1, 12, 17, 31)
    assert [kind for kind, _ in desk.notices(number)] == ["reminder", "supervision"]
    assert desk.tasks() == ["take_over"]
    said(desk, "result", number, resolution="solved", answer="已续上。")
    assert desk.tasks() == []
    assert [each["text"] for each in desk.jobs("channel.answer")] == ["已续上。"]


def test_who_takes_over_answers_as_ever(desk: Desk, number: str) -> None:
    desk.until(1, 13)
    desk.do("take_over", outcome="department", department=f"{COUNTY}.finance_office")
    desk.do("department_handle", outcome="reply", opinion="已协调银行。")
    desk.do("handle", outcome="answer", resolution="solved", answer="已续上。")
    assert desk.case(number).stage == "rating"


def test_an_order_that_cannot_be_delivered_goes_to_a_person_at_the_red_light(desk: Desk) -> None:
    desk.down.add("board.order")
    number = str(desk.report("贷款到期续不上").number)
    desk.do("sign", outcome="accept")
    desk.until(1, 12, 17, 31)
    assert desk.tasks() == ["take_over"]
    assert desk.engine.jobs("board.order") == []
    desk.do("take_over", outcome="answer", resolution="solved", answer="已续上。")
    assert desk.case(number).stage == "rating"


def test_a_system_that_refuses_the_order_leaves_it_to_people(desk: Desk) -> None:
    desk.errors["board.order"] = "order_refused"
    desk.report("贷款到期续不上")
    desk.do("sign", outcome="accept")
    assert desk.tasks() == ["handle"]


@pytest.mark.parametrize("request_", [None, "people"])
def test_an_order_that_comes_back_goes_to_the_boards_people(desk: Desk, number: str, request_: str | None) -> None:
    said(desk, "returned", number, request=request_, reason="系统里没有这类业务。")
    assert desk.tasks() == ["handle"]
    assert desk.case(number).status == "吴兴区金融板块业务系统已退回"


def test_the_system_asks_for_an_extension_once_and_gets_the_order_again(desk: Desk, number: str) -> None:
    said(desk, "returned", number, request="extend", days=3, reason="等银行回函。")
    desk.do("extension_ruling", outcome="grant", days=3)
    desk.say("hotline.extension-ruled", number, granted=True)
    orders = desk.jobs("board.order")
    assert [each["due_at"][:10] for each in orders] == ["2026-01-12", "2026-01-15"]
    said(desk, "returned", number, request="extend", days=3, reason="还要等。")
    assert desk.tasks() == ["handle"]


def test_the_enterprise_is_asked_by_the_system_and_the_clock_stands_still(desk: Desk, number: str) -> None:
    desk.until(1, 7)
    said(desk, "returned", number, request="ask", reason="请补充贷款合同。")
    assert [each["text"] for each in desk.jobs("channel.ask")] == ["请补充贷款合同。"]
    desk.until(1, 13)
    assert desk.notices(number) == []
    desk.say("supplement.answered", number, text="已补。")
    again = desk.jobs("board.order")[-1]
    assert (again["supplement"], again["due_at"][:10]) == ("已补。", "2026-01-16")


def test_what_the_system_cannot_do_goes_to_the_centre(desk: Desk, number: str) -> None:
    said(desk, "returned", number, request="cannot", reason="权限在市里。")
    assert desk.tasks() == ["route"]


def test_the_withdrawn_problem_waits_for_no_system_and_the_system_is_told(desk: Desk, number: str) -> None:
    desk.withdraw(number)
    assert desk.waiting_timers() == []
    assert desk.case(number).outcome == "withdrawn"
    assert desk.jobs("board.cancel") == [cancelled(number, "BK-1", "企业已撤回。")]
    assert desk.instance(number).state == "completed"


def test_a_withdrawn_problem_whose_order_may_be_on_its_way_is_cancelled_without_a_reference(desk: Desk) -> None:
    desk.down.add("board.order")
    number = str(desk.report("贷款到期续不上").number)
    desk.do("sign", outcome="accept")
    desk.withdraw(number)
    assert desk.jobs("board.cancel") == [cancelled(number, None, "企业已撤回。")]


def test_who_takes_over_and_answers_ends_the_order(desk: Desk, number: str) -> None:
    desk.until(1, 13)
    desk.down.add("board.cancel")
    desk.do("take_over", outcome="answer", resolution="solved", answer="已续上。")
    assert desk.case(number).stage == "rating"  # whoever waits for the answer does not wait for the system
    assert references(desk, number).valid == frozenset()
    assert references(desk, number).cancelled == {"BK-1"}
    desk.down.clear()
    desk.go_on()
    assert desk.jobs("board.cancel") == [cancelled(number, "BK-1", "已由板块经办人接手办理。")]


def test_an_order_that_ended_by_its_result_or_came_back_is_not_cancelled(desk: Desk, number: str) -> None:
    said(desk, "returned", number, request="people", reason="系统里没有这类业务。")
    desk.do("handle", outcome="answer", resolution="solved", answer="已续上。")
    desk.withdraw(number)
    assert desk.jobs("board.cancel") == []


def test_an_order_that_was_never_received_is_not_taken_for_the_one_before(desk: Desk, number: str) -> None:
    desk.until(1, 13)
    desk.do("take_over", outcome="ask", question="请补充贷款合同。")
    desk.down.add("board.order")
    desk.say("supplement.answered", number, text="已补。")
    desk.until(1, 30)
    desk.do("take_over", outcome="answer", resolution="solved", answer="已续上。")
    assert [each["reference"] for each in desk.jobs("board.cancel")] == ["BK-1", None]


def test_a_problem_withdrawn_below_is_cancelled_at_the_superior_places_board(tmp_path: Path) -> None:
    desk = Desk(models_with_test_decisions(), folder_with_systems(tmp_path, "3305,finance,湖州市金融板块,board,,,,"))
    number = str(desk.report("贷款到期续不上").number)
    desk.do("sign", outcome="accept")
    desk.do("handle", outcome="cannot", reason="权限在市里。")
    desk.do("route", outcome="escalation", reason="权限在市里。")
    desk.do("route", outcome="board", board="3305.finance")
    desk.do("sign", outcome="accept")
    child = desk.child(number)
    desk.withdraw(number)
    assert desk.child(number).outcome == "withdrawn"
    assert desk.jobs("board.cancel") == [cancelled(child.number, "BK-1", "企业已撤回。", "3305.finance")]
