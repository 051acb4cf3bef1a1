"""From a draft into force in a real browser: scenarios played, approval asked for and given, in force, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from processes.casework import model_scenarios, models_in_force
from processes.scenarios import kept
from processes.scenarios.trials import Trials
from tests import axe
from tests.acceptance.gateway.conftest import Desk, cut_off
from tests.integration.gateway.every_page import drafted
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

AUTHOR, PLACE, ABOVE = "dq.xie", "330521", "hz.xie"
WIDE, NARROW = (1280, 800), (390, 844)


@pytest.fixture
def playing(world: World) -> Iterator[None]:
    """An engine process that plays scenarios."""
    services = world.services
    trials = Trials(services.database, services.clock, services.snapshots)
    trials.start()
    yield
    trials.stop()


@pytest.fixture
def draft(world: World) -> str:
    """A change of a process that has scenarios, at a place that wants four eyes; the address of its review."""
    with world.services.database.write() as connection:
        for process, files in kept.in_folders([MODELS / "portal"]).items():
            model_scenarios.keep(connection, "", process, files)
    return f"/studio/drafts/{drafted(world, AUTHOR, PLACE, 'portal_message')}/force"


def held(world: World) -> tuple[str, str]:
    """The version at the place, and where it was put into force."""
    path = (PLACE, "3305", "33", "")
    with world.services.database.read() as connection:
        found = models_in_force.at(connection, path)["portal_message"]
    return found.definition, found.place


def looked_at(page: Page, name: str) -> None:
    """No violation, nothing cut off, at both widths."""
    for size in (NARROW, WIDE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert axe.violations(page) == [], name
        assert cut_off(page) == [], name


def test_a_change_is_approved_comes_into_force_and_is_taken_back(
    world: World, desk: At, judge: None, playing: None, draft: str
) -> None:
    before = held(world)
    page = desk(AUTHOR, WIDE).open(draft)
    expect(page.locator("main")).to_contain_text("先演练这些流程的 1 个情景")
    looked_at(page, "before playing")
    page.get_by_role("button", name="演练情景").click()
    expect(page.locator("#trial")).to_contain_text("演练了 1 个情景，1 个相符", timeout=60_000)
    page.get_by_label(re.compile("给批准人的说明")).fill("名称改得更清楚")
    looked_at(page, "asking")
    page.get_by_role("button", name="请求批准").click()
    expect(page.get_by_role("status").first).to_contain_text("已请另一位流程负责人批准")
    expect(page.locator("main")).to_contain_text("等待批准")
    looked_at(page, "models")
    assert held(world) == before

    other = desk(ABOVE, WIDE).open("/studio/")
    expect(other.get_by_role("heading", name="等您批准的修改 1 个")).to_be_visible()
    other.get_by_role("link", name=re.compile("去看")).click()
    expect(other.locator("main")).to_contain_text("名称改得更清楚")
    looked_at(other, "approving")
    other.get_by_role("button", name="批准", exact=True).click()
    expect(other.get_by_role("status").first).to_contain_text("已批准，并已生效")
    after = held(world)
    assert after[0] != before[0]
    assert after[1] == PLACE

    page = desk(AUTHOR, WIDE).open(f"/studio/?place={PLACE}")
    page.get_by_role("link", name="用过的版本：给企业发短信").click()
    looked_at(page, "versions")
    page.get_by_role("link", name="不再单用，跟上级一致").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("跟上级一致")
    looked_at(page, "going back")
    page.get_by_role("button", name="恢复这个版本").click()
    expect(page.get_by_role("status").first).to_contain_text("已恢复")
    assert held(world) == before
