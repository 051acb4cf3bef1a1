"""A report and its cases, without what people said and who they are. That there was a case, its number, stages and times stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework import texts
from processes.casework.erasing import instances
from processes.casework.erasing.needles import Needles
from processes.store.tables import Case, Erased, Instance, Note, PersonalData, PortalReport

REPORT, MESSAGE = "report", "message"
"""What is noted as deleted."""

NONE = Needles()


def needles_of(connection: Connection, report_id: str) -> Needles:
    """What the person who reported, and the enterprise, are known by."""
    row = connection.execute(select(PersonalData.__table__).where(PersonalData.report_id == report_id)).first()
    phone = connection.scalar(select(PortalReport.phone).where(PortalReport.report_id == report_id))
    if row is None:
        return Needles()
    return Needles.of([row.phone, row.email, phone or ""], [row.contact], [row.enterprise, row.uscc, row.address])


def erase(connection: Connection, report_id: str, now: datetime, known: Needles = NONE) -> None:
    """Delete it here, for good. ``known``: what the person is known by besides. The same again changes nothing."""
    needles = needles_of(connection, report_id).joined(known)
    cases = connection.execute(select(Case.__table__).where(Case.report_id == report_id)).all()
    for case in cases:
        instances.strike_row(connection, Case, case, needles)
        for note in connection.execute(select(Note.__table__).where(Note.case_id == case.id)).all():
            instances.strike_row(connection, Note, note, needles)
    for each in instances_of(connection, [case.instance_id for case in cases], [case.number for case in cases]):
        instances.strike(connection, each, needles)
    texts.blank(connection, report_id)
    note_down(connection, REPORT, [report_id], now)


def instances_of(connection: Connection, ids: Sequence[str], numbers: Sequence[str]) -> Sequence[str]:
    """The instances of cases, and others that go by their numbers."""
    return connection.scalars(select(Instance.id).where(or_(Instance.id.in_(ids), Instance.key.in_(numbers)))).all()


def note_down(connection: Connection, kind: str, ids: Sequence[str], now: datetime) -> None:
    """Remember what was deleted, should an older backup bring it back."""
    insert = sqlite.insert(Erased) if connection.dialect.name == "sqlite" else postgresql.insert(Erased)
    if ids:
        rows = [{"kind": kind, "id": each, "at": now} for each in ids]
        connection.execute(insert.on_conflict_do_nothing(), rows)


def listed(connection: Connection) -> list[tuple[str, str]]:
    """All that was deleted, as (kind, id)."""
    rows = select(Erased.kind, Erased.id).order_by(Erased.at, Erased.kind, Erased.id)
    return [(row.kind, row.id) for row in connection.execute(rows)]
