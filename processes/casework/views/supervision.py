"""Red and yellow lights by place and board, and the cases behind them.

Counted over open cases alone, place by place: what is closed weighs nothing. Of closed ones only those count that were opened in the
period that is looked at. Confidential cases are in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from processes.casework.calendar import WorkingCalendar
from processes.casework.reference import Reference
from processes.casework.supervision import BY
from processes.casework.views.lights import Light, light
from processes.casework.views.names import boards, has_board, status
from processes.store.tables import Case, Note, ReportText

PAGE = 50
"""Cases of a list: what can be urged at once."""

RED, YELLOW = COLOURS = ("red", "yellow")


@dataclass(frozen=True)
class Count:
    """Open cases of a place (and below) or of a board there. ``code``: of the place, or what the cases record as their board."""

    code: str
    name: str
    open: int
    red: int
    yellow: int


@dataclass(frozen=True)
class Board:
    """A place: itself and all below, the places right below it, and the boards at it; the biggest first."""

    whole: Count
    places: tuple[Count, ...]
    boards: tuple[Count, ...]


@dataclass(frozen=True)
class Period:
    """Cases that came into the pool since the first day of a period, and how many of these are closed."""

    opened: int
    closed: int


@dataclass(frozen=True)
class Line:
    """A case of a list. ``urged``: what was done by hand last (the kind), and when."""

    number: str
    title: str
    place: str
    board: str
    status: str
    light: Light
    urged: tuple[str, datetime] | None


def board(connection: Connection, reference: Reference, seen: ColumnElement[bool], place: str, now: datetime) -> Board:
    """The counts of a place. ``seen``: the cases that are supervised (``access.overseen``)."""
    under = reference.under(place)
    rows = connection.execute(
        select(
            Case.place,
            Case.board,
            func.count().label("open"),
            func.count(case((_red(now), 1))).label("red"),
            func.count(case((_yellow(now), 1))).label("yellow"),
        )
        .where(Case.closed_at.is_(None), Case.place.in_(under), seen)
        .group_by(Case.place, Case.board)
    ).all()
    below = [each for each in under if reference.superior(each) == place and each != place]
    return Board(
        _sum(place, reference.place_name(place), rows),
        _biggest(_sum(each, reference.place_name(each), _at(rows, reference.under(each))) for each in below),
        _biggest(_boards(rows, reference, place)),
    )


def _boards(rows: Sequence[Any], reference: Reference, place: str) -> Iterable[Count]:
    """Those at the place itself; a case of several boards counts for each."""
    own = _at(rows, (place,))
    codes = dict.fromkeys(code for row in own for code in (row.board or "").split(","))
    for code in codes:
        mine = [row for row in own if code in (row.board or "").split(",")]
        yield _sum(code, boards(reference, place, code), mine)


def _at(rows: Sequence[Any], places: Sequence[str]) -> list[Any]:
    wanted = frozenset(places)
    return [row for row in rows if row.place in wanted]


def _sum(code: str, name: str, rows: Sequence[Any]) -> Count:
    return Count(code, name, *(sum(getattr(row, each) for row in rows) for each in ("open", "red", "yellow")))


def _biggest(counts: Iterable[Count]) -> tuple[Count, ...]:
    return tuple(sorted(counts, key=lambda each: (-each.red, -each.yellow, -each.open, each.code)))


def period(connection: Connection, seen: ColumnElement[bool], places: Sequence[str], since: datetime) -> Period:
    """What came into the pool at these places since then."""
    row = connection.execute(
        select(func.count().label("opened"), func.count(Case.closed_at).label("closed")).where(
            Case.opened_at >= since, Case.pooled, Case.place.in_(places), seen
        )
    ).one()
    return Period(row.opened, row.closed)


def lines(
    connection: Connection,
    reference: Reference,
    calendar: WorkingCalendar,
    seen: ColumnElement[bool],
    places: Sequence[str],
    colour: str,
    of_board: str | None,
    now: datetime,
) -> tuple[tuple[Line, ...], bool]:
    """The open cases of a colour at these places, the most overdue first, and whether there are more. ``of_board``: only that board's, "" for
    those that are with none yet."""
    wanted = [Case.closed_at.is_(None), Case.place.in_(places), seen, _red(now) if colour == RED else _yellow(now)]
    if of_board is not None:
        wanted.append(has_board(of_board.rpartition(".")[2]) if of_board else Case.board.is_(None))
    rows = connection.execute(
        select(*Case.__table__.c, ReportText.title)
        .outerjoin(ReportText, ReportText.report_id == Case.report_id)
        .where(*wanted)
        .order_by(Case.due_at, Case.id)
        .limit(PAGE + 1)
    ).all()
    shown = rows[:PAGE]
    urged = _urged(connection, [row.id for row in shown])
    found = tuple(
        Line(
            row.number,
            row.title or "",
            reference.place_name(row.place),
            boards(reference, row.place, row.board),
            status(reference, row),
            light(calendar, now, row.due_at, row.warn_at, row.provisional),
            urged.get(row.id),
        )
        for row in shown
    )
    return found, len(rows) > PAGE


def _urged(connection: Connection, cases: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    notes = connection.execute(
        select(Note.case_id, Note.kind, Note.at, Note.recipient).where(Note.case_id.in_(cases)).order_by(Note.at)
    )
    return {row.case_id: (row.kind, row.at) for row in notes if BY in row.recipient}


def _red(now: datetime) -> ColumnElement[bool]:
    return Case.due_at < now


def _yellow(now: datetime) -> ColumnElement[bool]:
    return and_(Case.due_at >= now, Case.warn_at <= now)
