"""An enterprise on a phone: it reports, follows, answers, rates; every page fits, in both languages, judged by axe."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.acceptance.gateway.conftest import PHONE, WIDE, Desk
from tests.integration.gateway.portal_world import GIVEN, MINE, Post, handled
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]


@pytest.mark.usefixtures("judge")
@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh"), (WIDE, "en")], ids=["phone", "desk in English"])
def test_a_problem_from_its_report_to_its_rating(
    world: World, desk: At, tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    post, one = Post(world), desk(size=size)
    page = one.open("/portal/")
    if language == "en":
        _in_english(page)
    _judged(one)
    page.click(".way >> nth=0")
    expect(page.locator("#phone")).to_be_visible()
    _judged(one)
    page.fill("#phone", MINE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/code")
    _judged(one)
    page.fill("#code", post.code(MINE))
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/report")
    _judged(one)
    page.fill("#f-body", GIVEN["body"])
    page.fill("#f-uscc", "91330000MA0000000A")
    page.reload()  # what was typed is still there
    expect(page.locator("#f-body")).to_have_value(GIVEN["body"])
    page.click("main .outcomes button")
    expect(page.locator(".summary")).to_be_visible()
    _judged(one)
    _fill_in(page)
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    page.set_input_files("#files", photo)
    page.click("main .outcomes button")
    page.wait_for_url("**/portal/filed")
    _judged(one)
    number, code = page.locator(".keys-to-keep .number").all_inner_texts()
    post.run()
    handled(world, post, number, outcome="ask", question="请补充用电容量和厂房地址。")

    other = desk(size=size)
    page = other.open(f"/portal/problems/{number}")
    if language == "en":
        _in_english(page)
    expect(page.locator("#number")).to_have_value(number)
    _judged(other)
    page.fill("#code", code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/problems/*")
    _judged(other)
    page.fill("#answer", "630 kVA，织里镇示例路 8 号。")
    page.click("#supplement .outcomes button")
    expect(page.locator("[role=status]")).to_be_visible()
    handled(world, post, number, outcome="answer", resolution="solved", answer="增容已批复，本周五送电。")
    page.reload()
    _judged(other)
    page.locator("#rate label").first.click()
    page.click("#rate .outcomes button")
    expect(page.locator("#rate")).to_have_count(0)
    post.run()
    page.reload()
    page.locator("#reopen summary").click()
    _judged(other)
    one.open("/portal/problems")
    _judged(one)
    expect(one.page.locator(".mine")).to_contain_text(re.compile(GIVEN["title"]))
    one.page.click("[data-leave]")
    one.open("/portal/follow?number=x")
    _judged(one)


def _in_english(page: Page) -> None:
    page.click("footer button[value=en]")
    expect(page.locator("html[lang=en]")).to_be_attached()


def _fill_in(page: Page) -> None:
    for name in ("title", "enterprise", "contact"):
        page.fill(f"#f-{name}", GIVEN[name])
    page.select_option("#f-place", GIVEN["place"])
    page.fill("#f-uscc", "")
    page.check("#consent")


def _judged(one: Desk) -> None:
    assert one.cut_off() == []
    assert axe.violations(one.page) == []
