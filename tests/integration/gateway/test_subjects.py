"""个人信息申请: somebody at the counter has what is held about him or her looked up, copied, put right, deleted; somebody else decides."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from processes.casework.audit.verifying import stored
from processes.store.tables import PersonalData, ReportText
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World
from tests.integration.subjects import held
from tests.integration.subjects.held import ADDRESS, EMAIL, NAME, PHONE, TRACES

Open = Callable[..., Browser]

REASON = "本人持身份证到窗口申请"
NEW = "13900009999"


@pytest.fixture
def clerk(browser: Open) -> Browser:
    """The centre's coordinator."""
    return browser("wx.li")


@pytest.fixture
def administrator(browser: Open) -> Browser:
    """The security administrator."""
    return browser("wx.su")


def asked(clerk: Browser, kind: str, status: int = 302, **more: str) -> str:
    found = clerk.post("/subjects/find", {"phone": PHONE}, "/subjects/", 200)
    given = {"phone": PHONE, "report": re.findall(r'name="report" value="([^"]+)"', found), "reason": REASON}
    return clerk.post("/subjects/ask", {**given, "kind": kind, **more}, "/subjects/", status)


def decided(administrator: Browser, verdict: str = "approve", status: int = 302, words: str = "材料齐全") -> str:
    page = administrator.get("/subjects/approvals")
    [request] = re.findall(r'action="/subjects/([^/]+)/decide"', page)
    sent = {"verdict": verdict, "words": words}
    return administrator.post(f"/subjects/{request}/decide", sent, "/subjects/approvals", status)


def test_a_copy_has_what_is_held_to_read_and_for_machines_with_the_files(
    world: World, clerk: Browser, administrator: Browser
) -> None:
    who = held.spread(world)
    asked(clerk, "export")
    assert "下载副本" not in clerk.get("/subjects/")
    decided(administrator)
    path = re.findall(r'action="(/subjects/[^/]+/copy)"', clerk.get("/subjects/"))[0]
    copy = _copy(clerk, path)
    found = json.loads(copy.read("data.json"))
    assert {each["number"] for each in found["reports"]} == {who.hotline, who.portal}
    portal = next(each for each in found["reports"] if each["number"] == who.portal)
    assert portal["contact"]["name"] == NAME
    assert portal["as_it_came"]["nested"][0]["mail"] == EMAIL
    assert [each["text"] for each in portal["said"]] == [f"{EMAIL} 撤回"]
    assert [each["text"] for each in found["refused_messages"]] != []
    page = copy.read("index.html").decode()
    for each in (PHONE, NAME, EMAIL, ADDRESS, who.hotline):
        assert each in page
    [photo] = [each for each in copy.namelist() if each.endswith(f"{NAME}.png")]
    assert copy.read(photo) == b"\x89PNG\r\n\x1a\n" + PHONE.encode()
    assert [act for act, _outcome in held.log(world)][-1] == "subject.export"
    world.clock.advance(timedelta(days=7))
    _copy_refused(clerk, path)


def test_a_copy_is_fetched_by_who_asked_for_it_alone(
    world: World, clerk: Browser, administrator: Browser, browser: Open
) -> None:
    held.closed(world)
    asked(clerk, "export")
    decided(administrator)
    path = re.findall(r'action="(/subjects/[^/]+/copy)"', clerk.get("/subjects/"))[0]
    other = browser("zj.li")
    other.post(path, {}, "/subjects/", 404)
    administrator.post(path, {}, "/subjects/approvals", 403)


def test_a_deletion_from_the_counter_to_the_last_byte(world: World, clerk: Browser, administrator: Browser) -> None:
    held.spread(world)
    asked(clerk, "delete")
    assert "等待审批" in clerk.get("/subjects/")
    waiting = administrator.get("/subjects/approvals")
    assert REASON in waiting
    for each in TRACES:
        assert each not in waiting
    decided(administrator)
    held.carry_out(world)
    page = clerk.get("/subjects/")
    assert "已完成" in page
    assert held.places(world) == {each: set() for each in TRACES}
    assert "查到 0 件" in clerk.post("/subjects/find", {"phone": NEW}, "/subjects/", 200)


def test_open_cases_are_refused_with_what_to_do(world: World, clerk: Browser) -> None:
    number = world.report("O-1", phone=PHONE).number
    page = asked(clerk, "delete", 422)
    assert "先办结，或由本人撤回" in page
    assert f"{number} 还没有办结，不能删除" in page
    assert held.log(world) == [("subject.find", "done")]


def test_turned_down_nothing_happens(world: World, clerk: Browser, administrator: Browser) -> None:
    held.closed(world)
    asked(clerk, "delete")
    assert "请写明理由" in decided(administrator, "refuse", 422, words=" ")
    decided(administrator, "refuse", words="没有附身份证明")
    held.carry_out(world)
    page = clerk.get("/subjects/")
    assert "没有附身份证明" in page
    assert PHONE in "".join(_column(world, PersonalData.phone))


def test_contact_data_is_put_right_and_the_old_is_found_no_more(world: World, clerk: Browser) -> None:
    raw = {"tel": PHONE, "tel_number": int(PHONE)}
    number = world.report("C-1", phone=PHONE, contact="王朋").number
    with world.services.database.write() as connection:
        connection.execute(ReportText.__table__.update().values(raw=raw))  # type: ignore[attr-defined]
    found = clerk.post("/subjects/find", {"phone": PHONE}, "/subjects/", 200)
    given = {"phone": PHONE, "report": re.findall(r'name="report" value="([^"]+)"', found)}
    wrong = clerk.post("/subjects/correct", {**given, "new_phone": "12", "why": "本人来函"}, "/subjects/", 422)
    assert "电话应是 7 至 20 位数字" in wrong
    told = clerk.post("/subjects/correct", {**given, "new_phone": NEW, "why": f"换号 {NEW}"}, "/subjects/", 422)
    assert "审计日志" in told
    clerk.post("/subjects/correct", {**given, "new_phone": NEW, "new_contact": "王明", "why": "本人来函"}, "/subjects/")
    assert _column(world, PersonalData.phone) == [NEW]
    assert _column(world, ReportText.raw) == [{"tel": NEW, "tel_number": NEW}]
    assert number in clerk.client.get(f"/search?q={NEW}", follow_redirects=True).text
    assert number not in clerk.client.get(f"/search?q={PHONE}", follow_redirects=True).text
    with world.services.database.read() as connection:
        entry = next(each for each in stored(connection) if each.act == "subject.correct")
    assert json.loads(entry.detail) == {"fields": "phone contact", "reason": "本人来函"} or json.loads(
        entry.detail
    ) == {"fields": "contact phone", "reason": "本人来函"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "请填手机号"),
        ({"phone": "abc"}, "“手机号”应是"),
        ({"email": "x"}, "“电子邮箱”应写成"),
        ({"name": "王明"}, "同名的人很多"),
    ],
)
def test_who_it_is_about_has_to_be_said_properly(clerk: Browser, given: dict[str, str], told: str) -> None:
    assert told in clerk.post("/subjects/find", given, "/subjects/", 422)


def test_a_place_answers_for_itself_and_those_below(world: World, browser: Open) -> None:
    held.closed(world)
    elsewhere = browser("nx.li").post("/subjects/find", {"phone": PHONE}, "/subjects/", 200)
    assert "查到 0 件" in elsewhere
    assert "另有 1 件在" in elsewhere
    assert "查到 1 件" in browser("zj.li").post("/subjects/find", {"phone": PHONE}, "/subjects/", 200)


def test_the_page_is_the_centres_and_the_decision_the_security_administrators(
    clerk: Browser, administrator: Browser, browser: Open
) -> None:
    clerk.get("/subjects/approvals", 403)
    administrator.get("/subjects/", 403)
    for account in ("wx.yun", "wx.pan", "wx.wu"):
        other = browser(account)
        other.get("/subjects/", 403)
        other.get("/subjects/approvals", 403)


def test_that_somebody_looked_is_in_the_log_with_the_number_masked(world: World, clerk: Browser) -> None:
    clerk.post("/subjects/find", {"phone": PHONE, "email": EMAIL}, "/subjects/", 200)
    with world.services.database.read() as connection:
        entry = next(each for each in stored(connection) if each.act == "subject.find")
    assert json.loads(entry.detail) == {"email": "o****@jingshu.example", "found": 0, "phone": "138****7777"}


def _copy(clerk: Browser, path: str) -> zipfile.ZipFile:
    token = re.findall(r'name="csrf_token" value="([^"]+)"', clerk.get("/subjects/"))[0]
    answer = clerk.client.post(path, data={"csrf_token": token})
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.data))


def _copy_refused(clerk: Browser, path: str) -> None:
    clerk.post(path, {}, "/subjects/", 409)


def _column(world: World, column: object) -> list[object]:
    with world.services.database.read() as connection:
        return list(connection.scalars(select(column)))  # type: ignore[call-overload]
