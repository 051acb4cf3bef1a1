"""Cases by number: what the search box and the API's list read."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from processes.casework import numbers
from processes.casework.library import filed_as
from processes.casework.reference import Reference
from processes.casework.views.names import boards, status
from processes.messaging.hotline import MOST_ROUNDS
from processes.store.tables import Case, PersonalData, Report, ReportText

LIMIT = 30


@dataclass(frozen=True)
class CaseLine:
    """A case as a row of a list."""

    id: str
    number: str
    title: str
    enterprise: str
    place: str
    place_name: str
    board: str
    stage: str
    stage_name: str
    status: str
    due_at: datetime | None
    warn_at: datetime | None
    provisional: bool
    opened_at: datetime
    closed_at: datetime | None


def by_number(
    connection: Connection, reference: Reference, text: str, seen: ColumnElement[bool], limit: int = LIMIT
) -> tuple[CaseLine, ...]:
    """The cases, of those ``seen`` (``access.cases_of``), that ``text`` names: by number, whole or its beginning, however
    it is written, or by the number that a channel gave."""
    plain = unicodedata.normalize("NFKC", text).strip()[:60]
    if not plain:
        return ()
    exact = numbers.normalise(plain, reference.places)
    begin = exact or "".join(plain.split())
    statement = _cases().where(Case.number >= begin, Case.number < begin + "\U0010ffff", seen)
    found = list(connection.execute(statement.order_by(Case.number).limit(limit)))
    if not found:
        filed = {filed_as(each, round) for each in (plain, text.strip()) for round in range(1, MOST_ROUNDS + 1)}
        original = Report.channel.in_(list(reference.channels)) & Report.original.in_(filed)
        of_channel = _cases().join(Report, Report.id == Case.report_id).where(original, seen)
        found = list(connection.execute(of_channel.order_by(Case.number).limit(limit)))
    return lines_of(found, reference)


def rows_of(connection: Connection, ids: Sequence[str], conditions: Sequence[ColumnElement[bool]]) -> list[Any]:
    """Those of these cases that fulfil the conditions, in no order, for :func:`lines_of`."""
    return list(connection.execute(_cases().where(Case.id.in_(ids), *conditions)))


def cases(
    connection: Connection,
    reference: Reference,
    *,
    places: Collection[str] | None = None,
    stage: str = "",
    limit: int = LIMIT,
) -> tuple[CaseLine, ...]:
    """The cases opened last; None for ``places`` means everywhere."""
    statement = _cases()
    if places is not None:
        statement = statement.where(Case.place.in_(places))
    if stage:
        statement = statement.where(Case.stage == stage)
    rows = list(connection.execute(statement.order_by(Case.opened_at.desc(), Case.number.desc()).limit(limit)))
    return lines_of(rows, reference)


def what_became_of(connection: Connection, case_id: str) -> str:
    """Where a report stands that had come before: pool, refused, duplicate or person (someone decides)."""
    row = connection.execute(select(Case.pooled, Case.outcome).where(Case.id == case_id)).first()
    if row is None or row.outcome in ("refused", "duplicate"):
        return str(row.outcome) if row else "person"
    return "pool" if row.pooled else "person"


def _cases() -> Any:
    return (
        select(
            Case.id,
            Case.number,
            Case.place,
            Case.board,
            Case.stage,
            Case.status,
            Case.status_en,
            Case.due_at,
            Case.warn_at,
            Case.provisional,
            Case.opened_at,
            Case.closed_at,
            ReportText.title,
            PersonalData.enterprise,
        )
        .outerjoin(ReportText, ReportText.report_id == Case.report_id)
        .outerjoin(PersonalData, PersonalData.report_id == Case.report_id)
    )


def lines_of(rows: Sequence[Any], reference: Reference) -> tuple[CaseLine, ...]:
    """Cases as rows of a list."""
    stages = {stage.code: stage.name for stage in reference.stages}
    return tuple(
        CaseLine(
            id=row.id,
            number=row.number,
            title=row.title or "",
            enterprise=row.enterprise or "",
            place=row.place,
            place_name=reference.place_name(row.place),
            board=boards(reference, row.place, row.board),
            stage=row.stage,
            stage_name=stages.get(row.stage, ""),
            status=status(reference, row),
            due_at=row.due_at,
            warn_at=row.warn_at,
            provisional=row.provisional,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
        for row in rows
    )
