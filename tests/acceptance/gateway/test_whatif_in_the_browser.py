"""A process owner has past problems played on a draft: asks, watches it go, sees what would be different, looks at one both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import World
from tests.integration.whatif.conftest import OWNER, draft, handled, played

pytestmark = pytest.mark.browser


def test_an_owner_tries_a_draft_on_past_problems(world: World, desk: Callable[..., Desk], judge: None) -> None:
    handled(world, 2)
    changed = draft(world, lambda text: text.replace("extra_days: 0", 'board: "330502.policy", extra_days: 0'))
    owner = desk(OWNER, (1280, 800))
    page = owner.open(f"/studio/drafts/{changed}/force")
    page.get_by_role("link", name="用以往的问题推演").click()
    page.get_by_role("button", name="开始推演").click()
    expect(page.locator("[data-progress]")).to_contain_text("正在")
    played(world)
    expect(page.get_by_role("heading", level=1)).to_have_text("改后，2 件里有 2 件走的路不同", timeout=20_000)
    expect(page.locator("[data-case-diagram]")).to_have_attribute("data-ready", "board_handoff", timeout=30_000)
    expect(page.locator(".mark-time")).to_contain_text("2 件从这里起不同")
    expect(page.locator("table.load").first).to_contain_text("吴兴区政策板块")
    path = page.url.removeprefix(owner.url)
    page.locator("#cases ~ table a").first.click()
    expect(page.locator("tr.differs").first).to_contain_text("吴兴区金融板块")
    expect(page.locator("tr.differs").first).to_contain_text("吴兴区政策板块")
    assert not owner.unfit(path.partition("?")[0])
    assert not owner.complaints
