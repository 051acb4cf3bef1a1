"""Similar problems that have been solved, with the answers that solved them: what somebody who has to answer reads first.

Two sets are compared, each found by an index and of a fixed size: reports with the same min-hash bands, and what was closed last at the place.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    best = [(row, score) for score, _, row in ranked[:limit]]
    answers = _answers(connection, [row for row, _ in best])
    return tuple(_solved(reference, row, score, answers.get(row.id, "")) for row, score in best)


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
    ids = set(connection.scalars(recent))
    if reports:
        ids |= set(connection.scalars(select(Case.id).where(Case.report_id.in_(reports))))
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


def _solved(reference: Reference, row: Row[Any], score: float, answer: str) -> Solved:
    return Solved(
        row.number,
        row.title,
        reference.place_name(row.place),
        boards(reference, row.place, row.board),
        rating(row.rating),
        row.closed_at,
        score,
        answer,
    )


def _answers(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """By case: what was said last in a field of that name, whatever a form calls it for people."""
    if not rows:
        return {}
    definitions = select(Instance.id, Instance.definition_id).where(Instance.id.in_([row.instance_id for row in rows]))
    of_instance = {row.id: row.definition_id for row in connection.execute(definitions)}
    titles = {row.id: _titles(connection, of_instance.get(row.instance_id, "")) for row in rows}
    said = select(CaseText.case_id, CaseText.label, CaseText.body).order_by(CaseText.at.desc())
    said = said.where(CaseText.case_id.in_(list(titles)), CaseText.body != "")
    found: dict[str, str] = {}
    for text in connection.execute(said):
        if text.label in titles[text.case_id]:
            found.setdefault(text.case_id, text.body)
    return found


def _titles(connection: Connection, definition: str) -> set[str]:
    """What the field is called by the forms of a definition."""
    forms = models(connection, definition).forms.values()
    return {str(form.get("properties", {}).get(ANSWER, {}).get("title", ANSWER)) for form in forms}
