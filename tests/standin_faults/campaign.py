"""Plays the phases on real processes, one after the other, and says of each what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import exists, func, or_, select

from processes.store.tables import InboxMessage, Incident, OutboxMessage, Parcel, RefusedMessage, Timer, UserTask
from tests.faults import checker as stories
from tests.faults.world import Tell, World
from tests.standin_faults import checker, models
from tests.standin_faults.people import People
from tests.standin_faults.phases import Phase
from tests.standin_faults.problems import Problem, draw

STILL = 0.7
"""Seconds without any progress after which the clock is moved, so that backoffs run out: nobody waits for them in real time."""

NUDGE = timedelta(seconds=31)
"""More than a job's first backoffs."""

LATE = timedelta(days=4)
"""After so long whoever has not signed is reminded, whatever weekend there is between."""

STUCK = 60.0
"""Seconds without any progress after which what has not ended counts as lost."""

HANDS = 4
"""Tasks that people do at once."""

_LOOK = 0.1


@dataclass
class Row:
    """A line of the table. ``met``: how often the fault came; ``incidents``, ``refused``: what people saw of it."""

    phase: str
    problems: int
    met: int = 0
    effects: int = 0
    prevented: int = 0
    incidents: int = 0
    refused: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    story: str = ""


class Campaign:
    """``with Campaign(world, seed) as campaign``: the outside acts by itself, people do what is to be done."""

    def __init__(self, world: World, seed: int, *, stuck: float = STUCK, tell: Tell = print) -> None:
        self._world, self._seed, self._stuck, self._tell = world, seed, stuck, tell
        self._http = httpx.Client(trust_env=False, timeout=60.0)
        self._people = People(world, self._http)
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="people")
        self._outside = checker.Outside(world.standins)

    def __enter__(self) -> Campaign:
        with closing(self._world.api()) as operator:
            operator.upload("/api/reference", models.reference(), {})
            operator.upload("/api/deploy", models.diagrams(), {})
        self._act("ratings/script", {"ratings": [5]})
        self._act("seven-lists/script", {"steps": ["accept", "measures", "rectification", "strike_off"]})
        self._act("boards/script", {"steps": ["accept", "progress", "result"]})
        return self

    def __exit__(self, *_: object) -> None:
        self._hands.shutdown()
        self._http.close()

    def play(self, phase: Phase, problems: int) -> Row:
        """Play a phase to its end."""
        began, chance = time.monotonic(), random.Random(f"{self._seed}/{phase.name}")
        drawn = draw(f"f{phase.name.replace(' ', '-')}", problems, chance, phase.sort)
        row = Row(phase.name, problems)
        before = self._counts(phase)
        exits = len(self._world.exits)
        self._people.slow_to_sign, self._people.mending = phase.reminders, False
        for fault in phase.faults(chance.randrange(1 << 30)):
            self._control("POST", fault)
        self._file(drawn)
        if not self._settle(drawn, lambda fate: fate.explained):
            row.wrong += self._unexplained(drawn)
        row.wrong += self._unkept()
        met, incidents, refused, _ = self._counts(phase)
        row.met, row.incidents, row.refused = met - before[0], incidents - before[1], refused - before[2]
        self._control("DELETE")
        self._mend()
        self._settle(drawn, lambda fate: fate.closed)
        self._check(row, drawn)
        row.prevented = self._counts(phase)[3] - before[3]
        row.wrong += [f"ended by itself: {each}" for each in self._world.exits[exits:]]
        row.wrong += [f"nobody could do the task {each}" for each in self._people.puzzled]
        if not row.met:
            row.wrong.append("the fault never came: the phase has shown nothing")
        row.seconds = time.monotonic() - began
        self._world.keep_folder = self._world.keep_folder or bool(row.wrong)
        return row

    # -- the outside ---------------------------------------------------------------------------------------------------

    def _act(self, action: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"{self._world.standins_url}/control/{action}", json=body)
        return answer.raise_for_status().json()

    def _control(self, method: str, fault: dict[str, object] | None = None) -> Any:
        answer = self._http.request(method, f"{self._world.standins_url}/control/faults", json=fault)
        return answer.raise_for_status().json()

    def _file(self, problems: Sequence[Problem]) -> None:
        """People file their problems, each in the system of its channel."""
        for channel in sorted({each.channel for each in problems}):
            orders = [dict(each.order) for each in problems if each.channel == channel]
            self._act(f"{channel}/orders", {"orders": orders})

    def _mend(self) -> None:
        """All is well again outside; people retry incidents, and have what was refused sent once more."""
        self._people.slow_to_sign, self._people.mending = False, True
        for path in self._world.standins.glob("*.sqlite"):
            self._act(f"{path.stem}/resend", {})

    # -- waiting -------------------------------------------------------------------------------------------------------

    def _settle(self, problems: Sequence[Problem], done: Callable[[checker.Fate], bool]) -> bool:
        """Let people work until every problem is ``done`` and nothing moves any more; False when it does not come to that."""
        seen, moved, nudged = None, time.monotonic(), time.monotonic()
        while True:
            self._people.look(self._hands)
            signs, now = self._signs(), time.monotonic()
            if signs != seen:
                seen, moved, nudged = signs, now, now
            if now - nudged > STILL:
                still = not self._on_its_way()
                if still and all(done(fate) for fate in self._fates(problems)):
                    return True
                if now - moved > self._stuck:
                    return False
                if still:
                    nudged = now
                    self._world.advance(LATE if self._people.await_reminders() else NUDGE)
            time.sleep(_LOOK)

    def _fates(self, problems: Sequence[Problem]) -> list[checker.Fate]:
        refused = self._outside.refused()
        with self._world.observed.read() as connection:
            return checker.fates(connection, problems, refused)

    def _on_its_way(self) -> bool:
        """Whether a timer is still to fire, or somebody is delivering a message: were his lease to run out by a leap of the clock, another
        would deliver it as well, and one attempt at a job would be two."""
        now = self._world.clock.now()
        due = exists().where(Timer.due_at <= now, Timer.incident_id.is_(None))
        leased = exists().where(OutboxMessage.leased_until > now, OutboxMessage.dead_at.is_(None))
        kept = exists().where(Parcel.id.is_not(None))
        with self._world.observed.read() as connection:
            return bool(connection.scalar(select(or_(due, leased, kept))))

    def _signs(self) -> tuple[int, ...]:
        """What changes while anything moves."""
        with self._world.observed.read() as connection:
            settled = connection.scalar(select(func.count()).select_from(InboxMessage)) or 0
            refused = connection.scalar(select(func.count()).select_from(RefusedMessage)) or 0
            leaving = connection.scalar(select(func.count()).select_from(OutboxMessage)) or 0
            tasks = connection.scalar(select(func.count()).where(UserTask.state == "open")) or 0
        return settled, refused, leaving, tasks, len(self._people.done)

    def _counts(self, phase: Phase) -> tuple[int, int, int, int]:
        """Up to now: faults of the phase that came, incidents, refused messages, duplicates prevented."""
        taken = self._control("GET")["taken"]
        met = sum(taken.get(system, {}).get(kind, 0) for system, kind in phase.counted)
        with self._world.observed.read() as connection:
            incidents = connection.scalar(select(func.count()).select_from(Incident)) or 0
            refused = connection.scalar(select(func.count()).select_from(RefusedMessage)) or 0
        return met, incidents, refused, self._world.duplicates()

    # -- checking ------------------------------------------------------------------------------------------------------

    def _unexplained(self, problems: Sequence[Problem]) -> list[str]:
        left = [fate for fate in self._fates(problems) if not fate.explained]
        return [f"{fate.problem.original} waits, and nobody sees why" for fate in left]

    def _unkept(self) -> list[str]:
        refused = self._outside.refused()
        with self._world.observed.read() as connection:
            return [f"{id_} was refused, and is not in the quarantine" for id_ in checker.unkept(connection, refused)]

    def _check(self, row: Row, problems: Sequence[Problem]) -> None:
        ended = self._fates(problems)
        with self._world.observed.read() as connection:
            found = checker.check(connection, ended, self._outside.effects(), self._outside.tries())
            row.story = stories.story(connection, found.numbers)
        row.wrong += found.wrong
        row.effects = found.effects


def line(row: Row) -> str:
    """A row of the table; what is wrong and the history of those cases below it."""
    verdict = "ok" if not row.wrong else f"{len(row.wrong)} VIOLATIONS"
    numbers = f"{row.problems:8} {row.met:6} {row.effects:8} {row.prevented:10} {row.incidents:10} {row.refused:8}"
    text = f"{row.phase:28} {numbers} {row.seconds:8.1f}  {verdict}"
    if row.wrong:
        text += "".join(f"\n    ✗ {each}" for each in row.wrong[:20])
        text += f"\n{row.story}" if row.story else ""
    return text


HEAD = f"{'fault':28} {'problems':>8} {'came':>6} {'effects':>8} {'prevented':>10} {'incidents':>10} {'refused':>8} {'seconds':>8}  verdict"
