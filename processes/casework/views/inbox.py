"""我的待办: the open tasks that a person may do, the most urgent first, and those he or she has done.

However many tasks there are, a page reads a bounded window off the index: one range of ``ix_user_task_inbox`` for each
(place, role, organisation) that the person's duties reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, bindparam, case, cast, or_, select, union_all

from processes.casework.access import is_excluded
from processes.casework.people import Authority
from processes.casework.reference import Reference
from processes.casework.views.names import boards
from processes.messaging.json_text import from_json
from processes.store.tables import TASK_IS_OPEN, Case, Instant, PersonalData, ReportText, UserTask

PAGE = 30
"""Rows a page: what one scrolls through in a breath."""

WINDOW = 100
"""Open tasks looked at for the counts; as many or more are told as "100+"."""

SEARCHED = 1000
"""Open tasks that a filter by text looks through, the most urgent first."""

LIGHTS = ("green", "yellow", "red")

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
    ended_at: datetime | None = None


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
    window = SEARCHED if text or light else max(WINDOW, PAGE * page + 1)
    found = open_tasks(connection, reference, desk, now, window)
    counts = count(found, more=len(found) >= window)
    if light:
        found = [row for row in found if row.light == LIGHTS.index(light)]
    if text:
        found = _matching(connection, found, text)
    start = PAGE * (page - 1)
    ids = [row.id for row in found[start : start + PAGE]]
    return Inbox(_lines(connection, reference, ids), counts, len(found) > start + PAGE)


def counts(connection: Connection, reference: Reference, desk: Desk, now: datetime) -> Counts:
    """How many open tasks a desk has, without reading the tasks themselves."""
    found = open_tasks(connection, reference, desk, now, WINDOW)
    return count(found, more=len(found) >= WINDOW)


def count(rows: Sequence[Row[Any]], more: bool) -> Counts:
    """Count rows by their light."""
    lights = [row.light for row in rows]
    return Counts(len(lights), lights.count(LIGHTS.index("red")), lights.count(LIGHTS.index("yellow")), more)


def open_tasks(connection: Connection, reference: Reference, desk: Desk, now: datetime, limit: int) -> list[Row[Any]]:
    """Up to ``limit`` open tasks (``id`` and ``light``, an index of ``LIGHTS``), the most urgent first, those without a
    term last."""
    found: dict[str, Row[Any]] = {}
    given: dict[str, Any] = {"now": now, "limit": limit}
    given |= {f"person_{at}": each for at, each in enumerate(desk.people)}
    for at, (place, role, organisation) in enumerate(desk.keys):
        given |= {f"place_{at}": place, f"role_{at}": role, f"organisation_{at}": organisation}
    kinds = tuple(organisation is not None for _, _, organisation in desk.keys)
    for with_term in (True, False):
        if len(found) >= limit:
            break
        for row in connection.execute(_statement(len(desk.people), kinds, with_term), given):
            if row.excluded == "[]" or not is_excluded(desk.authority, reference, from_json(row.excluded)):
                found.setdefault(row.id, row)
    return list(found.values())[:limit]


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


@lru_cache(256)
def _statement(people: int, kinds: tuple[bool, ...], with_term: bool) -> Select[Any]:
    """The union of index ranges for so many people and keys of these kinds (with an organisation, or without)."""
    ranges = [_range(UserTask.assignee == bindparam(f"person_{at}"), with_term) for at in range(people)]
    for at, with_organisation in enumerate(kinds):
        organisation = UserTask.organisation
        here = organisation == bindparam(f"organisation_{at}") if with_organisation else organisation.is_(None)
        place, role = UserTask.place == bindparam(f"place_{at}"), UserTask.role == bindparam(f"role_{at}")
        ranges.append(_range(and_(UserTask.assignee.is_(None), place, role, here), with_term))
    found = union_all(*(select(each.subquery()) for each in ranges)).subquery()
    order = found.c.due_at if with_term else found.c.created_at
    return select(found.c.id, found.c.light, found.c.excluded).order_by(order).limit(bindparam("limit"))


def _range(of: ColumnElement[bool], with_term: bool) -> Select[Any]:
    """One range of an index, read in its own order. Lights and exclusions are not made Python values: most are not looked at."""
    now = bindparam("now", type_=Instant)
    light = case(
        (UserTask.due_at < now, LIGHTS.index("red")), (UserTask.warn_at <= now, LIGHTS.index("yellow")), else_=0
    )
    return (
        select(
            UserTask.id,
            UserTask.due_at,
            UserTask.created_at,
            light.label("light"),
            cast(UserTask.excluded, Text).label("excluded"),
        )
        .where(TASK_IS_OPEN, of, UserTask.due_at.is_not(None) if with_term else UserTask.due_at.is_(None))
        .order_by(UserTask.due_at, UserTask.created_at)
        .limit(bindparam("limit"))
    )


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
            ended_at=row.ended_at,
        )
        for row in connection.execute(_LINES, {"ids": list(ids)})
    }
    return tuple(found[each] for each in ids if each in found)


_LINES = (
    select(
        UserTask.id,
        UserTask.name,
        UserTask.place,
        UserTask.due_at,
        UserTask.warn_at,
        UserTask.provisional,
        UserTask.ended_at,
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
    .where(UserTask.id.in_(bindparam("ids", expanding=True)))
)
