"""Two people on one task: each is told of the other, and that it is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from processes.casework.tidying import Tidying
from processes.store.tables import UserTask
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]


def test_the_second_is_told_at_once_and_the_first_when_the_page_asks(world: World, browser: Open) -> None:
    task, first, second = _task(world), browser("wx.zheng"), browser("wx.feng")
    assert _say(first, task)["others"] == ""
    world.clock.advance(timedelta(seconds=30))
    words = "郑素珍（今天 09:30起）也打开了这项任务"
    assert words in second.get(f"/tasks/{task.id}")
    assert words in _say(second, task)["others"]
    assert "也打开了这项任务" in _say(first, task)["others"]


def test_whoever_has_left_or_is_not_heard_of_is_not_there_any_more(world: World, browser: Open) -> None:
    task, first, second = _task(world), browser("wx.zheng"), browser("wx.feng")
    _say(first, task)
    _say(first, task, leaving="yes")
    assert _say(second, task)["others"] == ""
    _say(first, task)
    world.clock.advance(timedelta(minutes=2))
    assert _say(second, task)["others"] == ""
    world.clock.advance(timedelta(days=30))
    assert Tidying(world.services.database, world.clock).run() == 2


def test_the_page_says_when_somebody_else_has_done_it(world: World, browser: Open) -> None:
    task, first, second = _task(world), browser("wx.zheng"), browser("wx.feng")
    assert _say(second, task)["ended"] == ""
    world.complete(task.id, {"outcome": "accept"}, "wx.zheng")
    assert _say(second, task)["ended"] == "这项任务已由郑素珍办结，您填写的内容仍保留。"
    assert _say(first, task)["ended"]


def test_nobody_else_asks(world: World, browser: Open) -> None:
    task = _task(world)
    browser("wx.han").post(f"/tasks/{task.id}/presence", {}, "/", status=403)
    browser("wx.wu").post("/tasks/nowhere/presence", {}, "/", status=404)


def _task(world: World) -> Any:
    """A task that two people may do: one of them stands in for the other."""
    number = world.report("H1").number
    with world.services.database.write() as connection:
        connection.execute(update(UserTask).values(assignee="wx.zheng"))
    return world.open_tasks(number)[0]


def _say(opened: Browser, task: Any, **more: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', opened.get("/"))
    assert token
    answer = opened.client.post(f"/tasks/{task.id}/presence", data={"csrf_token": token.group(1), **more})
    assert answer.status_code == 200, answer.text
    return answer.json
