"""Who may call what: stated for every endpoint, and held to."""

from __future__ import annotations

from collections.abc import Callable

from gateway import permissions
from gateway.staff import viewer
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

PAGES = {*viewer._roles(), "sheets"}


def test_every_endpoint_says_whose_it_is_and_none_is_stated_that_is_not_there(world: World) -> None:
    assert {rule.endpoint for rule in world.app.url_map.iter_rules()} == set(permissions.table())


def test_every_audience_is_one_that_there_is() -> None:
    known = {permissions.EVERYBODY, permissions.STAFF, permissions.PARTNER, permissions.OPERATOR}
    known |= {permissions.PAGE + page for page in PAGES}
    assert {each for found in permissions.table().values() for each in found} <= known


def test_an_endpoint_of_which_nobody_has_said_whose_it_is_is_nobodys(world: World) -> None:
    world.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    answer = world.app.test_client().get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_a_page_is_for_those_with_a_duty_that_opens_it(browser: Callable[..., Browser]) -> None:
    browser("wx.yun").get("/operations/")
    browser("wx.wang").get("/operations/", 403)
    browser("wx.wang").get("/counter", 403)
