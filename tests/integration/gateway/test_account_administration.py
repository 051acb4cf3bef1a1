"""账号管理: the security administrator sees to the accounts of the own place and below, and to no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.test_second_factor import set_up
from tests.integration.gateway.world import PASSWORD, World

Open = Callable[..., Browser]

ACTS = ("lock", "unlock", "deactivate", "reactivate", "reset", "reset-second-factor", "log-out", "sessions/x/end")


def act(admin: Browser, person: str, what: str, status: int = 302) -> str:
    return admin.post(f"/accounts/{person}/{what}", {}, "/accounts/wx.wu", status=status)


def test_people_are_found_by_name_account_or_duty(browser: Open) -> None:
    admin = browser("wx.su")
    for text in ("wx.chen", "WX.CHEN", "受理员"):
        assert "/accounts/wx.chen" in admin.get(f"/accounts?q={text}")
    assert "没有找到" in admin.get("/accounts?q=nobody-is-called-so")
    page = admin.get("/accounts")
    assert "/accounts/hz." not in page
    assert "/accounts/nx." not in page


def test_only_the_security_administrator_may_and_only_in_reach(browser: Open) -> None:
    for other in ("wx.chen", "wx.yun", "wx.pan"):
        browser(other).get("/accounts", 403)
    admin = browser("wx.su")
    for foreign in ("hz.li", "nx.li", "nobody"):
        admin.get(f"/accounts/{foreign}", 404)
        for what in ACTS:
            act(admin, foreign, what, 404)
    browser("hz.su").get("/accounts/wx.wu")


@pytest.mark.parametrize("what", ACTS)
def test_nobody_does_anything_with_the_own_account_there(browser: Open, what: str) -> None:
    act(browser("wx.su"), "wx.su", what, 403)


def test_locking_logs_out_and_keeps_out(browser: Open) -> None:
    admin, handler = browser("wx.su"), browser("wx.wu")
    act(admin, "wx.wu", "lock")
    assert handler.client.get("/").status_code == 302
    page = browser().post("/login", {"account": "wx.wu", "password": PASSWORD}, "/login", status=401)
    assert "账号已被锁定" in page
    assert "已锁定" in admin.get("/accounts?q=wx.wu")
    act(admin, "wx.wu", "unlock")
    browser("wx.wu").get("/")


def test_wrong_tries_are_seen_and_forgotten(browser: Open) -> None:
    guesser, admin = browser(), browser("wx.su")
    for _ in range(5):
        guesser.post("/login", {"account": "wx.wu", "password": "wrong"}, "/login", status=401)
    assert "暂时锁定" in admin.get("/accounts/wx.wu")
    act(admin, "wx.wu", "unlock")
    browser("wx.wu").get("/")


def test_a_password_that_is_given_is_shown_once_and_must_be_changed(browser: Open) -> None:
    admin, handler = browser("wx.su"), browser("wx.wu")
    page = act(admin, "wx.wu", "reset", 200)
    given = re.search(r'id="codes"[^>]*>([^<]+)<', page).group(1)  # type: ignore[union-attr]
    assert handler.client.get("/").status_code == 302
    assert given not in admin.get("/accounts/wx.wu")
    fresh = browser().log_in("wx.wu", given)
    assert fresh.client.get("/").location == "/account/password"


def test_whoever_leaves_is_out_at_once_and_may_come_back(browser: Open) -> None:
    admin, handler = browser("wx.su"), browser("wx.wu")
    act(admin, "wx.wu", "deactivate")
    assert handler.client.get("/").status_code == 302
    browser().post("/login", {"account": "wx.wu", "password": PASSWORD}, "/login", status=401)
    assert "已停用" in admin.get("/accounts/wx.wu")
    act(admin, "wx.wu", "reactivate")
    assert "板块" in browser("wx.wu").get("/")


def test_a_lost_phone_is_forgotten(world: World, browser: Open) -> None:
    set_up(world, browser("wx.wu"))
    world.clock.advance(timedelta(minutes=1))
    admin = browser("wx.su")
    assert "已启用" in admin.get("/accounts/wx.wu")
    act(admin, "wx.wu", "reset-second-factor")
    browser("wx.wu").get("/")


def test_logins_of_others_are_ended(world: World, browser: Open) -> None:
    admin, one, two = browser("wx.su"), browser("wx.wu"), browser("wx.wu")
    ends = re.findall(r"/accounts/wx.wu/(sessions/[^\"]+/end)", admin.get("/accounts/wx.wu"))
    assert len(ends) == 2
    act(admin, "wx.wu", ends[0])
    assert sorted(each.client.get("/").status_code for each in (one, two)) == [200, 302]
    act(admin, "wx.wu", "log-out")
    assert {each.client.get("/").status_code for each in (one, two)} == {302}
