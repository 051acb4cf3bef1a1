"""What happened: an instance played again on the version that it ran on, command by command, which must give what its history says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.kernel.instance import RunningInstance
from processes.kernel.plan import Element, Process, Start
from processes.runtime.handlers import LATE, TIMER
from processes.store.history import Entry
from processes.whatif.player import Answer, Armed, House, Occurrence, Player
from processes.whatif.record import Record
from processes.whatif.trace import Key, Trace

_FAR = datetime.max.replace(tzinfo=UTC)

STARTS = ("Start", "Correlate")

IDLE = frozenset({"Assign", "FailJob", "AcceptJob", "ExtendJob", "HandOnJob", "RetryJob", "Continue"})
"""Kinds of commands that move no token (of what a slice had no time for all is done at once here)."""


class Unfaithful(BihuanError):
    """Played again on its own version, the instance does not do what its history says."""


@dataclass(frozen=True)
class Event:
    """Something that came at its own time, whatever the case was doing: ``kind`` is the command's; ``element``: where it came to."""

    at: datetime
    order: int
    kind: str
    said: Mapping[str, Any]
    element: Key | None = None
    due: datetime | None = None


@dataclass
class Past:
    """An instance's course: what it shows, what was open and how it was answered, and what came at its own time."""

    record: Record
    process: Process
    trace: Trace = field(default_factory=Trace)
    occurrences: dict[Key, list[Occurrence]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    listening: set[Key] = field(default_factory=set)
    """where messages were waited for at last"""
    fired: dict[Armed, list[datetime]] = field(default_factory=dict)
    """when each timer fired that did"""
    unfired: dict[Armed, datetime] = field(default_factory=dict)
    """until when a timer had not fired that was due before; those that ran at last will not: nothing is known of what came after"""
    halts: list[tuple[datetime, datetime]] = field(default_factory=list)
    """from when to when the instance was suspended"""

    @property
    def began(self) -> datetime:
        """When the instance was started."""
        return self.record.entries[0].at


def past_of(record: Record, process: Process, house: House) -> Past:
    """The course of an instance. Raises :class:`Unfaithful`."""
    return _Reading(record, process, house).read()


class _Reading:
    def __init__(self, record: Record, process: Process, house: House) -> None:
        if not record.entries or record.entries[0].kind not in STARTS:
            raise Unfaithful("办理记录不完整，找不到开始的一条", "the history does not begin with a start")
        said = record.entries[0].input
        self.record, self.process, self.past = record, process, Past(record, process)
        variables = said.get("variables") or {}
        self.player = Player(process, house, record.id, variables, record.place, called)
        self.past.trace = self.player.trace
        self._halted: datetime | None = None

    def read(self) -> Past:
        record, player, past = self.record, self.player, self.past
        for number, entry in enumerate(record.entries):
            try:
                self._take(number, entry)
            except BihuanError as error:
                raise Unfaithful(
                    f"第 {number + 1} 条记录重放不了：{error.zh}", f"entry {number + 1}: {error.en}"
                ) from error
            for each in player.fresh:
                past.occurrences.setdefault(each.element, []).append(each)
            player.fresh.clear()
            player.heard.clear()
            past.unfired |= {each: entry.at for each in player.withdrawn if each.due <= entry.at}
        self._compare()
        past.unfired |= dict.fromkeys(player.timers.values(), _FAR)
        past.listening = {(each.element.process_id, each.element.id) for each in player.listening.values()}
        player.running.let_go()
        return past

    def _compare(self) -> None:
        recorded = [step for entry in self.record.entries for step in entry.steps]
        for was, now in zip(recorded, self.player.steps, strict=False):
            if was != now:
                raise Unfaithful(
                    f"重放到“{was[0]}”这一步与记录不同（得到“{now[0]}”）",
                    f"the record says {was}, played again it is {now}",
                )
        if len(recorded) != len(self.player.steps):
            raise Unfaithful("重放的步数与记录不同", f"{len(recorded)} steps recorded, {len(self.player.steps)} played")

    # -- commands ----------------------------------------------------------------------------------------------------

    def _take(self, number: int, entry: Entry) -> None:
        if number == 0:
            work = begin(self.process, entry.kind, entry.input)
            self.player.do(entry.at, work)
        elif entry.kind == "Resolve":
            self._resolve(number, entry)
        elif entry.kind not in IDLE:
            _COMMANDS[entry.kind](self, number, entry)

    def _do(self, entry: Entry, work: Callable[[RunningInstance], Any]) -> Any:
        return self.player.do(entry.at, work)

    def _event(self, number: int, entry: Entry, element: Key | None = None, due: datetime | None = None) -> None:
        self.past.events.append(Event(entry.at, number, entry.kind, entry.input, element, due))

    def _answer(self, number: int, entry: Entry, task_id: str, how: str, data: Any, code: str = "") -> None:
        found = self.player.open.get(task_id)
        if found is None:
            raise NotWaiting(task_id)
        answer = Answer(how, data, entry.at - found.at, number, code)
        if self._do(entry, lambda running: give(running, found, answer)):
            found.answer = answer

    def _complete(self, number: int, entry: Entry) -> None:
        self._answer(number, entry, entry.input["task_id"], "done", entry.input["data"])

    def _result(self, number: int, entry: Entry) -> None:
        self._answer(number, entry, entry.input["job_id"], "done", entry.input["result"])

    def _error(self, number: int, entry: Entry) -> None:
        said = entry.input
        variables = {"message": said.get("message", ""), **(said.get("variables") or {})}
        self._answer(number, entry, said["job_id"], "error", variables, said["code"])

    def _resolve(self, number: int, entry: Entry) -> None:
        """A failed job that counts as done; or variables before a failed command is tried again, which has entries of its own."""
        same = [each for each in self.record.entries[number + 1 :] if each.command_id == entry.command_id]
        if entry.steps and entry.input["action"] == "skip":
            element, process, _ = entry.steps[0]
            job = next((id for id, each in self.player.open.items() if each.element == (process, element)), "")
            self._answer(number, entry, job, "done", dict(entry.input["variables"]))
        elif same and entry.input["variables"]:
            self._set(number, entry)

    def _tell(self, number: int, entry: Entry) -> None:
        said = entry.input
        name, key = said["message"], said.get("key", "")
        task_id = self.player.receiver(name, key)
        if task_id is None:
            raise NotWaiting(name)
        self._do(entry, lambda running: running.catch_message(task_id, name, said["payload"]))
        self._event(number, entry)

    def _signal(self, number: int, entry: Entry) -> None:
        self._do(entry, lambda running: running.catch_signal(entry.input["name"], entry.input["payload"]))
        self._event(number, entry)

    def _fire(self, number: int, entry: Entry) -> None:
        task_id, due = entry.input["task_id"], datetime.fromisoformat(entry.input["due_at"])
        armed = self.player.timers.get(task_id)
        self.player.do(entry.at, lambda running: running.fire_timer(task_id, due), fired=task_id)
        assert armed is not None
        self.past.fired.setdefault(armed, []).append(entry.at)
        self._event(number, entry, armed.element, due)

    def _fire_now(self, number: int, entry: Entry) -> None:
        task_id = entry.input["task_id"]
        armed = self.player.timers.get(task_id)
        self.player.do(entry.at, lambda running: running.fire_now(task_id), fired=task_id)
        self._event(number, entry, armed.element if armed else None)

    def _reschedule(self, number: int, entry: Entry) -> None:
        task_id, due = entry.input["task_id"], _moment(entry.input["due_at"])
        armed = self.player.timers.get(task_id)
        self._do(entry, lambda running: running.reschedule(task_id, due))
        self._event(number, entry, armed.element if armed else None, due)

    def _skip(self, number: int, entry: Entry) -> None:
        task_id, variables = entry.input["task_id"], entry.input["variables"]
        if task_id in self.player.open:
            self._answer(number, entry, task_id, "skip", variables)
            return
        element = self._standing(task_id)
        self._do(entry, lambda running: running.skip(task_id, variables))
        self._event(number, entry, element)

    def _move(self, number: int, entry: Entry) -> None:
        element = self._standing(entry.input["task_id"])
        self._do(entry, lambda running: running.move(entry.input["task_id"], entry.input["target"]))
        self._event(number, entry, element)

    def _standing(self, task_id: str) -> Key | None:
        stands = (each.element for each in self.player.running.stands() if task_id in (each.id, *each.watches))
        return next(((each.process_id, each.id) for each in stands), None)

    def _set(self, number: int, entry: Entry) -> None:
        variables = entry.input["variables"]
        self._do(
            entry, lambda running: merge(running, variables, self._halted is None and entry.kind == "SetVariables")
        )
        self.past.events.append(Event(entry.at, number, "SetVariables", entry.input))

    def _cancel(self, number: int, entry: Entry) -> None:
        self._do(entry, lambda running: running.cancel())
        self._event(number, entry)

    def _suspend(self, _number: int, entry: Entry) -> None:
        self._halted = entry.at

    def _resume(self, _number: int, entry: Entry) -> None:
        if self._halted is not None:
            self.past.halts.append((self._halted, entry.at))
        self._halted = None
        self._do(entry, lambda running: running.run())

    def _replan(self, number: int, entry: Entry) -> None:
        def work(running: RunningInstance) -> None:
            for each in [each for each in running.waits() if each.time is not None and each.time.provisional]:
                running.replan_timer(each.task_id)

        self._do(entry, work)
        self._event(number, entry)

    def _migrate(self, _number: int, _entry: Entry) -> None:
        raise Unfaithful("办理中迁移过版本的问题不重放", "an instance that was taken to another version is not played")


_COMMANDS: dict[str, Callable[[_Reading, int, Entry], None]] = {
    "CompleteTask": _Reading._complete,
    "CompleteJob": _Reading._result,
    "ThrowJobError": _Reading._error,
    "Correlate": _Reading._tell,
    "Signal": _Reading._signal,
    "FireTimer": _Reading._fire,
    "FireNow": _Reading._fire_now,
    "MoveTimer": _Reading._reschedule,
    "Skip": _Reading._skip,
    "Move": _Reading._move,
    "SetVariables": _Reading._set,
    "Cancel": _Reading._cancel,
    "Suspend": _Reading._suspend,
    "Resume": _Reading._resume,
    "Replan": _Reading._replan,
    "Migrate": _Reading._migrate,
}


# -- what plays of both kinds do -----------------------------------------------------------------------------------------


def called(element: Element) -> str:
    """What an element counts as on its own version."""
    return element.name or element.id


def begin(
    process: Process, kind: str, said: Mapping[str, Any], node: Callable[[str], str] = lambda each: each
) -> Callable[[RunningInstance], None]:
    """Begin as the first command of an instance says. ``node``: what a start event is called here. Raises ``NotWaiting``."""
    event = f"message:{said['message']}" if kind == "Correlate" else str(said.get("event") or "")
    if not event:
        return lambda running: running.begin()
    start = _start(process.starts, event.replace(LATE, TIMER, 1), node)
    return lambda running: running.begin_at(start, said.get("payload") or {})


def _start(starts: Sequence[Start], event: str, node: Callable[[str], str]) -> Start:
    kind, _, name = event.partition(":")
    for start in starts:
        if start.kind == kind and (node(name) == start.node_id if kind == "timer" else name == start.name):
            return start
    raise NotWaiting(event)


def give(running: RunningInstance, wait: Occurrence, answer: Answer) -> bool:
    """Answer an open task or job; False when it is a business error that nobody catches."""
    if answer.how == "error":
        return running.throw_error(wait.id, answer.code, answer.data)
    if answer.how == "skip":
        running.skip(wait.id, answer.data)
    elif wait.kind == "task":
        running.complete_task(wait.id, answer.data)
    else:
        running.complete_job(wait.id, answer.data)
    return True


def merge(running: RunningInstance, variables: Mapping[str, Any], run: bool) -> None:
    """Correct variables, and let the instance go on with them."""
    running.merge_variables(variables)
    if run:
        running.run()


def after_halts(halts: Sequence[tuple[datetime, datetime]], at: datetime) -> datetime:
    """When something happens that is due at a time: not while the instance is suspended."""
    found = bisect_right([since for since, _ in halts], at) - 1
    return max(at, halts[found][1]) if found >= 0 else at


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
