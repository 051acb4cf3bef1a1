"""The integrators' page in a real browser: at a desk and on a phone, with and without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.acceptance.gateway.conftest import PHONE, WIDE, Desk

pytestmark = pytest.mark.browser

At = Callable[..., Desk]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_the_page_does_not_scroll_sideways_with_everything_opened(desk: At, size: tuple[int, int]) -> None:
    reader = desk(None, size)
    page = reader.open("/integrators")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert reader.cut_off() == []


def test_an_example_is_copied_whole(desk: At) -> None:
    page = desk().open("/integrators")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator("[data-copy='payload-rating.given.v1']")
    button.click()
    expect(button).to_have_text("已复制")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied == json.loads(page.locator("[id='payload-rating.given.v1']").inner_text())
    assert copied["level"] == 4


def test_without_scripts_everything_is_there_and_no_button_that_does_nothing(desk: At) -> None:
    page = desk(None, WIDE, scripts=False).open("/integrators")
    expect(page.locator("[id='order.v1'] pre").last).to_contain_text("12345-20261123-0042")
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.click(".contents a:has-text('邀请企业评价')")
    expect(page.locator("[id='jobs.rating.request']")).to_be_in_viewport()
