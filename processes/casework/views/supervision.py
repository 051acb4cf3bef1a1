"""Red and yellow lights by place and board, and the cases behind them.

Counted over open cases alone, place by place: what is closed weighs nothing. Of closed ones only those count that were opened in the
period that is looked at. Confidential cases are in neither. Where there are many, what is shown was counted a while ago (see ``counting``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, select

from processes.casework import access, tally
from processes.casework.calendar import WorkingCalendar
from processes.casework.people import Authority
from processes.casework.reference import Reference
from processes.casework.supervision import BY
from processes.casework.tally import RED
from processes.casework.views.lights import Light, light
from processes.casework.views.names import boards, has_board, status
from processes.store.tables import Case, Note, ReportText

PAGE = 50
"""Cases of a list: what can be urged at once."""


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
    at: datetime | None = None
    """when it was counted; None: now"""


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


class Overseer(NamedTuple):
    """Somebody who answers for the course of cases, and the places of the duties by which he or she does."""

    authority: Authority
    places: Sequence[str]

    def sees(self, reference: Reference) -> ColumnElement[bool]:
        """The cases, as a condition."""
        return access.overseen(self.authority, reference, self.places)

    def knows(self, reference: Reference, excluded: Sequence[str]) -> bool:
        """Whether he or she is none of those who must know nothing."""
        return not access.is_excluded(self.authority, reference, excluded)


def board(connection: Connection, reference: Reference, overseer: Overseer, place: str, now: datetime) -> Board:
    """The counts of a place, which is one of the overseer's or below them: as they were counted last, where there are many."""
    under = reference.under(place)
    counted = tally.read(connection, now)
    rows: Sequence[Any]
    if counted is None:
        rows = _counted(connection, overseer.sees(reference), under, now)
    else:
        rows = _at([row for row in counted.open if overseer.knows(reference, row.excluded)], under)
    below = [each for each in under if reference.superior(each) == place and each != place]
    return Board(
        _sum(place, reference.place_name(place), rows),
        _biggest(_sum(each, reference.place_name(each), _at(rows, reference.under(each))) for each in below),
        _biggest(_boards(rows, reference, place)),
        counted.at if counted else None,
    )


def _counted(connection: Connection, seen: ColumnElement[bool], places: Sequence[str], now: datetime) -> Sequence[Any]:
    return connection.execute(
        select(
            Case.place,
            Case.board,
            func.count().label("open"),
            func.count(case((tally.red(now), 1))).label("red"),
            func.count(case((tally.yellow(now), 1))).label("yellow"),
        )
        .where(Case.closed_at.is_(None), Case.place.in_(places), seen)
        .group_by(Case.place, Case.board)
    ).all()


def _boards(rows: Sequence[Any], reference: Reference, place: str) -> Iterable[Count]:
    """Those at the place itself; a case of several boards counts for each."""
    own = _at(rows, (place,))
    codes = dict.fromkeys(code for row in own for code in tally.codes(row.board))
    for code in codes:
        mine = [row for row in own if code in tally.codes(row.board)]
        yield _sum(code, boards(reference, place, code), mine)


def _at(rows: Sequence[Any], places: Sequence[str]) -> list[Any]:
    wanted = frozenset(places)
    return [row for row in rows if row.place in wanted]


def _sum(code: str, name: str, rows: Sequence[Any]) -> Count:
    return Count(code, name, *(sum(getattr(row, each) for row in rows) for each in ("open", "red", "yellow")))


def _biggest(counts: Iterable[Count]) -> tuple[Count, ...]:
    return tuple(sorted(counts, key=lambda each: (-each.red, -each.yellow, -each.open, each.code)))


def period(
    connection: Connection, reference: Reference, overseer: Overseer, place: str, days: int, now: datetime
) -> Period:
    """What came into the pool at a place and below in the last days (one of ``tally.PERIODS``)."""
    under = reference.under(place)
    counted = tally.read(connection, now)
    if counted is not None:
        came = [each for each in counted.came[days] if overseer.knows(reference, each.excluded) and each.place in under]
        return Period(sum(each.opened for each in came), sum(each.closed for each in came))
    row = connection.execute(
        select(func.count().label("opened"), func.count(Case.closed_at).label("closed")).where(
            Case.opened_at >= now - timedelta(days=days), Case.pooled, Case.place.in_(under), overseer.sees(reference)
        )
    ).one()
    return Period(row.opened, row.closed)


def lines(
    connection: Connection,
    reference: Reference,
    calendar: WorkingCalendar,
    overseer: Overseer,
    place: str,
    colour: str,
    of_board: str | None,
    now: datetime,
) -> tuple[tuple[Line, ...], bool]:
    """The open cases of a colour at a place and below, the most overdue first, and whether there are more. ``of_board``: only that board's at the
    place itself, "" for those that are with none yet."""
    light_is = tally.red(now) if colour == RED else tally.yellow(now)
    at = reference.under(place) if of_board is None else (place,)
    wanted = [Case.closed_at.is_(None), Case.place.in_(at), overseer.sees(reference), light_is]
    if of_board is not None:
        wanted.append(has_board(of_board.rpartition(".")[2]) if of_board else Case.board.is_(None))
    known = tally.burning(connection, place, colour, of_board) if tally.read(connection, now) else None
    among = [] if known is None else [Case.id.in_([each.id for each in known])]
    rows = connection.execute(_CASES.where(*among, *wanted).limit(PAGE + 1)).all()
    if known is not None and len(rows) <= PAGE and len(known) >= tally.KEPT:
        # Of those that burned the most when they were counted many have been closed since, or are not for these eyes.
        rows = connection.execute(_CASES.where(*wanted).limit(PAGE + 1)).all()
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


_CASES = (
    select(*Case.__table__.c, ReportText.title)
    .outerjoin(ReportText, ReportText.report_id == Case.report_id)
    .order_by(Case.due_at, Case.id)
)
