"""Similar problems that have been solved, with the answers that solved them: what somebody who has to answer reads first.

Two sets are compared, each found by an index and of a fixed size: reports with the same min-hash bands, and what was closed last at the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from processes.casework import similarity
from processes.casework.reference import Reference
from processes.casework.views.head import Head
from processes.casework.views.models import models
from processes.casework.views.names import boards, rating
from processes.store.tables import Case, CaseText, Fingerprint, Instance, ReportText

LIMIT = 5

SHARING = 200
"""rows of shared bands that are looked at"""

RECENT = 60
"""cases closed last at the place that are compared"""

LEAST = 0.04
"""The overlap of two texts from which on one case is worth showing to the other's handler; unrelated ones stay below 0.02. Of the same category
and board, half is enough."""

ANSWER = "answer"
"""the field by which forms ask for the answer to the enterprise"""


@dataclass(frozen=True)
class Solved:
    """A closed case. ``score``: the overlap of the texts, 0 to 1; ``answer``: what the enterprise was told, empty when the form had none."""

    number: str
    title: str
    place_name: str
    board: str
    rating: str
    closed_at: datetime
    score: float
    answer: str


def solved(
    connection: Connection, reference: Reference, of: Head, seen: ColumnElement[bool], limit: int = LIMIT
) -> tuple[Solved, ...]:
    """The most similar ones, of the cases ``seen`` (``access.cases_of``), the most similar first."""
    own = similarity.shingles(f"{of.problem.title}\n{of.problem.body}")
    ranked = []
    for row in _candidates(connection, of, seen):
        score = similarity.overlap(own, similarity.shingles(f"{row.title}\n{row.body}"))
        same = bool(row.category) and row.category == of.category
        if score >= (LEAST / 2 if same else LEAST):
            ranked.append((score, row.closed_at, row))
    ranked.sort(key=lambda each: (-each[0], -each[1].timestamp()))
    return tuple(_solved(connection, reference, row, score) for score, _, row in ranked[:limit])


def _candidates(connection: Connection, of: Head, seen: ColumnElement[bool]) -> list[Row[Any]]:
    report = connection.scalar(select(Case.report_id).where(Case.id == of.id))
    bands = connection.execute(select(Fingerprint.band, Fingerprint.value).where(Fingerprint.report_id == report)).all()
    reports: list[str] = []
    if bands:
        same = or_(*(and_(Fingerprint.band == band, Fingerprint.value == value) for band, value in bands))
        sharing = select(Fingerprint.report_id).where(same, Fingerprint.report_id != report).limit(SHARING)
        reports = list(dict.fromkeys(connection.scalars(sharing)))
    recent = (
        select(Case.id)
        .where(Case.place == of.place, Case.closed_at.is_not(None))
        .order_by(Case.closed_at.desc())
        .limit(RECENT)
    )
    ids = set(connection.scalars(recent)) | set(connection.scalars(select(Case.id).where(Case.report_id.in_(reports))))
    ids.discard(of.id)
    statement = (
        select(
            Case.number,
            Case.place,
            Case.board,
            Case.category,
            Case.rating,
            Case.closed_at,
            Case.id,
            Case.instance_id,
            ReportText.title,
            ReportText.body,
        )
        .join(ReportText, ReportText.report_id == Case.report_id)
        .where(Case.id.in_(ids), Case.report_id != report, Case.closed_at.is_not(None), Case.parent.is_(None), seen)
        .where(or_(Case.outcome.is_(None), Case.outcome.not_in(similarity.TURNED_AWAY)))
    )
    return list(connection.execute(statement))


def _solved(connection: Connection, reference: Reference, row: Row[Any], score: float) -> Solved:
    return Solved(
        row.number,
        row.title,
        reference.place_name(row.place),
        boards(reference, row.place, row.board),
        rating(row.rating),
        row.closed_at,
        score,
        _answer(connection, row),
    )


def _answer(connection: Connection, row: Row[Any]) -> str:
    """What was said last in a field of that name, whatever a form calls it for people."""
    definition = connection.scalar(select(Instance.definition_id).where(Instance.id == row.instance_id)) or ""
    forms = models(connection, definition).forms.values()
    titles = {str(form.get("properties", {}).get(ANSWER, {}).get("title", ANSWER)) for form in forms}
    said = select(CaseText.body).where(CaseText.case_id == row.id, CaseText.label.in_(titles), CaseText.body != "")
    return connection.scalar(said.order_by(CaseText.at.desc()).limit(1)) or ""
