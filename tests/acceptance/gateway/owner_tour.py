"""What a process owner does who has never seen the studio: a step more in a process, tried, approved, in force, migrated, compared, taken back.

By clicks and keys on what the pages show, as a person does.
"""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.gateway.conftest import click_on
from tests.acceptance.gateway.people import PATIENCE, Person

PROCESS = "交办板块办理"
STEP = "法律审核"
BEFORE_THE_ANSWER = "worked_to_finished"
"""The line of the drawing from the board's work to its end, after which the enterprise is answered."""

LONG = 1000 * PATIENCE
BACKGROUND = 600_000
"""Milliseconds for what is done in the background with many cases."""


def ready(page: Page) -> None:
    """An editor is there."""
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "yes", timeout=LONG)


def drawn(page: Page) -> None:
    """So is a drawing."""
    page.locator("[data-case-diagram]").first.scroll_into_view_if_needed()
    expect(page.locator("[data-case-diagram]").first).to_have_attribute("data-ready", re.compile("."), timeout=LONG)


def step_of(page: Page, name: str) -> str:
    """Where on the drawing the step of that name is."""
    shape = page.locator(".djs-element.djs-shape").filter(has_text=re.compile(f"^{name}$")).first
    return shape.get_attribute("data-element-id") or ""


def field(page: Page, label: str) -> Locator:
    """A field of the panel."""
    return page.locator("[data-fields]").get_by_label(re.compile(f"^{label}(必填)?$"))


def write(page: Page, label: str, text: str) -> None:
    """Into a field of the panel, and on to the next."""
    field(page, label).fill(text)
    field(page, label).blur()


def check(page: Page, state: str) -> Locator:
    """What the check says of the file."""
    checked = page.locator("[data-check]")
    expect(checked).to_have_attribute("data-state", state, timeout=LONG)
    return checked


# -- the draft ---------------------------------------------------------------------------------------------------------


def begin(owner: Person) -> None:
    """From the menu to the drawing."""
    owner.presses("流程设计")
    owner.sees("要改哪个流程？")
    owner.shows("流程设计")
    owner.presses(f"修改“{PROCESS}”")
    ready(owner.page)
    owner.shows("流程图")


def add_the_step(owner: Person) -> str:
    """On the line before the end: a task, its name, whose it is; returns its element."""
    page = owner.page
    owner.presses("全图")
    click_on(page, BEFORE_THE_ANSWER)
    owner.shows("选中连线")
    owner.presses("在这条线上插入一个人工任务")
    write(page, "名称", STEP)
    expect(page.locator("[data-check]")).to_contain_text("1 条提醒", timeout=LONG)
    owner.shows("还没填完的环节")
    field(page, "角色").select_option(label="板块经办人 (board_handler)")
    choose_organisation(page, "法治板块")
    owner.presses("全图")
    return step_of(page, STEP)


def choose_organisation(page: Page, name: str) -> None:
    """From the list that the field offers."""
    where = field(page, "单位")
    listed = page.locator(f"#{where.get_attribute('list')} option").filter(has_text=name).first
    where.fill(listed.get_attribute("value") or "")
    where.blur()


def make_its_form(owner: Person) -> None:
    """A new form with an opinion and a yes or no, and back to the drawing."""
    page = owner.page
    owner.presses("新做一张表单")
    ready(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(STEP)
    page.get_by_label("加一项").select_option("一段文字")
    page.get_by_role("button", name="加上").click()
    write(page, "标题", "审核意见")
    field(page, "必须填").check()
    page.get_by_label("加一项").select_option("是或否")
    page.get_by_role("button", name="加上").click()
    write(page, "标题", "答复合法合规")
    expect(page.locator("[data-preview]").get_by_label("审核意见")).to_be_visible(timeout=LONG)
    check(page, "fine")
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=LONG)
    owner.shows("表单")
    owner.presses(f"回到流程图“{PROCESS}”")
    ready(page)
    owner.presses("全图")


def set_the_deadline(owner: Person, step: str) -> None:
    """First as one would write it by hand, which is wrong; then in days."""
    page = owner.page
    click_on(page, step)
    write(page, "办理期限", "= 2 个工作日")
    checked = check(page, "errors")
    expect(page.locator(".finding-sign.error")).to_be_visible()
    owner.shows("期限写错")
    expect(page.get_by_role("link", name="下一步：核对并生效")).to_have_attribute("aria-disabled", "true")
    click_on(page, "sign")
    checked.get_by_role("button", name=re.compile(STEP)).first.click()
    expect(page.locator("[data-fields] h2")).to_contain_text(STEP)
    expect(checked).to_contain_text("在“几个工作日”一格里填个数就行")
    write(page, "几个工作日内办完", "2")
    expect(field(page, "办理期限")).to_have_value("= add working days(now(), 2, case.place)")
    check(page, "fine")
    expect(page.locator(".finding-sign.error")).to_have_count(0)
    owner.shows("期限改好")


def add_a_reminder(owner: Person) -> None:
    """One button; it comes a working day before the task is due."""
    page = owner.page
    owner.presses("加一个催办提醒")
    expect(field(page, "过几个工作日")).to_have_value("1")
    owner.presses("全图")
    check(page, "fine")
    expect(page.locator("[data-saved]")).to_contain_text("草稿已保存", timeout=LONG)
    owner.shows("催办提醒")


# -- tried -------------------------------------------------------------------------------------------------------------


def walk_and_record(owner: Person) -> None:
    """Signed, answered, reviewed by the lawyers, and kept as a scenario."""
    page = owner.page
    owner.presses("试走")
    owner.sees(f"试走“{PROCESS}”")
    owner.shows("试走，开始")
    owner.presses("开始走")
    drawn(page)
    page.locator("#do").get_by_role("button", name="签收", exact=True).click()
    drawn(page)
    owner.shows("试走，办理")
    page.locator("#do").get_by_role("button", name="答复企业", exact=True).click()
    owner.ticks("已解决")
    owner.types("给企业的答复", "已对接续贷。")
    page.locator("#do").get_by_role("button", name=re.compile("答复企业")).click()
    drawn(page)
    expect(page.locator("#do h2")).to_have_text(STEP)
    expect(page.locator("#do")).to_contain_text("办理期限")
    owner.shows("试走，法律审核")
    owner.types("审核意见", "答复内容合法。")
    owner.presses("提交")
    owner.sees("走到头了")
    drawn(page)
    owner.shows("试走，走到头")
    owner.types("怎样一件事", "答复先经法律审核")
    owner.presses("记成情景", within="form")
    expect(page.locator("[data-scenarios]")).to_have_attribute("data-ready", "yes", timeout=LONG)
    row = page.get_by_role("row").filter(has_text="答复先经法律审核")
    expect(row).to_contain_text("✓ 通过")
    owner.shows("情景")


def what_if(owner: Person, cases: int) -> None:
    """On the cases of the last month."""
    page = owner.page
    owner.presses("下一步：核对并生效")
    owner.sees("可以生效吗")
    drawn(page)
    owner.shows("核对")
    owner.presses("用以往的问题推演")
    owner.shows("推演，哪段时间")
    owner.presses("开始推演")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"改后，{cases:,} 件里", timeout=BACKGROUND)
    drawn(page)
    owner.shows("推演结果")


def ask_for_approval(owner: Person) -> None:
    """After the scenarios were played, with a reason for those that go another way now."""
    page = owner.page
    owner.presses("下一步：核对并生效")
    owner.presses("演练情景")
    expect(page.locator("#trial")).to_contain_text("演练了", timeout=BACKGROUND)
    owner.shows("演练情景")
    owner.types("有情景不符，为什么仍要生效？", "这些情景是加法律审核之前写的，现在都多一步。")
    page.get_by_label(re.compile("给批准人的说明")).fill("答复企业之前先请法治板块审核，两个工作日。")
    owner.shows("请求批准")
    owner.presses("请求批准")
    owner.sees("等待批准")
    owner.shows("等待批准")


def approve(second: Person) -> None:
    """Another owner looks at the difference."""
    page = second.page
    second.presses("流程设计")
    second.sees("等您批准的修改 1 个")
    second.shows("等您批准")
    second.presses(f"去看“{PROCESS}”")
    second.sees("答复企业之前先请法治板块审核", STEP)
    drawn(page)
    second.shows("批准")
    second.presses("批准")
    expect(page.get_by_role("status").first).to_contain_text("已批准，并已生效")
    second.shows("已批准")


# -- in force ----------------------------------------------------------------------------------------------------------


def migrate(owner: Person, running: int) -> None:
    """The cases that run are taken to the new version: what is proposed is tried, then done."""
    page = owner.page
    to_the_versions(owner)
    owner.sees(f"还有 {running:,} 件按以前的版本走")
    owner.shows("用过的版本")
    owner.presses("迁移在办问题")
    owner.shows("迁移，哪个版本")
    owner.presses("对照步骤")
    owner.sees("问题会停在这些步骤")
    for side in ("old", "new"):
        figure = page.locator(f"[data-side={side}]")
        figure.scroll_into_view_if_needed()
        expect(figure).to_have_attribute("data-ready", re.compile("."), timeout=LONG)
        figure.locator("[data-process=board_handoff]").click()
        expect(figure).to_have_attribute("data-ready", "board_handoff", timeout=LONG)
    owner.shows("对照步骤")
    owner.presses("试迁")
    expect(page.get_by_role("button", name=f"迁移能迁的 {running:,} 件")).to_be_visible(timeout=BACKGROUND)
    owner.shows("试迁")
    owner.types("原因", "答复前先经法律审核，在办的也按新的走。")
    owner.presses(f"迁移能迁的 {running:,} 件")
    owner.sees("迁移得怎样了？")
    owner.shows("正在迁移")
    expect(page.locator("main")).to_contain_text(f"已迁移 {running:,}", timeout=BACKGROUND)
    owner.shows("已迁移")


def to_the_versions(owner: Person) -> None:
    """The versions that the place has had of the process."""
    owner.presses("流程设计")
    owner.presses(f"用过的版本：{PROCESS}")
    owner.sees("用过哪些版本？")


def compare(owner: Person) -> None:
    """What is different between the two newest versions."""
    owner.presses("流程设计")
    owner.page.get_by_role("row").filter(has_text=PROCESS).get_by_role("link").first.click()
    owner.sees("两个版本的差异", STEP, "审核意见")
    drawn(owner.page)
    owner.shows("比较版本")


def roll_back(owner: Person) -> None:
    """The place goes by its superior's version again."""
    to_the_versions(owner)
    owner.presses("不再单用，跟上级一致")
    owner.sees("跟上级一致，可以吗？", STEP)
    drawn(owner.page)
    owner.shows("恢复")
    owner.presses("恢复这个版本")
    expect(owner.page.get_by_role("status").first).to_contain_text("已恢复")
    owner.shows("已恢复")


# -- what comes of it --------------------------------------------------------------------------------------------------


def register(clerk: Person, title: str, body: str, enterprise: str) -> None:
    """受理员: a problem from the counter."""
    clerk.presses("我的待办")
    clerk.presses("登记新问题")
    clerk.types("企业名称", enterprise)
    clerk.types("联系人", "方敏")
    clerk.types("联系电话", "0572-2030405")
    clerk.types("问题标题", title)
    clerk.types("问题详情", body)
    clerk.presses("登记")
    clerk.sees("已登记", "已纳入问题池")


def answer(handler: Person, title: str) -> None:
    """板块经办人: signs and answers what has just come."""
    look_for(handler, title)
    handler.presses("签收")
    handler.sees("已提交“签收”")
    finish(handler, title)


def finish(handler: Person, title: str) -> None:
    """The answer alone."""
    look_for(handler, title)
    handler.ticks("已解决")
    handler.types("给企业的答复", "已对接续贷。")
    handler.presses("答复企业")
    handler.sees("已提交“办理并答复”")


def look_for(handler: Person, title: str) -> None:
    """One of many tasks, by its title."""
    handler.presses("我的待办")
    handler.presses("筛选和排序")
    handler.types("标题、企业或编号", title)
    handler.goes("筛选")
    handler.waits_for(title)
    open_row(handler, title)


def review(lawyer: Person, title: str) -> None:
    """法治板块: the step that was added."""
    lawyer.waits_for(title)
    lawyer.shows("待办")
    open_row(lawyer, title)
    lawyer.sees(STEP)
    lawyer.shows(STEP)
    lawyer.types("审核意见", "答复内容合法。")
    lawyer.ticks("答复合法合规")
    lawyer.presses("提交")
    lawyer.sees(f"已提交“{STEP}”")


def open_row(person: Person, title: str) -> None:
    """The row of that title in a list."""
    person.presses_in(person.page.locator("main").get_by_role("link", name=title).first)
