"""我的待办: the lists of open tasks that concern a person, the most urgent first, and what he or she has done.

Which tasks a list has is said by ``desk``; here they are counted, narrowed down and made lines of a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Row, Text, and_, any_, bindparam, func, or_, select

from processes.casework.reference import Reference
from processes.casework.views.desk import LIGHTS, TODO, Desk, open_tasks
from processes.casework.views.models import models
from processes.casework.views.names import boards, has_board
from processes.languages import CHINESE
from processes.messaging.addresses import URGENT_FROM
from processes.messaging.json_text import to_json
from processes.store.position import position
from processes.store.tables import Case, FollowUp, PersonalData, ReportText, UserTask

PAGE = 30
"""Rows a page: what one scrolls through in a breath."""

WINDOW = 100
"""Open tasks looked at for the counts; as many or more are told as "100+"."""

SEARCHED = 300
"""Open tasks that filters and other orders look through, the most urgent first."""

DUE, PRIORITY, NEWEST = ORDERS = ("due", "priority", "newest")


@dataclass(frozen=True)
class Narrowed:
    """What of a list is looked at. ``light`` by colour; ``urgent``: of such a priority; ``reminded``: of which the person wanted to be reminded
    by this day."""

    text: str = ""
    light: str = ""
    stage: str = ""
    board: str = ""
    urgent: bool = False
    reminded: date | None = None

    @property
    def beside_light(self) -> bool:
        """Whether more is asked for than a light: cases have to be read for that."""
        return self != Narrowed(light=self.light)


@dataclass(frozen=True)
class TaskLine:
    """A task as a row of a list. ``assignee`` and ``owner`` are ids; ``role``, ``organisation`` … are what access depends on."""

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
    urgent: bool = False
    assignee: str | None = None
    owner: str | None = None
    taken: bool = False
    follow_up: date | None = None
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
    """A page of open tasks. ``more``: there are further pages. ``beyond``: as many
    tasks were looked through as ever are, so there may be less urgent ones that were not."""

    lines: tuple[TaskLine, ...]
    counts: Counts
    more: bool
    beyond: bool = False


def inbox(
    connection: Connection,
    reference: Reference,
    desk: Desk,
    now: datetime,
    *,
    of: str = TODO,
    narrowed: Narrowed = Narrowed(),
    order: str = DUE,
    page: int = 1,
) -> Inbox:
    """A page of a list. Narrowed down by more than a light, or in another order than that of terms, its ``SEARCHED`` most urgent tasks are
    looked through."""
    whole = order == DUE and not narrowed.beside_light
    start = PAGE * (page - 1)
    window = max(WINDOW, start + PAGE + 1) if whole else SEARCHED
    found = open_tasks(connection, reference, desk, now, window, of, narrowed.light)
    told = (
        counts(connection, reference, desk, now, of)
        if narrowed.light
        else count(found[:WINDOW], more=len(found) >= WINDOW)
    )
    ids = [row.id for row in found]
    if narrowed.beside_light:
        ids = _matching(connection, desk.authority.person, ids, narrowed)
    if order != DUE:
        ids = _ordered(connection, ids, order)
    lines = _lines(connection, reference, desk.authority.person, ids[start : start + PAGE])
    more = len(ids) > start + PAGE
    return Inbox(lines, told, more, beyond=not whole and not more and len(found) == SEARCHED)


def counts(connection: Connection, reference: Reference, desk: Desk, now: datetime, of: str = TODO) -> Counts:
    """How many open tasks a list has, without reading the tasks themselves."""
    found = open_tasks(connection, reference, desk, now, WINDOW, of)
    return count(found, more=len(found) >= WINDOW)


def count(rows: Sequence[Row[Any]], more: bool) -> Counts:
    """Count rows by their light."""
    lights = [row.light for row in rows]
    return Counts(len(lights), lights.count(LIGHTS.index("red")), lights.count(LIGHTS.index("yellow")), more)


def done(
    connection: Connection, reference: Reference, person: str, *, narrowed: Narrowed = Narrowed(), page: int = 1
) -> Inbox:
    """A page of what a person has done, the last first, without counts. Narrowed down, the last ``SEARCHED`` are looked through."""
    whole = narrowed == Narrowed()
    start = PAGE * (page - 1)
    statement = (
        select(UserTask.id)
        .where(UserTask.completed_by == person)
        .order_by(UserTask.ended_at.desc())
        .offset(start if whole else 0)
        .limit(PAGE + 1 if whole else SEARCHED)
    )
    found: Sequence[str] = connection.scalars(statement).all()
    ids = found if whole else _matching(connection, person, found, narrowed)[start:]
    more = len(ids) > PAGE
    lines = _lines(connection, reference, person, ids[:PAGE])
    return Inbox(lines, Counts(0, 0, 0), more, beyond=not more and len(found) == SEARCHED)


def _matching(connection: Connection, person: str, ids: Sequence[str], narrowed: Narrowed) -> list[str]:
    """The tasks that fit, in their order. Words are looked for in number, title, text and enterprise."""
    statement = (
        select(UserTask.id)
        .outerjoin(Case, Case.id == UserTask.case_id)
        .outerjoin(ReportText, ReportText.report_id == Case.report_id)
        .outerjoin(PersonalData, PersonalData.report_id == Case.report_id)
        .where(_among(connection, ids), *_conditions(connection, narrowed))
    )
    if narrowed.reminded:
        mine = and_(FollowUp.task_id == UserTask.id, FollowUp.person_id == person)
        statement = statement.join(FollowUp, mine).where(FollowUp.day <= narrowed.reminded)
    fitting = set(connection.scalars(statement))
    return [each for each in ids if each in fitting]


def _among(connection: Connection, ids: Sequence[str]) -> ColumnElement[bool]:
    """The tasks with these ids, given as one value: a parameter for each takes as long as to look at them."""
    if connection.dialect.name == "sqlite":
        return UserTask.id.in_(select(func.json_each(to_json(ids)).table_valued("value").c.value))
    return UserTask.id == any_(bindparam(None, list(ids), ARRAY(Text)))


def _conditions(connection: Connection, narrowed: Narrowed) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if narrowed.text:
        columns = (Case.number, UserTask.name, ReportText.title, ReportText.body, PersonalData.enterprise)
        found.append(or_(*(_holds(connection, each, narrowed.text) for each in columns)))
    if narrowed.stage:
        found.append(Case.stage == narrowed.stage)
    if narrowed.board:
        found.append(has_board(narrowed.board))
    if narrowed.urgent:
        found.append(UserTask.priority >= URGENT_FROM)
    return found


def _holds(connection: Connection, column: Any, text: str) -> ColumnElement[bool]:
    """Whether a text stands in a column. Chinese has no capitals to be made small."""
    if text.lower() == text.upper():
        return position(connection, column, text) > 0
    return position(connection, func.lower(column), func.lower(text)) > 0


def _ordered(connection: Connection, ids: Sequence[str], order: str) -> list[str]:
    """The tasks by priority (those of one in the order that they have) or by when they came, the last first."""
    wanted = func.coalesce(UserTask.priority, 0) if order == PRIORITY else UserTask.created_at
    keys = select(UserTask.id, wanted.label("key")).where(UserTask.id.in_(ids))
    found: dict[str, Any] = {row.id: row.key for row in connection.execute(keys)}
    return sorted((each for each in ids if each in found), key=found.__getitem__, reverse=True)


def _lines(connection: Connection, reference: Reference, person: str, ids: Sequence[str]) -> tuple[TaskLine, ...]:
    if not ids:
        return ()
    stages = {stage.code: stage.name for stage in reference.stages}
    found = {
        row.id: TaskLine(
            id=row.id,
            name=_name(connection, reference, row),
            number=row.number or "",
            title=row.title or "",
            enterprise=row.enterprise or "",
            board=boards(reference, row.case_place or row.place, row.board),
            stage=stages.get(row.stage or "", ""),
            place=reference.place_name(row.place),
            due_at=row.due_at,
            warn_at=row.warn_at,
            provisional=row.provisional,
            urgent=(row.priority or 0) >= URGENT_FROM,
            assignee=row.assignee,
            owner=row.owner,
            taken=bool(row.taken),
            follow_up=row.day,
            ended_at=row.ended_at,
        )
        for row in connection.execute(_LINES, {"ids": list(ids), "person": person})
    }
    return tuple(found[each] for each in ids if each in found)


def _name(connection: Connection, reference: Reference, row: Any) -> str:
    """A task's name, which is asked of its diagram when it is not to be Chinese."""
    if reference.language == CHINESE:
        return str(row.name)
    return models(connection, row.definition_id, reference.language).element(row.process_id, row.element_id) or row.name


_LINES = (
    select(
        UserTask.id,
        UserTask.name,
        UserTask.definition_id,
        UserTask.process_id,
        UserTask.element_id,
        UserTask.place,
        UserTask.due_at,
        UserTask.warn_at,
        UserTask.provisional,
        UserTask.ended_at,
        UserTask.priority,
        UserTask.assignee,
        UserTask.owner,
        UserTask.taken,
        FollowUp.day,
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
    .outerjoin(FollowUp, and_(FollowUp.task_id == UserTask.id, FollowUp.person_id == bindparam("person")))
    .where(UserTask.id.in_(bindparam("ids", expanding=True)))
)
