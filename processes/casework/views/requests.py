"""What a channel may be told of the problems that came over it: where each stands, and nothing of how the authorities deal with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from processes.casework.reference import Reference
from processes.casework.similarity import TURNED_AWAY
from processes.casework.views.names import boards
from processes.store.tables import Case, CaseStage, PersonalData, Report, ReportText

OPEN, CLOSED = "open", "closed"
"""the two statuses that Open311 knows"""


@dataclass(frozen=True)
class Filed:
    """A problem that came over a channel. ``token``: the report's id; ``service``: what the sender chose."""

    token: str
    number: str
    decided: bool
    """whether it was taken into the pool or turned away, and not left to a person"""
    status: str
    stage: str
    outcome: str
    reason: str
    board: str | None
    confidential: bool
    place: str
    title: str
    body: str
    address: str
    service: str
    lat: float | None
    long: float | None
    received_at: datetime
    updated_at: datetime
    due_at: datetime | None


def filed(
    connection: Connection, channels: Collection[str], *, numbers: Sequence[str] = (), tokens: Sequence[str] = ()
) -> list[Filed]:
    """The problems of these numbers, or tokens, that came over these channels."""
    named = Case.number.in_(numbers) if numbers else Report.id.in_(tokens)
    return [_filed(row) for row in connection.execute(_statement(channels).where(named).order_by(Case.number))]


def between(connection: Connection, channels: Collection[str], start: datetime, end: datetime) -> Iterator[Filed]:
    """The problems that came over these channels in that time, the newest first."""
    in_time = _statement(channels).where(Case.opened_at >= start, Case.opened_at <= end)
    for row in connection.execute(in_time.order_by(Case.opened_at.desc(), Case.id)):
        yield _filed(row)


def notes(reference: Reference, row: Filed) -> str:
    """Where it stands, in words for the enterprise."""
    if row.outcome in TURNED_AWAY:
        return row.reason or "未纳入问题池"
    if row.status == CLOSED:
        return "企业已撤回" if row.outcome == "withdrawn" else "已办结"
    return next((each.name for each in reference.stages if each.code == row.stage), "")


def agency(reference: Reference, row: Filed) -> str | None:
    """Who is responsible: the boards, else the centre; of what is confidential nobody is told."""
    if row.confidential:
        return None
    centre = reference.centre(row.place)
    return boards(reference, row.place, row.board) or (reference.organisation_name(centre) if centre else None)


def _statement(channels: Collection[str]) -> Any:
    moved = select(func.max(CaseStage.at)).where(CaseStage.case_id == Case.id).correlate(Case).scalar_subquery()
    return (
        select(
            *Case.__table__.columns,
            Report.id.label("token"),
            Report.received_at,
            ReportText.title,
            ReportText.body,
            ReportText.raw,
            PersonalData.address,
            moved.label("moved_at"),
        )
        .join(Report, Report.id == Case.report_id)
        .outerjoin(ReportText, ReportText.report_id == Report.id)
        .outerjoin(PersonalData, PersonalData.report_id == Report.id)
        .where(Report.channel.in_(list(channels)), Case.parent.is_(None))
    )


def _filed(row: Row[Any]) -> Filed:
    turned_away = row.outcome in TURNED_AWAY
    raw: Mapping[str, Any] = row.raw or {}
    closed = row.closed_at is not None or turned_away
    return Filed(
        token=row.token,
        number=row.number,
        decided=bool(row.pooled) or turned_away,
        status=CLOSED if closed else OPEN,
        stage=row.stage,
        outcome=row.outcome or "",
        reason=row.reason or "",
        board=row.board,
        confidential=row.confidential,
        place=row.place,
        title=row.title or "",
        body=row.body or "",
        address=row.address or "",
        service=str(raw.get("service_code") or "problem"),
        lat=_number(raw.get("lat")),
        long=_number(raw.get("long")),
        received_at=row.received_at,
        updated_at=max(each for each in (row.received_at, row.moved_at, row.closed_at) if each is not None),
        due_at=None if closed else row.due_at,
    )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
