"""A process owner changes a decision table in a real browser: an error at its cell, rows that overlap, a trial, and into force."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree.ElementTree import canonicalize

import pytest
from playwright.sync_api import Locator, Page, expect

from processes.casework import models_in_force
from tests import axe
from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "zj.yun"
DESK = (1280, 800)
TABLES = sorted(MODELS.rglob("*.dmn"))

AGAIN = """async (text) => {
  const modeler = document.querySelector('[data-studio]').modeler;
  const { warnings } = await modeler.importXML(text);
  for (const view of modeler.getViews()) await modeler.open(view);
  const { xml } = await modeler.saveXML({ format: true });
  return [xml, warnings.map(String)];
}"""
"""Opened, every table of it looked at, and saved."""


def editor(desk: At, name: str = "评价等级", size: tuple[int, int] = DESK) -> Page:
    """The editor of a decision file, from the list of models."""
    page = desk(OWNER, size).open("/studio/")
    page.evaluate("document.querySelectorAll('details.parts').forEach((each) => { each.open = true; })")
    page.get_by_role("button", name=f"修改“{name}”").click()
    return ready(page)


def ready(page: Page) -> Page:
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    return page


def cell(page: Page, element: str) -> Locator:
    return page.locator(f"td[data-element-id='{element}'] [contenteditable]")


def write(page: Page, element: str, text: str) -> None:
    cell(page, element).click()
    cell(page, element).fill(text)


def same(one: str, other: str) -> bool:
    return canonicalize(one, strip_text=True) == canonicalize(other, strip_text=True)


def saved(page: Page) -> str:
    text: str = page.evaluate("async () => (await document.querySelector('[data-studio]').modeler.saveXML()).xml")
    return text


def test_what_is_opened_and_saved_says_the_same(desk: At) -> None:
    page = editor(desk)
    assert len(TABLES) > 10
    for path in TABLES:
        text = path.read_text(encoding="utf-8")
        again, warnings = page.evaluate(AGAIN, text)
        assert warnings == [], path.name
        assert same(text, again), path.name


def test_an_owner_changes_a_table_and_puts_it_into_force(world: World, desk: At) -> None:
    page = editor(desk)
    checked = page.locator("[data-check]")
    expect(checked).to_contain_text("没有错误")

    write(page, "rating_level_rule4_in1", "2 or")
    expect(checked).to_have_attribute("data-state", "errors", timeout=20_000)
    following = page.get_by_role("link", name="下一步：核对并生效")
    expect(following).to_have_attribute("aria-disabled", "true")
    expect(page.locator("td[data-element-id=rating_level_rule4_in1]")).to_have_attribute("data-finding", "error")
    page.get_by_role("button", name="错误").first.click()
    expect(cell(page, "rating_level_rule4_in1")).to_be_focused()
    write(page, "rating_level_rule4_in1", "[2..2]")
    expect(checked).to_have_attribute("data-state", "fine", timeout=20_000)

    page.locator("[data-try]").get_by_label("企业评价").fill("2")
    page.get_by_role("button", name="试算").click()
    expect(page.locator("[data-outcome]")).to_contain_text("命中第 5 行")
    expect(page.locator("[data-outcome]")).to_contain_text("不满意")
    expect(page.locator("td.rule-index[data-hit]")).to_contain_text("5")
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存")

    following.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("可以生效吗")
    expect(page.locator("main")).to_contain_text("[2..2]")
    page.get_by_role("button", name="生效", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已生效")
    with world.services.database.read() as connection:
        held = models_in_force.at(connection, ("",))["rating"]
        assert b"[2..2]" in models_in_force.bodies(connection, [held])["rating_level.dmn"]


def test_rows_that_overlap_and_gaps_are_marked_with_what_to_do(desk: At) -> None:
    page = editor(desk)
    checked = page.locator("[data-check]")
    page.locator(".hit-policy .dms-input-select, .hit-policy-edit-policy-select").first.click()
    page.get_by_text("只能命中一行", exact=True).click()
    expect(checked).to_have_attribute("data-state", "errors", timeout=20_000)
    expect(checked).to_contain_text("会同时命中")
    expect(checked).to_contain_text("改条件使两行不重叠")
    assert page.locator("td.rule-index[data-finding=error]").count() >= 2
    page.get_by_role("button", name="撤销一步").click()
    expect(checked).to_have_attribute("data-state", "fine", timeout=20_000)
    cell(page, "rating_level_rule6_in1").click()
    page.get_by_role("group", name="行").get_by_role("button", name="删除").click()
    expect(checked).to_contain_text("一行也不命中", timeout=20_000)


def test_rows_and_columns_by_keyboard(desk: At) -> None:
    page = editor(desk)
    before = saved(page)
    cell(page, "rating_level_rule2_in1").click()
    page.keyboard.press("Tab")
    row, column = page.get_by_role("group", name="行"), page.get_by_role("group", name="列")
    for group, name in ((row, "上移"), (column, "左移"), (row, "下面加")):
        group.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
    text = saved(page)
    assert text.index("rating_level_rule2") < text.index("rating_level_rule1")
    assert text.index('id="rating_level_in2"') < text.index('id="rating_level_in1"')
    assert text.count("<rule ") == before.count("<rule ") + 1
    for _ in range(3):
        page.get_by_role("button", name="撤销一步").click()
    assert same(before, saved(page))


def test_an_annotation_goes_where_the_file_has_it(desk: At) -> None:
    page = editor(desk)
    write(page, "rating_level_rule4", "一定要回访")
    page.evaluate(  # to wait for it there would be to evaluate words, which the page's policy forbids
        "async () => { const { modeler } = document.querySelector('[data-studio]');"
        " while (!(await modeler.saveXML()).xml.includes('一定要回访')) await new Promise((next) => requestAnimationFrame(next)); }"
    )
    assert same(
        saved(page).replace("一定要回访", "须回访"), (MODELS / "rating/rating_level.dmn").read_text(encoding="utf-8")
    )


def test_a_file_of_several_decisions_opens_as_a_drawing(desk: At) -> None:
    page = editor(desk, "涉企问题归集标准")
    view = page.get_by_label("看哪张表")
    expect(view).to_have_value("0")
    expect(page.locator(".dmn-drd-container svg").first).to_be_visible()
    view.select_option(label="归集标准")
    expect(page.locator(".dmn-decision-table-container table")).to_be_visible()
    page.get_by_label("report.title").fill("我公司供电增容迟迟不批")
    page.get_by_role("button", name="试算").click()
    expect(page.locator("[data-outcome]")).to_contain_text("先后用到")


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_use_the_editor(desk: At, language: str) -> None:
    page = editor(desk)
    page.context.add_cookies(
        [{"name": "language", "value": language, "url": re.findall("^https?://[^/]+", page.url)[0]}]
    )
    page.reload()
    ready(page)
    found = axe.violations(page)
    write(page, "rating_level_rule4_in1", "2 or")
    expect(page.locator("[data-check]")).to_have_attribute("data-state", "errors", timeout=20_000)
    found += axe.violations(page)
    page.locator("[data-tool=edit]").click()
    found += axe.violations(page)
    assert found == []
    words = page.evaluate(
        "() => [...document.querySelectorAll('.studio-top, .studio-tools, [data-check] h2, [data-try], .clause, .hit-policy, .context-menu label')]"
        ".map((each) => each.innerText)"
    )
    if language == "en":
        chinese = [each for each in words if re.search(r"[\u4e00-\u9fff]", each)]
        assert [each for each in chinese if "评价" not in each and "回访" not in each] == []
    else:
        assert [each for each in words if re.search(r"\b(When|Then|And|Hit|Type|Input)\b", each)] == []


def test_it_fits_a_phone_and_twice_the_size(desk: At) -> None:
    page = editor(desk)
    path = re.sub(r"^https?://[^/]+", "", page.url)
    assert Desk(page, page.url[: -len(path)]).unfit(path) == []
