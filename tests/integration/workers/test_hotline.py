"""The hotline's stand-in: real work orders, returns that it does not accept, extensions, urging, call-backs."""

from __future__ import annotations

from typing import Any

import pytest

from processes.messaging.contracts import parse
from processes.messaging.incoming import ReportMessage
from tests.integration.workers.conftest import Outside, Receiver

ORDER: dict[str, Any] = {
    "task_number": "12345-7",
    "source": "电话",
    "category": ["经济", "用电报装"],
    "description": "申请两个月没有答复。",
    "area": "330502102000",
    "street": "织里镇",
    "address": "示例路 8 号",
    "caller": "王女士",
    "phone": "13800000000",
    "longitude": 120.26,
    "工单性质": "诉求",
}


def reports(receiver: Receiver) -> list[ReportMessage]:
    """The orders that came, as the platform understands them."""
    found = [parse(message) for message in receiver.of("hotline.order")]
    return [each for each in found if isinstance(each, ReportMessage)]


def test_a_real_work_order_becomes_a_report_and_keeps_what_nobody_knows(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/hotline/orders", ORDER)
    receiver.wait(lambda it: len(it.messages) == 1)
    [report] = reports(receiver)
    assert (report.channel, report.original, report.round) == ("hotline", "12345-7", 1)
    assert (report.title, report.body, report.contact) == ("用电报装", "申请两个月没有答复。", "王女士")
    assert (report.place, report.address) == ("330502102000", "织里镇示例路 8 号")
    assert report.raw["工单性质"] == "诉求"
    assert report.submitted_at is not None


@pytest.mark.parametrize("order", [ORDER, {"id": "12345-7", "title": "用电报装", "body": "申请两个月没有答复。"}])
def test_an_order_given_back_may_come_again_in_another_round(
    outside: Outside, receiver: Receiver, order: dict[str, Any]
) -> None:
    outside.post("/control/hotline/orders", order)
    early = outside.post("/control/hotline/redispatch", {"original": "12345-7"})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_returned")
    for round in (2, 3):
        outside.post("/hotline/orders/12345-7/refusals", {"case": f"C-{round}", "reason": "不是我们的事", "result": 3})
        assert outside.get("/hotline/orders/12345-7")["status"] == "refused"
        outside.post("/control/hotline/redispatch", {"original": "12345-7", "reason": "就是你们的事"})
    receiver.wait(lambda it: len(it.messages) == 3)
    assert [each.round for each in reports(receiver)] == [1, 2, 3]
    assert {(each.original, each.body) for each in reports(receiver)} == {("12345-7", "申请两个月没有答复。")}
    assert receiver.messages[-1].data["round_reason"] == "就是你们的事"


def test_the_hotline_rules_on_an_extension_once(outside: Outside, receiver: Receiver) -> None:
    asked = {"case": "C-1", "days": 3, "reason": "缺配件", "due_at": "2026-12-03T17:30:00+08:00"}
    outside.post("/control/hotline/orders", ORDER)
    assert outside.post("/control/hotline/extension", {"original": "12345-7", "granted": True}).status_code == 409
    request = outside.post("/hotline/orders/12345-7/extensions", asked).json()["request"]
    outside.post("/control/hotline/extension", {"original": "12345-7", "granted": True})
    receiver.wait(lambda it: len(it.of("hotline.extension-ruled")) == 1)
    said = receiver.of("hotline.extension-ruled")[0].data
    assert (said["case"], said["request"], said["granted"]) == ("C-1", request, True)
    assert said["due_at"] == asked["due_at"]
    again = outside.post("/hotline/orders/12345-7/extensions", asked)
    assert (again.status_code, again.json()["error"]["code"]) == (422, "extension_refused")


def test_the_hotline_rules_by_script(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/hotline/script", {"extensions": [False]})
    outside.post("/hotline/orders/12345-7/extensions", {"case": "C-1", "days": 3, "reason": "缺配件"})
    receiver.wait(lambda it: [each.data["granted"] for each in it.of("hotline.extension-ruled")] == [False])


def test_the_hotline_urges_and_calls_back(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/hotline/orders", ORDER)
    for _ in range(2):
        assert outside.post("/control/hotline/urge", {"original": "12345-7"}).status_code == 202
    called = {"original": "12345-7", "level": 2, "solved": 1, "comment": "还是没电"}
    assert outside.post("/control/hotline/call-back", called).status_code == 409
    outside.post("/hotline/orders/12345-7/results", {"case": "C-1", "text": "已接通", "result": 0})
    assert outside.post("/control/hotline/call-back", {**called, "level": 9}).status_code == 422
    assert outside.post("/control/hotline/call-back", called).status_code == 202
    receiver.wait(lambda it: len(it.messages) == 4)
    assert [each.data["times"] for each in receiver.of("hotline.urged")] == [1, 2]
    said = receiver.of("hotline.called-back")[0].data
    assert (said["level"], said["solved"], said["comment"]) == (2, 1, "还是没电")


def test_a_result_that_no_hotline_knows_is_refused(outside: Outside) -> None:
    refused = outside.post("/hotline/orders/12345-7/results", {"text": "已接通", "result": 7})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "result_unknown")
