"""The second factor at the pages: set up by oneself, asked for at the login, demanded by a role."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
from sqlalchemy import select, update

from processes.store.tables import Setting
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import PASSWORD, World

Open = Callable[..., Browser]
PAGE = "/account/second-factor"


def set_up(world: World, browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """Scan the picture, type the code; the app, and the recovery codes."""
    page = browser.get(PAGE)
    app = pyotp.TOTP(re.search(r'class="mono">([^<]+)<', page).group(1).replace(" ", ""))  # type: ignore[union-attr]
    sealed = re.search(r'name="sealed" value="([^"]+)"', page).group(1)  # type: ignore[union-attr]
    codes = browser.post(PAGE, {"sealed": sealed, "code": app.at(world.clock.now())}, PAGE, status=200)
    return app, re.findall(r"(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}", codes)


def test_it_is_set_up_and_asked_for(world: World, browser: Open) -> None:
    app, codes = set_up(world, browser("wx.chen"))
    assert len(codes) == 10
    world.clock.advance(timedelta(minutes=2))
    fresh = browser()
    given = {"account": "wx.chen", "password": PASSWORD, "next": "/search?q=330502"}
    step = fresh.post("/login", given, "/login")
    assert step == "/login/code?next=/search?q%3D330502"
    assert fresh.client.get("/").location == "/login", "half of a login opens nothing"
    assert "验证码不对" in fresh.post("/login/code", {"code": "000000"}, step, status=401)
    code = {"code": app.at(world.clock.now()), "next": "/search?q=330502"}
    assert fresh.post("/login/code", code, step) == "/search?q=330502"
    fresh.get("/")
    again = browser()
    again.post("/login", given, "/login")
    assert "验证码不对或已用过" in again.post("/login/code", code, step, status=401)
    assert again.post("/login/code", {"code": codes[0]}, step) == "/"
    assert "恢复码还剩 9 个" in again.get(PAGE)


def test_the_picture_is_whole_at_any_size(browser: Open) -> None:
    """With sizes of its own in place of a view box a page would show a corner of it."""
    page = browser("wx.chen").get(PAGE)
    assert re.search(r'<svg [^>]*viewBox="0 0 \d+ \d+"', page)


def test_the_code_is_asked_of_nobody_who_has_not_given_a_password(browser: Open) -> None:
    assert browser().client.get("/login/code").location == "/login"
    assert browser().post("/login/code", {"code": "000000"}, "/login") == "/login"


def test_a_wrong_code_keeps_the_same_picture(browser: Open) -> None:
    clerk = browser("wx.chen")
    page = clerk.get(PAGE)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page).group(1)  # type: ignore[union-attr]
    secret = re.search(r'class="mono">([^<]+)<', page).group(1)  # type: ignore[union-attr]
    wrong = clerk.post(PAGE, {"sealed": sealed, "code": "000000"}, PAGE, status=422)
    assert secret in wrong
    assert "验证码不对" in wrong


def test_a_picture_made_for_somebody_else_is_not_taken(world: World, browser: Open) -> None:
    page = browser("wx.wu").get(PAGE)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page).group(1)  # type: ignore[union-attr]
    app = pyotp.TOTP(re.search(r'class="mono">([^<]+)<', page).group(1).replace(" ", ""))  # type: ignore[union-attr]
    clerk = browser("wx.chen")
    for given in (sealed, sealed[:-4], ""):
        code = app.at(world.clock.now())
        assert "再扫一次" in clerk.post(PAGE, {"sealed": given, "code": code}, PAGE, status=422)


def test_it_is_ended_and_codes_are_renewed_for_a_code(world: World, browser: Open) -> None:
    clerk = browser("wx.chen")
    app, codes = set_up(world, clerk)
    world.clock.advance(timedelta(minutes=2))
    assert "验证码不对" in clerk.post(f"{PAGE}/codes", {"code": "000000"}, PAGE, status=422)
    fresh = clerk.post(f"{PAGE}/codes", {"code": app.at(world.clock.now())}, PAGE, status=200)
    assert not any(code in fresh for code in codes)
    world.clock.advance(timedelta(minutes=2))
    assert clerk.post(f"{PAGE}/end", {"code": app.at(world.clock.now())}, PAGE) == "/account"
    browser("wx.chen").get("/")


def test_a_role_may_demand_it(world: World, browser: Open) -> None:
    with world.services.database.write() as connection:
        detail = connection.scalar(select(Setting.value).where(Setting.key == "reference.detail"))
        assert detail is not None
        demanding = {**detail, "second_factor": ["intake_clerk"]}
        connection.execute(update(Setting).where(Setting.key == "reference.detail").values(value=demanding))
        connection.execute(update(Setting).where(Setting.key == "reference").values(value={"version": "demanding"}))
    clerk = browser("wx.chen")
    assert clerk.client.get("/").location == PAGE
    assert "启用后才能继续" in clerk.get(PAGE)
    set_up(world, clerk)
    clerk.get("/")
    browser("wx.wu").get("/")
