"""The case page: what a problem stands at, what was sent and came in, and how long each step took."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from processes.casework import doors
from processes.messaging.incoming import ReportMessage
from processes.runtime.commands import CompleteJob, Correlate
from processes.store.tables import Job
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

ACCEPT = {"outcome": "accept"}


def test_deadlines_that_run_are_listed_with_their_lights(world: World, browser: Open) -> None:
    case = world.report("H1")
    world.complete(world.open_tasks(case.number)[0].id, ACCEPT, "wx.wu")
    section = _section(browser("wx.wu").get(f"/cases/{case.number}"), "terms")
    assert "办理并答复" in section
    assert "还剩" in section


def test_a_channels_own_number_is_shown_and_none_that_nobody_knows(world: World, browser: Open) -> None:
    """What comes in over the portal or the counter is filed under the form's id."""
    form = "202611230930-0123456789ab"
    numbers = [world.report("GD2026-77").number]
    for channel in ("portal", "counter"):
        body = f"{channel}：道路积水，货车无法进厂，请协调解决。"
        numbers.append(doors.report(world.engine, ReportMessage(channel, form, body, {}, place="330502")).number)
    hotline, *ours = (browser("wx.chen").get(f"/cases/{number}") for number in numbers)
    assert "GD2026-77" in hotline
    assert "企业服务门户" in ours[0]
    assert all(form not in page for page in ours)


def test_what_is_waited_for_is_said(world: World, browser: Open) -> None:
    case = world.report("H1")
    world.complete(world.open_tasks(case.number)[0].id, ACCEPT, "wx.wu")
    asked = {"outcome": "ask", "question": "请补充用电申请编号"}
    world.complete(world.open_tasks(case.number)[0].id, asked, "wx.wu")
    with world.services.database.read() as connection:
        job = connection.scalar(select(Job.id).where(Job.topic == "channel.ask"))
    world.engine.execute(CompleteJob("asked", str(job), {"delivered": True, "receipt": "channel-1"}))
    assert "正在等待" in _section(browser("wx.wu").get(f"/cases/{case.number}"), "terms")


def test_messages_out_and_in_are_listed_with_what_became_of_them(world: World, browser: Open) -> None:
    case = world.report("H1")
    world.clock.advance(timedelta(hours=2))
    said = Correlate("urge-1", "hotline.urged", case.number, {"case": case.number, "reason": "快些", "holders": []})
    world.engine.execute(said)
    section = _section(browser("wx.li").get(f"/cases/{case.number}"), "exchange")
    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in section.split("<tr>")[2:]]
    assert any("来文" in row and "热线催办" in row for row in rows)
    sent = next(row for row in rows if "转告经办人" in row)
    assert "发出" in sent
    assert "吴兴区企业综合服务中心" in sent or "吴兴区" in sent
    assert "等待对方答复" in sent


def test_the_time_at_each_step_is_told_on_the_drawing_and_in_a_table(world: World, browser: Open) -> None:
    case = world.report("H1")
    world.clock.advance(timedelta(days=1, hours=3))
    world.complete(world.open_tasks(case.number)[0].id, ACCEPT, "wx.wu")
    world.clock.advance(timedelta(hours=5))
    page = browser("wx.wu").get(f"/cases/{case.number}")
    table = page[page.index('class="spent"') :]
    signing = next(row for row in table.split("<tr>") if "签收" in row)
    assert "1 天 3 小时" in signing
    assert ">1</td>" in signing  # a working day, and once
    handling = next(row for row in table.split("<tr>") if "办理并答复" in row)
    assert "5 小时" in handling
    assert "进行中" in handling
    marks = [json.loads(html.unescape(each)) for each in re.findall(r'data-marks="([^"]*)"', page)]
    assert any(mark["time"] == "1 天 3 小时" for each in marks for mark in each.values())


def test_nothing_of_a_page_is_taken_for_the_words_of_its_scripts(world: World, browser: Open) -> None:
    case = world.report("H1")
    assert 'id="words"' not in browser("wx.wu").get(f"/cases/{case.number}")


def _section(page: str, name: str) -> str:
    found = re.search(rf'<section class="section" aria-labelledby="{name}">.*?</section>', page, re.DOTALL)
    assert found, f"no section {name}"
    return found.group()
