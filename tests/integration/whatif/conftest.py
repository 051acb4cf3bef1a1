"""A gateway's world with some problems that were handled, and a draft of the board's process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from processes.casework import model_drafts, models_in_force
from processes.runtime.scheduler import Scheduler
from processes.whatif.runs import WhatIfs
from tests.integration.gateway.world import World, build

OWNER = "zj.yun"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty world."""
    found = build(tmp_path)
    yield found
    found.services.database.dispose()


def handled(world: World, count: int) -> list[str]:
    """Problems that a board has signed and answered; returns their numbers."""
    return [_handled(world, at) for at in range(count)]


def _handled(world: World, at: int) -> str:
    told = "".join(
        Random(at).choices("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏", k=300)
    )  # or they are one problem
    body = f"我公司流动资金贷款下个月到期，客户经理说额度收紧，要先还清再审批，请帮助对接续贷。{told}"
    outcome = world.report(f"w-{at}", title="续贷难", body=body, enterprise=f"湖州{at}号机械有限公司")
    assert outcome.number is not None
    world.clock.advance(timedelta(hours=1))
    world.complete(world.task(outcome.number, "签收").id, {"outcome": "accept"}, "wx.shen")
    world.clock.advance(timedelta(hours=5))
    Scheduler(world.engine).run_due()
    return outcome.number


def draft(world: World, change: Callable[[str], str], person: str = OWNER, process: str = "board_handoff") -> str:
    """A draft in which something has been changed; returns its id."""
    now = world.clock.now()
    with world.services.database.write() as connection:
        held = models_in_force.at(connection, ("",))[process]
        bodies = models_in_force.bodies(connection, [held])
        identity = model_drafts.begin(connection, person, "", held, bodies, now)
        found = model_drafts.own(connection, identity, person)
        assert found is not None
        text = change(found.text)
        assert text != found.text
        model_drafts.keep(connection, found, found.file, text, found.revision, now)
    return identity


def played(world: World) -> None:
    """The engine plays what there is to play."""
    what_ifs = WhatIfs(world.engine, world.services.snapshots)
    while what_ifs.round():
        pass
