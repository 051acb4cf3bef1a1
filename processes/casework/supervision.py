"""催办, 督办, 通报 by hand: a supervisor or leader urges a case on.

Each is a process of its own (``bpmn/supervision``), whose diagram says who is told. The case keeps the trail: who, when, in which words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from processes.casework import access, people, texts
from processes.casework.access import Forbidden
from processes.casework.calendar import WorkingCalendar
from processes.casework.holders import holders
from processes.casework.notice_templates import filled
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.observing import here
from processes.runtime.commands import Outcome, Start
from processes.runtime.engine import Engine
from processes.store.tables import Case, Note, NoticeTemplate, Report

PROCESS = "supervision"

NAMES = {"reminder": ("催办", "Reminder"), "supervision": ("督办", "Supervision"), "notice": ("通报", "Notice")}
"""What can be done, in Chinese and English."""

APART = timedelta(hours=1)
"""Twice the same within this time is taken for an accident."""

LONGEST = 1000
"""Characters of a notice."""

BY, INSTANCE = "by", "instance"
"""What the recipient of a note says of one by hand: the person, and the instance of :data:`PROCESS`."""


class UrgedAlready(BihuanError):
    """The same has been done less than an hour ago."""


def name(kind: str, reference: Reference) -> str:
    """What a kind is called."""
    return reference.say(*NAMES[kind]) if kind in NAMES else kind


def words(connection: Connection, kind: str) -> str:
    """The owners' words for notices of a kind (``{case}`` stands for the number); empty when they have none."""
    return connection.scalar(select(NoticeTemplate.text).where(NoticeTemplate.kind == kind)) or ""


def urge(
    engine: Engine, number: str, kind: str, said: str, person: str, places: Sequence[str], command_id: str
) -> Outcome:
    """A person who supervises these places urges a case on, in these words.

    :raises Forbidden: when the case is none of those, or closed, or the words are too many or none
    :raises UrgedAlready: when the same has just been done
    """
    with engine.database.read() as connection:
        reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
        authority = people.authority(reference, person, calendar.local_date(engine.clock.now()))
        case = _case(connection, number, access.overseen(authority, reference, places))
        here.note(case=case.id)
        turn = holders(connection, case.id)
    given = {"case": number, "kind": kind, "channel": case.channel, "original": case.original}
    body = filled(said, given).strip()
    if kind not in NAMES or not 0 < len(body) <= LONGEST:
        raise Forbidden(
            f"请写明要说的话，最多 {LONGEST} 个字。", f"Say what there is to say, in {LONGEST} characters at most."
        )
    text_id = texts.identity(command_id, number, "text")
    urging = {"kind": kind, "holders": turn, "subject": f"{NAMES[kind][0]}：{number}", "text": texts.reference(text_id)}

    def before(connection: Connection, instance_id: str) -> None:
        now = engine.clock.now()
        if (at := last(connection, case.id, kind, now - APART)) is not None:
            minutes = int((now - at).total_seconds() // 60)
            raise UrgedAlready(
                f"{minutes} 分钟前刚刚{NAMES[kind][0]}过，没有重复发出。",
                f"The same was sent {minutes} minutes ago: it was not sent again.",
            )
        texts.keep(connection, case.id, PROCESS, kind, person, body, now, text_id)
        kept = {BY: person, INSTANCE: instance_id}
        connection.execute(
            insert(Note).values(id=texts.identity(text_id), case_id=case.id, kind=kind, recipient=kept, at=now)
        )

    about = {"id": case.id, "number": number, "place": case.place, "channel": case.channel, "original": case.original}
    variables = {"case": about, "urging": urging}
    return engine.execute(Start(command_id, PROCESS, case.place, variables, actor=person), before=before)


def last(connection: Connection, case_id: str, kind: str, since: datetime) -> datetime | None:
    """When the same was last done by hand, if after ``since``."""
    rows = connection.execute(
        select(Note.at, Note.recipient).where(Note.case_id == case_id, Note.kind == kind, Note.at > since)
    )
    return max((row.at for row in rows if BY in row.recipient), default=None)


def _case(connection: Connection, number: str, seen: Any) -> Any:
    row = connection.execute(
        select(Case.id, Case.place, Case.closed_at, Report.channel, Report.original)
        .join(Report, Report.id == Case.report_id)
        .where(Case.number == number, seen)
    ).first()
    if row is None:
        raise Forbidden(
            "没有这一问题，或者不由您督办。", f"There is no problem {number}, or it is not yours to supervise."
        )
    if row.closed_at is not None:
        raise Forbidden("这一问题已经办结，不必再催。", f"{number} is closed: nobody needs to be urged.")
    return row
