"""A case itself: what access is judged by, and what every page about it shows on top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from processes.casework.reference import Reference
from processes.casework.views.names import boards, rating, status
from processes.store.tables import Case, PersonalData, Report, ReportText

OURS = "platform"
"""The partner of channels over which people report to the platform itself (``channels.csv``)."""


@dataclass(frozen=True)
class Problem:
    """What was reported, by whom, through what. Phone and contact are whole: the page masks them. ``known_as``: how people of the channel call
    it, empty where the channel is the platform's own, whose ``original`` tells nobody anything."""

    title: str
    body: str
    channel: str
    original: str
    known_as: str
    submitted_at: datetime | None
    received_at: datetime
    enterprise: str
    uscc: str
    contact: str
    phone: str
    address: str


@dataclass(frozen=True)
class Head:
    """The case itself: what access is judged by, and what every page about it shows on top."""

    id: str
    number: str
    place: str
    place_name: str
    parent: str | None
    instance_id: str
    stage: str
    stage_name: str
    status: str
    board: str
    category: str
    difficulty: str
    major: bool
    confidential: bool
    excluded: tuple[str, ...]
    rating: str
    outcome: str
    reason: str
    due_at: datetime | None
    warn_at: datetime | None
    provisional: bool
    opened_at: datetime
    closed_at: datetime | None
    problem: Problem


def head(
    connection: Connection,
    reference: Reference,
    *,
    number: str = "",
    case_id: str = "",
    seen: ColumnElement[bool] | None = None,
) -> Head | None:
    """The case of that number (or id), or None when there is none among those ``seen`` (``access.cases_of``)."""
    statement: Select[Any] = (
        select(
            *Case.__table__.columns,
            Report.channel,
            Report.original,
            Report.submitted_at,
            Report.received_at,
            ReportText.title,
            ReportText.body,
            PersonalData.enterprise,
            PersonalData.uscc,
            PersonalData.contact,
            PersonalData.phone,
            PersonalData.address,
        )
        .join(Report, Report.id == Case.report_id)
        .outerjoin(ReportText, ReportText.report_id == Case.report_id)
        .outerjoin(PersonalData, PersonalData.report_id == Case.report_id)
        .where(Case.id == case_id if case_id else Case.number == number)
    )
    row = connection.execute(statement if seen is None else statement.where(seen)).first()
    return None if row is None else _head(row, reference)


def _head(row: Row[Any], reference: Reference) -> Head:
    stages = {stage.code: stage.name for stage in reference.stages}
    channel = reference.channels.get(row.channel)
    return Head(
        id=row.id,
        number=row.number,
        place=row.place,
        place_name=reference.place_name(row.place),
        parent=row.parent,
        instance_id=row.instance_id,
        stage=row.stage,
        stage_name=stages.get(row.stage, ""),
        status=status(reference, row),
        board=boards(reference, row.place, row.board),
        category=row.category or "",
        difficulty=row.difficulty or "",
        major=row.major,
        confidential=row.confidential,
        excluded=tuple(row.excluded),
        rating=rating(row.rating, reference.language),
        outcome=row.outcome or "",
        reason=row.reason or "",
        due_at=row.due_at,
        warn_at=row.warn_at,
        provisional=row.provisional,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        problem=Problem(
            title=row.title or "",
            body=row.body or "",
            channel=channel.name if channel else row.channel,
            original=row.original,
            known_as="" if channel and channel.partner == OURS else row.original,
            submitted_at=row.submitted_at,
            received_at=row.received_at,
            enterprise=row.enterprise or "",
            uscc=row.uscc or "",
            contact=row.contact or "",
            phone=row.phone or "",
            address=row.address or "",
        ),
    )
