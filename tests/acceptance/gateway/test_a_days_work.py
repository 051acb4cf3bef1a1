"""A day's work of everybody, on the running system: one problem from an enterprise's phone to its rating, through all hands, from login to logout.

Once with a mouse, once by the keyboard alone, at another place each, so that neither needs the other.
Administrators of accounts and of the log by the keyboard. ``SHOTS=folder`` keeps a picture of each
step at 1440 and at 390 pixels.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.acceptance.gateway import tours
from tests.acceptance.gateway.conftest import PHONE, WIDE, outside
from tests.acceptance.gateway.people import Keyboard, Mouse, Person
from tests.acceptance.gateway.running import Running
from tests.acceptance.gateway.tours import Told
from tests.integration.gateway.world import MODELS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

A_HARD_ONE = "搬进来五年了，产权证一直没有办下来，都说是历史遗留问题，不知道该找谁，请协调解决。"
AN_UNCLEAR_ONE = "两个月前申请增容，一直没有回音，不知道该找谁，请协调解决。"

PLACES = {
    "吴兴区": (
        "老虎山",
        "13905720015",
        ("营业执照变更等了一个月", "我公司上月申请变更营业执照，窗口三次要求补材料，跑了三趟还没有办下来，请协调。"),
    ),
    "南浔区": (
        "浔溪",
        "13905720016",
        (
            "食品经营许可证换发没有下文",
            "我店的食品经营许可证到期换发，二十天前就把东西都交上去了，一直没有下文，影响开业，请帮忙问问。",
        ),
    ),
}
"""Whom the problems come from: part of a name, a phone, and what is said at the counter."""

FEW = 6
"""Clicks from the login page to a first problem routed."""


@dataclass(frozen=True)
class Office:
    """The people of a place, each with a browser of the kind that the test is about."""

    system: Running
    browser: Browser
    hands: type[Person]
    prefix: str
    looks: bool = True

    @contextmanager
    def at_work(self, account: str, size: tuple[int, int] = WIDE, **device: Any) -> Iterator[Person]:
        """Somebody of the place, until he or she goes. What the browser complains of fails the test."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", accept_downloads=True, **device
        )
        shots = Path(os.environ["SHOTS"]) / self.hands.__name__.lower() if os.environ.get("SHOTS") else None
        complaints: list[str] = []
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_a_fault(said) else None)
        context.on("request", lambda request: complaints.extend(outside(request.url, self.system.url)))
        yield self.hands(page, self.system.url, account, shots, self.looks)
        context.close()
        assert not complaints, account

    def staff(self, role: str) -> tuple[str, str]:
        """An account of the place, and the name of whoever has it."""
        account = f"{self.prefix}.{role}"
        with (MODELS / "reference" / "people.csv").open(encoding="utf-8", newline="") as lines:
            return account, next(row["name"] for row in csv.DictReader(lines) if row["id"] == account)

    def phone(self, what: str) -> Any:
        """An enterprise's phone."""
        return self.at_work(f"enterprise {what}", PHONE, is_mobile=True, has_touch=True)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One platform for this file."""
    with Running(tmp_path_factory.mktemp("running")) as running:
        yield running


@pytest.mark.parametrize(
    ("hands", "prefix", "place"), [(Mouse, "wx", "吴兴区"), (Keyboard, "nx", "南浔区")], ids=["mouse", "keyboard"]
)
def test_a_problem_goes_through_all_hands(
    system: Running, chromium: Browser, hands: type[Person], prefix: str, place: str
) -> None:
    office = Office(system, chromium, hands, prefix, looks=hands is Mouse)
    board, told = f"{place}项目板块", _hard(place)
    with office.phone("reports") as enterprise:
        tours.enterprise_reports(enterprise, system, told)
    with office.at_work("clerk") as clerk:
        tours.clerk(clerk, *office.staff("chen"), told)
    with office.at_work("leader") as leader:
        tours.leader(leader, *office.staff("zhou"), told)
    with office.at_work("coordinator") as coordinator:
        tours.coordinator(coordinator, *office.staff("li"), told, board)
    with office.at_work("handler") as handler:
        tours.handler_asks(handler, *office.staff("wu"), told)
    with office.phone("answers") as enterprise:
        tours.enterprise_answers(enterprise, told)
    system.later(timedelta(days=24))
    with office.at_work("supervisor") as supervisor:
        tours.supervisor(supervisor, *office.staff("sun"), told, board)
    system.refuses_once("ratings", "")
    with office.at_work("late handler") as handler:
        tours.handler_answers(handler, *office.staff("wu"), told)
    with office.at_work("system") as administrator:
        tours.system_administrator(administrator, *office.staff("yun"), told)
    with office.phone("rates") as enterprise:
        tours.enterprise_rates(enterprise, told)


def test_administrators_keep_accounts_in_order_and_each_other_in_sight(system: Running, chromium: Browser) -> None:
    """By the keyboard alone: with a mouse it is the same pages."""
    office, place = Office(system, chromium, Keyboard, "nx"), "南浔区"
    account, clerk = office.staff("chen")
    _, analyst = office.staff("zou")
    centre = f"{place}企业综合服务中心"
    with office.at_work("elsewhere") as elsewhere, office.at_work("locked out") as mistaken:
        tours.log_in(elsewhere, account)
        tours.mistype(mistaken, account)
        with office.at_work("security") as security:
            tours.security_administrator(security, *office.staff("su"), clerk)
        tours.is_out(elsewhere)
    with office.at_work("duties") as administrator:
        tours.give_duty(administrator, *office.staff("yun"), analyst, "受理员", place, centre)
    with office.at_work("audit") as audit:
        tours.audit_administrator(
            audit,
            *office.staff("pan"),
            ("账号", "账号：解锁", office.staff("su")),
            ("职责", "职责：增加", office.staff("yun")),
        )


def test_a_new_clerk_routes_a_first_problem_in_few_clicks(system: Running, chromium: Browser) -> None:
    """Counted is whatever is activated, by a click or by Enter: logging in, the password of one's own that a first login asks for, links,
    buttons, boxes. Typing is not counted, nor is going to a field. Nobody explains anything."""
    office = Office(system, chromium, Mouse, "dq")
    account, name = "dq.xinyu", "周新宇"
    told = Told("增容申请没有回音", AN_UNCLEAR_ONE, "德清县", "德清莫干山木业有限公司", "沈女士", "13905720021")
    with office.phone("new clerk's") as enterprise:
        tours.enterprise_reports(enterprise, system, told)
    with office.at_work("new clerk's account") as administrator:
        centre = "德清县企业综合服务中心"
        tours.make_account(administrator, *office.staff("yun"), (account, name), "受理员", "德清县", centre)
    with office.at_work("new clerk's password") as security:
        initial = tours.give_password(security, *office.staff("su"), name)
    with office.at_work("new clerk") as clerk:
        tours.first_day(clerk, account, initial, told)
        assert clerk.clicks <= FEW
        tours.log_out(clerk, name)


def _hard(place: str) -> Told:
    """One that is not clear at first, and hard; other words at each place, so that nothing is a duplicate of the other's."""
    town, phone, errand = PLACES[place]
    return Told("产权证五年办不下来", A_HARD_ONE, place, f"湖州{town}轴承有限公司", "邱先生", phone, errand)


def _is_a_fault(said: Any) -> bool:
    # A form that is sent back with its mistakes is no fault of the page.
    return said.type in ("error", "warning") and "status of 4" not in said.text
