"""Whether what must be so is so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from processes.casework.views.lights import colour
from processes.errors import BihuanError
from processes.notation.civil_time import CIVIL_TIME
from processes.scenarios.files import Asked, Term, Then, Values
from processes.scenarios.stage import Stage
from processes.store import history
from processes.store.tables import TASK_IS_OPEN, Deadline, Incident, Job, UserTask

LONG = 200
"""Characters of a value that a message shows."""


class Mismatch(BihuanError):
    """What came of a step, or at the end, is not what the scenario says."""


class Reached(NamedTuple):
    """An element that was entered, or an event that was caught."""

    process: str
    element: str


def reached(stage: Stage) -> list[Reached]:
    """What the instances came through, in order, from their histories."""
    with stage.database.read() as connection:
        entries = [entry for each in stage.instances() for entry in history.read(connection, each)]
    steps = [step for entry in sorted(entries, key=lambda each: each.seq) for step in entry.steps]
    return [Reached(process, element) for element, process, what in steps if what in ("entered", "caught")]


def is_at(named: str, element: str, process: str) -> bool:
    """Whether an element is meant by its id, or by its process and id."""
    return named in (element, f"{process}/{element}")


def fits(expected: Any, found: Any) -> bool:
    """Whether a value is the expected one; of objects only what is written down counts, and what is not there is null."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(fits(value, found.get(name)) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(fits, expected, found))
    return bool(expected == found) and isinstance(expected, bool) == isinstance(found, bool)


def shown(value: Any) -> str:
    """A value as a message shows it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


class Wrong(NamedTuple):
    """What is not as it must be, in both languages."""

    zh: str
    en: str

    @classmethod
    def found(cls, field: str, expected: Any, found: Any) -> Wrong:
        """A field of ``then`` that has another value."""
        return cls(
            f"{field}：应为 {shown(expected)}，实为 {shown(found)}",
            f"{field}: expected {shown(expected)}, found {shown(found)}",
        )


def judge(then: Then, stage: Stage, instance: str) -> list[Wrong]:
    """Everything that is not as it must be."""
    return [wrong for check in _CHECKS for wrong in check(then, stage, instance)]


def _drawn(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    """Whatever is said of an element that nobody has drawn would hold, or not, for nothing."""
    named = {
        "path": then.path,
        "passed": then.passed,
        "not_passed": then.not_passed,
        "tasks": [each["task"] for each in then.tasks or ()],
        "deadlines": then.deadlines,
        "jobs": [each.name for each in then.jobs],
        "incidents": then.incidents,
    }
    for field, names in named.items():
        for name in names:
            if name not in stage.drawn:
                yield Wrong(f"{field}：图上没有 {name}", f"{field}: no {name} is drawn")


def _state(then: Then, stage: Stage, instance: str) -> Iterator[Wrong]:
    view = stage.instance(instance)
    if then.state not in (None, view.state):
        yield Wrong.found("state", then.state, view.state)
    for name, value in then.variables.items():
        if not fits(value, view.variables.get(name)):
            yield Wrong.found(f"variables {name}", value, view.variables.get(name))


def _way(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    way = reached(stage)
    rest = iter(way)
    for at, named in enumerate(then.path):
        if not any(is_at(named, each.element, each.process) for each in rest):
            yield Wrong.found(f"path {at + 1}", named, [each.element for each in way])
            break
    for named in then.passed:
        if not any(is_at(named, each.element, each.process) for each in way):
            yield Wrong.found("passed", named, [each.element for each in way])
    for named in then.not_passed:
        if any(is_at(named, each.element, each.process) for each in way):
            yield Wrong(f"not_passed：经过了 {named}", f"not_passed: {named} was passed")


def _tasks(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    if then.tasks is None:
        return
    left = [_shown_task(row) for row in open_tasks(stage)]
    found = [*left]
    for expected in then.tasks:
        match = next((each for each in left if _is_task(expected, each)), None)
        if match is None:
            yield Wrong.found("tasks", expected, found)
            return
        left.remove(match)
    if left:
        yield Wrong.found("tasks", list(then.tasks), found)


def _is_task(expected: Values, task: Values) -> bool:
    rest = {name: value for name, value in expected.items() if name != "task"}
    return is_at(expected["task"], task["task"], task["process"]) and fits(rest, task)


def _shown_task(row: Any) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("role", "organisation", "place", "assignee")}
    return {"task": row.element_id, "process": row.process_id, **told}


def _deadlines(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    if not then.deadlines:
        return
    with stage.database.read() as connection:
        rows: list[Any] = [*connection.execute(select(Deadline.__table__)).all(), *open_tasks(stage)]
    for element, expected in then.deadlines.items():
        row = next((each for each in rows if each.element_id == element.rpartition("/")[2]), None)
        if row is None:
            yield Wrong.found(f"deadlines {element}", _said(expected), None)
            continue
        light = colour(stage.clock.now(), row.due_at, row.warn_at)
        found = Term(row.due_at, row.warn_at, light)
        same = Term(
            *(own if wanted is not None else None for wanted, own in zip(_parts(expected), _parts(found), strict=True))
        )
        if same != expected:
            yield Wrong.found(f"deadlines {element}", _said(expected), _said(found))


def _parts(term: Term) -> tuple[Any, ...]:
    return term.due, term.warn, term.light


def _said(term: Term) -> dict[str, Any]:
    times = {"due": term.due, "warn": term.warn}
    told = {name: f"{at.astimezone(CIVIL_TIME):%Y-%m-%dT%H:%M}" for name, at in times.items() if at is not None}
    return told | ({"light": term.light} if term.light else {})


def _jobs(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    if not then.jobs:
        return
    with stage.database.read() as connection:
        rows = connection.execute(select(Job.element_id, Job.topic, Job.arguments)).all()
    asked = [(element, {"topic": topic, "arguments": arguments}) for element, topic, arguments in rows]
    for expected in then.jobs:
        yield from _among("jobs", expected, asked)


def _messages(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    sent = [
        (
            each.type,
            {
                "key": each.extensions.get("correlationkey", ""),
                "place": each.extensions.get("place", ""),
                "payload": each.data,
            },
        )
        for each in stage.record.sent.values()
    ]
    for expected in then.messages:
        yield from _among("messages", expected, sent)


def _among(field: str, expected: Asked, found: Sequence[tuple[str, Values]]) -> Iterator[Wrong]:
    alike = [said for name, said in found if name == expected.name.rpartition("/")[2]]
    times = sum(fits(expected.said, said) for said in alike)
    if times != expected.times if expected.times is not None else not times:
        zh = f"{expected.times} 次" if expected.times is not None else "至少一次"
        en = f"{expected.times} times" if expected.times is not None else "once at least"
        which, others = shown(dict(expected.said)), shown(alike)
        yield Wrong(
            f"{field} {expected.name}：应有{zh} {which}，实有 {times} 次；有过的：{others}",
            f"{field} {expected.name}: expected {en} {which}, found {times} times; there were: {others}",
        )


def _record(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    said = stage.record.said
    for name, expected, found in (
        ("stage", then.stage, said.get("stage")),
        ("status", then.status, said.get("caseStatus")),
        ("record", then.record or None, said.get("record", {})),
    ):
        if expected is not None and not fits(expected, found):
            yield Wrong.found(name, expected, found)


def _incidents(then: Then, stage: Stage, _instance: str) -> Iterator[Wrong]:
    found = incidents(stage)
    if sorted(then.incidents) != sorted(element for element, _ in found):
        yield Wrong.found("incidents", list(then.incidents), [f"{element}：{detail}" for element, detail in found])


_CHECKS: Sequence[Callable[[Then, Stage, str], Iterator[Wrong]]] = (
    _drawn, _incidents, _state, _way, _tasks, _deadlines, _jobs, _messages, _record,
)  # fmt: skip


# -- what there is ---------------------------------------------------------------------------------------------------------


def open_tasks(stage: Stage) -> Sequence[Any]:
    """The rows of the open tasks, oldest first."""
    statement = select(UserTask.__table__).where(TASK_IS_OPEN).order_by(UserTask.created_at, UserTask.id)
    with stage.database.read() as connection:
        return connection.execute(statement).all()


def incidents(stage: Stage) -> list[tuple[str, str]]:
    """The element and the cause of each open incident."""
    statement = select(Incident.element_id, Incident.detail).where(Incident.resolved_at.is_(None))
    with stage.database.read() as connection:
        return [(element or "", detail) for element, detail in connection.execute(statement)]
