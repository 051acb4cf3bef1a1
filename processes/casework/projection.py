"""Keeps the rows of cases in step with their instances, in the same transaction: stage, status, what is recorded, due time, end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, bindparam, insert, select, union_all, update

from processes.messaging import events
from processes.observing import here
from processes.runtime.workshop import Changed, Happened
from processes.store.lookup import Select, ask
from processes.store.tables import TASK_IS_OPEN, Case, CaseStage, Deadline, Job, Note, UserTask

NOTICE = "notice.send"
"""The job topic (see the catalogue of jobs) whose jobs are noted on the case."""

RECORDED = frozenset(
    {"category", "board", "difficulty", "major", "outcome", "reason", "confidential", "rating", "excluded"}
)
"""What a diagram may record on its case: keys of the ``record`` property."""

_FLAGS = frozenset({"major", "confidential"})


class CaseProjection:
    """A projection for the engine. Instances that are not of a case are left alone."""

    def ask(self, connection: Connection, changes: Sequence[Changed]) -> Callable[[], Sequence[Happened]]:
        """Ask which of the instances that have just done something are of cases; then write what follows for these."""
        of_cases = ask(connection, _OF_CASES, sorted({change.instance.id for change in changes}))

        def follow() -> Sequence[Happened]:
            happened: list[Happened] = []
            for (instance,) in of_cases():
                for change in changes:
                    if change.instance.id == instance:
                        happened += self._follow(connection, change)
            return happened

        return follow

    @staticmethod
    def _follow(connection: Connection, change: Changed) -> list[Happened]:
        case = connection.execute(_CASE, {"i": change.instance.id}).one()
        here.note_case(change.instance.id, case.id)
        values: dict[str, Any] = {}
        stages: list[str] = []
        stage = case.stage
        for step in change.steps:
            said = step.properties
            if said.get("stage") and said["stage"] != stage:
                stage = str(said["stage"])
                stages.append(stage)
            values |= _said(said)
        ended = change.status in ("completed", "cancelled")
        due = _NO_DUE if ended else _due(connection, change.instance.id)
        values |= {"stage": stage, **due, "closed_at": change.now if ended else None}
        changed = {name: value for name, value in values.items() if getattr(case, name) != value}
        if changed:
            connection.execute(_UPDATE, {"b_id": case.id, **changed})
        if stages:
            connection.execute(_NEW_STAGE, [{"case_id": case.id, "stage": each, "at": change.now} for each in stages])
        _note(connection, case.id, _jobs(change), change.now)
        return _happened(case, stages, values, change.begun, ended)


def _happened(case: Any, stages: Sequence[str], values: Mapping[str, Any], begun: bool, ended: bool) -> list[Happened]:
    """What listeners are told of a case: no person, and nobody's words."""
    about = {"number": case.number, "place": case.place}
    found = [Happened(events.OPENED, case.number, about)] if begun else []
    found += [Happened(events.STAGE, case.number, {**about, "stage": each}) for each in stages]
    if ended and case.closed_at is None:
        outcome = values.get("outcome", case.outcome)
        found.append(Happened(events.CLOSED, case.number, {**about, "stage": values["stage"], "outcome": outcome}))
    return found


def _said(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What an element's properties write on the case."""
    values: dict[str, Any] = {}
    if properties.get("caseStatus"):
        english = properties.get("caseStatusEn")
        values["status"] = _fitting("status", properties["caseStatus"])
        values["status_en"] = _fitting("status_en", english) if english else None
    if properties.get("pooled") is not None:
        values["pooled"] = _flag(properties["pooled"])
    recorded = properties.get("record")
    if isinstance(recorded, Mapping):
        values |= {name: _value(name, value) for name, value in recorded.items() if name in RECORDED}
    return values


def _value(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return _flag(value)
    if name == "excluded":
        return list(dict.fromkeys(str(each) for each in value)) if isinstance(value, list) else []
    return None if value is None else _fitting(name, value)


def _flag(value: Any) -> bool:
    """Properties without ``=`` are text."""
    return value is True or str(value).lower() == "true"


def _fitting(name: str, value: Any) -> str:
    """A word too long for its column is cut: a case must not stand still for the sake of a label."""
    kind = Case.__table__.c[name].type
    return str(value)[: kind.length if isinstance(kind, String) else None]


def _due(connection: Connection, instance_id: str) -> dict[str, Any]:
    """The nearest due time that is open."""
    row = connection.execute(_NEAREST, {"i": instance_id}).first()
    return _NO_DUE if row is None else {"due_at": row.due_at, "warn_at": row.warn_at, "provisional": row.provisional}


_NO_DUE: dict[str, Any] = {"due_at": None, "warn_at": None, "provisional": False}


def _jobs(change: Changed) -> list[str]:
    """The ids of the jobs that this command opened (a job has the id of its task)."""
    return [step.task_id for step in change.steps if step.what == "entered" and step.element.tag == "serviceTask"]


def _note(connection: Connection, case_id: str, jobs: Iterable[str], now: datetime) -> None:
    ids = list(jobs)
    if not ids:
        return
    notices = connection.execute(_NOTICES, {"ids": ids}).all()
    rows = [
        {
            "id": job.id,
            "case_id": case_id,
            "kind": str(job.arguments.get("kind") or "")[:40],
            "recipient": _recipient(job.arguments.get("to")),
            "at": now,
        }
        for job in notices
    ]
    if rows:
        connection.execute(_NEW_NOTE, rows)


def _recipient(to: Any) -> dict[str, Any]:
    return dict(to) if isinstance(to, Mapping) else {"person": to}


_OF_CASES = Select(Case, "instance_id", by="instance_id")
_CASE = select(*Case.__table__.c).where(Case.instance_id == bindparam("i"))
_UPDATE = update(Case).where(Case.id == bindparam("b_id"))
_NEW_STAGE, _NEW_NOTE = insert(CaseStage), insert(Note)
_NOTICES = select(Job.id, Job.arguments).where(Job.id.in_(bindparam("ids", expanding=True)), Job.topic == NOTICE)
_OPEN = union_all(
    select(Deadline.due_at, Deadline.warn_at, Deadline.provisional).where(Deadline.instance_id == bindparam("i")),
    select(UserTask.due_at, UserTask.warn_at, UserTask.provisional).where(
        UserTask.instance_id == bindparam("i"), TASK_IS_OPEN, UserTask.due_at.is_not(None)
    ),
).subquery()
_NEAREST = select(_OPEN).order_by(_OPEN.c.due_at).limit(1)
