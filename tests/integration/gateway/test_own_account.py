"""账号与安全: one's own password and logins."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from processes.casework.accounts import passwords
from processes.casework.records import AccountRules
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import PASSWORD, World

Open = Callable[..., Browser]

NEW = "Brand-new-2026"


def change(browser: Browser, old: str = PASSWORD, new: str = NEW, again: str = "", status: int = 302) -> str:
    given = {"old": old, "new": new, "again": again or new}
    return browser.post("/account/password", given, "/account/password", status=status)


def handed_out(world: World, person: str) -> str:
    return passwords.hand_out(world.services.database, AccountRules(), person, world.clock.now(), by="wx.su")


def test_a_new_password_logs_everybody_else_out(browser: Open) -> None:
    here, there = browser("wx.chen"), browser("wx.chen")
    assert change(here) == "/account"
    assert "其他地方的登录已全部退出" in here.get("/account")
    assert there.client.get("/").status_code == 302
    browser().post("/login", {"account": "wx.chen", "password": PASSWORD}, "/login", status=401)
    browser().log_in("wx.chen", NEW)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"old": "wrong one"}, "当前密码不对"),
        ({"again": "Brand-new-2027"}, "两次输入的新密码不一样"),
        ({"new": "short"}, "密码至少 10 位"),
        ({"new": PASSWORD}, "至少 3 类"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(browser: Open, given: dict[str, str], told: str) -> None:
    clerk = browser("wx.chen")
    page = change(clerk, **given, status=422)
    assert re.search(f'class="wrong" id="error-(old|new|again)">[^<]*{told}', page)
    browser("wx.chen")


def test_the_page_is_no_place_to_guess_the_old_password(browser: Open) -> None:
    clerk = browser("wx.chen")
    for _ in range(5):
        change(clerk, old="wrong one", status=422)
    assert "10 分钟后再试" in change(clerk, status=429)


def test_whoever_was_given_a_password_changes_it_before_anything_else(world: World, browser: Open) -> None:
    clerk = browser().log_in("wx.chen", handed_out(world, "wx.chen"))
    for path in ("/", "/search?q=1", "/account"):
        assert clerk.client.get(path).location == "/account/password"
    assert "更换后才能继续" in clerk.get("/account/password")
    assert clerk.post("/logout", {}, "/account/password") == "/login"
    given = handed_out(world, "wx.chen")
    clerk.log_in("wx.chen", given)
    assert change(clerk, old=given) == "/"
    clerk.get("/")


def test_an_old_password_is_changed_before_anything_else(world: World, browser: Open) -> None:
    change(browser("wx.chen"))
    world.clock.advance(timedelta(days=91))
    clerk = browser().log_in("wx.chen", NEW)
    assert clerk.client.get("/").location == "/account/password"


def test_logins_are_listed_and_ended(world: World, browser: Open) -> None:
    here, there, elsewhere = browser("wx.chen"), browser("wx.chen"), browser("wx.chen")
    browser("wx.wu")
    page = here.get("/account")
    assert page.count("本机") == 1
    ends = re.findall(r'action="(/account/sessions/[^"]+/end)"', page)
    assert len(ends) == 2
    here.post(ends[0], {}, "/account")
    still = [each for each in (there, elsewhere) if each.client.get("/").status_code == 200]
    assert len(still) == 1
    here.post("/account/sessions/end", {}, "/account")
    assert still[0].client.get("/").status_code == 302
    assert here.client.get("/").status_code == 200


def test_nobody_ends_the_login_of_another(browser: Open) -> None:
    clerk, other = browser("wx.chen"), browser("wx.wu")
    browser("wx.chen")
    (end,) = re.findall(r'action="(/account/sessions/[^"]+/end)"', clerk.get("/account"))
    other.post(end, {}, "/account/password")
    assert clerk.get("/account").count('/end"') == 2


def test_an_agent_that_is_no_browser_is_shown_as_text(browser: Open) -> None:
    hostile = browser()
    hostile.client.environ_base["HTTP_USER_AGENT"] = "<script>alert(1)</script>\x7f Chrome Windows"
    hostile.log_in("wx.chen")
    page = hostile.get("/account")
    assert "Chrome · Windows" in page
    assert "alert(1)" not in page
