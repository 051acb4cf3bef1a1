"""Finding a case: two Chinese characters are enough; nobody finds what is not theirs to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from processes.casework import texts, words
from processes.casework.views import finding
from processes.store.tables import Case, CaseSearch, Report
from tests.integration.gateway.conftest import Browser
from tests.integration.gateway.world import World, build

Open = Callable[..., Browser]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Iterator[World]:
    """On both databases: each has an index of its own kind."""
    if request.param == "sqlite":
        (tmp_path / "gateway.db").write_bytes(template.read_bytes())
        found = build(tmp_path, fresh=False)
    else:
        found = build(tmp_path, url=request.getfixturevalue("postgres_url"))
    yield found
    found.services.database.dispose()


def found(browser: Browser, **query: str) -> set[str]:
    """The numbers that a search lists, or leads to."""
    answer = browser.client.get("/search", query_string=query)
    text = answer.location if answer.status_code == 302 else answer.text
    return set(re.findall(r"/cases/(\d{6,9}-\d\d-\d{5}-\d)", text))


def test_a_case_is_found_by_words_enterprise_and_whole_numbers(world: World, browser: Open) -> None:
    power = world.report("H1", phone="138 1234 5678", uscc="91330000MA27U09B0H").number
    land = world.report(
        "H2",
        title="项目用地审批",
        body="新建5G基站的用地审批卡了三个月。",
        enterprise="德清竹业公司",
        phone="057222223333",
    ).number
    clerk = browser("wx.chen")
    for text, numbers in {
        "供电": {power},
        "增容": {power},
        "用地审批": {land},
        "供电 增容": {power},
        "5g": {land},
        "竹业": {land},
        "13812345678": {power},
        "91330000MA27U09B0H": {power},
        "0572-22223333": {land},
        "1381234567": set(),
        "供暖": set(),
    }.items():
        assert found(clerk, q=text) == numbers, text
    assert "请至少输入两个字" in clerk.get("/search?q=供")


def test_it_is_narrowed_by_where_it_stands(world: World, browser: Open) -> None:
    first = world.report("H1").number
    world.clock.advance(timedelta(days=2))
    second = world.report("H2", body="我公司宿舍供电不稳，请协调。", place="330502102").number
    with world.services.database.write() as connection:
        connection.execute(
            update(Case).where(Case.number == second).values(closed_at=world.clock.now(), board="330502.policy,finance")
        )
    leader = browser("hz.zhou")
    assert found(leader, q="供电") == {first, second}
    assert found(leader, q="供电", state="open") == {first}
    assert found(leader, state="closed") == {second}
    assert found(leader, q="供电", place="330502102") == {second}
    assert found(leader, q="供电", place="330502") == {first, second}
    assert found(leader, board="policy") == {second} == found(leader, board="finance")
    assert found(leader, q="供电", since="2026-11-24") == {second}
    assert found(leader, q="供电", until="2026-11-23") == {first}


def test_nobody_finds_what_is_not_theirs(world: World, browser: Open) -> None:
    number = world.report("H1").number
    assert found(browser("wx.wu"), q="供电") == {number}
    for other in ("wx.han", "nx.chen", "yh.li", "wx.yun"):
        assert found(browser(other), q="供电") == set(), other
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == number).values(excluded=["wx.chen"]))
    assert found(browser("wx.chen"), q="供电") == set()


def test_what_was_deleted_is_not_found_any_more(world: World, browser: Open) -> None:
    number = world.report("H1").number
    with world.services.database.write() as connection:
        texts.blank(connection, connection.scalar(select(Report.id)) or "")
    assert found(browser("wx.chen"), q="供电") == set()
    assert found(browser("wx.chen"), q=number) == {number}


def test_cases_of_before_are_found_after_reindexing(world: World, browser: Open) -> None:
    numbers = {world.report(f"H{at}", body=f"第{at}件，供电增容" + "很慢" * at).number for at in range(3)}
    with world.services.database.write() as connection:
        connection.execute(delete(CaseSearch))
    assert found(browser("wx.chen"), q="供电") == set()
    with world.services.database.write() as connection:
        assert words.reindex(connection, "") == (3, None)
        assert words.reindex(connection, "") == (3, None)
        assert connection.scalar(select(func.count()).select_from(CaseSearch)) == 3
    assert found(browser("wx.chen"), q="供电") == numbers


def test_many_are_leafed_through_from_the_newest_on(
    world: World, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "LIMIT", 3)
    monkeypatch.setattr(finding, "FEWEST", 2)
    numbers = []
    for at in range(10):
        numbers.append(world.report(f"H{at}", body=f"第{at}件，供电增容{'很慢' * at}", title=f"供电{at}").number)
        world.clock.advance(timedelta(hours=7 * at + 1))
    clerk, path, pages = browser("wx.chen"), "/search?q=供电", []
    while path:
        page = clerk.get(path)
        pages.append(re.findall(r"/cases/(\d{6}-\d\d-\d{5}-\d)", page))
        following = re.search(r'href="([^"]*before=\d+[^"]*)"', page)
        path = following.group(1).replace("&amp;", "&") if following else ""
    assert [number for page in pages for number in page] == numbers[::-1]
    assert [len(page) for page in pages] == [3, 3, 3, 1]


def test_what_looks_too_long_is_told_and_gone_on_with(
    world: World, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "EXAMINED", 4)
    monkeypatch.setattr(finding, "FEWEST", 2)
    oldest = world.report("H0", body="第一件，供电增容").number
    for at in range(1, 6):
        world.clock.advance(timedelta(days=1))
        world.report(f"H{at}", body=f"第{at}件，供电增容{'很慢' * at}")
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == oldest).values(closed_at=world.clock.now()))
    clerk = browser("wx.chen")
    page = clerk.get("/search?q=供电&state=closed")
    assert "最近的问题里没有找到" in page
    following = re.search(r'href="([^"]*before=\d+[^"]*)"', page)
    assert following
    assert oldest in clerk.get(following.group(1).replace("&amp;", "&"))
