"""Cases by number: what the search box and the API's list read."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from processes.casework.reference import Reference
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
    board_id: str | None
    stage: str
    stage_name: str
    status: str
    confidential: bool
    excluded: tuple[str, ...]
    due_at: datetime | None
    warn_at: datetime | None
    provisional: bool
    opened_at: datetime
    closed_at: datetime | None


def normal(text: str) -> str:
    """What was typed as a number is written: half-width, upper case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def by_number(
    connection: Connection, reference: Reference, text: str, places: Collection[str], limit: int = LIMIT
) -> tuple[CaseLine, ...]:
    """The cases at ``places`` whose number begins with ``text``, or that came by exactly that number of a channel."""
    number = normal(text)
    if not number:
        return ()
    begins = _cases().where(Case.number >= number, Case.number < number + "\U0010ffff", Case.place.in_(places))
    found = list(connection.execute(begins.order_by(Case.number).limit(limit)))
    if not found:
        original = _cases().where(
            Report.channel.in_(list(reference.channels)),
            Report.original.in_({text.strip(), number}),
            Case.place.in_(places),
        )
        found = list(connection.execute(original.limit(limit)))
    return _lines(found, reference)


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
    return _lines(rows, reference)


def latest_of(connection: Connection, reference: Reference, report_ids: Collection[str]) -> tuple[CaseLine, ...]:
    """The cases of some reports, parents before children."""
    statement = _cases().where(Case.report_id.in_(report_ids)).order_by(Case.opened_at)
    return _lines(list(connection.execute(statement)), reference)


def _cases() -> Select[Any]:
    return (
        select(
            Case.id,
            Case.number,
            Case.place,
            Case.board,
            Case.stage,
            Case.status,
            Case.confidential,
            Case.excluded,
            Case.due_at,
            Case.warn_at,
            Case.provisional,
            Case.opened_at,
            Case.closed_at,
            ReportText.title,
            PersonalData.enterprise,
        )
        .join(Report, Report.id == Case.report_id)
        .outerjoin(ReportText, ReportText.report_id == Case.report_id)
        .outerjoin(PersonalData, PersonalData.report_id == Case.report_id)
    )


def _lines(rows: list[Any], reference: Reference) -> tuple[CaseLine, ...]:
    stages = {stage.code: stage.name for stage in reference.stages}
    return tuple(
        CaseLine(
            id=row.id,
            number=row.number,
            title=row.title or "",
            enterprise=row.enterprise or "",
            place=row.place,
            place_name=reference.place_name(row.place),
            board=reference.organisation_name(row.board) if row.board else "",
            board_id=row.board,
            stage=row.stage,
            stage_name=stages.get(row.stage, ""),
            status=row.status,
            confidential=row.confidential,
            excluded=tuple(row.excluded),
            due_at=row.due_at,
            warn_at=row.warn_at,
            provisional=row.provisional,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
        for row in rows
    )
