"""Every page of the studio on a desk of 1280 pixels without any network but the gateway: in both languages, with the gateway's CSP, for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from processes.languages import CHINESE, ENGLISH
from tests import axe
from tests.acceptance.gateway.conftest import Desk, cut_off
from tests.integration.gateway import every_page
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

DESK = (1280, 800)

NEEDED = {
    "studio.models", "studio.edit", "studio.edit_file", "studio.review", "studio.change", "studio.try_out", "studio.scenarios",
    "studio.scenario", "studio.whatif_ask", "studio.whatif_show", "studio.migrations", "studio.migration", "studio.migrating",
    "studio.past", "studio.back_ask",
}  # fmt: skip
"""Pages that are among those that are opened, if this test says anything."""


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_the_studio_needs_nobody_but_the_gateway(world: World, desk: At, language: str) -> None:
    filled = every_page.furnish(world)
    pages = [each for each in every_page.pages(world.app, filled) if each.endpoint.startswith("studio.")]
    assert {each.endpoint for each in pages} >= NEEDED
    desks: dict[str, Desk] = {}
    wrong: list[str] = []
    for each in pages:
        if each.account not in desks:
            desks[each.account] = alone(desk(each.account, DESK), language)
        page = desks[each.account].open(each.path)
        loaded(page)
        policy = page.evaluate("async () => (await fetch(location.href)).headers.get('Content-Security-Policy')")
        assert scripts(policy) == {"'self'"}, each.endpoint
        wrong += [f"{each.endpoint}: {one}" for one in (*axe.violations(page), *cut_off(page))]
    assert wrong == []


def scripts(policy: str) -> set[str]:
    """Where scripts may come from."""
    said = {name: set(sources) for name, *sources in (each.split() for each in policy.split(";") if each.strip())}
    assert not any("*" in each or "//" in each for sources in said.values() for each in sources)
    return said.get("script-src", said["default-src"])


def alone(one: Desk, language: str) -> Desk:
    """The cable is out: nothing but the gateway answers (that it is asked for is a complaint, see ``desk``)."""

    def answer(route: Route) -> None:
        if route.request.url.startswith(one.url):
            route.continue_()
        else:
            route.abort()

    one.page.context.route("**/*", answer)
    one.page.context.add_cookies([{"name": "language", "value": language, "url": one.url}])
    return one


def loaded(page: Page) -> None:
    """What a page draws by scripts is there."""
    for editor in page.locator("[data-studio]").all():
        expect(editor).to_have_attribute("data-ready", "yes", timeout=60_000)
    for drawing in page.locator("[data-case-diagram]").all():
        drawing.scroll_into_view_if_needed()
        expect(drawing).to_have_attribute("data-ready", re.compile("."), timeout=60_000)


def test_whatever_is_asked_of_others_is_a_complaint(desk: At) -> None:
    one = desk(None, DESK)
    page = one.open("/login")
    page.evaluate("() => fetch('https://outside.example/x').catch(() => null)")
    assert any("outside.example" in each for each in one.complaints)
    one.complaints.clear()
