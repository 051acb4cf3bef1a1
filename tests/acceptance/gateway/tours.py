"""A day's work of everybody who has to do with a problem: what each does from login to logout, in the words that the pages show."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import expect

from tests.acceptance.gateway.people import Person, awaited
from tests.acceptance.gateway.running import PASSWORD, Running

OWN_PASSWORD = "Chun-Feng-2026"

TRIES = 5
"""Wrong passwords that lock an account (``tries`` of ``accounts.csv``)."""

KEYS = re.compile(r"编号 (\S+?)，查询码 ([A-Z0-9]{8})")


@dataclass
class Told:
    """A problem, as the enterprise tells it, and the keys that it gets."""

    title: str
    body: str
    place: str
    enterprise: str
    contact: str
    phone: str
    errand: tuple[str, str] = ("", "")
    """title and words of what the clerk hears at the counter the same day"""
    number: str = ""
    code: str = ""


def log_in(person: Person, account: str, password: str = PASSWORD) -> None:
    """From the login page."""
    person.opens("/login")
    person.types("账号", account)
    person.types("密码", password)
    person.submits()
    expect(person.page.get_by_role("navigation", name="主菜单")).to_be_visible()


def log_out(person: Person, name: str) -> None:
    """By the menu behind the own name."""
    person.presses(name)
    person.presses("退出登录")
    expect(person.page.get_by_label("密码", exact=True)).to_be_visible()
    expect(person.page.locator("header")).to_have_count(0)


# -- the enterprise, on a phone ----------------------------------------------------------------------------------------


def enterprise_reports(person: Person, system: Running, told: Told) -> None:
    """A number verified, a form, and a number and a code in return, by text message as well."""
    person.opens("/portal/")
    person.shows("首页")
    open_card(person, "反映问题")
    verify(person, system, told.phone)
    person.types("什么事", told.title)
    person.types("具体情况", told.body)
    person.picks("在哪里", told.place)
    person.types("企业名称", told.enterprise)
    person.types("怎么称呼您", told.contact)
    person.ticks("我已知悉并同意")
    person.shows("反映问题")
    person.presses("提交")
    person.sees("已收到", "已发短信给您")
    person.shows("已收到")
    told.number, told.code = person.page.locator("dd.number").all_inner_texts()
    text = awaited(lambda: _keys(system, told), "the text message with the keys")
    assert KEYS.findall(text) == [(told.number, told.code)]
    person.presses("查看进展")
    person.sees(told.title, told.number, "办到哪一步")
    person.shows("进展")
    person.presses("退出")


def verify(person: Person, system: Running, phone: str) -> None:
    """The number, and the six digits that come."""
    person.types("手机号", phone)
    person.shows("核验手机号")
    before = len(system.texts(phone))
    person.submits()
    person.sees("请填写验证码")
    awaited(lambda: "yes" if len(system.texts(phone)) > before else None, "the code")
    person.types("短信里的 6 位数字", system.code(phone) or "")
    person.shows("验证码")
    person.submits()


def enterprise_answers(person: Person, told: Told) -> None:
    """By number and code: what was asked, and the answer to it."""
    follow(person, told)
    person.waits_for("需要您补充")
    person.sees("请补充规划许可")
    person.types("您的回答", "规划许可是 2016 年第 21 号，复印件可以送到窗口。")
    person.shows("补充材料")
    person.presses("提交补充")
    expect(person.page.get_by_role("status")).to_be_visible()
    person.shows("已补充")
    person.presses("退出")


def enterprise_rates(person: Person, told: Told) -> None:
    """The answer is read, and rated."""
    follow(person, told)
    person.waits_for("您满意吗")
    person.sees("给您的答复", "不动产权证已办结发证")
    person.ticks("非常满意")
    person.types("想说的话", "五年的老问题解决了。")
    person.shows("评价")
    person.presses("提交评价")
    person.waits_for("已办结")
    person.sees("非常满意")
    person.shows("已办结")
    person.presses("退出")


def follow(person: Person, told: Told) -> None:
    """Look a problem up."""
    person.opens("/portal/")
    open_card(person, "查询进展")
    person.types("编号", told.number)
    person.types("查询码", told.code)
    person.shows("查询进展")
    person.submits()
    person.sees(told.title)


def open_card(person: Person, title: str) -> None:
    """One of the portal's three ways, by its title."""
    person.presses_in(person.page.get_by_role("link", name=re.compile(f"^{title}")))


def _keys(system: Running, told: Told) -> str | None:
    found = [each for each in system.texts(told.phone) if "查询码" in each]
    return found[-1] if found else None


# -- staff -------------------------------------------------------------------------------------------------------------


def clerk(person: Person, account: str, name: str, told: Told) -> None:
    """受理员: judges what the collection standard is not sure of, and enters what an enterprise says at the counter."""
    log_in(person, account)
    person.waits_for(told.title)
    person.shows("待办")
    open_row(person, told.title)
    person.sees("人工研判", told.body, "有涉企的迹象但不确定")
    person.shows("研判")
    person.presses("纳入问题池")
    person.sees("已提交“人工研判”")
    person.shows("研判之后")
    person.presses("登记新问题")
    title, body = told.errand
    person.types("企业名称", f"{told.enterprise}第二分厂")
    person.types("联系人", "方敏")
    person.types("联系电话", "0572-2030405")
    person.types("问题标题", title)
    person.types("问题详情", body)
    person.shows("登记")
    person.presses("登记")
    person.sees("已登记", "已纳入问题池，按规则分派并开始计时")
    person.shows("已登记")
    person.presses("查看办理进展")
    person.sees(title, "签收", "基本政务服务板块")
    person.shows("进展")
    log_out(person, name)


def leader(person: Person, account: str, name: str, told: Told) -> None:
    """分管领导: a hard problem, and how it is to be handled."""
    log_in(person, account)
    person.waits_for(told.title)
    person.shows("待办")
    open_row(person, told.title)
    person.sees("分管领导协调", told.body)
    person.types("批示意见", "按历史遗留问题专项办法补办，项目板块牵头，十个工作日内办结。")
    person.shows("批示")
    person.presses("批示办理")
    person.sees("已提交“分管领导协调”")
    person.presses("督办")
    person.sees("现在有多少超期？")
    person.shows("督办")
    log_out(person, name)


def coordinator(person: Person, account: str, name: str, told: Told, board: str) -> None:
    """中心协调员: whose is it?"""
    log_in(person, account)
    person.waits_for(told.title)
    person.shows("待办")
    open_row(person, told.title)
    person.sees("中心统筹交办", "按历史遗留问题专项办法补办")
    person.picks("交给哪个板块", board)
    person.shows("交办")
    person.presses("交一个板块")
    person.sees("已提交“中心统筹交办”")
    look_up(person, told)
    person.sees("签收", board)
    person.shows("进展")
    log_out(person, name)


def handler_asks(person: Person, account: str, name: str, told: Told) -> None:
    """板块经办人, in the morning: signs for it, and asks the enterprise for what is missing."""
    log_in(person, account)
    person.waits_for(told.title)
    person.shows("待办")
    open_row(person, told.title)
    person.sees("签收", "按历史遗留问题专项办法补办")
    person.shows("签收")
    person.presses("签收")
    person.sees("已提交“签收”")
    person.waits_for("办理并答复")
    open_row(person, told.title)
    person.sees("办理并答复")
    person.presses("请企业补正")
    person.types("请企业补充什么", "请补充规划许可的年份和编号。")
    person.shows("请企业补正")
    person.presses("确认请企业补正")
    person.sees("已提交“办理并答复”")
    log_out(person, name)


def handler_answers(person: Person, account: str, name: str, told: Told) -> None:
    """板块经办人, when the supplement is there: urged on, late, with an answer."""
    log_in(person, account)
    person.waits_for(told.title)
    person.sees("超期")
    person.shows("待办，超期")
    open_row(person, told.title)
    person.sees("规划许可是 2016 年第 21 号")
    person.ticks("已解决")
    person.types("给企业的答复", "规划手续已按专项办法补办，不动产权证已办结发证，可凭证办理抵押。")
    person.shows("答复")
    person.presses("答复企业")
    person.sees("已提交“办理并答复”")
    log_out(person, name)


def supervisor(person: Person, account: str, name: str, told: Told, board: str) -> None:
    """督办员: what is red, and who is told."""
    log_in(person, account)
    person.presses("督办")
    person.sees("现在有多少超期？")
    person.shows("督办")
    row = person.page.get_by_role("row").filter(has_text=board)
    person.presses_in(row.get_by_role("link"))
    person.sees("哪些要催？", told.title)
    person.shows("哪些要催")
    person.ticks(f"选中 {told.number}")
    person.presses("督办", within="main")
    person.sees("督办：怎么说？", told.number)
    person.types("要说的话", "{case}号问题已超期，请今天说明进展。")
    person.shows("怎么说")
    person.presses("督办", within="main")
    person.sees("已督办")
    open_row(person, told.title)
    person.waits_for("请今天说明进展")
    person.shows("督办之后")
    log_out(person, name)


def open_row(person: Person, title: str) -> None:
    """The row of that title in a list."""
    person.presses_in(person.page.locator("main").get_by_role("link", name=title))


def look_up(person: Person, told: Told) -> None:
    """By the number, in the field at the top of every page."""
    person.types("查找问题", told.number)
    person.submits()


# -- administrators, kept apart ----------------------------------------------------------------------------------------


def system_administrator(person: Person, account: str, name: str, told: Told) -> None:
    """系统管理员: what has stopped, why, and on with it; what runs and whether it runs well."""
    log_in(person, account)
    person.presses("异常")
    person.waits_for(told.number)
    person.sees("停在哪一步")
    person.shows("异常")
    person.presses("查看流程")
    person.sees("现在停在")
    person.shows("流程实例")
    person.presses("异常")
    person.presses("重试")
    person.waits_for("没有异常")
    person.shows("没有异常")
    person.presses("流程实例")
    person.types("编号", told.number)
    person.submits()
    person.sees("涉企问题")
    person.shows("流程实例，找到")
    person.goes("对接运行")
    person.shows("对接运行")
    log_out(person, name)


def give_duty(person: Person, account: str, name: str, fresh: str, role: str, place: str, organisation: str) -> None:
    """系统管理员: somebody gets another duty."""
    log_in(person, account)
    person.presses("职责管理")
    person.types("姓名、账号、单位或职责", fresh)
    person.submits()
    person.shows("职责管理")
    person.goes(fresh)
    person.picks("角色", role)
    person.picks("地区", place)
    person.picks("单位", organisation)
    person.shows("增加职责")
    person.goes("增加职责")
    person.sees(role)
    person.shows("已增加")
    log_out(person, name)


def make_account(
    person: Person, account: str, name: str, fresh: tuple[str, str], role: str, place: str, organisation: str
) -> None:
    """系统管理员: somebody new gets an account (``fresh``: what it is called, and whose it is), and a first duty."""
    log_in(person, account)
    person.presses("职责管理")
    person.presses("新建账号")
    person.types("账号", fresh[0])
    person.types("姓名", fresh[1])
    person.picks("角色", role)
    person.picks("地区", place)
    person.picks("单位", organisation)
    person.shows("新建账号")
    person.goes("建立账号")
    person.sees("账号已建立", role)
    person.shows("已建立")
    log_out(person, name)


def security_administrator(person: Person, account: str, name: str, locked: str) -> None:
    """安全管理员: lets somebody in again who has mistyped the password, and ends a login that was left open."""
    log_in(person, account)
    person.presses("账号管理")
    person.types("姓名、账号、单位或职责", locked)
    person.submits()
    person.sees("输错过多，暂时锁定")
    person.shows("账号管理")
    person.goes(locked)
    person.shows("账号，锁定")
    person.presses("解锁")
    person.sees("正常")
    person.presses("退出所有设备")
    person.sees("现在没有登录")
    person.shows("账号，已处理")
    log_out(person, name)


def mistype(person: Person, account: str) -> None:
    """The wrong password, until the right one is not taken either."""
    person.opens("/login")
    for password in (*["wrong"] * TRIES, PASSWORD):
        person.types("账号", account)
        person.types("密码", password)
        person.submits()
        expect(person.page.get_by_role("alert")).to_be_visible()
    person.sees("输错次数过多")
    person.shows("输错过多")


def is_out(person: Person) -> None:
    """A login that was ended from elsewhere: the next click asks for the password."""
    person.presses("我的待办")
    expect(person.page.get_by_label("密码", exact=True)).to_be_visible()


def first_day(person: Person, account: str, initial: str, told: Told) -> None:
    """A new clerk: a password of one's own, and the first problem."""
    log_in(person, account, initial)
    person.shows("首次登录")
    person.sees("更换密码", "更换后才能继续")
    person.types("当前密码", initial)
    person.types("新密码", OWN_PASSWORD)
    person.types("再输入一次新密码", OWN_PASSWORD)
    person.shows("更换密码")
    person.submits()
    person.waits_for(told.title)
    person.shows("待办")
    open_row(person, told.title)
    person.shows("研判")
    person.presses("纳入问题池")
    person.sees("已提交“人工研判”")
    person.shows("已提交")


def give_password(person: Person, account: str, name: str, fresh: str) -> str:
    """安全管理员: an initial password, shown once."""
    log_in(person, account)
    person.presses("账号管理")
    person.types("姓名、账号、单位或职责", fresh)
    person.submits()
    person.goes(fresh)
    person.presses("重置密码")
    person.sees(f"{fresh}的初始密码")
    person.shows("初始密码")
    given = person.page.locator("#codes").inner_text().strip()
    person.goes("已告诉本人")
    log_out(person, name)
    return given


def audit_administrator(person: Person, account: str, name: str, *acts: tuple[str, str, tuple[str, str]]) -> None:
    """审计管理员: what was done today and by whom, a copy of it, and whether nobody has changed it since."""
    log_in(person, account)
    person.presses("审计日志")
    person.sees("首尾相接，没有改动")
    person.shows("审计日志")
    for kind, act, (_account, who) in acts:
        person.picks("操作", kind)
        person.goes("查找")
        expect(person.page.get_by_role("row").filter(has_text=act).first).to_contain_text(who)
    person.shows("审计日志，查找")
    with person.page.expect_download() as downloading:
        person.presses("导出")
    lines = downloading.value.path().read_text("utf-8-sig").splitlines()
    done_by = acts[-1][2][0]
    assert lines[1:]
    assert all(f",{done_by}," in each for each in lines[1:])
    log_out(person, name)
