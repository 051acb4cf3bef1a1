"""The channels on a platform as ``make run`` starts it: a mini-program, a bad rating, a hotline that does not accept a return."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.client.outside import Away
from tests.integration.bus.transports import eventually
from tests.integration.tour.conftest import Running

pytestmark = pytest.mark.slow


def look(running: Running, path: str) -> Any:
    """What an outside system shows, if it has it."""
    try:
        return running.outside.get(path)
    except Away:
        return None


def case_of(running: Running, system: str, key: str, original: str) -> str:
    """The case that an outside system was told of."""
    return str(eventually(lambda: (look(running, f"{system}/{key}/{original}") or {}).get("case")))


def do(running: Running, number: str, element: str, **form: Any) -> None:
    """Whoever has this task completes it."""

    def task() -> Any:
        rows = running.api.get(f"/api/cases/{number}")["tasks"]
        return next((row for row in rows if row["state"] == "open" and row["element"] == element), None)

    running.api.post(f"/api/tasks/{eventually(task)['id']}/complete", {"data": form})


def test_a_mini_program_files_a_problem_and_sees_it_closed(running: Running) -> None:
    request = {
        "id": "mini-1",
        "title": "新厂房燃气接入没有答复",
        "description": "我公司新厂房申请工业燃气接入，图纸交了两个月没有答复，锅炉不能点火，请协调燃气公司。",
        "enterprise": "湖州点火食品有限公司",
        "phone": "13905720099",
        "jurisdiction_id": "330502",
    }
    running.outside.act("wechat/requests", request, "mini-1")
    number = case_of(running, "wechat", "orders", "mini-1")
    running.outside.act("wechat/look", {"original": "mini-1"}, "mini-1-look")
    order = eventually(lambda: (order := running.outside.get("wechat/orders/mini-1")).get("seen") and order)
    assert (order["seen"]["service_request_id"], order["seen"]["status"]) == (number, "open")
    do(running, number, "sign", outcome="accept")
    do(running, number, "handle", outcome="answer", resolution="solved", answer="已接通。")
    running.outside.act("ratings/script", {"case": number, "ratings": [5]}, "mini-1-script")
    order = eventually(lambda: (order := running.outside.get("wechat/orders/mini-1"))["status"] == "answered" and order)
    assert order["history"][0]["kind"] == "filed"


def test_a_bad_rating_is_mended_reviewed_and_closed(running: Running) -> None:
    bad = {
        "projNo": "p-1",
        "projName": "建设工程施工许可",
        "level": 1,
        "comment": "我公司厂房扩建申请施工许可，窗口三次要求补不同的材料，拖了一个月，请统一材料清单。",
        "applicantName": "湖州扩建机械有限公司",
        "userProp": "2",
        "regionCode": "330502000000",
    }
    running.outside.act("ratings/bad", bad, "p-1")
    # What the platform tells on its way (已受理) goes to the channel of ratings.
    number = case_of(running, "rating", "orders", "p-1")
    do(running, number, "sign", outcome="accept")
    do(running, number, "handle", outcome="answer", resolution="solved", answer="已统一材料清单。")
    eventually(lambda: running.outside.get("ratings/items/p-1")["status"] == "rectified")
    running.outside.act("ratings/review", {"projNo": "p-1", "passed": True}, "p-1-review")
    case = eventually(lambda: (case := running.api.get(f"/api/cases/{number}"))["closed_at"] and case)
    assert case["outcome"] == "solved"
    assert running.outside.get("ratings/items/p-1")["late"] is False


def test_a_return_that_the_hotline_does_not_accept_is_a_new_round(running: Running) -> None:
    order = {
        "task_number": "12345-9",
        "subject": "在网店买的羽绒服质量差，要求退款",
        "description": "我上周在网上的一家童装店给孩子买了一件羽绒服，穿了两天就跑绒，联系商家不给退款，请消费者权益部门处理。",
        "area": "330502000000",
        "caller": "沈女士",
    }
    running.outside.act("hotline/orders", order, "12345-9")
    shown = eventually(lambda: (it := running.outside.get("hotline/orders/12345-9"))["status"] == "refused" and it)
    assert shown["history"][-1]["data"]["result"] == 3
    first = shown["case"]
    running.outside.act("hotline/redispatch", {"original": "12345-9", "reason": "涉及平台内企业"}, "12345-9-again")

    def again() -> Any:
        tasks = running.api.get("/api/tasks", role="intake_clerk")["tasks"]
        cases = [running.api.get(f"/api/cases/{row['number']}") for row in tasks]
        return next((each for each in cases if each["original"] == "12345-9（第2次派发）"), None)

    second = eventually(again)
    assert second["number"] != first
    do(running, second["number"], "triage", outcome="refuse", ground="不属于涉企问题：消费者对商家的投诉")
    eventually(lambda: running.api.get(f"/api/cases/{second['number']}")["closed_at"])
    eventually(lambda: running.outside.get("hotline/orders/12345-9")["status"] == "refused")


def test_an_urging_of_a_closed_case_is_refused_with_the_reason(running: Running) -> None:
    shown = running.outside.get("hotline/orders/12345-9")
    assert shown["status"] == "refused"
    running.outside.act("hotline/urge", {"original": "12345-9"}, "12345-9-urge")

    def refused() -> Any:
        pushes = running.outside.get("hotline/pushes?type=hotline.urged&state=refused")
        return next((each for each in pushes if each["subject"] == "12345-9"), None)

    assert "已经办结" in eventually(refused)["answer"]
