"""Every page of the gateway, found in its route table: in both languages, at a desk, on a phone and at twice the size, on paper, by keys.

axe-core judges what people who see or move less can use. Nothing scrolls sideways, and nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from processes.languages import CHINESE, ENGLISH
from tests.acceptance.gateway.conftest import PHONE, WIDE, Desk
from tests.integration.gateway import every_page
from tests.integration.gateway.every_page import Filled
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]


@pytest.fixture
def filled(world: World) -> Filled:
    return every_page.furnish(world)


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_every_page_can_be_used_by_everybody_and_fits(world: World, desk: At, filled: Filled, language: str) -> None:
    wrong: list[str] = []
    judged = [WIDE if language == CHINESE else PHONE]  # the other words stand in the same elements
    desks: dict[str, Desk] = {}
    for page in every_page.pages(world.app, filled):
        someone = desks.get(page.account) or desks.setdefault(page.account, desk(page.account or None))
        _speak(someone, language)
        wrong += [f"{page.endpoint}, {language}: {each}" for each in someone.unfit(page.path, judged)]
    assert wrong == []


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_pages_are_printed_without_what_only_a_screen_needs(desk: At, filled: Filled, language: str) -> None:
    handler = desk(every_page.HANDLER)
    _speak(handler, language)
    for path in ("/", f"/cases/{filled.number}", f"/tasks/{filled.task}"):
        page = handler.open(path)
        page.emulate_media(media="print")
        for gone in (".bar", ".foot", "#keys", "button", "form input[type=file]"):
            for each in page.locator(gone).all():
                expect(each).to_be_hidden()
        expect(page.locator("h1")).to_be_visible()
        page.set_viewport_size({"width": 718, "height": 1000})  # A4 without its margins, at 96 dots an inch
        assert handler.cut_off() == [], path
        page.emulate_media(media="screen")


def test_a_handler_does_a_days_work_by_keys_alone(desk: At, filled: Filled) -> None:
    page = desk().open("/login")
    expect(page.locator("#account")).to_be_focused()
    page.keyboard.type(every_page.HANDLER)
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse")
    page.keyboard.press("Enter")
    page.wait_for_selector("a[data-row]")
    _press(page, "j")
    expect(page.locator("a[data-row]").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector("form[data-draft]")
    _tab_to(page, "[name=resolution]")
    page.keyboard.press("Space")
    _tab_to(page, "textarea[name=answer]")
    page.keyboard.type("增容方案已批复，12月5日送电。")
    _tab_to(page, ".outcomes button.primary")
    page.keyboard.press("Enter")
    expect(page.locator("[role=status]").first).to_contain_text("已提交")
    _press(page, "/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type(filled.number)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("增容方案已批复")
    _press(page, "g", "i")
    expect(page.locator("h1")).to_have_text("我的待办")


def _press(page: Page, *keys: str) -> None:
    """Press keys that a page's script listens for: it does once the page has loaded, not yet when its first words are there."""
    page.wait_for_load_state("load")
    for key in keys:
        page.keyboard.press(key)


def _tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press the tabulator until the focus is there, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached by {most} tabulators")


def _speak(someone: Desk, language: str) -> None:
    someone.page.context.add_cookies([{"name": "language", "value": language, "url": someone.url}])
