"""One trial: cases under a fault, until all has settled; then what the checker says."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import httpx
from sqlalchemy import func, select

from processes.casework.reference import Reference
from processes.store.tables import BufferedMessage, HistoryEntry, Instance, OutboxMessage, Parcel
from tests.faults import checker, kinds
from tests.faults.cases import draw, instances_of
from tests.faults.kinds import CLOSED, Kind
from tests.faults.load import ODD, Load
from tests.faults.world import World
from workers.bus.amqp import AmqpBus

STILL = 0.7
"""Seconds without any progress after which the clock is moved, so that leases and backoffs run out: nobody waits for them in real time."""

NUDGE = timedelta(seconds=31)
"""More than a relay's lease and than a job's first backoffs."""

STUCK = 100.0
"""Seconds without any progress after which what has not ended counts as lost: longer than the broker's own waits (60 s on the third
failure of a delivery) and than three heartbeats."""

NUDGES = 60
"""How often the clock is moved in a trial at most: half an hour, so that early messages do not expire."""

_LOOK = 0.1


@dataclass
class Row:
    """A line of the table."""

    scenario: str
    cases: int
    kills: int = 0
    effects: int = 0
    duplicates: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    story: str = ""
    note: str = ""
    failpoint: str = ""

    def add(self, more: Row) -> None:
        """A second try of the same scenario."""
        self.cases, self.kills, self.effects = (
            self.cases + more.cases,
            self.kills + more.kills,
            self.effects + more.effects,
        )
        self.duplicates += more.duplicates
        self.wrong, self.story = self.wrong + more.wrong, f"{self.story}\n{more.story}".strip()


Fault = Callable[["Trial"], None]
"""What goes wrong, while the load is running. It ends with everything whole again."""

_numbers = count(1)


class Trial:
    """Cases under a fault. ``kills``: faults may count what they did."""

    def __init__(
        self,
        world: World,
        scenario: str,
        cases: int,
        chance: random.Random,
        mix: Sequence[Kind],
        *,
        problems: int = 0,
        oddities: bool = False,
        models: bool = False,
        stuck: float = STUCK,
    ) -> None:
        self._stuck = stuck
        self.world, self.scenario, self.chance = world, scenario, chance
        self.name = f"t{next(_numbers):03}"
        self.kills = 0
        self.note = ""
        drawn = draw(self.name, max(cases - problems, 0), mix, world.plan.lane, chance)
        self.load = Load(world, self.name, drawn, problems=problems, oddities=oddities, models=models)
        self._oddities = oddities
        self._nudges = 0

    def run(self, fault: Fault) -> Row:
        """Load, fault, settle, check."""
        began, duplicates, exits = time.monotonic(), self.world.duplicates(), len(self.world.exits)
        dead = sum(self.world.deaths.values())
        self.load.start()
        try:
            fault(self)
            settled = self.settle()
        finally:
            self.load.close()
        row = Row(self.scenario, len(self.load.cases) + self.load.problems)
        row.wrong, row.story, row.effects = self._check(settled)
        row.wrong += [f"the watchdog ended {each}" for each in self.world.exits[exits:] if each in self.world.stalls()]
        row.duplicates = self.world.duplicates() - duplicates
        row.kills = self.kills + sum(self.world.deaths.values()) - dead
        row.seconds = time.monotonic() - began
        resolved = ", ".join(f"{times} x {what}" for what, times in self.load.clerk.resolved.items())
        row.note = "; ".join(each for each in (self.note, f"resolved: {resolved}" if resolved else "") if each)
        if row.wrong:
            self.world.keep_folder = True
        return row

    # -- for faults ----------------------------------------------------------------------------------------------------

    def until_accepted(self, share: float, seconds: float = 60.0) -> None:
        """Wait until this share of the messages has arrived, or the time is over: the fault comes into the midst of the work."""
        wanted = share * sum(len(case.messages) for case in self.load.cases)
        self.until(lambda: len(self.load.accepted) >= wanted, seconds)

    def until(self, what: Callable[[], bool], seconds: float) -> bool:
        """Wait until it is so; False when it is not within that time."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK / 2)
        return True

    def until_still(self, what: Callable[[], bool], sign: Callable[[], object], seconds: float) -> None:
        """Wait until it is so, or the sign has not changed for that time: however slow the machine is."""
        seen, moved = sign(), time.monotonic()
        while not what() and time.monotonic() - moved < seconds:
            if sign() != seen:
                seen, moved = sign(), time.monotonic()
            time.sleep(_LOOK / 2)

    def rest(self, seconds: float) -> None:
        """Let the fault last."""
        threading.Event().wait(seconds)

    @property
    def busy(self) -> bool:
        """Whether there is something left to disturb."""
        try:
            return not (self.load.all_sent and self._unfinished() == 0)
        except Exception:
            return True  # our own look at the database was cut off by the fault

    # -- settling ------------------------------------------------------------------------------------------------------

    def settle(self) -> bool:
        """Wait until every case has ended and nothing is under way any more, twice in a row: what was on a queue at the look into the database
        may be in the database at the look at the queues. False when nothing moves while some have not ended."""
        seen, calm, moved, nudged = None, None, time.monotonic(), time.monotonic()
        while True:
            try:
                signs = self._signs()
                if not self._settled(signs):
                    calm = None
                elif signs == calm:
                    return True
                else:
                    calm = signs
            except Exception:
                signs = calm = None  # the database or the broker is away: not for ever
            now = time.monotonic()
            if signs != seen:
                seen, moved, nudged = signs, now, now
            if now - moved > self._stuck:
                return False
            if now - nudged > STILL and self._nudges < NUDGES and self.load.all_sent:
                nudged = now
                self._nudges += 1
                self.world.advance(NUDGE)
            time.sleep(_LOOK)

    def _signs(self) -> tuple[int, ...]:
        """What changes while anything moves: history, outbox, what the outside was told; and how many cases are unfinished."""
        with self.world.observed.read() as connection:
            told = connection.execute(select(func.count()).select_from(HistoryEntry)).scalar_one()
            waiting = connection.execute(
                select(func.count(), func.coalesce(func.sum(OutboxMessage.attempts), 0)).select_from(OutboxMessage)
            ).one()
            parcels = connection.execute(select(func.count()).select_from(Parcel)).scalar_one()
            early = connection.execute(select(func.count()).select_from(BufferedMessage)).scalar_one()
        return (self._unfinished(), told, waiting[0] + parcels, waiting[1], early, self.load.progress)

    def _unfinished(self) -> int:
        """Instances that the cases are short of."""
        low, high = self.load.bounds
        wanted = sum(sum(instances_of(case).values()) for case in self.load.cases)
        with self.world.observed.read() as connection:
            ended = connection.execute(
                select(func.count())
                .select_from(Instance)
                .where(Instance.key >= low, Instance.key < high, Instance.status == "completed")
            ).scalar_one()
        return max(wanted - int(ended), 0)

    def _settled(self, signs: tuple[int, ...]) -> bool:
        if not self.load.all_sent or signs[0] or signs[2]:
            return False
        return not {name for name in self.world.queue_depths() if name != "dead"}

    # -- checking ------------------------------------------------------------------------------------------------------

    def _check(self, settled: bool) -> tuple[list[str], str, int]:
        load = self.load
        outside = checker.Outside(self.world.effects("notices"), load.accepted)
        with self.world.observed.read() as connection:
            found = checker.check(connection, load.cases, outside, load.bounds)
            if self._oddities and checker.refused(connection, self.name) < ODD:
                found.add("", "a message that was refused was not kept")
            lost = set(self.load.garbage) - checker.quarantined(connection)
            for each in sorted(lost):
                found.add("", f"{each} is not in the quarantine")
            story = checker.story(connection, found.cases)
        if self._oddities:
            told = [each for each in self.world.effects("hotline") if each["subject"] == f"{self.name}-row"]
            if [each["kind"] for each in told] != ["refused"]:
                found.add("", f"the refused report was told {[each['kind'] for each in told]}")
        found.wrong += load.wrong
        found.wrong += self._dead_letters()
        if not settled:
            found.wrong.insert(0, f"nothing moved for {self._stuck:g} s; on the queues: {self.world.queue_depths()}")
        return found.wrong, story, found.effects

    def _dead_letters(self) -> list[str]:
        """Only garbage that went to workers may be given up, and all of it must be."""
        if not self.world.nodes:
            return []
        bus = AmqpBus(self.world.amqp_url(), name="checker")
        letters = bus.dead_letters(10_000)
        ids = {letter.message.id for letter in letters}
        wrong = [
            f"given up: {letter.topic} {letter.message.id}: {letter.reason}"
            for letter in letters
            if not letter.message.id.startswith("garbage-")
        ]
        return wrong + [f"{each} is not among the dead letters" for each in self.load.no_jobs if each not in ids]


def prepare(world: World) -> list[str]:
    """Deploy the kinds' diagrams and close the order that ``error`` cases are about; returns which kinds this engine refuses."""
    with world.observed.read() as connection:
        good, refused = kinds.executable(Reference.read(connection))
    api = world.api()
    api.upload("/api/deploy", kinds.files(good), {})
    api.close()
    httpx.post(f"{world.standins_url}/hotline/orders/{CLOSED}/progress", json={"text": "faults"}).raise_for_status()
    outside = world.outside()
    outside.act("hotline/close", {"original": CLOSED}, "faults-close")
    outside.close()
    world.mix = good
    return refused
