"""What an enterprise sees of its own problem: how far it is, who has it, what it was told and asked, and what it may do. Nothing internal:
no people, no notes, no texts but those that were sent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from processes.casework import attachments, texts
from processes.casework.attachments import Attachment
from processes.casework.calendar import WorkingCalendar
from processes.casework.library import filed_as, sent_as
from processes.casework.records import PortalRules
from processes.casework.reference import Reference
from processes.casework.similarity import TURNED_AWAY
from processes.casework.views import names, requests
from processes.casework.views.requests import Filed
from processes.store import dossier
from processes.store.tables import Case, CaseStage, Dossier, Job, PortalReport, Report, Subscription

ANSWER, ASK = "channel.answer", "channel.ask"
"""The jobs whose words go to the enterprise."""

SUPPLEMENT, RATE, WITHDRAW, REOPEN = "supplement.answered", "rating.given", "withdrawal.requested", "reopen"
"""What it may do: the messages that its problem waits for, and one thing that comes after."""

MOST = 100
"""Problems of one number that are listed, and words of one problem that are shown."""


@dataclass(frozen=True)
class Step:
    """A stage of the bar. ``state``: past, now or ahead; ``at``: when it was reached last."""

    name: str
    state: str
    at: datetime | None


@dataclass(frozen=True)
class Told:
    """Words that went to the enterprise. ``kind``: ``channel.answer`` or ``channel.ask``; ``case``: the number it was asked under."""

    kind: str
    case: str
    text: str
    due_at: str
    at: datetime


@dataclass(frozen=True)
class Problem:
    """A problem as its enterprise sees it. ``state``: where it stands, in words; ``agency``: who handles it, "" when nobody is told;
    ``may``: what it may do now → the number that this is said under."""

    report_id: str
    number: str
    title: str
    body: str
    state: str
    agency: str
    closed: bool
    received_at: datetime
    due_at: datetime | None
    provisional: bool
    steps: tuple[Step, ...]
    told: tuple[Told, ...]
    files: tuple[Attachment, ...]
    rating: str
    may: Mapping[str, str]
    again: str
    """the number under which it was reopened"""
    before: str
    """the number that it was reopened from"""

    @property
    def question(self) -> Told | None:
        """What it is asked and has not answered."""
        asked = [each for each in self.told if each.kind == ASK]
        return asked[-1] if SUPPLEMENT in self.may and asked else None


@dataclass(frozen=True)
class Line:
    """A problem in a list."""

    number: str
    title: str
    state: str
    closed: bool
    received_at: datetime
    waits: bool
    """whether it waits for the enterprise: a question to answer, a rating to give"""


def mine(connection: Connection, reference: Reference, phone: str) -> list[Line]:
    """The problems that were reported from a number, the newest first."""
    reports = connection.scalars(
        select(PortalReport.report_id).where(PortalReport.phone == phone).order_by(PortalReport.at.desc()).limit(MOST)
    ).all()
    channels = list(reference.channels)
    rows = requests.filed(connection, channels, tokens=reports) if reports else []
    waiting = _waiting(connection, [row.number for row in rows], (SUPPLEMENT, RATE))
    asked = {number for _, number in waiting}
    found = [
        Line(
            row.number,
            row.title or row.body[:60],
            requests.notes(reference, row),
            row.status == requests.CLOSED,
            row.received_at,
            row.number in asked,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: each.received_at, reverse=True)


def report_of(connection: Connection, number: str) -> tuple[str, str] | None:
    """The report of a problem of the portal, and the phone that it was filed from."""
    found = select(PortalReport.report_id, PortalReport.phone).join(Case, Case.report_id == PortalReport.report_id)
    row = connection.execute(found.where(Case.number == number, Case.parent.is_(None))).first()
    return None if row is None else (row.report_id, row.phone)


def problem(
    connection: Connection,
    reference: Reference,
    calendar: WorkingCalendar,
    rules: PortalRules,
    report_id: str,
    now: datetime,
) -> Problem:
    """A problem of the portal."""
    [row] = requests.filed(connection, list(reference.channels), tokens=[report_id])
    cases = connection.execute(select(Case.__table__).where(Case.report_id == report_id)).all()
    case: Any = next(each for each in cases if each.number == row.number)
    may = _may(connection, [each.number for each in cases])
    again, before = _rounds(connection, report_id)
    if not again and not before and _may_reopen(calendar, rules, row, case.closed_at, now):
        may[REOPEN] = row.number
    return Problem(
        report_id,
        row.number,
        row.title,
        row.body,
        requests.notes(reference, row),
        requests.agency(reference, row) or "",
        row.status == requests.CLOSED,
        row.received_at,
        row.due_at,
        case.provisional,
        _steps(connection, reference, case),
        told(connection, cases),
        tuple(each for each in attachments.of_case(connection, case.id) if each.author is None and each.sha256),
        names.rating(case.rating, reference.language),
        may,
        again,
        before,
    )


def _may(connection: Connection, numbers: Sequence[str]) -> dict[str, str]:
    return dict(_waiting(connection, numbers, (SUPPLEMENT, RATE, WITHDRAW)))


def _waiting(connection: Connection, numbers: Sequence[str], messages: Sequence[str]) -> list[tuple[str, str]]:
    """Which of these messages are waited for, under which of these numbers."""
    awaited = select(Subscription.message, Subscription.key).where(
        Subscription.message.in_(messages), Subscription.key.in_(numbers)
    )
    return [(row.message, row.key) for row in connection.execute(awaited)]


def _may_reopen(
    calendar: WorkingCalendar, rules: PortalRules, row: Filed, closed_at: datetime | None, now: datetime
) -> bool:
    if closed_at is None or row.outcome in TURNED_AWAY or row.outcome == "withdrawn" or not rules.reopen_days:
        return False
    until, _ = calendar.add_working_days(closed_at, rules.reopen_days)
    return now <= until


def _rounds(connection: Connection, report_id: str) -> tuple[str, str]:
    """The numbers of the round after a report and of the one before, "" where there is none."""
    filed = connection.execute(select(Report.channel, Report.original).where(Report.id == report_id)).one()
    original, round = sent_as(filed.original)
    beside = {filed_as(original, 2): "again"} if round == 1 else {original: "before"}
    found = (
        select(Report.original, Case.number)
        .join(Case, Case.report_id == Report.id)
        .where(Report.channel == filed.channel, Report.original.in_(beside), Case.parent.is_(None))
    )
    numbers = {beside[row.original]: row.number for row in connection.execute(found)}
    return numbers.get("again", ""), numbers.get("before", "")


def _steps(connection: Connection, reference: Reference, case: Any) -> tuple[Step, ...]:
    reached = connection.execute(
        select(CaseStage.stage, CaseStage.at).where(CaseStage.case_id == case.id).order_by(CaseStage.at)
    )
    at = {row.stage: row.at for row in reached}
    codes = [stage.code for stage in reference.stages]
    now = codes.index(case.stage) if case.stage in codes else -1
    found = []
    for place, stage in enumerate(reference.stages):
        state = "past" if place < now or (case.closed_at and place <= now) else "now" if place == now else "ahead"
        found.append(Step(stage.name, state, at.get(stage.code) if state != "ahead" else None))
    return tuple(found)


def told(connection: Connection, cases: Sequence[Any]) -> tuple[Told, ...]:
    """What was sent to the enterprise in these cases, the first first."""
    instances = [case.instance_id for case in cases]
    columns = (Job.id, Job.instance_id, Job.topic, Job.arguments, Job.ended_at)
    sent = select(*columns).where(Job.instance_id.in_(instances), Job.topic.in_((ANSWER, ASK)), Job.state == "done")
    jobs = connection.execute(sent.order_by(Job.ended_at, Job.id).limit(MOST)).all()
    filed = {job.instance_id for job in jobs if not job.arguments}
    given = _given(connection, filed)
    found = []
    for job in jobs:
        said = texts.resolve(connection, job.arguments or given.get(job.id, {}))
        text, due_at = str(said.get("text") or ""), str(said.get("due_at") or "")
        found.append(Told(job.topic, str(said.get("case") or ""), text, due_at, job.ended_at))
    return tuple(found)


def _given(connection: Connection, instances: set[str]) -> dict[str, Any]:
    """What the jobs of ended instances were given: it lies in their dossiers."""
    bodies = connection.scalars(select(Dossier.body).where(Dossier.instance_id.in_(instances)))
    return {job: given for body in bodies for job, given in dossier.unpack(body).arguments.items()}
