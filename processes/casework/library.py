"""涉企问题库, the library: what is written when a report comes in or a case goes to the superior place, and the variables they start with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, insert, select
from stdnum.cn import uscc as stdnum_uscc

from processes.casework import numbers, similarity, texts, words
from processes.casework.calendar import WorkingCalendar
from processes.casework.reference import Reference
from processes.clock import Clock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.messaging.incoming import ReportMessage
from processes.store import inbox
from processes.store.tables import Case, PersonalData, Report, ReportText

CHANNEL = "channel"
"""Under this partner stand the channels' own numbers in the inbox; the source is the channel."""


_ROUND = "（第{}次派发）"
_ROUNDS = re.compile(r"（第(\d)次派发）\Z")


def filed_as(original: str, round: int) -> str:
    """A channel's own number as the library keeps it: what is sent again after it was given back is a report of its own.

    >>> filed_as("12345-0042", 1), filed_as("12345-0042", 2)
    ('12345-0042', '12345-0042（第2次派发）')
    """
    return original if round == 1 else original + _ROUND.format(round)


def sent_as(filed: str) -> tuple[str, int]:
    """The channel's own number of a report in the library, and which time it was sent."""
    found = _ROUNDS.search(filed)
    return (filed[: found.start()], int(found[1])) if found else (filed, 1)


class UnknownChannel(BihuanError):
    """A report over a channel that the reference data does not have."""


class KnownMeanwhile(Exception):
    """Another process took the same report between our look and our claim."""


@dataclass
class Arrival:
    """A report on its way into the library. The number is given out inside the transaction, so ``write`` puts it into the variables,
    which the engine reads after."""

    incoming: ReportMessage
    original: str
    place: str
    year: int
    clock: Clock
    report_id: str
    case_id: str
    path: tuple[str, ...]
    """its place and those above"""
    variables: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, clock: Clock, connection: Connection, incoming: ReportMessage, original: str) -> Arrival:
        reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
        channel = reference.channels.get(incoming.channel)
        if channel is None:
            raise UnknownChannel(f"没有渠道“{incoming.channel}”。", f"no channel {incoming.channel}")
        place = _place(reference, incoming.place) or channel.place
        now = clock.now()
        report_id = str(uuid5(NAMESPACE_URL, f"bihuan-report\0{incoming.channel}\0{original}"))
        arrival = cls(
            incoming,
            original,
            place,
            calendar.local_date(now).year,
            clock,
            report_id,
            texts.identity(report_id, "case"),
            reference.path(place),
        )
        route = incoming.route if incoming.route in reference.routes else channel.route
        case: dict[str, Any] = {"id": arrival.case_id, "number": "", "place": place, "report": report_id}
        case |= {"channel": incoming.channel, "route": route, "original": sent_as(original)[0], "parent": None}
        about = _report_variables(
            report_id,
            incoming.channel,
            original,
            incoming.submitted_at,
            incoming.enterprise,
            incoming.uscc,
            incoming.phone,
        )
        arrival.variables = {"case": case, "report": about, "received_at": now.isoformat()}
        return arrival

    def write(self, connection: Connection, instance_id: str) -> str:
        """The rows of the library, of the case and of what a duplicate is found by; returns the case's number."""
        incoming, now = self.incoming, self.clock.now()
        if not inbox.settle(connection, CHANNEL, incoming.channel, self.original, now, {"case": self.case_id}):
            raise KnownMeanwhile(self.original)
        self._write_report(connection)
        profile = similarity.profile(incoming.title, incoming.body)
        found = similarity.similar(connection, profile, report_id=self.report_id)
        self.variables["report"]["similar"] = found.variables() if found else None
        similarity.remember(connection, self.report_id, profile)
        number = numbers.allocate(connection, self.place, self.year)
        self.variables["case"]["number"] = number
        _new_case(connection, self.case_id, number, self.report_id, self.place, None, instance_id, now)
        found_by = words.row(self.case_id, now, self.path, incoming)
        words.remember(connection, [found_by])
        hit("report.written")
        return number

    def _write_report(self, connection: Connection) -> None:
        incoming, now = self.incoming, self.clock.now()
        connection.execute(
            _NEW_REPORT,
            {
                "id": self.report_id,
                "channel": incoming.channel,
                "original": self.original,
                "place": self.place,
                "submitted_at": incoming.submitted_at,
                "received_at": now,
            },
        )
        said = {"report_id": self.report_id, "title": incoming.title, "body": incoming.body}
        connection.execute(_NEW_TEXT, {**said, "raw": dict(incoming.raw)})
        connection.execute(
            _NEW_PERSONAL,
            {
                "report_id": self.report_id,
                "enterprise": incoming.enterprise[:200],
                "uscc": incoming.uscc[:18],
                "contact": incoming.contact[:80],
                "phone": incoming.phone[:40],
                "email": incoming.email[:120],
                "address": incoming.address[:300],
            },
        )


_NEW_REPORT, _NEW_TEXT, _NEW_PERSONAL = insert(Report), insert(ReportText), insert(PersonalData)


def _report_variables(
    report_id: str, channel: str, original: str, submitted_at: datetime | None, enterprise: str, uscc: str, phone: str
) -> dict[str, Any]:
    """What variables say of a report: references to its words, and of who reported only what is known, never what.

    A report that was sent more than once says which time it is (``round``).
    """
    original, round = sent_as(original)
    return {
        "id": report_id,
        "title": texts.of_report(report_id, "title"),
        "text": texts.of_report(report_id, "body"),
        "channel": channel,
        "original": original,
        "submitted_at": submitted_at.isoformat() if submitted_at else None,
        "enterprise": {
            "named": bool(enterprise.strip()),
            "uscc": bool(stdnum_uscc.is_valid(uscc)),
            "phone": bool(phone.strip()),
        },
        "similar": None,
        **({"round": round} if round > 1 else {}),
    }


def _place(reference: Reference, code: str | None) -> str | None:
    """The place of a code; of a longer one (a village, or filled up with zeros) the nearest place that we know."""
    code = (code or "").strip()
    return next((code[:length] for length in range(len(code), 0, -1) if code[:length] in reference.places), None)


def _new_case(
    connection: Connection,
    case_id: str,
    number: str,
    report_id: str,
    place: str,
    parent: str | None,
    instance_id: str,
    now: datetime,
) -> None:
    connection.execute(
        _NEW_CASE,
        {
            "id": case_id,
            "number": number,
            "report_id": report_id,
            "place": place,
            "parent": parent,
            "instance_id": instance_id,
            "excluded": [],
            "opened_at": now,
        },
    )


_NEW_CASE = insert(Case)


def open_child(
    connection: Connection, place: str, payload: Mapping[str, Any], instance_id: str, now: datetime
) -> dict[str, Any]:
    """Make the case at the superior place; returns the variables it starts with."""
    report_id, parent = str(payload["report"]), payload.get("parent")
    row = connection.execute(
        select(Report.channel, Report.original, Report.submitted_at, *PersonalData.__table__.c)
        .add_columns(ReportText.title, ReportText.body)
        .join(PersonalData, PersonalData.report_id == Report.id)
        .join(ReportText, ReportText.report_id == Report.id)
        .where(Report.id == report_id)
    ).first()
    if row is None:
        return {}
    number = numbers.allocate(connection, place, WorkingCalendar.read(connection).local_date(now).year)
    child_id = texts.identity(instance_id, "case")
    _new_case(connection, child_id, number, report_id, place, parent, instance_id, now)
    reference = Reference.read(connection)
    words.remember(connection, [words.row(child_id, now, reference.path(place), row)])
    channel = reference.channels.get(row.channel)
    case = {"id": child_id, "number": number, "place": place, "report": report_id, "channel": row.channel}
    case |= {"route": channel.route if channel else None, "original": sent_as(row.original)[0], "parent": parent}
    about = _report_variables(
        report_id, row.channel, row.original, row.submitted_at, row.enterprise, row.uscc, row.phone
    )
    return {"case": case, "report": about, "received_at": now.isoformat()}
