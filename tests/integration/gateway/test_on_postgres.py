"""The same pages over PostgreSQL: every query of theirs runs there too."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from processes.runtime.scheduler import Scheduler
from processes.scenarios.trials import Trials
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.every_page import drafted
from tests.integration.gateway.world import OPERATOR, build

pytestmark = pytest.mark.postgres


def test_every_page_and_address_works_over_postgresql(postgres_url: str, tmp_path: Path) -> None:
    world = build(tmp_path, url=postgres_url)
    number = world.report("H1").number
    handler = Browser(world.app.test_client()).log_in("wx.wu")
    task = world.open_tasks(number)[0]
    path = f"/tasks/{task.id}"
    assert "还剩 1 个工作日" in handler.get("/")
    assert number in handler.get("/?q=供电")
    assert handler.post(f"{path}/draft", {"reason": "写了一半"}, path, status=200)
    assert "写了一半" in handler.get(path)
    world.clock.advance(timedelta(days=3))
    Scheduler(world.engine).run_due()
    handler.log_in("wx.wu")
    assert "超期" in handler.get("/?light=red")
    assert handler.post(path, {"outcome": "accept", "command": "c1"}, path) == "/"
    assert number in handler.get("/?tab=done")
    coordinator = Browser(world.app.test_client()).log_in("wx.li")
    page = coordinator.get(f"/cases/{number}")
    assert "发给吴兴区项目板块 板块经办人" in page
    assert number in coordinator.client.get(f"/search?q={number[:9]}", follow_redirects=True).text
    assert "没有异常" in coordinator.get("/incidents")
    operator = Program(world.app.test_client(), OPERATOR)
    assert operator.get("/api/cases")["cases"][0]["number"] == number
    assert operator.get(f"/api/cases/{number}")["number"] == number
    assert operator.get("/api/tasks?place=330502")["tasks"]
    assert operator.get("/api/incidents") == {"incidents": []}
    world.services.database.dispose()


def test_a_draft_comes_into_force_over_postgresql(postgres_url: str, tmp_path: Path) -> None:
    world = build(tmp_path, url=postgres_url)
    owner = Browser(world.app.test_client()).log_in("wx.xie")
    path = f"/studio/drafts/{drafted(world, 'wx.xie', '330502', 'portal_message')}"
    review = owner.post(f"{path}/play", {}, f"{path}/force")
    trials = Trials(world.services.database, world.clock, world.services.snapshots)
    while trials.round():
        pass
    (revision,) = re.findall(r'name="revision" value="(\d+)"', owner.get(review))
    assert "已生效" in owner.get(owner.post(review, {"revision": revision}, review))
    assert "吴兴区" in owner.get("/studio/")
    world.services.database.dispose()
