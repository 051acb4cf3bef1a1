"""Contact data is masked on pages of a case; who needs it says why, sees it for ten minutes, and the audit log tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from processes.casework.audit.entries import Entry
from processes.casework.audit.unmasking import UNMASKED
from processes.casework.audit.verifying import stored
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

WHOLE = ("王明", "13812345678", "吴兴区织里镇示例路 8 号")
MASKED = ("王*", "138****5678", "吴兴区织里镇****")


@pytest.fixture
def number(world: World) -> str:
    return str(world.report("m-1", address=WHOLE[2]).number)


def unmasked(world: World) -> list[Entry]:
    with world.services.database.read() as connection:
        return [each for each in stored(connection) if each.act == UNMASKED]


def shown(page: str, words: tuple[str, ...], hidden: tuple[str, ...]) -> None:
    for each in words:
        assert each in page, each
    for each in hidden:
        assert each not in page, each


def ask(who: Browser, number: str, **given: str) -> str:
    return who.post(f"/cases/{number}/contact", given, f"/cases/{number}")


def test_whoever_says_why_sees_it_for_ten_minutes_and_nobody_else(world: World, browser: Open, number: str) -> None:
    clerk, coordinator = browser("wx.chen"), browser("wx.li")
    shown(clerk.get(f"/cases/{number}"), MASKED, WHOLE)
    assert ask(clerk, number, reason="visit", words="明天去现场") == f"/cases/{number}"
    shown(clerk.get(f"/cases/{number}"), WHOLE, MASKED)
    shown(coordinator.get(f"/cases/{number}"), MASKED, WHOLE)
    (entry,) = unmasked(world)
    assert entry.by == "wx.chen"
    assert json.loads(entry.detail) == {"reason": "visit", "words": "明天去现场"}
    world.clock.advance(timedelta(minutes=10))
    shown(clerk.get(f"/cases/{number}"), MASKED, WHOLE)


def test_one_case_opens_no_other(world: World, browser: Open, number: str) -> None:
    other = world.report("m-2", title="道路积水", body="园区道路每逢下雨就积水，货车进不来，请协调排水。").number
    clerk = browser("wx.chen")
    ask(clerk, number, reason="visit", words="明天去现场")
    assert "138****5678" in clerk.get(f"/cases/{other}")


@pytest.mark.parametrize("given", [{}, {"reason": "visit"}, {"reason": "nonsense", "words": "x"}, {"words": "x"}])
def test_without_a_reason_nothing_is_shown(world: World, browser: Open, number: str, given: dict[str, str]) -> None:
    clerk = browser("wx.chen")
    ask(clerk, number, **given)
    page = clerk.get(f"/cases/{number}")
    assert "请选择用途" in page
    shown(page, MASKED, WHOLE)
    assert unmasked(world) == []


def test_who_has_the_case_in_hand_needs_one_click(world: World, browser: Open, number: str) -> None:
    task = world.task(number, "签收")
    handler, page = browser("wx.wu"), f"/tasks/{task.id}"
    shown(handler.get(page), (*MASKED, "联系企业：显示完整信息"), WHOLE)
    assert ask(handler, number, reason="call", back=page) == page
    shown(handler.get(page), WHOLE, MASKED)
    clerk = browser("wx.chen")
    assert "联系企业：显示完整信息" not in clerk.get(f"/cases/{number}")
    ask(clerk, number, reason="call")
    assert [each.by for each in unmasked(world)] == ["wx.wu"]


def test_who_does_not_see_the_case_cannot_ask(world: World, browser: Open, number: str) -> None:
    stranger = browser("nx.li")
    stranger.post(f"/cases/{number}/contact", {"reason": "visit", "words": "x"}, "/", status=404)
    assert unmasked(world) == []


def test_it_leads_to_no_other_site(browser: Open, number: str) -> None:
    back = ask(browser("wx.chen"), number, reason="visit", words="x", back="//evil.example")
    assert back == f"/cases/{number}"
