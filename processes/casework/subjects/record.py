"""What is held about a person, to be read by that person and by machines: what a copy holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from processes.casework import attachments
from processes.casework.audit.unmasking import UNMASKED
from processes.casework.portal import following
from processes.casework.reference import Reference
from processes.casework.subjects import finding, sweeping
from processes.casework.subjects.finding import Held
from processes.casework.subjects.identity import Identity
from processes.store.tables import Attachment, AuditEntry, Case, CaseStage, CaseText, RefusedMessage, Report, ReportText

FORMAT = 1


def of(
    connection: Connection, reference: Reference, who: Identity, reports: Sequence[str], now: datetime
) -> dict[str, Any]:
    """All of it, as JSON: what these reports say, what became of them, what was said by the person and to the person, and who looked at the
    contact data. Words of officials among themselves are not the person's data: how many there are is told."""
    found = finding.of_reports(connection, reports)
    needles = finding.all_needles(connection, who, reports)
    companions = [each.number for each in found]
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "person": who.to_json(),
        "reports": [_report(connection, reference, each) for each in found],
        "refused_messages": [_refused(connection, each) for each in sweeping.messages(connection, needles, companions)],
        "staff": [
            {"account": row.id, "name": row.name, "active": row.active} for row in finding.staff(connection, who)
        ],
    }


def _report(connection: Connection, reference: Reference, held: Held) -> dict[str, Any]:
    row: Any = connection.execute(
        select(Report.original, Report.submitted_at, ReportText.title, ReportText.body, ReportText.raw)
        .join(ReportText, ReportText.report_id == Report.id)
        .where(Report.id == held.report_id)
    ).one()
    cases: Any = connection.execute(
        select(Case.__table__).where(Case.report_id == held.report_id).order_by(Case.opened_at, Case.id)
    ).all()
    ids = [case.id for case in cases]
    channel = reference.channels.get(held.channel)
    return {
        "number": held.number,
        "channel": channel.name if channel else held.channel,
        "original": row.original,
        "received_at": held.received_at.isoformat(),
        "submitted_at": row.submitted_at.isoformat() if row.submitted_at else None,
        "contact": {
            "enterprise": held.enterprise,
            "uscc": held.uscc,
            "name": held.contact,
            "phone": held.phone,
            "email": held.email,
            "address": held.address,
        },
        "title": row.title,
        "body": row.body,
        "as_it_came": row.raw,
        "cases": [_case(connection, reference, case) for case in cases],
        "said": _said(connection, ids),
        "told": [
            {"at": each.at.isoformat(), "kind": each.kind, "text": each.text}
            for each in following.told(connection, cases)
        ],
        "files": _files(connection, ids),
        "seen": _seen(connection, ids),
        "copies_at": list(held.copies) + ([held.of_peer] if held.of_peer else []),
        "internal_words": _internal(connection, ids),
    }


def _case(connection: Connection, reference: Reference, case: Any) -> dict[str, Any]:
    stages = {each.code: each.name for each in reference.stages}
    reached = select(CaseStage.stage, CaseStage.at).where(CaseStage.case_id == case.id).order_by(CaseStage.at)
    return {
        "number": case.number,
        "place": reference.place_name(case.place),
        "state": case.status,
        "opened_at": case.opened_at.isoformat(),
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "rating": case.rating,
        "stages": [
            {"stage": stages.get(row.stage, row.stage), "at": row.at.isoformat()} for row in connection.execute(reached)
        ],
    }


def _said(connection: Connection, cases: Sequence[str]) -> list[dict[str, Any]]:
    """What came from outside: answers to questions, words of a rating."""
    own = (CaseText.case_id.in_(cases), CaseText.author.is_(None), CaseText.body != "")
    rows = connection.execute(select(CaseText.at, CaseText.body).where(*own).order_by(CaseText.at, CaseText.id))
    return [{"at": row.at.isoformat(), "text": row.body} for row in rows]


def _internal(connection: Connection, cases: Sequence[str]) -> int:
    own = (CaseText.case_id.in_(cases), CaseText.author.is_not(None), CaseText.body != "")
    return connection.scalar(select(func.count()).select_from(CaseText).where(*own)) or 0


def _files(connection: Connection, cases: Sequence[str]) -> list[dict[str, Any]]:
    """The person's own files; ``path``: where a copy has the content."""
    own = (Attachment.case_id.in_(cases), Attachment.author.is_(None), Attachment.sha256 != "")
    rows = connection.execute(select(Attachment.__table__).where(*own).order_by(Attachment.at, Attachment.id))
    return [
        {
            "id": row.id,
            "name": row.name,
            "bytes": row.size,
            "sha256": row.sha256,
            "at": row.at.isoformat(),
            "path": f"files/{at:03}-{_harmless(row.name)}",
        }
        for at, row in enumerate(rows, 1)
    ]


def content(connection: Connection, file: dict[str, Any]) -> bytes:
    """The content of one of the files."""
    return b"".join(attachments.read(connection, file["id"]))


def _seen(connection: Connection, cases: Sequence[str]) -> list[dict[str, Any]]:
    """When somebody had the contact data shown in full."""
    own = (AuditEntry.about.in_([f"case:{each}" for each in cases]), AuditEntry.act == UNMASKED)
    rows = connection.execute(select(AuditEntry.at, AuditEntry.by).where(*own).order_by(AuditEntry.seq))
    return [{"at": row.at.isoformat(), "account": row.by} for row in rows]


def _refused(connection: Connection, entry: int) -> dict[str, Any]:
    row: Any = connection.execute(select(RefusedMessage.__table__).where(RefusedMessage.id == entry)).one()
    text = bytes(row.body).decode("utf-8", "replace")
    return {"at": row.at.isoformat(), "from": row.partner, "why": row.reason, "text": text}


def _harmless(name: str) -> str:
    """A name of a file within an archive, whatever it was called."""
    return "".join(sign if sign.isalnum() or sign in "-_. " else "_" for sign in name).strip(". ")[:80] or "file"
