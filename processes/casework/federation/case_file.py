"""案卷, the file that goes with a case to another deployment: the report verbatim, who reported, and the course of the case so far, words
included. Attachments travel beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework import texts
from processes.casework.calendar import WorkingCalendar
from processes.casework.reference import Reference
from processes.casework.views import case as case_page
from processes.casework.views.head import head
from processes.errors import BihuanError
from processes.store.tables import Case, PersonalData, Report, ReportText

_PERSONAL = {"enterprise": 200, "uscc": 18, "contact": 80, "phone": 40, "email": 120, "address": 300}
"""what is known of who reported, with the characters that we keep of each"""

_LONGEST = 100_000
"""characters of any words of a file"""

_MOST = 2_000
"""events of a course that are kept"""


class BadFile(BihuanError):
    """A case file that cannot be used; the text says why, for whoever sent it."""


@dataclass(frozen=True)
class Event:
    """A step of the course at the lower place, with the words said: (label, author, text)."""

    at: datetime
    title: str
    who: str
    said: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class CaseFile:
    """What a file says, as far as it can be used. ``raw``: the report verbatim."""

    number: str
    place: str
    channel: str
    original: str
    submitted_at: datetime | None
    received_at: datetime | None
    title: str
    body: str
    raw: Mapping[str, Any]
    personal: Mapping[str, str]
    course: tuple[Event, ...]


# ---- writing one -----------------------------------------------------------------------------------------------------


def build(connection: Connection, case_id: str, now: datetime) -> dict[str, Any]:
    """The file of a case as JSON. Raises :class:`BadFile` when there is no such case."""
    reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
    of = head(connection, reference, case_id=case_id)
    if of is None:
        raise BadFile(f"没有问题件 {case_id}", f"no case {case_id}")
    page = case_page.page(connection, reference, calendar, of, now)
    course = [
        {
            "at": each.at.isoformat(),
            "title": each.title,
            "who": each.who,
            "said": [{"label": said.label, "author": said.author, "text": said.body} for said in each.said],
        }
        for each in page.events[-_MOST:]
    ]
    return {
        "case": {"number": of.number, "place": of.place, "opened_at": of.opened_at.isoformat()},
        "report": _report(connection, case_id),
        "course": course,
    }


def _report(connection: Connection, case_id: str) -> dict[str, Any]:
    row: Any = connection.execute(
        select(Report.channel, Report.original, Report.submitted_at, Report.received_at)
        .add_columns(
            ReportText.title, ReportText.body, ReportText.raw, *(getattr(PersonalData, each) for each in _PERSONAL)
        )
        .join(Case, Case.report_id == Report.id)
        .join(ReportText, ReportText.report_id == Report.id)
        .join(PersonalData, PersonalData.report_id == Report.id)
        .where(Case.id == case_id)
    ).one()
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row._mapping.items()}


# ---- reading one -----------------------------------------------------------------------------------------------------


def read(said: object) -> CaseFile:
    """What another deployment's file says. Raises :class:`BadFile`."""
    case, report = _object(said, "case"), _object(said, "report")
    course = said.get("course") if isinstance(said, Mapping) else None
    return CaseFile(
        number=_text(case, "number", 40),
        place=_text(case, "place", 20),
        channel=_text(report, "channel", 40),
        original=_text(report, "original", 120),
        submitted_at=_moment(report.get("submitted_at")),
        received_at=_moment(report.get("received_at")),
        title=_text(report, "title", _LONGEST),
        body=_text(report, "body", _LONGEST),
        raw=dict(report["raw"]) if isinstance(report.get("raw"), Mapping) else {},
        personal={name: _text(report, name, limit) for name, limit in _PERSONAL.items()},
        course=tuple(_events(course if isinstance(course, list) else [])),
    )


def _events(course: list[Any]) -> Iterator[Event]:
    for each in course[-_MOST:]:
        at = _moment(each.get("at")) if isinstance(each, Mapping) else None
        if at is not None:
            said = [one for one in each.get("said") or () if isinstance(one, Mapping)]
            words = tuple(
                (_text(one, "label", 100), _text(one, "author", 60), _text(one, "text", _LONGEST)) for one in said
            )
            yield Event(at, _text(each, "title", 200), _text(each, "who", 200), words)


def _object(said: object, name: str) -> Mapping[str, Any]:
    found = said.get(name) if isinstance(said, Mapping) else None
    if not isinstance(found, Mapping):
        raise BadFile(f"案卷里没有 {name}", f"no {name} in the case file")
    return found


def _text(said: Mapping[str, Any], name: str, limit: int) -> str:
    value = said.get(name)
    return value[:limit] if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


# ---- keeping one -----------------------------------------------------------------------------------------------------


def keep(connection: Connection, file: CaseFile, peer: str, now: datetime) -> str:
    """Put a peer's report into the library; returns its id here. The same report again is the same row.

    Its original number tells where it comes from, and is another's than any that our own channels give.
    """
    report_id = str(uuid5(NAMESPACE_URL, "\0".join(("bihuan-report", peer, file.channel, file.original))))
    fresh = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    origin = f"@{peer}"
    rows: list[tuple[Any, dict[str, Any]]] = [
        (
            Report,
            {
                "id": report_id,
                "channel": file.channel,
                "original": file.original[: 120 - len(origin)] + origin,
                "place": file.place,
                "submitted_at": file.submitted_at,
                "received_at": now,
            },
        ),
        (ReportText, {"report_id": report_id, "title": file.title, "body": file.body, "raw": dict(file.raw)}),
        (PersonalData, {"report_id": report_id, **file.personal}),
    ]
    for table, row in rows:
        connection.execute(fresh(table).values(row).on_conflict_do_nothing())
    return report_id


def keep_course(connection: Connection, file: CaseFile, case_id: str, from_: str, now: datetime) -> None:
    """Put down with a case what happened at the lower place, and what was said there."""
    zone = WorkingCalendar.read(connection).zone
    lines = [f"{each.at.astimezone(zone):%Y-%m-%d %H:%M} {each.title} {each.who}".rstrip() for each in file.course]
    if lines:
        told = texts.identity(case_id, "course", file.number)
        texts.keep(connection, case_id, "", f"{from_}办理经过", None, "\n".join(lines), now, told)
    for number, each in enumerate(file.course):
        for at, (label, author, text) in enumerate(each.said):
            text_id = texts.identity(case_id, "said", file.number, str(number), str(at))
            texts.keep(
                connection, case_id, "", f"{from_}·{label or each.title}", author or None, text, each.at, text_id
            )
