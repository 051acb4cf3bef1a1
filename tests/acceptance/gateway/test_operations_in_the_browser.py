"""The operators' pages in a real browser: at a desk and on a phone, with and without scripts, judged by axe."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from processes.messaging.bus import Address
from tests import axe
from tests.acceptance.gateway.conftest import PHONE, Desk
from tests.integration.gateway.operating import count, give_up, receive
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

ADMIN = "wx.yun"

LONG = "热线系统没有应答（503 Service Unavailable），连续 9 次；Averylongwordwithoutanyblank" + "x" * 120


def _busy(world: World) -> None:
    """Something of everything."""
    for number in range(3):
        give_up(world, f"n-{number}", reason=LONG)
    give_up(world, "r-1", address=Address.INBOX, topic="rating.given", reason="数据库没有应答")
    count(world, "hotline", "hotline.order", "accepted", 12_345)
    count(world, "ratings", "rating.given", "duplicate", 3)
    receive(world, "bad-1", {"id": "", "title": "x" * 400})
    receive(world, "bad-2" + "x" * 150, {"level": 9}, type="rating.given", partner="ratings")


PAGES = (
    "/operations/",
    "/operations/quarantine",
    "/operations/quarantine/1",
    "/operations/dead-letters",
    "/operations/send",
)


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "quiet"])
def test_every_page_fits_and_can_be_used_by_everybody(world: World, desk: At, busy: bool) -> None:
    if busy:
        _busy(world)
    admin = desk(ADMIN)
    for path in PAGES:
        if busy or not path.endswith("/1"):
            assert admin.unfit(path) == []


@pytest.mark.usefixtures("judge")
def test_a_message_that_is_refused_is_told_to_everybody(world: World, desk: At) -> None:
    admin = desk(ADMIN, PHONE)
    page = admin.open("/operations/send?partner=ratings&message=rating.given@1")
    page.fill("[name='f.level']", "九")
    page.click("button:has-text('以 ratings 的名义发送')")
    expect(page.locator(".summary")).to_contain_text("应是整数")
    expect(page.locator("[name='f.level']")).to_have_value("九")
    expect(page.locator("[name='f.level']")).to_be_focused()
    assert admin.cut_off() == []
    assert axe.violations(page) == []


def test_a_quarantined_message_is_mended_and_sent_again(world: World, desk: At) -> None:
    receive(world, "m-1", {"title": "供电增容", "body": "我公司申请供电增容已两个月，仍未批复，影响投产。"})
    page = desk(ADMIN).open("/operations/")
    page.click("a:has-text('去处理')")
    page.click("a[data-row]")
    page.fill("#needed", "更正格式")
    page.click("button:has-text('显示原文')")
    page.fill(
        "#body", '{"id": "12345-9", "body": "我公司申请供电增容已两个月，仍未批复，影响投产。", "place": "330502"}'
    )
    page.click("button:has-text('重新发送')")
    expect(page.locator("[role=status]").first).to_contain_text(re.compile(r"已办理，问题编号 330502-26-\d{5}-\d"))


def test_the_letters_of_a_page_are_chosen_at_once_and_put_back(world: World, desk: At) -> None:
    _busy(world)
    page = desk(ADMIN).open("/operations/dead-letters")
    page.check("text=全选")
    expect(page.locator("tbody input[type=checkbox]:checked")).to_have_count(4)
    page.click("button:has-text('重新投递所选')")
    expect(page.locator("[role=status]").first).to_contain_text("已重新投递 4 条")
    expect(page.locator("main")).to_contain_text("没有死信")


def test_all_letters_are_put_back_by_one_click_however_many(
    world: World, desk: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operations.dead.PART", 2)
    for number in range(7):
        give_up(world, f"n-{number}")
    page = desk(ADMIN).open("/operations/dead-letters")
    page.click("button:has-text('全部重新投递')")
    page.wait_for_url(re.compile("dead-letters$"))
    expect(page.locator("[role=status]").first).to_contain_text("已重新投递 7 条")


def test_without_scripts_all_letters_are_put_back_step_by_step(
    world: World, desk: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operations.dead.PART", 2)
    for number in range(3):
        give_up(world, f"n-{number}")
    page = desk(ADMIN, scripts=False).open("/operations/dead-letters")
    assert page.locator("[data-select-all]").is_hidden()
    page.click("button:has-text('全部重新投递')")
    assert page.locator("progress").get_attribute("value") == "2"
    page.click("button:has-text('继续')")
    assert "已重新投递 3 条" in page.content()


def test_a_test_message_becomes_a_case_in_one_click(world: World, desk: At) -> None:
    page = desk(ADMIN).open("/operations/send?partner=hotline")
    page.click("button:has-text('以 hotline 的名义发送')")
    expect(page.locator("[role=status]").first).to_contain_text(re.compile(r"问题编号 330502-26-\d{5}-\d"))


def test_the_command_is_copied_whole(desk: At) -> None:
    page = desk(ADMIN).open("/operations/send?partner=hotline")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-copy=curl]")
    expect(page.locator("[data-copy=curl]")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#curl").inner_text()
