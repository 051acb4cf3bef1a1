"""A process owner changes a form in a real browser: an error at its field, a preview as the staff will see it, and into force."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from processes.casework import models_in_force
from tests import axe
from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "zj.yun"
DESK = (1280, 800)
FORMS = sorted(MODELS.rglob("*.form.json"))


def editor(desk: At, name: str = "签收", size: tuple[int, int] = DESK) -> Page:
    """The editor of a form, from the list of models."""
    page = desk(OWNER, size).open("/studio/")
    page.evaluate("document.querySelectorAll('details.parts').forEach((each) => { each.open = true; })")
    page.get_by_role("button", name=f"修改“{name}”", exact=True).first.click()
    return ready(page)


def ready(page: Page) -> Page:
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    return page


def choose(page: Page, field: str) -> None:
    page.locator(f"[id='fe-item-{field}']").click()


def write(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)
    page.get_by_label(label, exact=True).blur()


def saved(page: Page) -> str:
    text: str = page.evaluate("async () => (await document.querySelector('[data-studio]').modeler.saveXML()).xml")
    return text


def test_what_is_opened_and_saved_is_the_same_to_the_byte(desk: At) -> None:
    page = editor(desk)
    assert len(FORMS) > 10
    for path in FORMS:
        text = path.read_text(encoding="utf-8")
        again = page.evaluate(
            "async (text) => { const one = document.querySelector('[data-studio]').modeler; await one.importXML(text);"
            " return (await one.saveXML()).xml; }",
            text,
        )
        assert again == text, path.name


def test_an_owner_changes_a_form_and_puts_it_into_force(world: World, desk: At) -> None:
    page = editor(desk)
    checked, preview = page.locator("[data-check]"), page.locator("[data-preview]")
    expect(checked).to_contain_text("没有错误")
    expect(preview.get_by_role("button", name="签收")).to_be_visible()

    page.get_by_label("加一项").select_option("整数")
    page.get_by_role("button", name="加上").click()
    write(page, "标题", "预计几个工作日")
    expect(preview.get_by_label("预计几个工作日")).to_be_visible(timeout=20_000)
    write(page, "不大于", "30")
    page.get_by_label("提出异议").check()
    expect(preview.get_by_label("预计几个工作日")).to_be_hidden(timeout=20_000)
    preview.get_by_role("button", name="提出异议").click()
    expect(preview.get_by_label("预计几个工作日")).to_be_visible()

    page.get_by_text("换成别的条件").click()
    write(page, "条件（表达式）", "= outcome = (")
    expect(checked).to_have_attribute("data-state", "errors", timeout=20_000)
    expect(page.get_by_role("link", name="下一步：核对并生效")).to_have_attribute("aria-disabled", "true")
    choose(page, "outcome")
    checked.get_by_role("button", name=re.compile("x-show")).first.click()
    expect(page.locator("[data-fields] h2")).to_have_text("预计几个工作日")
    expect(page.locator(".at-field.error")).to_contain_text("x-show")
    write(page, "条件（表达式）", '= outcome = "accept"')
    expect(checked).to_have_attribute("data-state", "fine", timeout=20_000)
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存")

    page.get_by_role("link", name="下一步：核对并生效").click()
    expect(page.locator("main")).to_contain_text("预计几个工作日")
    page.get_by_role("button", name="生效", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已生效")
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))["board_handoff"]
        form = json.loads(models_in_force.bodies(connection, [held])["sign.form.json"])
    added = form["properties"]["field_1"]
    assert (added["type"], added["maximum"], added["x-show"]) == ("integer", 30, '= outcome = "accept"')
    assert "field_1" in form["required"]


def test_fields_choices_and_groups_by_keyboard(desk: At) -> None:
    page = editor(desk, "办理并答复")
    before = saved(page)
    choose(page, "resolution")
    page.keyboard.press("Alt+ArrowDown")
    assert list(json.loads(saved(page))["properties"])[1:3] == ["answer", "resolution"]
    expect(page.locator("#fe-item-resolution")).to_be_focused()
    page.get_by_role("button", name="加一个选项").press("Enter")
    page.get_by_label("第 4 项：标题").fill("不予解决")
    page.get_by_label("第 4 项：存成什么").fill("refused")
    page.get_by_label("第 4 项：存成什么").blur()
    assert json.loads(saved(page))["properties"]["resolution"]["oneOf"][3] == {"const": "refused", "title": "不予解决"}

    page.get_by_label("加一项", exact=True).first.select_option("可重复的一组")
    page.get_by_role("button", name="加上").press("Enter")
    write(page, "标题", "涉及的材料")
    page.get_by_label("加一项", exact=True).first.select_option("一行文字")
    page.get_by_role("button", name="加上").press("Enter")
    write(page, "标题", "材料名称")
    group = json.loads(saved(page))["properties"]["field_1"]
    assert group["items"]["properties"]["field_1"]["title"] == "材料名称"
    expect(page.locator("[data-preview]").get_by_text("材料名称").first).to_be_visible(timeout=20_000)
    expect(page.locator("[data-check]")).to_have_attribute("data-state", "fine", timeout=20_000)
    for _ in range(20):
        if page.get_by_role("button", name="撤销一步").is_enabled():
            page.get_by_role("button", name="撤销一步").click()
    assert saved(page) == before


def test_a_step_leads_to_its_form_and_to_a_new_one(desk: At) -> None:
    page = desk(OWNER, DESK).open("/studio/")
    page.get_by_role("button", name="修改“交办板块办理”").click()
    ready(page)
    where = page.evaluate(
        "() => { const box = document.querySelector(\"[data-element-id='sign'] .djs-hit\").getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; }"
    )
    page.mouse.click(*where)
    page.get_by_role("button", name="修改所选的").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("签收")
    ready(page)
    page.get_by_role("link", name="回到流程图").click()
    ready(page)
    page.mouse.click(*where)
    page.get_by_label("表单").select_option("")
    page.get_by_role("button", name="新做一张表单").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("签收")
    ready(page)
    expect(page.locator(".studio-top")).to_contain_text("board_handoff_form_1.form.json")
    expect(page.get_by_text("流程图里还没有环节用它")).to_be_hidden()


def test_script_in_a_title_is_text(desk: At) -> None:
    page = editor(desk)
    written = "<img src=x onerror=\"document.title='ran'\">"
    choose(page, "reason")
    write(page, "标题", written)
    expect(page.locator("[data-preview]")).to_contain_text("<img src=x", timeout=20_000)
    expect(page.locator("[data-list]")).to_contain_text("<img src=x")
    assert page.locator("main img").count() == 0
    assert page.title() != "ran"


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_use_the_editor(desk: At, language: str) -> None:
    page = editor(desk, "办理并答复")
    page.context.add_cookies(
        [{"name": "language", "value": language, "url": re.findall("^https?://[^/]+", page.url)[0]}]
    )
    page.reload()
    ready(page)
    found = axe.violations(page)
    for field in ("outcome", "answer", "days"):
        choose(page, field)
        found += axe.violations(page)
    choose(page, "department")
    page.locator("#fe-x-options").fill("= (")
    page.locator("#fe-x-options").blur()
    expect(page.locator("[data-check]")).to_have_attribute("data-state", "errors", timeout=20_000)
    found += axe.violations(page)
    assert found == []
    if language == "en":
        said = page.evaluate(
            "() => [...document.querySelectorAll('.studio-tools, .adding, [data-fields] .field > label:not(.tick), [data-fields] legend,"
            " [data-fields] .hint, [data-preview] h2, main summary, .at-field .quiet')]"
            ".map((each) => each.textContent)"
        )
        assert [each for each in said if re.search(r"[\u4e00-\u9fff]", each)] == []


def test_it_fits_a_phone_and_twice_the_size(desk: At) -> None:
    page = editor(desk)
    path = re.sub(r"^https?://[^/]+", "", page.url)
    assert Desk(page, page.url[: -len(path)]).unfit(path) == []
