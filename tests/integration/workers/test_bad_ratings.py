"""The rating system's stand-in: services that were rated badly, what was mended, and its review with a clock of five days."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from processes.clock import ManualClock
from processes.messaging.contracts import parse
from processes.messaging.incoming import ReportMessage
from tests.integration.workers.conftest import Outside, Receiver
from workers.standins.ratings import RatingSystem
from workers.standins.store import Store
from workers.standins.system import Request

BAD: dict[str, Any] = {
    "projNo": "p-7",
    "projName": "用电报装",
    "level": 1,
    "comment": "跑了三趟。",
    "applicantName": "示例精密机械有限公司",
    "applicantCardNumber": "91330000MA0000000X",
    "userProp": "2",
    "regionCode": "330502000000",
    "窗口": "3 号",
}


def rated(outside: Outside, receiver: Receiver, **changed: Any) -> ReportMessage:
    """The report that a bad rating becomes."""
    assert outside.post("/control/ratings/bad", {**BAD, **changed}).status_code == 202
    receiver.wait(lambda it: len(it.of("rating.order")) == 1)
    said = parse(receiver.messages[0])
    assert isinstance(said, ReportMessage)
    return said


def test_a_bad_rating_becomes_a_report_of_the_enterprise(outside: Outside, receiver: Receiver) -> None:
    report = rated(outside, receiver)
    assert (report.channel, report.original, report.title) == ("rating", "p-7", "非常不满意：用电报装")
    assert (report.body, report.enterprise, report.contact) == ("跑了三趟。", "示例精密机械有限公司", "")
    assert (report.uscc, report.place, report.raw["窗口"]) == ("91330000MA0000000X", "330502000000", "3 号")


def test_of_a_natural_person_the_name_is_a_contact(outside: Outside, receiver: Receiver) -> None:
    report = rated(outside, receiver, userProp="1", applicantName="王明", comment="")
    assert (report.enterprise, report.uscc, report.contact) == ("", "", "王明")
    assert "用电报装" in report.body


def test_an_item_is_rated_once(outside: Outside, receiver: Receiver) -> None:
    rated(outside, receiver)
    again = outside.post("/control/ratings/bad", BAD)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_rated")


def test_a_good_rating_is_no_problem(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/ratings/bad", {**BAD, "level": 3})
    receiver.wait(lambda it: len(it.refused) == 1)
    assert "level" in receiver.refused[0]
    assert receiver.messages == []


def test_what_was_mended_is_reviewed_once(outside: Outside, receiver: Receiver) -> None:
    rated(outside, receiver)
    assert outside.post("/control/ratings/review", {"projNo": "p-7", "passed": True}).status_code == 409
    assert outside.post("/ratings/items/p-7/rectifications", {"case": "C-1", "text": "已统一清单"}).status_code == 201
    assert (
        outside.post("/control/ratings/review", {"case": "C-1", "passed": False, "reason": "没上墙"}).status_code == 202
    )
    assert outside.post("/control/ratings/review", {"projNo": "p-7", "passed": True}).status_code == 409
    receiver.wait(lambda it: len(it.of("rating.reviewed")) == 1)
    said = receiver.of("rating.reviewed")[0].data
    assert (said["case"], said["passed"], said["reason"]) == ("C-1", False, "没上墙")
    item = outside.get("/ratings/items/p-7")
    assert [each["kind"] for each in item["history"]] == ["rated_badly", "rectified", "reviewed"]


def test_reviews_come_by_script(outside: Outside, receiver: Receiver) -> None:
    outside.post("/control/ratings/script", {"reviews": [True]})
    outside.post("/ratings/items/p-7/rectifications", {"case": "C-1", "text": "已统一清单"})
    receiver.wait(lambda it: [each.data["passed"] for each in it.of("rating.reviewed")] == [True])


def test_the_five_days_are_working_days(tmp_path: Path) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-11-27T10:00:00+08:00"))
    system = RatingSystem("ratings", Store(tmp_path / "ratings.sqlite", clock))
    system.control(Request("POST", ("bad",), body=BAD))
    system.control(Request("POST", ("bad",), body={**BAD, "projNo": "p-8"}))
    clock.advance(datetime.fromisoformat("2026-12-04T09:59:00+08:00") - clock.now())
    mended = {"case": "C-1", "text": "已统一清单"}
    system.handle(Request("POST", ("items", "p-7", "rectifications"), body=mended))
    clock.advance(datetime.fromisoformat("2026-12-04T10:01:00+08:00") - clock.now())
    system.handle(Request("POST", ("items", "p-8", "rectifications"), body=mended))
    late = {each: system.handle(Request("GET", ("items", each))).body["late"] for each in ("p-7", "p-8")}
    assert late == {"p-7": False, "p-8": True}
    system.store.close()
