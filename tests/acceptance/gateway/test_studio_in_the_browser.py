"""A process owner changes a diagram in a real browser: draws, fills in, sees an error, mends it, puts it into force."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree.ElementTree import canonicalize

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from processes.casework import models_in_force
from processes.store.tables import InForce
from tests import axe
from tests.acceptance.gateway.conftest import Desk, click_on
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "zj.yun"
DESK = (1280, 800)
DRAWN = sorted(MODELS.rglob("*.bpmn"))

AGAIN = """async (text) => {
  const modeler = document.querySelector('[data-studio]').modeler;
  const { warnings } = await modeler.importXML(text);
  const { xml } = await modeler.saveXML({ format: true });
  return [xml, warnings.map((each) => each.message)];
}"""
"""Opened and saved."""


def editor(desk: At, name: str = "交办板块办理", size: tuple[int, int] = DESK) -> Page:
    """The editor, with a draft of a process begun."""
    page = desk(OWNER, size).open("/studio/")
    page.get_by_role("button", name=f"修改“{name}”").click()
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    return page


def saved(page: Page) -> str:
    """The diagram as it is now."""
    text: str = page.evaluate("async () => (await document.querySelector('[data-studio]').modeler.saveXML()).xml")
    return text


def same(one: str, other: str) -> bool:
    return canonicalize(one, strip_text=True) == canonicalize(other, strip_text=True)


def test_what_is_opened_and_saved_says_the_same(desk: At) -> None:
    page = editor(desk)
    assert len(DRAWN) > 10
    for path in DRAWN:
        text = path.read_text(encoding="utf-8")
        again, warnings = page.evaluate(AGAIN, text)
        assert warnings == [], path.name
        assert same(text, again), path.name


def test_an_owner_changes_a_process_and_puts_it_into_force(world: World, desk: At) -> None:
    page = editor(desk)
    checked = page.locator("[data-check]")
    expect(checked).to_contain_text("没有错误")

    click_on(page, "sign")
    expect(page.locator("[data-fields] h2")).to_contain_text("签收")
    page.get_by_label("名称", exact=True).fill("签收登记")
    expect(page.locator("[data-element-id=sign] text")).to_have_text("签收登记")

    click_on(page, "started_to_set_limits")
    page.get_by_role("button", name="在这条线上插入一个人工任务").click()
    page.get_by_label("名称", exact=True).fill("核对材料")
    page.get_by_label("角色").select_option("board_handler")
    page.get_by_label("表单").select_option("sign.form.json")
    page.get_by_label("办理期限").fill("= add working days(now(, 1, case.place)")

    expect(checked).to_have_attribute("data-state", "errors", timeout=20_000)
    following = page.get_by_role("link", name="下一步：核对并生效")
    expect(following).to_have_attribute("aria-disabled", "true")
    page.locator("[data-canvas] svg").first.focus()
    click_on(page, "begin")
    checked.get_by_role("button", name=re.compile("核对材料")).first.click()
    expect(page.locator("[data-fields] h2")).to_contain_text("核对材料")
    page.get_by_label("办理期限").fill("= add working days(now(), 1, case.place)")
    expect(checked).to_have_attribute("data-state", "fine", timeout=20_000)
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存")

    following.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("可以生效吗")
    expect(page.locator("main")).to_contain_text("核对材料")
    expect(page.locator("[data-case-diagram]")).to_have_attribute("data-ready", "board_handoff", timeout=30_000)
    page.get_by_role("button", name="生效", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已生效")
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))["board_handoff"]
        text = models_in_force.bodies(connection, [held])["board_handoff.bpmn"].decode()
        assert connection.scalar(select(InForce.place).where(InForce.definition_id == held.definition)) == ""
    assert 'name="签收登记"' in text
    assert re.search(r'<bpmn:userTask id="\w+" name="核对材料">', text)


def lanes(text: str) -> set[tuple[str, str]]:
    """Which lane holds what."""
    found = re.findall(r'<bpmn:lane id="([^"]+)".*?</bpmn:lane>', text, re.DOTALL)
    parts = re.split(r'<bpmn:lane id="[^"]+"', text)[1:]
    held = (re.findall(r"<bpmn:flowNodeRef>([^<]+)<", part) for part in parts)
    return {(lane, each) for lane, ids in zip(found, held, strict=True) for each in ids}


def test_a_new_task_and_its_reminder_move_nothing_else_to_another_lane(desk: At) -> None:
    page = editor(desk)
    before = lanes(saved(page))
    page.get_by_role("button", name="全图").click()
    click_on(page, "worked_to_finished")
    page.get_by_role("button", name="在这条线上插入一个人工任务").click()
    page.get_by_role("button", name="加一个催办提醒").click()
    after = lanes(saved(page))
    assert len(before) > 20
    assert before - after == set()
    assert len(after - before) == 4


def test_a_change_leaves_everything_else_as_it_was_and_is_undone(desk: At) -> None:
    page = editor(desk)
    before = saved(page)
    click_on(page, "urge_signing")
    expect(page.get_by_label("做什么")).to_have_value("notice.send")
    page.get_by_label("失败后重试几次").fill("5")
    page.get_by_label("失败后重试几次").blur()
    after = saved(page)
    assert '<spiffworkflow:property name="retries" value="5" />' in after
    assert same(before, after.replace('<spiffworkflow:property name="retries" value="5" />', ""))
    page.get_by_role("button", name="撤销一步").click()
    assert same(before, saved(page))
    expect(page.get_by_label("失败后重试几次")).to_have_value("")
    page.get_by_role("button", name="重做一步").click()
    expect(page.get_by_label("失败后重试几次")).to_have_value("5")


def test_a_task_is_done_for_each_of_a_list(desk: At) -> None:
    page = editor(desk)
    before = saved(page)
    click_on(page, "urge_signing")
    expect(page.get_by_label("按哪个列表")).to_have_count(0)
    page.get_by_label("办几次").select_option(label="多次，一次接一次")
    for label, value in (
        ("按哪个列表", '= ["a", "b"]'),
        ("当前这一个叫什么", "each"),
        ("提前办结的条件", "= urged.done"),
    ):
        page.get_by_label(label).fill(value)
    page.get_by_label("提前办结的条件").blur()
    checked = page.locator("[data-check]")
    expect(checked).to_have_attribute("data-state", "fine", timeout=20_000)
    loop = re.findall(r'<bpmn:serviceTask id="urge_signing".*?</bpmn:serviceTask>', saved(page), re.DOTALL)[0]
    assert 'multiInstanceLoopCharacteristics isSequential="true"' in loop
    assert "<bpmn:loopDataInputRef>= [" in loop
    assert '<bpmn:inputDataItem name="each" />' in loop
    assert re.search(r"<bpmn:completionCondition[^>]*>= urged.done</bpmn:completionCondition>", loop)
    page.get_by_label("按哪个列表").fill("= [1,")
    expect(checked).to_have_attribute("data-state", "errors", timeout=20_000)
    page.get_by_label("办几次").select_option(label="一次")
    expect(checked).to_have_attribute("data-state", "fine", timeout=20_000)
    assert same(before, saved(page))


def test_what_is_done_several_times_already_says_so_and_keeps_the_rest(desk: At) -> None:
    page = editor(desk, "跨板块协调")
    before = saved(page)
    click_on(page, "consultation")
    expect(page.get_by_label("办几次")).to_have_value("parallel")
    expect(page.get_by_label("按哪个列表")).to_have_value("board_ids")
    expect(page.get_by_label("当前这一个叫什么")).to_have_value("board_id")
    expect(page.get_by_label("结果汇总成哪个列表")).to_have_value("contributions")
    expect(page.get_by_label("每一次的结果是哪个变量")).to_have_value("contribution")
    page.get_by_label("办几次").select_option(label="多次，一次接一次")
    assert same(before.replace('isSequential="false"', 'isSequential="true"'), saved(page))


def test_what_becomes_another_kind_of_task_keeps_what_it_says(desk: At) -> None:
    page = editor(desk)
    click_on(page, "urge_signing")
    page.locator(".djs-context-pad [data-action=replace]").click()
    page.locator(".djs-popup").get_by_text("人工任务").click()
    expect(page.get_by_label("角色")).to_be_visible()
    node = re.findall(r'<bpmn:userTask id="urge_signing".*?</bpmn:userTask>', saved(page), re.DOTALL)[0]
    assert 'value="Urge' in node
    assert "notice.send" in node


def test_of_two_windows_the_second_chooses_and_both_are_told(desk: At) -> None:
    one = editor(desk)
    other = one.context.new_page()
    other.goto(one.url)
    expect(other.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    for page, name in ((one, "第一个窗口"), (other, "第二个窗口")):
        click_on(page, "sign")
        page.get_by_label("名称", exact=True).fill(name)
        if page is one:
            expect(page.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=20_000)
    told = other.locator("[data-conflict]")
    expect(told).to_be_visible(timeout=20_000)
    with other.expect_download() as kept:
        told.get_by_role("button", name="存成文件").click()
    assert "第二个窗口" in kept.value.path().read_text(encoding="utf-8")
    told.get_by_role("button", name="用本页的内容").click()
    expect(other.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=20_000)
    one.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(one.locator("[data-conflict]")).to_be_visible(timeout=20_000)
    one.get_by_role("button", name="打开另一窗口保存的内容").click()
    expect(one.locator("[data-element-id=sign] text")).to_have_text("第二个窗口", timeout=30_000)


def test_script_in_a_name_stays_a_name(desk: At) -> None:
    page = editor(desk)
    click_on(page, "sign")
    written = "<img src=x onerror=\"document.title='ran'\">"
    page.get_by_label("名称", exact=True).fill(written)
    expect(page.locator("[data-fields] h2")).to_contain_text("<img src=x")
    page.get_by_label("办理期限").fill("= (")
    expect(page.locator("[data-check] li").first).to_contain_text("<img src=x", timeout=20_000)
    assert page.locator("main img").count() == 0
    assert page.title() != "ran"


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_use_the_editor(desk: At, language: str) -> None:
    page = editor(desk)
    page.context.add_cookies([{"name": "language", "value": language, "url": page.url}])
    page.reload()
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    found = axe.violations(page)
    click_on(page, "urge_signing")
    page.locator("#at-parameter-kind").fill("= (")
    expect(page.locator("[data-check]")).to_have_attribute("data-state", "errors", timeout=20_000)
    found += axe.violations(page)
    click_on(page, "sign_timer")
    found += axe.violations(page)
    assert found == []
    if language == "en":
        chinese = page.evaluate(
            "() => [...document.querySelectorAll('.studio-top, .studio-tools, [data-fields] label, .hint, .djs-palette .entry')]"
            ".map((each) => each.textContent + (each.getAttribute('aria-label') ?? '')).filter((each) => /[\\u4e00-\\u9fff]/.test(each))"
        )
        assert [each for each in chinese if "交办板块办理" not in each] == []
