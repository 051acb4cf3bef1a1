"""People's words, in rows of their own; variables and history hold references ``{"$text": id}`` (ARCHITECTURE rule 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework import attachments, uploads
from processes.messaging.schema import TEXT_KEY
from processes.messaging.schema import is_reference as is_reference
from processes.store.tables import (
    Case,
    CaseSearch,
    CaseText,
    Fingerprint,
    PersonalData,
    PortalPass,
    PortalReport,
    ReportText,
    TaskDraft,
    Upload,
    UserTask,
)

KEY = TEXT_KEY

_REPORT = "report:"
_REPORT_PARTS = ("title", "body")

Reference = dict[str, str]


def reference(text_id: str) -> Reference:
    """The reference to a text."""
    return {KEY: text_id}


def of_report(report_id: str, part: str) -> Reference:
    """The reference to a report's ``title`` or ``body``."""
    return reference(f"{_REPORT}{report_id}:{part}")


def identity(*parts: str) -> str:
    """The id that the same words said at the same point always get, so that a repeated command writes them once."""
    return str(uuid5(NAMESPACE_URL, "\0".join(("bihuan-text", *parts))))


def keep(
    connection: Connection,
    case_id: str,
    element_id: str,
    label: str,
    author: str | None,
    body: str,
    now: datetime,
    text_id: str | None = None,
) -> Reference:
    """Store words said in a case's course and return the reference to them. The same ``text_id`` again changes nothing.

    ``element_id`` and ``label`` say where in the diagram and in which field they were said, ``author`` by whom (a person's id).
    """
    text_id = text_id or identity(case_id, element_id, label, author or "", now.isoformat(), body)
    row = {
        "id": text_id,
        "case_id": case_id,
        "element_id": element_id,
        "label": label[:120],
        "author": author,
        "at": now,
        "body": body,
    }
    insert = sqlite.insert(CaseText) if connection.dialect.name == "sqlite" else postgresql.insert(CaseText)
    connection.execute(insert.values(row).on_conflict_do_nothing())
    return reference(text_id)


def read(connection: Connection, value: object) -> str:
    """The text behind a reference: "" once it is deleted. A string is its own text, null is none."""
    if isinstance(value, str):
        return value
    if not is_reference(value):
        return ""
    assert isinstance(value, Mapping)
    return _read_all(connection, [str(value[KEY])]).get(str(value[KEY]), "")


def resolve(connection: Connection, value: Any) -> Any:
    """A copy of a JSON value with every reference replaced by its text."""
    return _replaced(value, _read_all(connection, list(_references(value))))


def read_all(connection: Connection, values: Any) -> Mapping[str, str]:
    """The texts behind all references in a JSON value, by their ids."""
    return _read_all(connection, list(_references(values)))


def has_references(value: Any) -> bool:
    """Whether there is a reference in a JSON value."""
    return next(_references(value), None) is not None


def blank(connection: Connection, report_id: str) -> None:
    """Delete what people said and who they are, everywhere it is kept; cases, their history and numbers stay."""
    of_cases = select(Case.id).where(Case.report_id == report_id)
    connection.execute(update(ReportText).where(ReportText.report_id == report_id).values(title="", body="", raw={}))
    connection.execute(
        update(PersonalData)
        .where(PersonalData.report_id == report_id)
        .values(enterprise="", uscc="", contact="", phone="", email="", address="")
    )
    connection.execute(delete(PortalReport).where(PortalReport.report_id == report_id))
    connection.execute(delete(PortalPass).where(PortalPass.report_id == report_id))
    connection.execute(delete(Fingerprint).where(Fingerprint.report_id == report_id))
    connection.execute(delete(CaseSearch).where(CaseSearch.case_id.in_(of_cases)))
    connection.execute(update(CaseText).where(CaseText.case_id.in_(of_cases)).values(body=""))
    attachments.blank(connection, report_id)
    tasks = select(UserTask.id).where(UserTask.case_id.in_(of_cases))
    connection.execute(delete(TaskDraft).where(TaskDraft.task_id.in_(tasks)))
    uploads.remove(connection, connection.scalars(select(Upload.id).where(Upload.task_id.in_(tasks))).all())


def _references(value: Any) -> Iterator[str]:
    if is_reference(value):
        yield value[KEY]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _references(item)


def _replaced(value: Any, found: Mapping[str, str]) -> Any:
    if is_reference(value):
        return found.get(value[KEY], "")
    if isinstance(value, Mapping):
        return {key: _replaced(item, found) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, found) for item in value]
    return value


def _read_all(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    of_reports: dict[str, list[str]] = {}
    plain: list[str] = []
    for text_id in dict.fromkeys(ids):
        kind, report_id, part = f"{text_id}::".split(":")[:3]
        if kind + ":" == _REPORT and part in _REPORT_PARTS:
            of_reports.setdefault(report_id, []).append(part)
        else:
            plain.append(text_id)
    found: dict[str, str] = {}
    if plain:
        found.update(connection.execute(_TEXTS, {"ids": plain}).all())
    if of_reports:
        for row in connection.execute(_REPORTS, {"ids": list(of_reports)}):
            found |= {f"{_REPORT}{row.report_id}:{part}": getattr(row, part) for part in of_reports[row.report_id]}
    return found


_TEXTS = select(CaseText.id, CaseText.body).where(CaseText.id.in_(bindparam("ids", expanding=True)))
_REPORTS = select(ReportText.report_id, ReportText.title, ReportText.body).where(
    ReportText.report_id.in_(bindparam("ids", expanding=True))
)
