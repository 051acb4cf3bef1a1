"""Problems that are reported in the portal: each has a code, and whoever knows it with the problem's number may follow it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from processes.casework import doors, uploads
from processes.casework.library import Arrival
from processes.casework.portal import codes, limits, messages, passes
from processes.casework.portal.limits import DAY, HOUR, TooOften
from processes.casework.records import PortalRules
from processes.messaging.incoming import ReportMessage
from processes.runtime.engine import Engine
from processes.store.tables import Case, PersonalData, PortalReport, Report, ReportText

CHANNEL = "portal"
"""The channel of what is reported there."""

KIND, KEPT = "filed", 60
"""The message that tells number and code; minutes for which it may be tried to send it."""


@dataclass(frozen=True)
class Filed:
    """What became of a report: see :class:`processes.casework.doors.ReportOutcome`. ``code`` is told once and never again."""

    number: str
    outcome: str
    reason: str
    code: str


def owner(phone: str) -> str:
    """Under which name a number's uploads wait: not its own."""
    return "portal:" + hashlib.sha256(phone.encode()).hexdigest()[:32]


def file(engine: Engine, rules: PortalRules, said: ReportMessage, phone: str, form: str) -> Filed:
    """File a problem for a verified number, with the files that wait in its ``form``. The same form again files nothing and gets a new code.

    Raises :class:`TooOften`.
    """
    code, mine = codes.new(), owner(phone)
    hashed = codes.hashed(code)
    said = replace(said, channel=CHANNEL, original=f"{form}-{mine[-8:]}", phone=phone)
    now = engine.clock.now()
    with engine.database.write() as connection:
        if not limits.admit(connection, "report", phone, rules.reports_per_number, DAY, now):
            raise TooOften
        files = [each.id for each in uploads.of(connection, form, mine)]

    def along(connection: Connection, arrival: Arrival) -> None:
        row = {"report_id": arrival.report_id, "phone": phone, "code": hashed, "at": engine.clock.now()}
        connection.execute(insert(PortalReport).values(row))
        uploads.adopt(connection, files, arrival.case_id, from_outside=True)

    outcome = doors.report(engine, said, along=along)
    if outcome.outcome == "known":
        _renew(engine, outcome.case, hashed)
    messages.send(engine, KIND, phone, {"number": outcome.number, "code": code}, KEPT)
    return Filed(outcome.number, outcome.outcome, outcome.reason or "", code)


def reopen(engine: Engine, report_id: str, reason: str) -> str:
    """Report a closed problem once more, as a new round of the same report under the same code; returns the new number. Whether it may be done
    is for the caller to know; done twice it is done once."""
    with engine.database.read() as connection:
        row: Any = connection.execute(_AS_FILED.where(Report.id == report_id)).one()
        personal = _personal(connection, report_id)
    said = ReportMessage(
        CHANNEL,
        row.original,
        f"{reason}\n\n原问题（{row.number}）：\n{personal['body']}",
        {"reopens": row.number, "reason": reason},
        title=personal["title"],
        submitted_at=engine.clock.now(),
        place=row.place,
        round=2,
        **{name: personal[name] for name in ("enterprise", "uscc", "contact", "phone", "email", "address")},
    )

    def along(connection: Connection, arrival: Arrival) -> None:
        again = {"report_id": arrival.report_id, "phone": row.phone, "code": row.code, "at": engine.clock.now()}
        connection.execute(insert(PortalReport).values(again))

    return doors.report(engine, said, along=along).number


def follow(engine: Engine, rules: PortalRules, number: str, typed: str, address: str) -> tuple[str, str] | None:
    """By number and code: the problem's number and the token of a pass for it, None when they are not right. It takes as long when there is no
    such number.

    Raises :class:`TooOften`.
    """
    number, now = number.strip().upper()[:40], engine.clock.now()
    with engine.database.write() as connection:
        may = limits.admit(connection, "follow-address", address, rules.follow_address_tries, HOUR, now)
        may = may and limits.admit(connection, "follow-number", number, rules.follow_tries, HOUR, now)
        row = connection.execute(_AS_FILED.where(Case.number == number)).first()
    if not may:
        raise TooOften
    if not codes.fits("" if row is None else row.code, typed) or row is None:
        return None
    with engine.database.write() as connection:
        limits.uncount(connection, "follow-address", address)
        limits.uncount(connection, "follow-number", number)
        return row.number, passes.grant(connection, now, rules.pass_minutes, report_id=row.report_id)


def reach(connection: Connection, arguments: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """Whom a channel's job for a problem of the portal is to reach."""
    original = str(arguments.get("original") or "")
    found = select(PortalReport.phone).join(Report, Report.id == PortalReport.report_id)
    phone = connection.scalar(found.where(Report.channel == CHANNEL, Report.original == original))
    return [{"person": original, "name": "", "sms": phone}] if phone else []


def _renew(engine: Engine, case_id: str, hashed: str) -> None:
    report = select(Case.report_id).where(Case.id == case_id).scalar_subquery()
    with engine.database.write() as connection:
        connection.execute(update(PortalReport).where(PortalReport.report_id == report).values(code=hashed))


def _personal(connection: Connection, report_id: str) -> dict[str, str]:
    from_library = select(ReportText.title, ReportText.body, *PersonalData.__table__.c).join(
        PersonalData, PersonalData.report_id == ReportText.report_id
    )
    return dict(connection.execute(from_library.where(ReportText.report_id == report_id)).one()._mapping)


_AS_FILED = (
    select(PortalReport.report_id, PortalReport.phone, PortalReport.code, Case.number, Case.place, Report.original)
    .join(Report, Report.id == PortalReport.report_id)
    .join(Case, Case.report_id == PortalReport.report_id)
    .where(Case.parent.is_(None))
)
