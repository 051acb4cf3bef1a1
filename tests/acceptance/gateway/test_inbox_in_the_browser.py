"""The inbox and the search in a real browser: by keyboard alone, with live counts, judged by axe."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

HANDLER, COORDINATOR = "wx.wu", "wx.li"


def test_a_row_is_taken_and_chosen_by_keyboard_alone(world: World, desk: At) -> None:
    world.report("H1")
    world.report("H2", title="项目用地审批", body="我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。")
    page = desk(HANDLER).open("/")
    listening = page.locator("[data-open-keys]").first  # scripts show it once they listen
    expect(listening).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator("[role=status]")).to_contain_text("已领取")
    expect(page.locator("[data-count=mine]")).to_have_text("1")
    expect(listening).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("h1")).to_have_text("这件事由谁办？")
    page = desk(COORDINATOR).open("/?tab=place")
    expect(page.locator("[data-open-keys]").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tbody input:checked")).to_have_count(1)


def test_the_numbers_change_while_the_page_is_open(world: World, desk: At) -> None:
    page = desk(HANDLER).page
    expect(page.locator("[data-count=todo]")).to_have_text("0")
    page.wait_for_load_state("load")
    # A report in a thread of its own: Playwright's loop is this one's.
    thread = threading.Thread(target=world.report, args=["H1"])
    thread.start()
    thread.join()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-count=todo]")).to_have_text("1")
    page.get_by_role("link", name="有变化，刷新").click()
    expect(page.locator("tbody tr")).to_have_count(1)


@pytest.mark.usefixtures("judge")
def test_every_page_fits_and_can_be_used_by_everybody(world: World, desk: At) -> None:
    world.report("H1")
    task = world.open_tasks()[0].id
    for account, paths in {
        HANDLER: ("/", "/?urgent=1", "/?tab=mine", "/?tab=done", f"/tasks/{task}/arrange", "/search", "/search?q=供电"),
        COORDINATOR: ("/?tab=place",),
    }.items():
        one = desk(account)
        one.page.locator("footer button[value=en]").click()
        for path in paths:
            assert one.unfit(path) == []
