"""A process owner takes running cases to a new version in a real browser: sees both diagrams, maps a step by two clicks, tries, migrates."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert, select

from processes.casework.bulk import Bulk
from processes.notation.bundle import read_folder
from processes.store.tables import Instance, TaskDraft, UserTask
from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import MODELS, World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "wx.xie"
SHOTS = os.environ.get("SHOTS")


def shot(page: Page, name: str) -> None:
    """A picture to look at, when somebody wants one (``SHOTS``: a folder)."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def deploy_changed(world: World) -> None:
    """A version in which 签收 has another id, and is called otherwise: nobody but a person can tell which step it is."""
    files = read_folder([MODELS])
    name = next(each for each in files if each.endswith("board_handoff.bpmn"))
    text = files[name].decode().replace('"sign"', '"take_in"').replace(">sign<", ">take_in<")
    files[name] = text.replace('id="take_in" name="签收"', 'id="take_in" name="接收"').encode()
    world.services.engine.deploy(files)


def carry_out(world: World) -> None:
    """What an engine process does meanwhile."""
    worker = Bulk(world.services.engine, world.services.snapshots)
    while worker.round():
        pass


def click(page: Page, side: str, element: str) -> None:
    """Click an element of one of the two drawings."""
    figure = page.locator(f"[data-side={side}]")
    figure.scroll_into_view_if_needed()
    figure.locator(f"[data-element-id='{element}'] .djs-hit").first.click(force=True)


def test_an_owner_maps_a_step_tries_and_migrates(world: World, desk: At, judge: None) -> None:
    numbers = [world.report(f"M-{at}", title=f"供电增容迟迟不批 {at}").number for at in range(3)]
    task = world.task(numbers[0], "签收")
    with world.services.database.write() as connection:
        draft = {
            "task_id": task.id,
            "person_id": "wx.wu",
            "data": {"reason": "写了一半"},
            "saved_at": world.clock.now(),
        }
        connection.execute(insert(TaskDraft), draft)
        row = connection.execute(
            select(Instance.process_id, Instance.definition_id).where(Instance.id == task.instance_id)
        ).one()
    deploy_changed(world)
    one = desk(OWNER, (1440, 900))
    page = one.open(f"/instances/versions?process={row.process_id}")
    page.get_by_role("link", name="迁移在办问题").click()
    shot(page, "migrations")
    page.get_by_role("button", name="对照步骤").click()
    for side in ("old", "new"):
        page.locator(f"[data-side={side}]").scroll_into_view_if_needed()
        expect(page.locator(f"[data-side={side}]")).to_have_attribute("data-ready", row.process_id, timeout=30_000)
    shot(page, "pairing")
    for side in ("old", "new"):
        page.locator(f"[data-side={side}] [data-process=board_handoff]").click()
        expect(page.locator(f"[data-side={side}]")).to_have_attribute("data-ready", "board_handoff", timeout=30_000)
    select_of = page.locator("select[data-element=sign]")
    expect(select_of).to_have_value("")
    click(page, "new", "take_in")
    expect(select_of).to_have_value("")
    click(page, "old", "sign")
    expect(page.locator("[data-picked]")).to_contain_text("签收")
    click(page, "new", "sign_timer")
    expect(page.locator("[data-picked]")).to_contain_text("种类不同")
    click(page, "new", "take_in")
    expect(select_of).to_have_value("board_handoff/take_in")
    expect(page.locator("[data-side=old] .mark-pair").first).to_be_visible()
    shot(page, "picked")
    page.get_by_role("button", name="保存对应关系").click()
    expect(page.locator("select[data-element=sign]")).to_have_value("board_handoff/take_in")
    plan = page.url.removeprefix(one.url)

    page.get_by_role("button", name="试迁").click()
    carry_out(world)
    expect(page.get_by_role("button", name="迁移能迁的 3 件")).to_be_visible(timeout=20_000)
    shot(page, "tried")
    trial = page.url.removeprefix(one.url)
    page.get_by_label("原因").fill("签收改叫接收")
    page.get_by_role("button", name="迁移能迁的 3 件").click()
    carry_out(world)
    expect(page.get_by_text("已迁移 3")).to_be_visible(timeout=20_000)
    shot(page, "migrated")

    with world.services.database.read() as connection:
        found = connection.execute(select(UserTask.element_id, UserTask.name).where(UserTask.id == task.id)).one()
        definitions = set(
            connection.scalars(select(Instance.definition_id).where(Instance.process_id == row.process_id))
        )
        assert connection.scalar(select(TaskDraft.data).where(TaskDraft.task_id == task.id)) == {"reason": "写了一半"}
    assert found == ("take_in", "接收")
    assert row.definition_id not in definitions
    assert "签收改叫接收" in one.open(f"/cases/{numbers[0]}").content()
    assert [wrong for path in ("/studio/migrations", plan, trial) for wrong in one.unfit(path)] == []
    one.page.set_viewport_size({"width": 390, "height": 844})
    one.open(plan)
    shot(page, "pairing-390")
    one.open(trial)
    shot(page, "tried-390")
    assert one.complaints == []
