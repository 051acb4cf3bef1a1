"""A process owner tries a draft in a real browser, records the walk, and sees the scenario fail when the draft is changed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from processes.casework import model_drafts, models_in_force
from tests.acceptance.gateway.conftest import PHONE, Desk
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "zj.yun"
DESK = (1280, 800)
SHOTS = os.environ.get("SHOTS")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        for size in (DESK, PHONE):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.screenshot(path=f"{SHOTS}/{name}-{size[0]}.png", full_page=True)
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


def drafted(world: World, process: str, *scenarios: str) -> str:
    """The address of a draft with shipped scenarios in it."""
    now = world.clock.now()
    with world.services.database.write() as connection:
        held = models_in_force.at(connection, ("",))[process]
        bodies = models_in_force.bodies(connection, [held])
        id = model_drafts.begin(connection, OWNER, "", held, bodies, now)
        draft = model_drafts.own(connection, id, OWNER)
        assert draft is not None
        files = {each: (MODELS / process / each).read_text("utf-8") for each in scenarios}
        for name, text in files.items():
            model_drafts.keep(connection, draft, name, text, 0, now)
    return f"/studio/drafts/{id}"


def drawn(page: Page) -> None:
    page.locator("[data-case-diagram]").scroll_into_view_if_needed()
    expect(page.locator("[data-case-diagram]")).to_have_attribute("data-ready", re.compile("."), timeout=30_000)


def test_a_walk_is_recorded_and_tells_when_a_change_breaks_it(world: World, desk: At) -> None:
    path = drafted(world, "rating", "satisfied.scenario.json")
    page = desk(OWNER, DESK).open(path)
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    expect(page.locator("[data-rehearsed]")).to_contain_text("1 份情景全部通过", timeout=30_000)
    page.get_by_role("link", name="试走").click()
    shot(page, "begin")
    page.get_by_text("开头的内容").click()
    page.get_by_label("自动答复的外部任务").fill("")
    page.get_by_role("button", name="开始走").click()
    drawn(page)
    shot(page, "job")
    for _job in range(2):
        page.get_by_role("button", name="答复：办成了").click()
        drawn(page)
    page.get_by_role("button", name="过一个工作日").click()
    expect(page.locator("#now")).to_contain_text("2026年1月6日 09:00")
    drawn(page)
    shot(page, "message")
    page.get_by_label("评价等级").fill("5")
    page.get_by_role("button", name="送来这条消息").click()
    expect(page.locator("#now")).to_contain_text("走到头了")
    drawn(page)
    shot(page, "end")
    page.get_by_label("怎样一件事").fill("当天答复，企业给五分")
    page.get_by_role("button", name="记成情景").click()

    listed = page.locator("[data-scenarios]")
    expect(listed).to_have_attribute("data-ready", "yes", timeout=30_000)
    row = page.get_by_role("row").filter(has_text="当天答复，企业给五分")
    expect(row).to_contain_text("✓ 通过")
    expect(listed).to_contain_text("2 份情景全部通过")
    expect(listed).to_contain_text("条线（")
    drawn(page)
    assert page.locator(".djs-connection.mark-skipped").count() > 10
    assert page.locator(".djs-connection.mark-done").count() > 5
    shot(page, "scenarios")

    draft = page.url.removesuffix("/scenarios")
    page.goto(draft)
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    expect(page.locator("[data-rehearsed]")).to_contain_text("2 份情景全部通过", timeout=60_000)
    page.evaluate(OTHERWISE, "unsatisfied")
    expect(page.locator("[data-rehearsed]")).to_contain_text("不符", timeout=60_000)
    shot(page, "editor")
    page.locator("[data-rehearsed]").click()
    expect(page.get_by_role("row").filter(has_text="当天答复，企业给五分")).to_contain_text("✕ 不符", timeout=30_000)
    expect(page.locator("[data-scenarios]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    drawn(page)
    shot(page, "failing")


OTHERWISE = """(id) => {
  const modeler = document.querySelector('[data-studio]').modeler;
  const flow = modeler.get('elementRegistry').get(id);
  const condition = flow.businessObject.conditionExpression;
  modeler.get('modeling').updateModdleProperties(flow, condition, { body: `= not(${condition.body.slice(1)})` });
}"""
"""A condition is turned into its contrary."""


def test_a_scenario_is_changed_in_its_table(world: World, desk: At) -> None:
    path = drafted(world, "rating", "satisfied.scenario.json")
    page = desk(OWNER, DESK).open(f"{path}/scenarios/satisfied.scenario.json")
    expect(page.locator("[data-scenarios]")).to_have_attribute("data-ready", "yes", timeout=30_000)
    expect(page.locator("[data-result]")).to_have_text("✓ 通过")
    shot(page, "table")
    page.get_by_role("textbox", name="评价等级").fill("1")
    page.get_by_role("button", name="保存", exact=True).last.click()
    expect(page.locator("[data-result]")).to_have_text("✕ 不符", timeout=30_000)
    page.get_by_role("textbox", name="评价等级").fill("5")
    page.get_by_label("加一步").select_option(label="过了1 天")
    page.locator("button[value=step]").click()
    expect(page.get_by_role("listitem").filter(has_text="过了1 天").last).to_be_visible()
    page.get_by_role("button", name="上移：过了1 天").click()
    expect(page.locator("[data-result]")).to_have_text("✓ 通过", timeout=30_000)


def test_the_form_of_a_task_is_the_staffs(world: World, desk: At) -> None:
    path = drafted(world, "handling", "one-board.scenario.json")
    page = desk(OWNER, DESK).open(f"{path}/try")
    page.get_by_role("button", name="开始走").click()
    drawn(page)
    page.locator("main button[name=outcome]").first.click()
    drawn(page)
    page.get_by_role("button", name="转部门办理").click()
    expect(page.get_by_label("给企业的答复")).to_be_hidden()
    page.get_by_role("button", name="返回，换一种办法").click()
    expect(page.get_by_label("给企业的答复")).to_be_visible()
    shot(page, "task")


def test_the_way_to_what_is_wrong_is_walked_by_a_token(world: World, desk: At) -> None:
    path = drafted(world, "leadership")
    page = desk(OWNER, DESK).open(path)
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=60_000)
    page.evaluate(STUCK)
    look = page.locator("[data-look]").first
    expect(look).to_have_text("看一看怎么走到这里", timeout=60_000)
    look.click()
    told = page.locator(".witness")
    expect(told).to_contain_text("第 1 /")
    expect(page.locator(".witness-token")).to_be_visible()
    shot(page, "witness")
    while told.get_by_role("button", name="下一步").is_enabled():
        told.get_by_role("button", name="下一步").click()
    expect(told).to_contain_text("就在这里")
    assert page.locator(".witness-passed").count() >= 2
    shot(page, "witness-end")
    told.get_by_role("button", name="不看了").click()
    expect(told).to_be_hidden()
    expect(page.locator(".witness-token")).to_have_count(0)
    expect(look).to_be_focused()


STUCK = """() => {
  const modeler = document.querySelector('[data-studio]').modeler;
  const modeling = modeler.get('modeling');
  const choice = modeler.get('elementRegistry').get('passed_on');
  const [one, other] = choice.outgoing;
  const target = one.target;
  const middle = { x: choice.x + 25, y: choice.y + 150 };
  const join = modeling.createShape({ type: 'bpmn:ParallelGateway' }, middle, choice.parent);
  modeling.reconnectEnd(one, join, middle);
  modeling.connect(join, target, { type: 'bpmn:SequenceFlow' });
  modeling.connect(other.target, join, { type: 'bpmn:SequenceFlow' });
}"""
"""Two ways of which one alone is taken come to a join that waits for both."""


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_use_these_pages(world: World, desk: At, language: str) -> None:
    path = drafted(world, "rating", "satisfied.scenario.json")
    one = desk(OWNER, DESK)
    page = one.open(f"{path}/try")
    page.context.add_cookies([{"name": "language", "value": language, "url": page.url}])
    wrong = one.unfit(f"{path}/try")
    page.locator("#f-answers").fill("")
    page.locator("button[value=begin]").click()
    drawn(page)
    for address in ("try", "scenarios", "scenarios/satisfied.scenario.json"):
        wrong += one.unfit(f"{path}/{address}")
    assert wrong == []
    if language == "en":
        page.goto(page.url)
        chinese = page.evaluate(
            "() => [...document.querySelectorAll('main label, main button, main h1, main h2, main th, main .hint')]"
            ".map((each) => each.textContent).filter((each) => /[\\u4e00-\\u9fff]/.test(each))"
        )
        assert chinese == ["两天就办好了，企业给了五分"]
