"""A task's page in a real browser: files on their way, rows by the keyboard, templates at the cursor, two people at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select, update

from processes.store.tables import Attachment, UserTask
from tests.acceptance.gateway.conftest import PHONE, WIDE, Desk
from tests.integration.gateway.rows import begin
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]


def test_files_go_out_as_they_are_chosen_and_the_form_waits_for_them(world: World, desk: At, tmp_path: Path) -> None:
    number = _signed(world)
    page = _open(world, desk("wx.wu"), number)
    held: list[Route] = []
    passing: list[bool] = []
    page.route("**/uploads", lambda route: route.continue_() if passing else held.append(route))
    page.set_input_files("#f-files", [_file(tmp_path, "批复.pdf", b"%PDF-1.7"), _file(tmp_path, "程序.exe", b"MZ\0\0")])
    expect(page.locator(".files progress")).to_have_count(2)
    page.check("text=已解决")
    page.fill("textarea[name=answer]", "增容方案已批复。")
    page.click(".outcomes button:has-text('答复企业')")
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已保存")  # which says nothing over what the form waits for
    expect(page.locator("[data-waiting]")).to_contain_text("正在上传")
    passing.append(True)
    held[0].continue_()  # they go one after the other
    expect(page.locator(".files a:has-text('批复.pdf')")).to_be_visible()
    expect(page.locator(".files .wrong")).to_contain_text("不是可以上传的类型")
    expect(page.locator(".files progress")).to_have_count(0)
    expect(page.locator("[data-waiting]")).to_be_empty()
    page.click(".outcomes button:has-text('答复企业')")
    expect(page.locator("[role=status]").first).to_contain_text("已提交")
    with world.services.database.read() as connection:
        assert connection.scalars(select(Attachment.name)).all() == ["批复.pdf"]


def test_a_file_survives_the_page_and_is_taken_out_by_the_keyboard(world: World, desk: At, tmp_path: Path) -> None:
    page = _open(world, desk("wx.wu"), _signed(world))
    page.set_input_files("#f-files", _file(tmp_path, "批复.pdf", b"%PDF-1.7"))
    expect(page.locator(".files a")).to_have_text("批复.pdf")
    page.reload()
    page.focus(".files button")
    page.keyboard.press("Enter")
    expect(page.locator(".files li")).to_have_count(0)
    page.reload()
    expect(page.locator(".files li")).to_have_count(0)


def test_rows_are_filled_in_by_the_keyboard_alone(world: World, desk: At) -> None:
    task = begin(world)
    page = desk("wx.wu").open(f"/tasks/{task}")
    rows = page.locator("[data-entry]")
    page.focus("[name='costs.0.what']")
    page.keyboard.type("检测费")
    page.keyboard.press("Tab")
    page.keyboard.type("1200")
    page.focus("[data-add]")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    expect(page.locator("[name='costs.1.what']")).to_be_focused()
    page.keyboard.type("差旅费")
    page.keyboard.press("Enter")  # what the button in sight does: nothing is taken away
    expect(page.locator(".summary")).to_contain_text("第2行：请填写“金额（元）”")
    expect(page.locator("[name='costs.1.amount']")).to_be_focused()
    page.focus("[data-drop] >> nth=0")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(page.locator("[data-drop]")).to_be_focused()
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已保存")
    page.goto(page.url)
    expect(page.locator("[name='costs.0.what']")).to_have_value("差旅费")
    expect(rows).to_have_count(1)


def test_a_template_goes_in_at_the_cursor_and_undo_takes_it_out(world: World, desk: At) -> None:
    number = _signed(world)
    page = _open(world, desk("wx.wu"), number)
    page.fill("[name=answer]", "甲乙")
    page.focus("[name=answer]")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.click("li:has-text('供电增容') [data-insert]")
    answer = page.locator("[name=answer]")
    expect(answer).to_have_value(re.compile(f"^甲湖州一二三机械有限公司：.*{number}.*乙$", re.DOTALL))
    page.keyboard.press("Control+z")
    expect(answer).to_have_value("甲乙")


def test_two_people_on_one_task_are_told_of_each_other(world: World, desk: At) -> None:
    number = world.report("H1").number
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).values(assignee="wx.zheng"))
    first = _open(world, desk("wx.zheng"), number)
    expect(first.locator("[data-presence]")).to_be_hidden()
    _asked(first)
    second = _open(world, desk("wx.feng"), number)
    expect(second.locator("[data-presence]")).to_contain_text("郑素珍")
    _asked(second)
    _asked(first)
    expect(first.locator("[data-presence]")).to_contain_text("冯明亮")
    second.click(".outcomes button:has-text('提出异议')")
    second.fill("textarea[name=reason]", "不属于本板块")
    expect(second.locator("[data-draft-note]")).to_contain_text("草稿已保存")
    first.click(".outcomes button:has-text('签收')")
    expect(first.locator("[role=status]").first).to_contain_text("已提交")
    _asked(second)
    expect(second.locator("[data-presence]")).to_contain_text("已由郑素珍办结")
    expect(second.locator("textarea[name=reason]")).to_have_value("不属于本板块")
    second.reload()
    expect(second.locator("main")).to_contain_text("不属于本板块")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_nothing_is_cut_off(world: World, desk: At, size: tuple[int, int], tmp_path: Path) -> None:
    task = begin(world)
    handler, coordinator = desk("wx.wu", size), desk("wx.li", size)
    page = handler.open(f"/tasks/{task}")
    page.set_input_files("#f-receipts", _file(tmp_path, "很长的名字" * 12 + ".pdf", b"%PDF-1.7"))
    expect(page.locator(".files a")).to_be_visible()
    page.click("[data-add]")
    page.fill("[name='costs.1.what']", "x" * 40)
    page.click(".outcomes button:has-text('同意补助')")
    page.wait_for_selector(".summary")
    assert handler.cut_off() == []
    for path in ("/answers", "/answers/new"):
        coordinator.open(path)
        assert coordinator.cut_off() == [], path


def _signed(world: World) -> str:
    """A case that its board has signed for; returns its number."""
    number = world.report("H1").number
    world.complete(world.open_tasks(number)[0].id, {"outcome": "accept"}, "wx.wu")
    return number


def _open(world: World, desk: Desk, number: str) -> Page:
    return desk.open(f"/tasks/{world.open_tasks(number)[0].id}")


def _asked(page: Page) -> None:
    """The page asks who else is there, as it does now and then, and has its answer."""
    with page.expect_response(re.compile("/presence$")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def _file(folder: Path, name: str, body: bytes) -> Any:
    (folder / name).write_bytes(body)
    return str(folder / name)
