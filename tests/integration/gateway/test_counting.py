"""Where there are many open cases they are counted once a minute, and supervision shows what was counted: the same as if it counted by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from processes.casework import people
from processes.casework.counting import Counting
from processes.casework.tally import COLOURS, PERIODS, RED, read
from processes.casework.views import supervision as view
from processes.casework.views.supervision import Board, Overseer, Period
from processes.store.tables import Case, Setting
from tests.integration.gateway.world import World, build

BODIES = (
    "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。",
    "我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。",
    "高新园区的车间每周停电两次以上，供电部门答复要等线路改造，订单赔了不少，希望尽快改造供电线路。",
)
LOOKING = (("wx.sun", "330502"), ("hz.sun", "3305"), ("zj.sun", "33"))


@pytest.fixture
def world(world: World) -> World:
    """Three cases: two of one place, one of which is overdue, and one of another."""
    return _filled(world)


@pytest.fixture
def on_postgresql(postgres_url: str, tmp_path: Path) -> Iterator[World]:
    found = _filled(build(tmp_path, url=postgres_url))
    yield found
    found.services.database.dispose()


def _filled(world: World) -> World:
    world.report("H1", body=BODIES[0])
    world.clock.advance(timedelta(days=3))
    world.report("H2", body=BODIES[1])
    world.report("H3", body=BODIES[2], place="330503")
    return world


def _counting(world: World, few: int = 0) -> Counting:
    return Counting(world.services.database, world.clock, world.services.snapshots, few)


def _seen(world: World, person: str, place: str) -> tuple[Board, list[Period], list[tuple[str, ...]]]:
    """All that somebody sees of a place."""
    here, now = world.services.snapshots.now(), world.clock.now()
    overseer = Overseer(people.authority(here.reference, person, here.calendar.local_date(now)), (place,))
    with world.services.database.read() as connection:
        board = view.board(connection, here.reference, overseer, place, now)
        periods = [view.period(connection, here.reference, overseer, place, days, now) for days in PERIODS]
        boards = [None, *(each.code for each in board.boards)]
        lists = [
            view.lines(connection, here.reference, here.calendar, overseer, place, colour, board, now)
            for colour in COLOURS
            for board in boards
        ]
    return board, periods, [tuple(line.number for line in lines) for lines, _ in lists]


def test_what_was_counted_is_what_supervision_would_count(world: World) -> None:
    _is_as_counted(world)


@pytest.mark.postgres
def test_what_was_counted_on_postgresql(on_postgresql: World) -> None:
    _is_as_counted(on_postgresql)
    _lists_the_worst(on_postgresql)


def _is_as_counted(world: World) -> None:
    by_itself = [_seen(world, *each) for each in LOOKING]
    assert [(board.whole.open, board.whole.red, board.at) for board, *_ in by_itself] == [
        (2, 1, None),
        (3, 1, None),
        (3, 1, None),
    ]
    assert _counting(world).run()
    for (board, *rest), before in zip((_seen(world, *each) for each in LOOKING), by_itself, strict=True):
        assert board.at == world.clock.now()
        assert (board.whole, board.places, board.boards) == (before[0].whole, before[0].places, before[0].boards)
        assert rest == list(before[1:])


def test_who_must_know_nothing_of_a_case_finds_it_in_no_number(world: World) -> None:
    with world.services.database.write() as connection:
        first = select(Case.id).order_by(Case.opened_at).limit(1).scalar_subquery()
        connection.execute(update(Case).where(Case.id == first).values(excluded=["wx.sun"]))
    _counting(world).run()
    board, periods, lists = _seen(world, "wx.sun", "330502")
    assert (board.whole.open, board.whole.red, periods[0].opened) == (1, 0, 1)
    assert not any(lists)
    assert _seen(world, "hz.sun", "3305")[0].whole.red == 1


def test_confidential_cases_are_not_counted(world: World) -> None:
    with world.services.database.write() as connection:
        connection.execute(update(Case).values(confidential=True))
    _counting(world).run()
    board, periods, lists = _seen(world, "zj.sun", "33")
    assert (board.at, board.whole.open, periods[-1].opened, [each for each in lists if each]) == (
        world.clock.now(),
        0,
        0,
        [],
    )


def test_what_was_closed_since_is_listed_no_more(world: World) -> None:
    _counting(world).run()
    with world.services.database.write() as connection:
        connection.execute(update(Case).values(closed_at=world.clock.now()))
    assert not any(_seen(world, "zj.sun", "33")[2])


def test_an_old_count_is_not_believed(world: World) -> None:
    _counting(world).run()
    world.clock.advance(timedelta(minutes=6))
    assert _seen(world, "zj.sun", "33")[0].at is None


def test_it_counts_once_a_minute_however_many_engines_there_are(world: World) -> None:
    assert _counting(world).run()
    assert not _counting(world).run()
    world.clock.advance(timedelta(minutes=1))
    assert _counting(world).run()


def test_while_there_are_few_nothing_is_kept(world: World) -> None:
    _counting(world).run()
    assert not _counting(world, few=10).run()
    with world.services.database.read() as connection:
        assert read(connection, world.clock.now()) is None
        assert not connection.scalars(select(Setting.key).where(Setting.key.startswith("tally"))).all()


def test_of_many_that_burn_the_worst_are_listed(world: World) -> None:
    _lists_the_worst(world)


def _lists_the_worst(world: World) -> None:
    world.clock.advance(timedelta(minutes=1))
    with world.services.database.write() as connection:
        row = connection.execute(select(Case.__table__).order_by(Case.opened_at).limit(1)).one()._mapping
        for at in range(250):
            own = {"id": f"copy-{at}", "number": f"copy-{at:03}", "due_at": row["due_at"] - timedelta(hours=at)}
            connection.execute(Case.__table__.insert(), {**row, **own})
    _counting(world).run()
    here, now = world.services.snapshots.now(), world.clock.now()
    overseer = Overseer(people.authority(here.reference, "zj.sun", here.calendar.local_date(now)), ("33",))
    with world.services.database.read() as connection:
        lines, more = view.lines(connection, here.reference, here.calendar, overseer, "33", RED, None, now)
    assert more
    assert [line.number for line in lines] == [f"copy-{249 - at:03}" for at in range(view.PAGE)]
