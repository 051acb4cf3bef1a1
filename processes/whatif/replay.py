"""What would have happened: a recorded case played on a draft, with the answers, messages and times that it had.

- A task or job is answered as the same one was (see ``matching``), after as long as it took then: who would have been asked later answers later.
- Messages and operators' acts come when they came; a message that nobody waits for yet is kept, as the platform keeps it.
- Timers go by the clock, which moves from one of these to the next. One that is due when a recorded one was fires when that one did, so that
  the delays of those days are in both plays.
- A new task has no recorded answer: the case has *diverged* there. New jobs that only tell somebody something count as done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from processes.casework.rehearsal import UNTOLD
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.messaging.jobs import CATALOGUE
from processes.whatif.matching import Matching
from processes.whatif.past import Event, Past, after_halts, begin, give, merge
from processes.whatif.player import Answer, Armed, House, Listening, Occurrence, Player
from processes.whatif.trace import JOB, MESSAGE, NOTICE, TASK, Effect, Key, Trace

MOST = 2_000
"""Steps of one play: a timer that fires every minute for a year ends it."""

_BEFORE, _LAST = -1, 1 << 40
"""The order of timers among what happens at the same time: one due by the clock comes before, one that was late then comes after."""

_BLOCKING = ("intermediateCatchEvent", "receiveTask")


@dataclass
class Replayed:
    """What a play on the draft shows. ``diverged``: where no recorded answer was left; ``stuck``: why the draft could not go on, and where;
    ``waits``: it waits for a time that has not come."""

    trace: Trace
    diverged: Effect | None = None
    stuck: BihuanError | None = None
    waits: bool = False


@dataclass(frozen=True)
class _Kept:
    """A message that nobody waits for yet."""

    name: str
    key: str
    payload: Any
    until: datetime


@dataclass(eq=False)
class Replay:
    """One play. ``until``: nothing is known of what came after."""

    past: Past
    matching: Matching
    house: House
    until: datetime
    diverged: Effect | None = None
    _left: dict[Key, list[Occurrence]] = field(default_factory=dict)
    _ahead: list[tuple[datetime, int, int, Event | tuple[Occurrence, Answer]]] = field(default_factory=list)
    _kept: list[_Kept] = field(default_factory=list)
    _counter: int = 0
    _taken: dict[str, Occurrence | None] = field(default_factory=dict)
    """by the id of a task or job here: the recorded one that it counts as"""

    def __post_init__(self) -> None:
        past, record = self.past, self.past.record
        variables = record.entries[0].input.get("variables") or {}
        self.player = Player(self.matching.draft, self.house, record.id, variables, record.place, self.matching.name)
        for element, found in past.occurrences.items():
            if (here := self.matching.draft_of(element)) is not None:
                self._left[here] = list(found)
        for event in past.events:
            self._plan(event.at, event.order, event)
        self._fired = {armed: list(times) for armed, times in past.fired.items()}
        self._late = {armed.due: times[0] for armed, times in past.fired.items()}

    def run(self) -> Replayed:
        """Play it."""
        first = self.past.record.entries[0]
        stuck: BihuanError | None = None
        try:
            self._do(first.at, begin(self.matching.draft, first.kind, first.input, self._start_here))
            for _ in range(MOST):
                if not self._next():
                    break
        except BihuanError as error:
            stuck = error
        player = self.player
        waits = any(armed.due > self.until for armed in player.timers.values())
        if self.diverged is None and stuck is None and player.trace.ended is None:
            self.diverged = self._unanswered(waits)
        player.running.let_go()
        return Replayed(player.trace, self.diverged, stuck, waits)

    def _start_here(self, node: str) -> str:
        here = self.matching.draft_of((self.past.process.id, node))
        return here[1] if here is not None else ""

    # -- what comes next ---------------------------------------------------------------------------------------------

    def _plan(self, at: datetime, order: int, what: Event | tuple[Occurrence, Answer]) -> None:
        self._counter += 1
        heappush(self._ahead, (at, order, self._counter, what))

    def _next(self) -> bool:
        """Whatever comes first: what was recorded, or a timer; whether there was anything."""
        timer = self._timer()
        ahead = self._ahead[0] if self._ahead else None
        if timer is not None and (ahead is None or timer[:2] < ahead[:2]):
            at, _, task_id, due = timer
            self._do(at, lambda running: running.fire_timer(task_id, due), fired=task_id)
            return True
        if ahead is None or ahead[0] > self.until or self.player.trace.ended is not None:
            return False
        at, _, _, what = heappop(self._ahead)
        if isinstance(what, Event):
            self._happen(what)
        elif what[0].open:
            self._give(at, *what)
        return True

    def _timer(self) -> tuple[datetime, int, str, datetime] | None:
        """The timer that fires next by itself: when, in which order, its id, and when it is due."""
        found = None
        for task_id, armed in self.player.timers.items():
            at, order = self._moment(armed)
            if at <= self.until and (found is None or (at, order, task_id) < found[:3]):
                found = (at, order, task_id, armed.due)
        return found

    def _moment(self, armed: Armed) -> tuple[datetime, int]:
        """When a timer of the draft fires: by the clock, unless a recorded one that was due then was late or never did."""
        old = self.matching.old_of(armed.element)
        if old is not None:
            same = Armed(old, armed.due)
            if self._fired.get(same):
                return _NEVER  # the record's own event lets it fire
            if same in self.past.unfired:
                return self.past.unfired[same], _LAST
        late = self._late.get(armed.due)
        if late is not None and late > armed.due:
            return late, _LAST
        now = max(armed.due, self.house.clock.now())
        return after_halts(self.past.halts, now), _BEFORE

    # -- doing it ----------------------------------------------------------------------------------------------------

    def _do(self, at: datetime, work: Any, fired: str = "") -> Any:
        found = self.player.do(at, work, fired)
        self._follow(at)
        return found

    def _follow(self, at: datetime) -> None:
        """Plan the answers to what has opened; hand out messages that have been kept."""
        while self.player.fresh or self.player.heard:
            fresh, self.player.fresh = self.player.fresh, []
            heard, self.player.heard = self.player.heard, []
            for each in fresh:
                self._expect(each, at)
            for listening in heard:
                self._hand_out(listening, at)

    def _expect(self, wait: Occurrence, at: datetime) -> None:
        left = self._left.get(wait.element, [])
        same = next((each for each in left if each.where == wait.where), left[0] if left else None)
        self._taken[wait.id] = same
        if same is not None:
            left.remove(same)
            if same.answer is not None:
                self._plan(at + same.answer.after, same.answer.order, (wait, same.answer))
        elif wait.kind in UNTOLD:
            told = Answer("done", dict(CATALOGUE[wait.kind].example_result), timedelta(), _LAST)
            self._plan(at, _LAST, (wait, told))
        elif self.diverged is None:
            self.diverged = self._effect_of(wait)

    def _give(self, at: datetime, wait: Occurrence, answer: Answer) -> None:
        caught = self._do(at, lambda running: give(running, wait, answer))
        if not caught and self._was_caught(wait):
            raise BihuanError(
                f"业务错误“{answer.code}”没有被任何边界事件捕获", f"nobody catches the business error {answer.code!r}"
            )

    def _was_caught(self, wait: Occurrence) -> bool:
        same = self._taken.get(wait.id)
        return same is not None and not same.open

    def _hand_out(self, listening: Listening, at: datetime) -> None:
        for kept in self._kept:
            wanted = kept.name == listening.name and kept.key == listening.key and kept.until > at
            if wanted and any(each is listening for each in self.player.listening.values()):
                self._kept.remove(kept)
                self._catch(at, listening.task_id, kept)
                return

    def _catch(self, at: datetime, task_id: str, kept: _Kept) -> None:
        self.player.do(at, lambda running: running.catch_message(task_id, kept.name, kept.payload))
        self._follow(at)

    def _happen(self, event: Event) -> None:
        said, at = event.said, event.at
        here = self.matching.draft_of(event.element) if event.element is not None else None
        if event.kind == "Correlate":
            ttl = timedelta(seconds=float(said.get("ttl_seconds", 0)))
            kept = _Kept(said["message"], said.get("key", ""), said["payload"], at + ttl)
            task_id = self.player.receiver(kept.name, kept.key)
            if task_id is None:
                self._kept.append(kept)
            else:
                self._catch(at, task_id, kept)
        elif event.kind == "Signal":
            self._do(at, lambda running: running.catch_signal(said["name"], said["payload"]))
        elif event.kind == "FireTimer":
            self._fire(event, here)
        elif event.kind == "SetVariables":
            self._do(at, lambda running: merge(running, said["variables"], True))
        elif event.kind == "Cancel":
            self._do(at, lambda running: running.cancel())
        elif event.kind == "Replan":
            pass  # here every due time was worked out with the calendar of today
        else:
            self._intervene(event, here)

    def _fire(self, event: Event, here: Key | None) -> None:
        assert event.element is not None
        assert event.due is not None
        times = self._fired.get(Armed(event.element, event.due))
        if times:
            times.pop(0)
        task_id = self.player.timer(here, event.due) if here is not None else None
        if task_id is not None:
            due = event.due
            self._do(event.at, lambda running: running.fire_timer(task_id, due), fired=task_id)

    def _intervene(self, event: Event, here: Key | None) -> None:
        """An operator's hand, where the draft stands at the same element; elsewhere nobody knows what he would have done."""
        at, said = event.at, event.said
        if event.kind in ("FireNow", "MoveTimer"):
            task_id = next((id for id, each in self.player.timers.items() if each.element == here), None)
        else:
            stands = self.player.running.stands()
            found = (each.id for each in stands if (each.element.process_id, each.element.id) == here)
            task_id = next(found, None)
        if task_id is None:
            return
        if event.kind == "FireNow":
            self._do(at, lambda running: running.fire_now(task_id), fired=task_id)
        elif event.kind == "MoveTimer":
            due = event.due or at
            self._do(at, lambda running: running.reschedule(task_id, due))
        elif event.kind == "Skip":
            self._do(at, lambda running: running.skip(task_id, said["variables"]))
        else:
            self._move(event, task_id)

    def _move(self, event: Event, task_id: str) -> None:
        assert event.element is not None
        target = self.matching.draft_of((event.element[0], event.said["target"]))
        if target is None:
            raise NotWaiting(event.said["target"])
        self._do(event.at, lambda running: running.move(task_id, target[1]))

    # -- the end -----------------------------------------------------------------------------------------------------

    def _unanswered(self, waits: bool) -> Effect | None:
        """What the draft waits for at last, although the record has gone on: only where no timer will take over."""
        if waits:
            return None
        for each in self.player.open.values():
            same = self._taken.get(each.id)
            if same is not None and not same.open:
                return self._effect_of(each)
        for listening in self.player.listening.values():
            element = listening.element
            old = self.matching.old_of((element.process_id, element.id))
            if element.tag in _BLOCKING and (old is None or old not in self.past.listening):
                key = (element.process_id, element.id)
                return Effect(MESSAGE, self.matching.name(element), "", "", self.house.clock.now(), key)
        return None

    def _effect_of(self, wait: Occurrence) -> Effect | None:
        for each in reversed(self.player.trace.effects):
            if each.kind in (TASK, JOB, NOTICE) and each.element == wait.element and each.at == wait.at:
                return each
        return None


_NEVER = (datetime.max.replace(tzinfo=UTC), _LAST)


def replay(past: Past, matching: Matching, house: House, until: datetime) -> Replayed:
    """Play a recorded case on a draft, as far as a time."""
    return Replay(past, matching, house, until).run()
