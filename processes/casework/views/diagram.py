"""Where a case stands on its diagrams: what is done, open, waiting, late or failed, worked out from its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from processes.casework.views.models import BOUNDARY, CONTAINERS, USER_TASK, Models
from processes.store.history import Entry

DONE, OPEN, WAITING, LATE, FAILED = "done", "open", "waiting", "late", "failed"


@dataclass(frozen=True)
class Mark:
    """The state of an element; ``note`` says more (who, since when, what is wrong)."""

    state: str
    note: str = ""


@dataclass(frozen=True)
class Diagram:
    """A process of the case, with its marks by element id."""

    process_id: str
    name: str
    hash: str
    marks: Mapping[str, Mark]
    current: bool


@dataclass(frozen=True)
class Standing:
    """What stands beside the history: ``tasks`` are open user tasks as (process, element, late, note), ``waits`` the
    elements of open timers and message subscriptions, ``late`` those whose deadline has passed, ``failed`` those of
    open incidents with their cause."""

    tasks: Sequence[tuple[str, str, bool, str]] = ()
    waits: Iterable[str] = ()
    late: Iterable[str] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


def diagrams(models: Models, entries: Sequence[Entry], standing: Standing) -> tuple[Diagram, ...]:
    """The drawings of every process the case has come through, in the order it entered them."""
    live, done, order = _walk(models, entries)
    marks: dict[str, dict[str, Mark]] = {process: {} for process in order}
    for process, element in done:
        marks.setdefault(process, {})[element] = Mark(DONE)
    late = set(standing.late)
    for process, element in live:
        tag = _tag(models, process, element)
        state = OPEN if tag in CONTAINERS or tag == USER_TASK else WAITING
        marks.setdefault(process, {})[element] = Mark(LATE if element in late else state)
    for element in standing.waits:
        for process in _processes_with(models, element, live):
            marks[process].setdefault(element, Mark(WAITING))
    for process, element, is_late, note in standing.tasks:
        marks.setdefault(process, {})[element] = Mark(LATE if is_late else OPEN, note)
    for element, cause in standing.failed.items():
        for process in _processes_with(models, element, live):
            marks[process][element] = Mark(FAILED, cause)
    current = _current(models, standing, live)
    return tuple(
        Diagram(process, models.drawings[process].name, models.drawings[process].hash, found, process == current)
        for process, found in marks.items()
        if process in models.drawings
    )


def _walk(
    models: Models, entries: Sequence[Entry]
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], None], list[str]]:
    """Replay the steps: what is entered and not left, what has been finished, and the processes in order of entering."""
    live: Counter[tuple[str, str]] = Counter()
    done: dict[tuple[str, str], None] = {}
    order = [models.root] if models.root else []
    for entry in entries:
        for element, process, what in entry.steps:
            key = (process, element)
            if process not in order:
                order.append(process)
            if what == "entered":
                live[key] += 1
            elif live[key] and what != "caught":
                live[key] -= 1
            if what in ("completed", "caught"):
                done[key] = None
    return {key: count for key, count in live.items() if count > 0}, done, order


def _tag(models: Models, process: str, element: str) -> str:
    drawing = models.drawings.get(process)
    return drawing.tags.get(element, "") if drawing else ""


def _processes_with(models: Models, element: str, live: Mapping[tuple[str, str], int]) -> list[str]:
    """The running processes that show this element; a boundary event waits with its activity and needs no mark."""
    running = {process for process, _ in live} | {models.root}
    return [
        process
        for process in models.drawings
        if process in running and _tag(models, process, element) not in ("", BOUNDARY)
    ]


def _current(models: Models, standing: Standing, live: Mapping[tuple[str, str], int]) -> str:
    """The process to look at first: where a person or, failing that, a message is waited for."""
    for process, *_ in standing.tasks:
        return process
    deepest = [process for process, element in live if _tag(models, process, element) not in CONTAINERS]
    return deepest[-1] if deepest else next((process for process, _ in reversed(list(live))), models.root)
