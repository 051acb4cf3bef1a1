"""Logging in: who gets in, who waits, and what a session is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import PASSWORD, World

Open = Callable[..., Browser]


def test_a_stranger_is_sent_to_the_login_and_back_to_the_page_afterwards(browser: Open) -> None:
    stranger = browser()
    answer = stranger.client.get("/search?q=330502")
    assert answer.status_code == 302
    assert answer.location == "/login?next=/search?q%3D330502"
    page = stranger.get(answer.location)
    assert 'value="/search?q=330502"' in page
    led = stranger.post("/login", {"account": "wx.chen", "password": PASSWORD, "next": "/search?q=330502"}, "/login")
    assert led == "/search?q=330502"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_the_login_leads_nowhere_else(browser: Open, elsewhere: str) -> None:
    given = {"account": "wx.chen", "password": PASSWORD, "next": elsewhere}
    assert browser().post("/login", given, "/login") == "/"


def test_a_wrong_password_is_told_and_the_account_stays_typed_in(browser: Open) -> None:
    page = browser().post("/login", {"account": "wx.chen", "password": "wrong one"}, "/login", status=401)
    assert "账号或密码不对" in page
    assert 'value="wx.chen"' in page


def test_an_unknown_account_is_told_the_same(browser: Open) -> None:
    page = browser().post("/login", {"account": "nobody", "password": "wrong one"}, "/login", status=401)
    assert "账号或密码不对" in page


def test_who_guesses_must_wait_even_with_the_right_password(world: World, browser: Open) -> None:
    guesser, wrong = browser(), {"account": "wx.wu", "password": "wrong one"}
    for _ in range(5):
        guesser.post("/login", wrong, "/login", status=401)
    page = guesser.post("/login", {"account": "wx.wu", "password": PASSWORD}, "/login", status=429)
    assert "请 10 分钟后再试" in page
    world.clock.advance(timedelta(minutes=10))
    guesser.log_in("wx.wu")


def test_others_need_not_wait_for_a_guesser(browser: Open) -> None:
    guesser = browser()
    for _ in range(5):
        guesser.post("/login", {"account": "wx.sun", "password": "wrong one"}, "/login", status=401)
    browser("wx.li").get("/")


def test_logging_out_ends_the_session(browser: Open) -> None:
    clerk = browser("wx.chen")
    assert clerk.post("/logout", {}, "/") == "/login"
    assert clerk.client.get("/").status_code == 302


def test_a_cookie_of_a_login_that_was_ended_opens_nothing(browser: Open) -> None:
    clerk = browser("wx.chen")
    cookie = clerk.client.get_cookie("bihuan")
    assert cookie is not None
    clerk.post("/logout", {}, "/")
    clerk.client.set_cookie("bihuan", cookie.value)
    assert clerk.client.get("/").status_code == 302


def test_whoever_does_nothing_for_half_an_hour_is_logged_out(world: World, browser: Open) -> None:
    clerk = browser("wx.chen")
    for _ in range(3):
        world.clock.advance(timedelta(minutes=29))
        assert clerk.client.get("/").status_code == 200
    world.clock.advance(timedelta(minutes=30))
    assert clerk.client.get("/").status_code == 302


def test_a_page_that_asks_by_itself_keeps_nobody_logged_in(world: World, browser: Open) -> None:
    clerk = browser("wx.chen")
    world.clock.advance(timedelta(minutes=29))
    assert clerk.client.get("/", headers={"X-Background": "1"}).status_code == 200
    world.clock.advance(timedelta(minutes=1))
    assert clerk.client.get("/").status_code == 302


def test_a_login_begins_with_a_token_of_its_own(browser: Open) -> None:
    clerk = browser("wx.chen")
    before = clerk.client.get_cookie("bihuan")
    clerk.log_in("wx.chen")
    after = clerk.client.get_cookie("bihuan")
    assert before is not None
    assert after is not None
    assert before.value != after.value


def test_the_session_survives_a_restart_of_the_gateway(world: World, browser: Open) -> None:
    from gateway import create_app

    clerk = browser("wx.chen")
    cookie = clerk.client.get_cookie("bihuan")
    assert cookie is not None
    again = create_app(world.services).test_client()
    again.set_cookie("bihuan", cookie.value)
    assert again.get("/").status_code == 200


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(browser: Open) -> None:
    stranger = browser()
    stranger.get("/login")
    answer = stranger.client.get("/login")
    set_cookie = answer.headers.get("Set-Cookie", "") or str(stranger.client.get_cookie("bihuan"))
    cookie = stranger.client.get_cookie("bihuan")
    assert cookie is not None
    assert cookie.http_only, set_cookie
    assert cookie.same_site == "Lax"


def test_a_form_without_its_token_changes_nothing(browser: Open) -> None:
    clerk = browser("wx.chen")
    answer = clerk.client.post("/logout")
    assert answer.status_code == 400
    assert "草稿仍在" in answer.text
    clerk.get("/")


def test_every_answer_is_armoured(browser: Open) -> None:
    for path in ("/login", "/nowhere", "/api/cases"):
        headers = browser().client.get(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
