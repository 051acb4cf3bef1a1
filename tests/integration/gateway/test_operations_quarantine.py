"""隔离区 and what is thrown away: filters, content as it came, sending again with or without changes, dismissing; each with the person."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from processes.casework.audit.unmasking import UNMASKED
from processes.casework.audit.verifying import stored
from processes.store import quarantine
from processes.store.quarantine import Entry
from processes.store.tables import Case
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.world import HOTLINE, World

Open = Callable[..., Browser]

ADMIN, LIST = "wx.yun", "/operations/quarantine"

REPORT = {
    "id": "12345-1",
    "title": "供电增容",
    "body": "我公司申请供电增容已两个月，仍未批复，影响投产。",
    "place": "330502",
}


def _refused(world: World, id: str = "m-1", data: object = None, **more: str) -> Entry:
    """A message of the hotline's that was refused, as it lies in the quarantine."""
    receive(world, id, {"title": "<b>没有编号"} if data is None else data, **more)
    with world.services.database.read() as connection:
        newest = quarantine.listed(connection, quarantine.Wanted(state=None), limit=1)[0]
        return quarantine.get(connection, newest.id)


def _entry(world: World, id: int) -> Entry:
    with world.services.database.read() as connection:
        return quarantine.get(connection, id)


def _cases(world: World) -> int:
    with world.services.database.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(Case)) or 0)


def _form(page: str) -> dict[str, str]:
    """What the form to send again is filled in with."""
    found = dict(re.findall(r'<textarea[^>]*name="(body|headers)"[^>]*>(.*?)</textarea>', page, re.DOTALL))
    found |= dict(re.findall(r'<input[^>]*name="(key|content_type)"[^>]*?value="([^"]*)"', page))
    return {name: html.unescape(value) for name, value in found.items()}


def _opened(admin: Browser, path: str) -> str:
    """The page, once it was said what the content is needed for."""
    admin.post(f"{path}/open", {"words": "更正格式"}, path)
    return admin.get(path)


def test_what_was_refused_is_listed_with_its_reason_and_counted_at_the_top(world: World, browser: Open) -> None:
    _refused(world)
    admin = browser(ADMIN)
    page = admin.get(LIST)
    assert "缺少必填字段" in page
    assert "hotline.order" in page
    assert "隔离区 1 条" in admin.get("/operations/")


def test_an_empty_quarantine_is_said_so(browser: Open) -> None:
    assert "隔离区是空的" in browser(ADMIN).get(LIST)


def test_the_list_is_narrowed_by_partner_type_time_text_and_state(world: World, browser: Open) -> None:
    _refused(world, "old-1")
    world.clock.advance(timedelta(days=10))
    _refused(world, "new-1", {"level": 9}, type="rating.given", partner="ratings")
    admin = browser(ADMIN)

    def shown(query: str) -> set[str]:
        return set(re.findall(r"(old-1|new-1)", admin.get(f"{LIST}?{query}")))

    assert shown("") == {"old-1", "new-1"}
    assert shown("partner=ratings") == {"new-1"}
    assert shown("type=hotline.order") == {"old-1"}
    assert shown("days=7") == {"new-1"}
    assert shown("q=OLD-") == {"old-1"}
    assert shown("q=%25") == set()
    assert shown("state=dismissed") == set()
    assert shown("state=nonsense&days=x") == {"old-1", "new-1"}
    assert "没有符合条件" in admin.get(f"{LIST}?partner=nobody")


def test_a_long_list_has_pages(world: World, browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.operations.quarantine.LISTED", 2)
    for number in range(3):
        _refused(world, f"m-{number}")
    admin = browser(ADMIN)
    page = admin.get(LIST)
    assert re.findall(r"m-\d", page) == ["m-2", "m-1"]
    (older,) = re.findall(r'href="([^"]+)">更早的', page)
    assert re.findall(r"m-\d", admin.get(html.unescape(older))) == ["m-0"]


def test_a_message_is_shown_as_it_came_escaped_and_laid_out(
    world: World, browser: Open, caplog: pytest.LogCaptureFixture
) -> None:
    entry = _refused(world)
    with caplog.at_level(logging.INFO, "bihuan.operations"):
        page = _opened(browser(ADMIN), f"{LIST}/{entry.id}")
    assert '"title": "<b>没有编号"' in _form(page)["body"]
    assert "<b>没有编号" not in page
    assert '"ce-id": "m-1"' in _form(page)["headers"]
    assert f"wx.yun looked at the quarantined message {entry.id}" in caplog.text
    browser(ADMIN).get(f"{LIST}/999", status=404)


def test_a_message_is_mended_and_sent_again(world: World, browser: Open) -> None:
    entry, admin = _refused(world), browser(ADMIN)
    path = f"{LIST}/{entry.id}"
    form = _form(_opened(admin, path))
    body = form["body"].replace(
        '"title"', '"id": "12345-9", "body": "我公司申请供电增容已两个月，仍未批复，影响投产。", "title"'
    )
    assert admin.post(f"{path}/resend", {**form, "body": body}, path) == path
    page = admin.get(path)
    assert re.search(r"已重新发送：已办理，问题编号 330502-26-\d{5}-\d", page)
    assert "修改过内容" in page
    assert "云秀英" in page
    assert "重新发送</button>" not in page
    assert (_cases(world), _entry(world, entry.id).state) == (1, "resent")
    assert _entry(world, entry.id).body == entry.body


def test_the_same_form_sent_twice_sends_once(world: World, browser: Open) -> None:
    entry, admin = _refused(world), browser(ADMIN)
    path = f"{LIST}/{entry.id}"
    form = _form(_opened(admin, path))
    form["body"] = form["body"].replace('"title"', '"id": "12345-9", "title"')
    for _ in range(2):
        admin.post(f"{path}/resend", form, "/operations/send")
    assert (_cases(world), len(_entry(world, entry.id).tries)) == (1, 1)


def test_what_is_still_wrong_is_said_and_what_was_typed_stays(world: World, browser: Open) -> None:
    entry, admin = _refused(world), browser(ADMIN)
    path = f"{LIST}/{entry.id}"
    form = _form(_opened(admin, path))
    page = admin.post(f"{path}/resend", {**form, "body": '{"id": 7}'}, path, status=422)
    assert "仍不符合约定" in page
    assert _form(page)["body"] == '{"id": 7}'
    page = admin.post(f"{path}/resend", {**form, "headers": "[1]"}, path, status=422)
    assert "还没有发送" in page
    found = _entry(world, entry.id)
    assert (found.state, [each.by for each in found.tries], found.times) == ("open", ["wx.yun"], 1)


def test_bytes_that_are_no_text_are_sent_again_as_they_came(world: World, browser: Open) -> None:
    sent = world.app.test_client().post(
        "/api/messages", data=b'{"id": "\xff', headers={"Authorization": f"Bearer {HOTLINE}"}
    )
    assert sent.status_code == 400
    admin = browser(ADMIN)
    page = admin.get(f"{LIST}/1")
    assert "不是有效的 UTF-8" in page
    admin.post(f"{LIST}/1/resend", _form(page), LIST, status=422)
    (done,) = _entry(world, 1).tries
    assert done.body == ""


def test_a_message_is_dismissed_only_with_a_reason(world: World, browser: Open) -> None:
    entry, admin = _refused(world), browser(ADMIN)
    path = f"{LIST}/{entry.id}"
    admin.post(f"{path}/dismiss", {"reason": "  "}, path)
    assert "请写明为什么" in admin.get(path)
    admin.post(f"{path}/dismiss", {"reason": "对方已更正重发"}, path)
    page = admin.get(path)
    assert "对方已更正重发" in page
    assert "云秀英" in page
    found = _entry(world, entry.id)
    assert (found.state, found.settled_by, found.note) == ("dismissed", "wx.yun", "对方已更正重发")
    admin.post(f"{path}/resend", {"key": "k"}, "/operations/send", status=None)
    assert "已由 wx.yun" in admin.get(path)
    admin.post(f"{LIST}/999/dismiss", {"reason": "x"}, "/operations/send", status=404)


def test_several_are_sent_again_or_dismissed_at_once(world: World, browser: Open) -> None:
    ids = [str(_refused(world, f"m-{number}").id) for number in range(3)]
    admin = browser(ADMIN)
    admin.post(f"{LIST}/several", {"what": "resend", "key": "k1"}, LIST)
    assert "还没有选中" in admin.get(LIST)
    admin.post(f"{LIST}/several", {"id": ids, "what": "resend", "key": "k1"}, LIST)
    assert "3 条仍不符合约定" in admin.get(LIST)
    admin.post(f"{LIST}/several", {"id": ids[:2], "what": "dismiss", "reason": ""}, LIST)
    assert "请写明为什么" in admin.get(LIST)
    admin.post(f"{LIST}/several", {"id": [*ids[:2], "999", "x"], "what": "dismiss", "reason": "测试数据"}, LIST)
    page = admin.get(LIST)
    assert "2 条已记为不再处理" in page
    assert "1 条已由同事处理过" in page
    assert [_entry(world, int(each)).state for each in ids] == ["dismissed", "dismissed", "open"]


def test_a_message_that_fits_meanwhile_is_sent_again_as_it_came(world: World, browser: Open) -> None:
    early = {"channel": "hotline", "original": "H1", "reason": "问题已自行解决。"}
    entry = _refused(world, "m-1", early, type="withdrawal.requested")
    world.report("H1")
    admin = browser(ADMIN)
    admin.post(f"{LIST}/several", {"id": str(entry.id), "what": "resend", "key": "k"}, LIST)
    assert "1 条已重新发送并生效" in admin.get(f"{LIST}?state=resent")
    assert _entry(world, entry.id).state == "resent"


def test_a_dead_letter_is_discarded_with_a_reason_and_kept_in_the_quarantine(world: World, browser: Open) -> None:
    give_up(world, "n-1")
    give_up(world, "n-2")
    chosen = next(each for each in world.services.upkeep.dead_letters() if each.message.id == "n-1")
    admin, page = browser(ADMIN), "/operations/dead-letters"
    for wrong, said in (({"id": chosen.id}, "请写明为什么"), ({"reason": "x"}, "还没有选中")):
        admin.post(f"{page}/discard", wrong, page)
        assert said in admin.get(page)
    admin.post(f"{page}/discard", {"id": chosen.id, "reason": "通知已过期"}, page)
    assert "已丢弃 1 条" in admin.get(page)
    assert [each.message.id for each in world.services.upkeep.dead_letters()] == ["n-2"]
    kept = _entry(world, 1)
    assert (kept.message_id, kept.state, kept.settled_by, kept.note, kept.door) == (
        "n-1", "dismissed", "wx.yun", "通知已过期", "dead",
    )  # fmt: skip
    assert "连续 9 次没有应答" in kept.reason
    assert "请及时办理".encode() in kept.body


PERSON = {
    "title": "7",
    "caller": "王小明",
    "phone": "13812345678",
    "body": "请回电 138 1234 5678 或 wang@example.cn",
    "place": 7,
}
TELLS = ("王小明", "13812345678", "138 1234 5678", "wang@example.cn")


def test_personal_data_is_masked_until_somebody_says_what_it_is_needed_for(world: World, browser: Open) -> None:
    entry, admin = _refused(world, data=PERSON), browser(ADMIN)
    path = f"{LIST}/{entry.id}"
    page = admin.get(path)
    assert "王****" in page
    assert "138****5678" in page
    assert _form(page).keys() == {"key"}
    for each in TELLS:
        assert each not in page
        assert each not in admin.get(LIST)
    admin.post(f"{path}/open", {"words": " "}, path)
    assert "请写明为什么需要看原文" in admin.get(path)
    page = _opened(admin, path)
    for each in TELLS:
        assert each in _form(page)["body"]
    with world.services.database.read() as connection:
        opened = [each for each in stored(connection) if each.act == UNMASKED]
    assert [(each.by, each.about) for each in opened] == [(ADMIN, f"message:{entry.id}")]
    assert "王小明" not in browser("zj.ge").get(path)
    world.clock.advance(timedelta(minutes=10))
    assert "王小明" not in admin.get(path)


def test_what_is_masked_is_sent_again_as_it_came_and_shows_nothing_when_it_is_still_wrong(
    world: World, browser: Open
) -> None:
    entry, admin = _refused(world, data=PERSON), browser(ADMIN)
    path = f"{LIST}/{entry.id}"
    page = admin.post(f"{path}/resend", {"key": "k", "body": '{"id": 7}'}, path, status=422)
    for each in TELLS:
        assert each not in page
    assert "王小明".encode() in _entry(world, entry.id).body


def test_dead_letters_are_masked(world: World, browser: Open) -> None:
    give_up(world, "n-1", reason="短信网关拒收 13812345678")
    page = browser(ADMIN).get("/operations/dead-letters")
    assert "138****5678" in page
    assert "13812345678" not in page
