"""Supervision: red and yellow by place and board, and urging cases on with a trail."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from processes.store.tables import Case, Job, NoticeTemplate
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World

Open = Callable[..., Browser]

LATER = timedelta(days=3)
"""after that the time to acknowledge is over"""


BODIES = (
    "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",
    "我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。",
)


def _overdue(world: World, *originals: str) -> list[str]:
    numbers = [world.report(each, body=body).number for each, body in zip(originals, BODIES, strict=False)]
    world.clock.advance(LATER)
    return numbers


def test_overdue_cases_count_at_every_level_above_them(world: World, browser: Open) -> None:
    number = _overdue(world, "H1")[0]
    for account, below in (("wx.sun", None), ("hz.sun", "330502"), ("zj.sun", "3305")):
        page = browser(account).get("/supervision")
        assert re.search(r'data-live="whole:red">1<', page), account
        if below:
            assert f'data-live="place:{below}:red">1<' in page
    listed = browser("zj.sun").get("/supervision/cases?place=33&light=red")
    assert number in listed
    assert "超期" in listed
    board = browser("wx.sun").get("/supervision")
    assert "吴兴区项目板块" in board
    assert number in browser("wx.sun").get(_link(board, "board="))


def test_neighbours_and_handlers_see_nothing_of_it(world: World, browser: Open) -> None:
    number = _overdue(world, "H1")[0]
    neighbour = browser("nx.sun")
    assert 'data-live="whole:red">0<' in neighbour.get("/supervision")
    neighbour.get("/supervision?place=330502", status=404)
    neighbour.get("/supervision/counts?place=33", status=404)
    browser("wx.wu").get("/supervision", status=403)
    _urge(neighbour, [number], "supervision", "请办。")
    assert _jobs(world) == []


def test_confidential_cases_are_neither_counted_nor_listed_nor_urged(world: World, browser: Open) -> None:
    number = _overdue(world, "H1")[0]
    with world.services.database.write() as connection:
        connection.execute(update(Case).values(confidential=True))
    supervisor = browser("wx.sun")
    assert 'data-live="whole:red">0<' in supervisor.get("/supervision")
    assert number not in supervisor.get("/supervision/cases?light=red")
    _urge(supervisor, [number], "reminder", "请办。")
    assert _jobs(world) == []


def test_a_case_is_urged_on_and_keeps_the_trail(world: World, browser: Open) -> None:
    number = _overdue(world, "H1")[0]
    supervisor = browser("wx.sun")
    words = supervisor.get(f"/supervision/urge?kind=supervision&case={number}")
    assert "{case}号问题已列入督办" in words
    _urge(supervisor, [number], "supervision", "{case}请今天<b>回复</b>。")
    sent = _jobs(world)
    assert [each["to"]["role"] for each in sent] == ["board_handler", "coordinator"]
    assert sent[0]["kind"] == "by_hand_supervision"
    page = supervisor.get(f"/cases/{number}")
    assert f"{number}请今天&lt;b&gt;回复&lt;/b&gt;。" in page
    trail = page[page.index('id="course"') :]
    assert "督办" in trail
    assert "吴兴区项目板块 板块经办人" in page[page.index('id="exchange"') :]
    assert "督办" in supervisor.get("/supervision/cases?light=red")


def test_the_same_is_not_done_twice_within_an_hour(world: World, browser: Open) -> None:
    number = _overdue(world, "H1")[0]
    supervisor = browser("wx.sun")
    _urge(supervisor, [number], "reminder", "请办。")
    world.clock.advance(timedelta(minutes=59))
    leader = browser("wx.zhou")
    _urge(leader, [number], "reminder", "请办。")
    assert "59 分钟前刚刚催办过" in leader.get(f"/cases/{number}")
    assert len(_jobs(world)) == 1
    _urge(leader, [number], "notice", "通报。")
    world.clock.advance(timedelta(minutes=2))
    _urge(leader, [number], "reminder", "请办。")
    assert len(_jobs(world)) == 4


def test_many_are_urged_at_once_and_each_is_answered(world: World, browser: Open) -> None:
    first, second = _overdue(world, "H1", "H2")
    supervisor = browser("zj.sun")
    _urge(supervisor, [first], "reminder", "请办。")
    page = _urge(supervisor, [first, second], "reminder", "请办。", status=200)
    assert "已催办 1 件" in page
    assert "没有重复发出" in page


def test_the_words_of_the_owners_are_offered(world: World, browser: Open) -> None:
    with world.services.database.write() as connection:
        connection.execute(
            NoticeTemplate.__table__.insert().values(kind="reminder", ways=[], subject="", text="请速办{case}。")  # type: ignore[attr-defined]
        )
    assert "请速办{case}。" in browser("wx.sun").get("/supervision/urge?kind=reminder&case=x")


def test_the_numbers_are_told_to_a_page_that_stays_open(world: World, browser: Open) -> None:
    _overdue(world, "H1")
    client = browser("wx.sun").client
    answer = client.get("/supervision/counts")
    assert answer.json is not None
    assert answer.json["whole"]["red"] == 1
    assert client.get("/supervision/counts", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def _urge(browser: Browser, numbers: list[str], kind: str, words: str, status: int = 302) -> str:
    return browser.post(
        "/supervision/urge",
        {
            "case": numbers,
            "kind": kind,
            "words": words,
            "command": f"{len(numbers)}{words}",
            "back": f"/cases/{numbers[0]}",
        },
        f"/supervision/urge?kind={kind}&case={numbers[0]}",
        status=status,
    )


def _jobs(world: World) -> list[Any]:
    with world.services.database.read() as connection:
        found = connection.execute(select(Job.arguments).where(Job.topic == "notice.send").order_by(Job.created_at))
        return [row.arguments for row in found if str(row.arguments["kind"]).startswith("by_hand_")]


def _link(page: str, part: str) -> str:
    found = next(each for each in re.findall(r'href="([^"]+)"', page) if part in each)
    return found.replace("&amp;", "&")
