"""办理经过: a case's history, told in plain words, the latest last."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from processes.casework.views.models import BOUNDARY, NOWHERE, USER_TASK, Models
from processes.store.history import Entry

RECEIVING = "receiveTask"
CATCHING = ("intermediateCatchEvent", RECEIVING, BOUNDARY)
SENDING = ("serviceTask", "sendTask", "intermediateThrowEvent")
DECIDING = "businessRuleTask"

ORDER = ("start", "person", "message", "timer", "trouble", "rule", "system", "note", "stage")


@dataclass(frozen=True)
class Said:
    """Words that somebody wrote: an answer, a reason, an instruction. ``id`` is what variables refer to them by."""

    id: str
    label: str
    body: str
    author: str
    at: datetime


@dataclass(frozen=True)
class Event:
    """Something that happened. ``kind``: start, person, rule, system, message, timer, stage, note or trouble."""

    at: datetime
    kind: str
    title: str
    who: str = ""
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class TaskFact:
    """What the timeline needs of a user task."""

    id: str
    name: str
    form: str | None
    element_id: str


def timeline(
    entries: Sequence[Entry],
    models: Models,
    tasks: Mapping[str, TaskFact],
    said: Iterable[Said],
    others: Iterable[Event],
    person: Callable[[str], str],
    elsewhere: Container[str] = (),
) -> tuple[Event, ...]:
    """The history with ``others`` (stages, notices) and the words ``said`` in their places. ``elsewhere``: the elements
    that ``others`` tell of already."""
    left = {each.id: each for each in said}
    events: list[Event] = []
    for entry in entries:
        told = list(_told(entry, models, tasks, person, elsewhere))
        refs = dict.fromkeys(_references(entry.input))
        mine = tuple(left.pop(each) for each in refs if each in left)
        if mine and not told:
            told = [Event(entry.at, "message", models.say("收到来文", "A message came in"))]
        if mine:
            # Words belong to whoever said them, not to what the engine made of them.
            speaker = next((at for at, each in enumerate(told) if each.kind in ("person", "message")), 0)
            told[speaker] = replace(told[speaker], said=mine)
        events += told
    events += [
        Event(each.at, "person", each.label or models.say("说明", "Explanation"), each.author, (each,))
        for each in left.values()
    ]
    events += others
    # Within one moment: what was done, then what came of it, then the stage that it led to.
    return tuple(sorted(events, key=lambda each: (each.at, ORDER.index(each.kind))))


INTERVENTIONS = ("SetVariables", "Skip", "Move", "FireNow", "MoveTimer", "RetryJob", "Migrate")
"""Commands of operators."""


def _told(
    entry: Entry,
    models: Models,
    tasks: Mapping[str, TaskFact],
    person: Callable[[str], str],
    elsewhere: Container[str],
) -> Iterable[Event]:
    who = person(entry.actor) if entry.actor else ""
    if entry.kind == "CompleteTask":
        yield _completed(entry, models, tasks, who)
    elif entry.kind == "Assign":
        yield _assigned(entry, models, tasks, person, who)
    elif entry.kind == "Cancel":
        yield Event(entry.at, "person", models.say("撤销办理", "Handling cancelled"), who)
    elif entry.kind in ("Suspend", "Resume"):
        suspended = models.say("暂停办理", "Handling suspended")
        resumed = models.say("恢复办理", "Handling resumed")
        yield Event(entry.at, "person", suspended if entry.kind == "Suspend" else resumed, who)
    elif entry.kind == "Resolve":
        dealt = models.say("处理了异常，流程继续", "Dealt with an incident; the process goes on")
        yield Event(entry.at, "person", dealt, who)
    elif entry.kind in INTERVENTIONS:
        adjusted = models.say("调整了流程", "Adjusted the process")
        yield Event(entry.at, "person", f"{adjusted}：{entry.input['reason']}", who)
    decided: list[str] = []
    found: list[Event] = []
    for element, process, what in entry.steps:
        drawing = models.drawings.get(process, NOWHERE)
        tag, name = drawing.tags.get(element, ""), drawing.names.get(element, "")
        if not name or element in elsewhere:
            continue  # an unnamed element is nothing that people speak of
        if what == "caught" and tag in CATCHING:
            found.append(Event(entry.at, "timer" if entry.kind == "FireTimer" else "message", name))
        elif what == "completed" and tag == RECEIVING:
            found.append(Event(entry.at, "message", name))
        elif what == "completed" and tag in SENDING:
            found.append(Event(entry.at, "system", name))
        elif what == "completed" and tag == DECIDING:
            decided.append(name)
        elif what == "cancelled" and tag == USER_TASK:
            found.append(
                Event(entry.at, "system", models.say(f"“{name}”不再需要办理", f"“{name}” is no longer needed"))
            )
        elif what == "failed":
            found.append(Event(entry.at, "trouble", models.say(f"“{name}”没有成功", f"“{name}” failed")))
    if decided:
        rules = models.say("、", ", ").join(dict.fromkeys(decided))
        yield Event(entry.at, "rule", models.say(f"按规则判定：{rules}", f"Decided by the rules: {rules}"))
    yield from found


def _references(value: object) -> Iterable[str]:
    """The ids of texts that a command's input refers to, wherever they stand in it."""
    if isinstance(value, Mapping):
        if set(value) == {"$text"}:
            yield str(value["$text"])
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _completed(entry: Entry, models: Models, tasks: Mapping[str, TaskFact], who: str) -> Event:
    task = tasks.get(str(entry.input.get("task_id")))
    if task is None:
        return Event(entry.at, "person", models.say("办理了一项任务", "Did a task"), who)
    data = entry.input.get("data") or {}
    verb = models.verb(task.form, data.get("outcome")) if isinstance(data, dict) else ""
    name = models.name(task.element_id) or task.name
    done = models.say(f"{name}：{verb}", f"{name}: {verb}")
    return Event(entry.at, "person", done if verb and verb != name else name, who)


_ASSIGNED = {
    "claim": ("领取“{task}”", "Claimed “{task}”"),
    "release": ("退回“{task}”，由同岗位的人办理", "Released “{task}” for others of the same role"),
    "give_back": ("把“{task}”交还给{whom}", "Gave “{task}” back to {whom}"),
    "delegate": ("把“{task}”转交{whom}办理", "Delegated “{task}” to {whom}"),
    "assign": ("把“{task}”指派给{whom}", "Assigned “{task}” to {whom}"),
}


def _assigned(
    entry: Entry, models: Models, tasks: Mapping[str, TaskFact], person: Callable[[str], str], who: str
) -> Event:
    said = entry.input
    task, whom = tasks.get(str(said.get("task_id"))), said.get("assignee")
    name = (models.name(task.element_id) or task.name) if task else models.say("任务", "a task")
    words = models.say(*_ASSIGNED.get(str(said.get("how")), _ASSIGNED["assign"]))
    told = words.format(task=name, whom=person(str(whom)) if whom else "")
    return Event(entry.at, "person", told, who)
