"""A process owner tries a draft in a real browser, records the walk, and sees the scenario fail when the draft is changed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from processes.casework import model_drafts, models_in_force
from tests import axe
from tests.acceptance.gateway.conftest import PHONE, WIDE, Desk, cut_off
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "zj.yun"
DESK = (1280, 800)
SHOTS = os.environ.get("SHOTS")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        for size in (DESK, PHONE):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.screenshot(path=f"{SHOTS}/{name}-{size[0]}.png", full_page=True)
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


def drafted(world: World, process: str, *scenarios: str) -> str:
    """The address of a draft with shipped scenarios in it."""
    now = world.clock.now()
    with world.services.database.write() as connection:
        held = models_in_force.at(connection, ("",))[process]
        bodies = models_in_force.bodies(connection, [held])
        id = model_drafts.begin(connection, OWNER, "", held, bodies, now)
        draft = model_drafts.own(connection, id, OWNER)
        assert draft is not None
        files = {each: (MODELS / process / each).read_text("utf-8") for each in scenarios}
        model_drafts.keep(connection, draft, 0, {**draft.files, **files}, now)
    return f"/studio/drafts/{id}"


def drawn(page: Page) -> None:
    page.locator("[data-case-diagram]").scroll_into_view_if_needed()
    expect(page.locator("[data-case-diagram]")).to_have_attribute("data-ready", re.compile("."), timeout=30_000)


def test_try(world: World, desk: At) -> None:
    path = drafted(world, "rating", "satisfied.scenario.json")
    page = desk(OWNER, DESK).open(f"{path}/try")
    shot(page, "begin")
    page.get_by_text("开头的内容").click()
    page.get_by_label("自动答复的外部任务").fill("")
    page.get_by_role("button", name="开始走").click()
    drawn(page)
    shot(page, "job")
    page.get_by_role("button", name="答复：办成了").click()
    page.get_by_role("button", name="答复：办成了").click()
    drawn(page)
    shot(page, "message")
    page.get_by_role("button", name="过一个工作日").click()
    page.get_by_role("link", name=re.compile("^时间")).first.click()
    drawn(page)
    shot(page, "timer")
    page.get_by_role("button", name="到期").click()
    drawn(page)
    shot(page, "after")


def test_try_handling(world: World, desk: At) -> None:
    path = drafted(world, "handling", "one-board.scenario.json")
    page = desk(OWNER, DESK).open(f"{path}/try")
    page.get_by_role("button", name="开始走").click()
    drawn(page)
    page.locator("main button[name=outcome]").first.click()
    drawn(page)
    shot(page, "task")
