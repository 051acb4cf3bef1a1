"""The staff's work in a real browser: with and without scripts, at a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.acceptance.gateway.conftest import PHONE, Desk
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]


def test_a_handler_signs_in_two_clicks(world: World, desk: At) -> None:
    number = world.report("H1").number
    page = desk("wx.wu").page
    page.click("a[data-row]")
    page.click(".outcomes button:has-text('签收')")
    expect(page.locator("[role=status]").first).to_contain_text("已提交“签收”")
    assert [task.name for task in world.open_tasks(number)] == ["办理并答复"]


def test_an_answer_is_typed_and_sent_without_choosing_first(world: World, desk: At) -> None:
    number = _signed(world)
    page = desk("wx.wu").page
    page.click("a[data-row]")
    page.check("text=已解决")
    page.fill("textarea[name=answer]", "增容方案已批复，12月5日送电。")
    page.click("button:has-text('答复企业')")
    expect(page.locator("[role=status]").first).to_contain_text("已提交")
    page.goto(page.url + f"cases/{number}")
    expect(page.locator("main")).to_contain_text("增容方案已批复")


def test_fields_come_with_the_outcome_that_needs_them(world: World, desk: At) -> None:
    _signed(world)
    page = desk("wx.wu").page
    page.click("a[data-row]")
    expect(page.locator("[name=days]")).to_be_hidden()
    page.click("button:has-text('申请延期')")
    expect(page.locator("[name=days]")).to_be_focused()
    expect(page.locator("[name=answer]")).to_be_hidden()
    expect(page.locator("button:has-text('答复企业')")).to_be_hidden()
    page.click("text=返回，换一种办法")
    expect(page.locator("[name=answer]")).to_be_visible()
    page.click("button:has-text('申请延期')")
    page.fill("[name=days]", "3")
    page.fill("textarea[name=reason]", "供电公司现场勘察排期在下周")
    page.click("button:has-text('确认申请延期')")
    expect(page.locator("[role=status]").first).to_contain_text("已提交")


def test_mistakes_are_shown_at_the_field_and_nothing_is_lost(world: World, desk: At) -> None:
    _signed(world)
    page = desk("wx.wu").page
    page.click("a[data-row]")
    page.click("button:has-text('申请延期')")
    page.fill("textarea[name=reason]", "排期在下周")
    page.click("button:has-text('确认申请延期')")
    expect(page.locator(".summary")).to_contain_text("申请延长几个工作日")
    expect(page.locator("textarea[name=reason]")).to_have_value("排期在下周")
    expect(page.locator("[name=days]")).to_be_focused()
    expect(page.locator("button:has-text('确认申请延期')")).to_be_visible()


def test_a_draft_saves_itself_and_is_there_again(world: World, desk: At) -> None:
    _signed(world)
    page = desk("wx.wu").page
    page.click("a[data-row]")
    page.fill("[name=answer]", "写了一半")
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已保存")
    page.goto(page.url)
    expect(page.locator("[name=answer]")).to_have_value("写了一半")
    expect(page.locator("[data-draft-note]")).to_contain_text("已恢复")


def test_what_is_typed_before_the_script_is_there_is_a_draft_too(world: World, desk: At) -> None:
    _signed(world)
    page = desk("wx.wu").page
    page.click("a[data-row]")
    late: list[Route] = []
    typed = False

    def hold(route: Route) -> None:
        if typed:
            route.continue_()
        else:
            late.append(route)

    page.route(re.compile(r"\.js$"), hold)
    page.goto(page.url, wait_until="commit")
    page.fill("[name=answer]", "比脚本快")
    typed = True
    for each in late:
        each.continue_()
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已保存")


def test_a_draft_survives_a_page_that_is_left_at_once(world: World, desk: At) -> None:
    _signed(world)
    page = desk("wx.wu").page
    page.click("a[data-row]")
    task = page.url
    page.fill("[name=answer]", "马上离开")
    page.wait_for_load_state("load")  # scripts keep what was typed before them, too
    page.click("text=我的待办 >> nth=0")
    page.wait_for_url("**/")
    page.goto(task)
    expect(page.locator("[name=answer]")).to_have_value("马上离开")


def test_without_scripts_everything_can_be_done(world: World, desk: At) -> None:
    number = _signed(world)
    page = desk("wx.wu", scripts=False).page
    page.click("a[data-row]")
    expect(page.locator("[name=days]")).to_be_visible()
    assert "申请延期时填写" in page.content()
    page.fill("[name=question]", "请补充用电申请编号")
    page.click("button:has-text('请企业补正')")
    assert "已提交" in page.content()
    assert world.open_tasks(number) == []


def test_the_keyboard_alone_is_enough(world: World, desk: At) -> None:
    world.report("H1")
    world.report("H2", title="项目用地审批", body="我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。")
    page = desk("wx.wu").page
    rows = page.locator("a[data-row]")
    expect(page.locator("[data-open-keys]").first).to_be_visible()  # scripts show it once they listen
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/**")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(re.compile(r":\d+/$"))
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()


def test_the_diagram_shows_what_is_done_and_what_is_open(world: World, desk: At) -> None:
    number = _signed(world)
    page = desk("wx.chen").open(f"/cases/{number}")
    figure = _drawn(page)
    expect(figure.locator("[data-element-id=handle].mark-open")).to_have_count(1)
    expect(figure.locator(".bjs-powered-by")).to_be_visible()
    page.click("[role=tab]:has-text('交办板块办理')")
    expect(figure.locator("[data-element-id=sign].mark-done")).to_have_count(1)
    page.click("[role=tab]:has-text('主动发现')")
    expect(figure.locator("[data-element-id=handle]")).to_have_count(0)


def test_what_is_late_is_marked_late(world: World, desk: At) -> None:
    number = _signed(world)
    world.clock.advance(timedelta(days=30))
    page = desk("wx.chen").open(f"/cases/{number}")
    figure = _drawn(page)
    expect(figure.locator("[data-element-id=handle].mark-late")).to_have_count(1)
    expect(page.locator(".todo")).to_contain_text("超期")


def test_a_problem_is_entered_at_the_counter_and_its_number_is_large(world: World, desk: At) -> None:
    page = desk("wx.chen").open("/counter")
    for name, value in PROBLEM.items():
        page.fill(f"[name={name}]", value)
    page.click("button:has-text('登记')")
    number = page.locator(".ticket .number")
    expect(number).to_have_text(re.compile(r"330502-26-\d{5}-\d"))
    assert number.evaluate("element => parseFloat(getComputedStyle(element).fontSize)") >= 26


def test_no_page_scrolls_sideways_or_cuts_anything_off(world: World, desk: At) -> None:
    number = _signed(
        world, title="关于湖州市吴兴区织里镇供电增容申请长期未获批复影响企业新生产线投产的紧急情况反映" * 3
    )
    world.report("H2", body="企业融资担保被拒，Averylongwordwithoutanyblank" + "x" * 200 + "，请协调解决。")
    clerk, handler, coordinator = desk("wx.chen", PHONE), desk("wx.wu", PHONE), desk("wx.li", PHONE)
    stranger = desk(None, PHONE)
    paths = (
        "/",
        "/?tab=done",
        "/counter",
        f"/cases/{number}",
        "/search?q=330502-26",
        "/search",
        "/nowhere",
        "/incidents",
    )
    for someone, path in [(clerk, each) for each in paths] + [
        (handler, "/"),
        (coordinator, "/incidents"),
        (stranger, "/login"),
    ]:
        someone.open(path)
        assert someone.cut_off() == [], path
    handler.open("/")
    handler.page.click("a[data-row]")
    assert handler.cut_off() == []
    handler.page.click("button:has-text('申请延期')")
    handler.page.click("button:has-text('确认申请延期')")
    handler.page.wait_for_selector(".summary")
    assert handler.cut_off() == []


def test_two_hurried_clicks_send_a_form_once(world: World, desk: At) -> None:
    number = world.report("H1").number
    page = desk("wx.wu").page
    page.click("a[data-row]")
    page.dblclick(".outcomes button.primary")
    page.wait_for_url(re.compile(r":\d+/$"))
    assert [task.name for task in world.open_tasks(number)] == ["办理并答复"]


PROBLEM = {
    "enterprise": "湖州甲乙丙科技有限公司",
    "contact": "李雷",
    "phone": "0572-2030405",
    "title": "厂房消防验收卡在图纸备案",
    "body": "我公司新建厂房的消防验收，窗口两次退回图纸备案材料，要求不一致，影响投产，希望一次性告知。",
}


def _signed(world: World, title: str = "供电增容迟迟不批") -> str:
    """A case that its board has signed for."""
    case = world.report("H1", title=title)
    world.clock.advance(timedelta(hours=1))
    world.complete(world.open_tasks(case.number)[0].id, {"outcome": "accept"}, "wx.wu")
    return case.number


def _drawn(page: Page):  # type: ignore[no-untyped-def]
    """The diagram, once it is drawn."""
    figure = page.locator("[data-case-diagram]")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-ready", re.compile("."))
    return figure
