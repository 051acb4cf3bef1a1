"""我的待办: the open tasks that a person may do, the most urgent first, and those he or she has done.

However many tasks there are, a page reads a bounded window off the index: one range of ``ix_user_task_inbox`` for each
(place, role, organisation) that the person's duties reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select, union_all

from processes.casework.access import is_excluded
from processes.casework.people import Authority
from processes.casework.reference import Reference
from processes.casework.views.lights import colour
from processes.casework.views.names import boards
from processes.store.tables import Case, PersonalData, ReportText, UserTask

PAGE = 30
"""Rows a page: what one scrolls through in a breath."""

WINDOW = 100
"""Open tasks looked at beyond the page's own, for the counts; more than these are told as "99+"."""

SEARCHED = 1000
"""Open tasks that a filter by text looks through, the most urgent first."""

Key = tuple[str, str, str | None]
"""place, role, organisation"""


@dataclass(frozen=True)
class TaskLine:
    """A task as a row of a list."""

    id: str
    name: str
    number: str
    title: str
    enterprise: str
    board: str
    stage: str
    place: str
    due_at: datetime | None
    warn_at: datetime | None
    provisional: bool
    created_at: datetime
    ended_at: datetime | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class Counts:
    """How many open tasks burn. Beyond ``WINDOW`` of all they are counts of the most urgent ones (``more``)."""

    all: int
    red: int
    yellow: int
    more: bool = False


@dataclass(frozen=True)
class Inbox:
    """A page of open tasks. ``more``: there are further pages."""

    lines: tuple[TaskLine, ...]
    counts: Counts
    more: bool


@dataclass(frozen=True)
class Desk:
    """Whose tasks are looked for: those of ``people`` by name, and those of the ``keys`` that their duties reach."""

    authority: Authority
    people: tuple[str, ...]
    keys: tuple[Key, ...]

    @classmethod
    def of(cls, authority: Authority, reference: Reference) -> Desk:
        """The desk of a person: see ``access.tasks_of``, which says the same as one condition."""
        keys: dict[Key, None] = {}
        for acting in authority.acting:
            duty = acting.duty
            served: Iterable[str]
            if duty.organisation is None:
                served = (each.id for each in reference.organisations.values() if each.place == duty.place)
            else:
                served = reference.predecessors(reference.successor_of(duty.organisation))
            keys.update(dict.fromkeys((duty.place, duty.role, each) for each in (None, *served)))
        return cls(authority, authority.principals, tuple(keys))


def inbox(
    connection: Connection,
    reference: Reference,
    desk: Desk,
    now: datetime,
    *,
    text: str = "",
    light: str = "",
    page: int = 1,
) -> Inbox:
    """The open tasks of a desk. ``text`` filters by number, title and enterprise; ``light`` by colour (red or yellow)."""
    window = SEARCHED if text or light else PAGE * page + WINDOW
    found = open_tasks(connection, reference, desk, window)
    counts = count(found, now, more=len(found) >= window)
    if light:
        found = [row for row in found if colour(now, row.due_at, row.warn_at) == light]
    if text:
        found = _matching(connection, found, text)
    start = PAGE * (page - 1)
    ids = [row.id for row in found[start : start + PAGE]]
    return Inbox(_lines(connection, reference, ids), counts, len(found) > start + PAGE)


def counts(connection: Connection, reference: Reference, desk: Desk, now: datetime) -> Counts:
    """How many open tasks a desk has, without reading the tasks themselves."""
    found = open_tasks(connection, reference, desk, WINDOW)
    return count(found, now, more=len(found) >= WINDOW)


def count(rows: Iterable[Row[Any]], now: datetime, more: bool) -> Counts:
    """Count rows by their light."""
    colours = [colour(now, row.due_at, row.warn_at) for row in rows]
    return Counts(len(colours), colours.count("red"), colours.count("yellow"), more)


def open_tasks(connection: Connection, reference: Reference, desk: Desk, limit: int) -> list[Row[Any]]:
    """Up to ``limit`` open tasks, the most urgent first, those without a term last."""
    found: dict[str, Row[Any]] = {}
    for with_term in (True, False):
        if len(found) >= limit:
            break
        ranges = [_range(UserTask.assignee == each, with_term, limit) for each in desk.people]
        ranges += [_range(_of(key), with_term, limit) for key in desk.keys]
        for row in connection.execute(union_all(*(select(each.subquery()) for each in ranges))):
            if not is_excluded(desk.authority, reference, row.excluded):
                found.setdefault(row.id, row)
    return sorted(found.values(), key=_urgency)[:limit]


def done(
    connection: Connection, reference: Reference, person: str, *, text: str = "", page: int = 1
) -> tuple[tuple[TaskLine, ...], bool]:
    """What a person has done, the last first, and whether there is more."""
    statement = (
        select(UserTask.id)
        .where(UserTask.completed_by == person)
        .order_by(UserTask.ended_at.desc())
        .offset(0 if text else PAGE * (page - 1))
        .limit(SEARCHED if text else PAGE + 1)
    )
    rows = list(connection.execute(statement))
    if text:
        rows = _matching(connection, rows, text)[PAGE * (page - 1) :]
    return _lines(connection, reference, [row.id for row in rows[:PAGE]]), len(rows) > PAGE


def _of(key: Key) -> ColumnElement[bool]:
    place, role, organisation = key
    return and_(
        UserTask.assignee.is_(None),
        UserTask.place == place,
        UserTask.role == role,
        UserTask.organisation.is_(None) if organisation is None else UserTask.organisation == organisation,
    )


def _range(of: ColumnElement[bool], with_term: bool, limit: int) -> Select[Any]:
    """One range of an index, read in its own order."""
    term = UserTask.due_at.is_not(None) if with_term else UserTask.due_at.is_(None)
    return (
        select(UserTask.id, UserTask.case_id, UserTask.due_at, UserTask.warn_at, UserTask.created_at, UserTask.excluded)
        .where(UserTask.state == "open", of, term)
        .order_by(UserTask.due_at, UserTask.created_at)
        .limit(limit)
    )


def _urgency(row: Row[Any]) -> tuple[bool, float, datetime]:
    return row.due_at is None, row.due_at.timestamp() if row.due_at else 0.0, row.created_at


def _matching(connection: Connection, rows: Sequence[Row[Any]], text: str) -> list[Row[Any]]:
    """Those of ``rows`` whose number, title, words or enterprise contain ``text``."""
    matched: set[str] = set()
    for start in range(0, len(rows), 500):
        statement = (
            select(UserTask.id)
            .join(Case, Case.id == UserTask.case_id)
            .join(ReportText, ReportText.report_id == Case.report_id)
            .outerjoin(PersonalData, PersonalData.report_id == Case.report_id)
            .where(
                UserTask.id.in_([row.id for row in rows[start : start + 500]]),
                or_(
                    Case.number.contains(text, autoescape=True),
                    UserTask.name.contains(text, autoescape=True),
                    ReportText.title.contains(text, autoescape=True),
                    ReportText.body.contains(text, autoescape=True),
                    PersonalData.enterprise.contains(text, autoescape=True),
                ),
            )
        )
        matched.update(connection.scalars(statement))
    return [row for row in rows if row.id in matched]


def _lines(connection: Connection, reference: Reference, ids: Sequence[str]) -> tuple[TaskLine, ...]:
    if not ids:
        return ()
    statement = (
        select(
            UserTask.id,
            UserTask.name,
            UserTask.place,
            UserTask.due_at,
            UserTask.warn_at,
            UserTask.provisional,
            UserTask.created_at,
            UserTask.ended_at,
            UserTask.state,
            Case.number,
            Case.place.label("case_place"),
            Case.board,
            Case.stage,
            ReportText.title,
            PersonalData.enterprise,
        )
        .outerjoin(Case, Case.id == UserTask.case_id)
        .outerjoin(ReportText, ReportText.report_id == Case.report_id)
        .outerjoin(PersonalData, PersonalData.report_id == Case.report_id)
        .where(UserTask.id.in_(ids))
    )
    stages = {stage.code: stage.name for stage in reference.stages}
    found = {
        row.id: TaskLine(
            id=row.id,
            name=row.name,
            number=row.number or "",
            title=row.title or "",
            enterprise=row.enterprise or "",
            board=boards(reference, row.case_place or row.place, row.board),
            stage=stages.get(row.stage or "", ""),
            place=reference.place_name(row.place),
            due_at=row.due_at,
            warn_at=row.warn_at,
            provisional=row.provisional,
            created_at=row.created_at,
            ended_at=row.ended_at,
            cancelled=row.state == "cancelled",
        )
        for row in connection.execute(statement)
    }
    return tuple(found[each] for each in ids if each in found)
