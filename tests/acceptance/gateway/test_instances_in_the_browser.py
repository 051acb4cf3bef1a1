"""Process instances in a real browser: at a desk and on a phone, in both languages, judged by axe; and what only scripts do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from processes.casework import bulk
from processes.casework.bulk import Bulk
from processes.casework.views.instances.criteria import Criteria
from processes.runtime import commands as c
from processes.runtime.heat import Heat
from processes.store.tables import Case, Job
from tests.acceptance.gateway.conftest import Desk
from tests.integration.gateway.world import World

pytestmark = pytest.mark.browser

At = Callable[..., Desk]

OWNER = "wx.xie"


def busy(world: World) -> tuple[str, str, str]:
    """An instance, its task, and an operation; with incidents, a large variable and one that has ended."""
    numbers = [world.report(f"H{at}").number for at in range(3)]
    with world.services.database.read() as connection:
        ids = {row.number: row.instance_id for row in connection.execute(select(Case.number, Case.instance_id))}
        job = connection.scalar(select(Job.id).where(Job.instance_id == ids[numbers[0]], Job.state == "open"))
    one = ids[numbers[0]]
    task = world.open_tasks(numbers[0])[0].id
    world.engine.execute(
        c.FailJob("f", str(job), "短信系统没有应答（503 Service Unavailable）" + "x" * 120, final=True)
    )
    world.engine.execute(
        c.SetVariables("v", one, "试验", {"big": ["长" * 50] * 200, "note": {"a": [1, 2]}}, actor=OWNER)
    )
    world.clock.advance(timedelta(hours=2))
    world.engine.execute(c.Cancel("c", ids[numbers[1]], "清理", actor=OWNER))
    world.clock.advance(timedelta(minutes=5))
    Heat(world.services.database, world.clock).run()
    with world.services.database.write() as connection:
        operation = bulk.begin(
            connection,
            "suspend",
            "系统升级",
            OWNER,
            ["330502"],
            world.clock.now(),
            criteria=Criteria(state="completed"),
        )
    return one, task, operation


@pytest.mark.usefixtures("judge")
def test_every_page_fits_and_can_be_used_by_everybody(world: World, desk: At) -> None:
    one, task, operation = busy(world)
    owner = desk(OWNER)
    owner.page.locator("footer button[value=en]").click()  # words are longer, and the drawings' Chinese all the same
    for path in (
        "/instances/",
        "/instances/?state=suspended",
        f"/instances/{one}",
        f"/instances/{one}/history/1",
        f"/instances/{one}/move?at={task}",
        f"/instances/{one}/set?at=note",
        "/instances/bulk",
        "/instances/bulk/new?state=active",
        f"/instances/bulk/{operation}",
        "/instances/heat?process=problem",
        "/incidents",
    ):
        assert owner.unfit(path) == []


def test_a_call_leads_to_the_drawing_of_what_it_calls_and_a_tab_leads_back(world: World, desk: At) -> None:
    one, _, _ = busy(world)
    page = desk(OWNER).open(f"/instances/{one}")
    page.click("[role=tab]:has-text('涉企问题高效闭环')")
    figure = page.locator("[data-case-diagram]")
    expect(figure).to_have_attribute("data-ready", "problem", timeout=30_000)
    page.click(".mark-door[aria-label='高效处置']")
    expect(figure).to_have_attribute("data-ready", "handling")
    page.click("[role=tab]:has-text('涉企问题高效闭环')")
    expect(figure).to_have_attribute("data-ready", "problem")


def test_the_progress_of_an_operation_goes_on_while_the_page_is_open(world: World, desk: At) -> None:
    _, _, operation = busy(world)
    page = desk(OWNER).open(f"/instances/bulk/{operation}")
    expect(page.locator("#progress")).to_contain_text("正在查找")
    worker = Bulk(world.engine, world.services.snapshots)
    while worker.round():
        pass
    expect(page.locator("#progress")).to_contain_text("已办完", timeout=20_000)
    expect(page.locator("button:has-text('停止还没有办的')")).to_have_count(0)
