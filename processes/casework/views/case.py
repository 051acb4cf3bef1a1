"""The case page: one problem's life at one place, read with a fixed number of indexed queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    String,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from processes.casework import attachments, supervision
from processes.casework.attachments import Attachment
from processes.casework.calendar import WorkingCalendar
from processes.casework.reference import Reference
from processes.casework.views.diagram import Diagram, Standing, diagrams
from processes.casework.views.exchange import Exchange, exchanges
from processes.casework.views.head import Head
from processes.casework.views.lights import NONE, Light, light
from processes.casework.views.models import Models, models
from processes.casework.views.names import holder_of, label, status
from processes.casework.views.spent import Spent, spent
from processes.casework.views.timeline import Event, Said, TaskFact, timeline
from processes.casework.views.waiting import Term, Wait, terms, waiting, waits
from processes.store import history, peer_cases
from processes.store.tables import (
    Case,
    CaseStage,
    CaseText,
    Instance,
    Job,
    Note,
    UserTask,
)

LONGEST = 400
"""Notices and texts of one case that are shown: far beyond what any real case has."""


@dataclass(frozen=True)
class StageMark:
    """A stage of the bar. ``state``: past, now or ahead; ``at``: when it was reached last."""

    name: str
    state: str
    at: datetime | None


@dataclass(frozen=True)
class OpenTask:
    """Who has to do what now."""

    id: str
    name: str
    who: str
    light: Light


@dataclass(frozen=True)
class Relative:
    """The same problem at another place. ``host``: the deployment that it lives in, when that is another: it tells no more than the number
    below, and of what is above the status that it last told."""

    number: str
    place: str
    above: bool
    stage: str
    status: str
    closed: bool
    host: str = ""


@dataclass(frozen=True)
class Trouble:
    """An open incident of the case. ``step`` is the name of where it happened on the diagram, if anywhere."""

    id: str
    step: str
    detail: str
    at: datetime


@dataclass(frozen=True)
class CasePage:
    """Everything the page shows."""

    head: Head
    light: Light
    stages: tuple[StageMark, ...]
    open_tasks: tuple[OpenTask, ...]
    people: tuple[tuple[str, str], ...]
    result: str
    """how it ended, in the words of the form that said so; empty while it is open"""
    relatives: tuple[Relative, ...]
    attachments: tuple[Attachment, ...]
    events: tuple[Event, ...]
    troubles: tuple[Trouble, ...]
    diagrams: tuple[Diagram, ...]
    calls: Mapping[str, str]
    """which activity of a diagram calls which process"""
    terms: tuple[Term, ...]
    waits: tuple[Wait, ...]
    exchanges: tuple[Exchange, ...]
    spent: tuple[Spent, ...]
    tasks: Sequence[Row[Any]] = ()
    """the rows of the case's user tasks, for judging access"""


def page(
    connection: Connection,
    reference: Reference,
    calendar: WorkingCalendar,
    of: Head,
    now: datetime,
) -> CasePage:
    """The whole page of a case."""
    entries = history.read(connection, of.instance_id)
    definition = _definition(connection, of.instance_id)
    known = models(connection, definition, reference.language)
    tasks = connection.execute(
        select(UserTask.__table__).where(UserTask.case_id == of.id).order_by(UserTask.created_at)
    ).all()
    marks = _marks(connection, of.id)
    stages = {stage.code: stage.name for stage in reference.stages}
    others = [_arrival(of, entries, reference), *_reached(marks, stages, reference)]
    by_hand = [row for row in marks if row.what == "note" and supervision.BY in row.data]
    notes = [row for row in marks if row.what == "note" and row not in by_hand]
    others += [Event(row.at, "note", known.name(row.element) or row.text, _to(row.data, reference)) for row in notes]
    rows = waiting(connection, of)
    standing = _standing(rows, tasks, reference, now)
    return CasePage(
        head=of,
        light=NONE if of.closed_at else light(calendar, now, of.due_at, of.warn_at, of.provisional),
        stages=_stages(of, marks, reference),
        open_tasks=tuple(_open_task(row, known, reference, calendar, now) for row in tasks if row.state == "open"),
        people=_people(tasks, reference),
        result=known.title(of.outcome) if of.closed_at else "",
        relatives=_relatives(connection, of, reference),
        attachments=tuple(attachments.of_case(connection, of.id)),
        events=timeline(
            entries,
            known,
            {row.id: TaskFact(row.id, row.name, row.form, row.element_id) for row in tasks},
            _said(connection, of.id, known, reference),
            others,
            reference.person_name,
            elsewhere={row.element for row in notes},
        ),
        troubles=tuple(
            Trouble(row.id, known.name(row.element_id), row.text, row.at) for row in rows if row.what == "incident"
        ),
        diagrams=diagrams(known, entries, standing),
        calls=known.calls,
        terms=terms(rows, tasks, known, calendar, now),
        waits=waits(rows, known),
        exchanges=exchanges(
            connection,
            reference,
            of,
            known,
            entries,
            {row.data[supervision.INSTANCE]: supervision.name(row.text, reference) for row in by_hand},
        ),
        spent=spent(known, entries, calendar, of.closed_at or now),
        tasks=tasks,
    )


def recent(connection: Connection, reference: Reference, of: Head, limit: int) -> tuple[Event, ...]:
    """The last things that people or partners did in a case, the latest first."""
    known = models(connection, _definition(connection, of.instance_id), reference.language)
    tasks = connection.execute(
        select(UserTask.id, UserTask.name, UserTask.form, UserTask.element_id).where(UserTask.case_id == of.id)
    )
    facts = {row.id: TaskFact(row.id, row.name, row.form, row.element_id) for row in tasks}
    entries = history.read(connection, of.instance_id)
    said = _said(connection, of.id, known, reference)
    events = timeline(entries, known, facts, said, (), reference.person_name)
    return tuple(event for event in reversed(events) if event.kind in ("person", "message"))[:limit]


def _to(to: Mapping[str, Any], reference: Reference) -> str:
    name = holder_of(to, reference)
    return reference.say(f"发给{name}", f"to {name}") if name else ""


def _arrival(of: Head, entries: Sequence[history.Entry], reference: Reference) -> Event:
    """How the case began: over a channel, or from the place below."""
    at = min(of.opened_at, entries[0].at) if entries else of.opened_at
    channel = of.problem.channel
    below = reference.say("下级提交", "Submitted by the place below")
    return Event(at, "start", below if of.parent else reference.say(f"{channel}来件", f"Came in over {channel}"))


def _reached(marks: Sequence[Row[Any]], stages: Mapping[str, str], reference: Reference) -> list[Event]:
    """The stages reached, those of one moment together."""
    at: dict[datetime, list[str]] = {}
    for row in marks:
        if row.what == "stage":
            at.setdefault(row.at, []).append(stages.get(row.text, row.text))
    return [
        Event(moment, "stage", reference.say(f"进入{'、'.join(names)}阶段", f"Stage reached: {', '.join(names)}"))
        for moment, names in at.items()
    ]


def _definition(connection: Connection, instance_id: str) -> str:
    found = connection.execute(select(Instance.definition_id).where(Instance.id == instance_id)).scalar()
    return found or ""


def _marks(connection: Connection, case_id: str) -> Sequence[Row[Any]]:
    """Stages reached and notices sent, in one query."""
    nothing = type_coerce(null(), Note.recipient.type).label("data")  # a union has the types of its first part
    stages = select(
        literal("stage", String).label("what"),
        CaseStage.at,
        CaseStage.stage.label("text"),
        null().label("element"),
        nothing,
    ).where(CaseStage.case_id == case_id)
    # A notice is noted under the id of the job that sends it, and is called what the diagram calls that step.
    notes = (
        select(literal("note", String), Note.at, Note.kind, Job.element_id, Note.recipient)
        .outerjoin(Job, Job.id == Note.id)
        .where(Note.case_id == case_id)
        .order_by(Note.at)
        .limit(LONGEST)
    )
    return connection.execute(union_all(stages, select(notes.subquery()))).all()


def _stages(of: Head, marks: Sequence[Row[Any]], reference: Reference) -> tuple[StageMark, ...]:
    reached = {row.text: row.at for row in sorted(marks, key=lambda each: each.at) if row.what == "stage"}
    codes = [stage.code for stage in reference.stages]
    now = codes.index(of.stage) if of.stage in codes else -1
    found = []
    for at, stage in enumerate(reference.stages):
        state = "past" if at < now or (of.closed_at and at <= now) else "now" if at == now else "ahead"
        found.append(StageMark(stage.name, state, reached.get(stage.code) if state != "ahead" else None))
    return tuple(found)


def _said(connection: Connection, case_id: str, known: Models, reference: Reference) -> list[Said]:
    statement = (
        select(CaseText.__table__).where(CaseText.case_id == case_id).order_by(CaseText.at.desc()).limit(LONGEST)
    )
    return [
        Said(
            row.id,
            supervision.name(row.label, reference)
            if row.element_id == supervision.PROCESS
            else known.called(label(row.element_id, row.label)),
            row.body,
            reference.person_name(row.author) if row.author else "",
            row.at,
        )
        for row in connection.execute(statement)
    ]


def _open_task(
    row: Row[Any], known: Models, reference: Reference, calendar: WorkingCalendar, now: datetime
) -> OpenTask:
    return OpenTask(
        row.id,
        known.task(row).name,
        holder(row, reference),
        light(calendar, now, row.due_at, row.warn_at, row.provisional),
    )


def holder(row: Any, reference: Reference) -> str:
    """Who is to do a task (a row of ``UserTask``, or a step ahead), in words: the person, else organisation and role."""
    if row.assignee:
        return reference.person_name(row.assignee)
    where = reference.organisation_name(row.organisation) if row.organisation else reference.place_name(row.place)
    return f"{where} {reference.role_name(row.role)}"


def _people(tasks: Sequence[Row[Any]], reference: Reference) -> tuple[tuple[str, str], ...]:
    """Who has done something, with where from, the first first."""
    found: dict[str, str] = {}
    for row in tasks:
        if row.state == "completed" and row.completed_by:
            where = row.organisation or ""
            name = reference.organisation_name(where) if where else reference.place_name(row.place)
            found.setdefault(reference.person_name(row.completed_by), f"{name} {reference.role_name(row.role)}")
    return tuple(found.items())


def _relatives(connection: Connection, of: Head, reference: Reference) -> tuple[Relative, ...]:
    near = Case.parent == of.id
    statement = select(Case.id, Case.number, Case.place, Case.stage, Case.status, Case.status_en, Case.closed_at).where(
        or_(near, Case.id == of.parent) if of.parent else near
    )
    stages = {stage.code: stage.name for stage in reference.stages}
    here = tuple(
        Relative(
            row.number,
            reference.place_name(row.place),
            row.id != of.parent,
            stages.get(row.stage, ""),
            status(reference, row),
            row.closed_at is not None,
        )
        for row in connection.execute(statement.order_by(Case.opened_at).limit(LONGEST))
    )
    links = peer_cases.of_case(connection, of.id, of.parent) if reference.is_shared else []
    return here + tuple(
        Relative(
            each.number, reference.place_name(each.place), each.direction == peer_cases.UP, "", "", False, each.peer
        )
        for each in links
    )


def _standing(rows: Sequence[Any], tasks: Sequence[Row[Any]], reference: Reference, now: datetime) -> Standing:
    return Standing(
        tasks=[
            (
                row.process_id,
                row.element_id,
                bool(row.due_at and now > row.due_at),
                reference.say(f"等待办理：{holder(row, reference)}", f"Waits for {holder(row, reference)}"),
            )
            for row in tasks
            if row.state == "open"
        ],
        waits=[row.element_id for row in rows if row.what in ("timer", "message")],
        late=[row.element_id for row in rows if row.what == "deadline" and now > row.at],
        failed={row.element_id: row.text for row in rows if row.what == "incident" and row.element_id},
    )
