"""个人信息申请 in a browser: what was found and what waits for a decision, in both languages, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from processes.casework.subjects import requests
from processes.languages import CHINESE, ENGLISH
from tests import axe
from tests.acceptance.gateway.conftest import PHONE as SMALL
from tests.acceptance.gateway.conftest import WIDE, Desk
from tests.integration.gateway.portal_world import Post
from tests.integration.gateway.world import World
from tests.integration.subjects import held

pytestmark = pytest.mark.browser

At = Callable[..., Desk]


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_what_was_found_and_what_waits_can_be_used_by_everybody_and_fits(world: World, desk: At, language: str) -> None:
    problem = axe.ensure()
    if problem:
        pytest.skip(problem)
    held.closed(world)
    world.report("O-5", title="还没有办结", phone=held.PHONE)
    held.ask(world, requests.EXPORT)
    clerk, administrator = desk(held.ASKING), desk(held.DECIDING)
    for each in (clerk, administrator):
        each.page.context.add_cookies([{"name": "language", "value": language, "url": each.url}])
    found = clerk.open("/subjects/")
    found.fill("#phone", held.PHONE)
    found.click("main button.primary")
    expect(found.locator("#asking")).to_be_visible()
    wrong = [*_judged(clerk, found), *_judged(administrator, administrator.open("/subjects/approvals"))]
    found.click("button[value=delete]")
    expect(found.locator("[role=alert]")).to_be_visible()
    assert [*wrong, *_judged(clerk, found)] == []


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_the_portals_page_can_be_used_by_everybody_and_fits(world: World, desk: At, language: str) -> None:
    problem = axe.ensure()
    if problem:
        pytest.skip(problem)
    held.filed(world)
    one, post = desk(), Post(world)
    one.page.context.add_cookies([{"name": "language", "value": language, "url": one.url}])
    page = one.open("/portal/personal")
    page.fill("#phone", held.PHONE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/code")
    page.fill("#code", post.code(held.PHONE))
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/personal")
    wrong = _judged(one, page)
    page.click("form[action$=delete] button")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert [*wrong, *_judged(one, page)] == []


def _judged(someone: Desk, page: Page) -> list[str]:
    wrong = []
    for width, height in (WIDE, SMALL):
        page.set_viewport_size({"width": width, "height": height})
        wrong += [f"{page.url}, {width}: {each}" for each in (*someone.cut_off(), *axe.violations(page))]
    return wrong
