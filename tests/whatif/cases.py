"""Cases of every kind, run on the real engine in memory: people who answer at random, systems, messages, timers in time and late."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from processes.casework.functions import Snapshots
from processes.errors import BihuanError
from processes.messaging.jobs import CATALOGUE
from processes.notation.bundle import read_folder
from processes.orchestrator import JobView, Orchestrator, TaskView
from processes.scenarios.stage import Stage
from processes.store.tables import JOB_IS_OPEN, HistoryEntry, Instance, Job, Subscription

MODELS = Path("bpmn")
PLACE = "330502"
BOARDS = ("basic", "project", "policy", "finance", "talent", "legal", "innovation", "opening")
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

OUTCOMES: Mapping[str, Mapping[str, int]] = {
    "sign": {"accept": 8, "dispute": 2},
    "dispute_ruling": {"uphold": 3, "reassign": 4, "take_back": 2},
    "handle": {"answer": 12, "extend": 2, "ask": 2, "cannot": 2, "department": 2},
    "department_handle": {"reply": 3, "back": 1},
    "extension_ruling": {"grant": 2, "refuse": 1},
    "route": {"board": 4, "coordination": 2, "leadership": 2, "answered": 3},
    "consult": {"contribute": 4, "decline": 1},
    "compose": {"answered": 5, "again": 1, "leadership": 1, "cannot": 1},
    "leader_in_charge": {"instructed": 3, "passed": 1},
    "principal_leader": {"instructed": 3, "passed": 1},
    "reform_office": {"answered": 3, "passed": 1},
    "task_force": {"answered": 2, "explained": 1, "carried": 1},
    "carry_review": {"answered": 2, "explained": 1, "carried": 1},
}
"""What people choose, and how often, by the element's id."""


class Town(Stage):
    """A stage on which jobs have no usual answers: nobody looks for them after every command."""

    def settle(self) -> None:
        """Deliver messages between instances."""
        Orchestrator.settle(self)


class Crowd:
    """See above. ``stage`` has their history afterwards."""

    def __init__(self, seed: int = 1) -> None:
        self.files = read_folder([MODELS])
        self.stage = Town(self.files, MODELS / "reference")
        self.snapshots = Snapshots(self.stage.database)
        self._chance = random.Random(seed)
        self._problems = [
            json.loads(line)["report"] for line in (MODELS / "demo/problems.jsonl").open(encoding="utf-8")
        ]
        self._last = BEGIN
        self._idle = 0

    @cached_property
    def until(self) -> datetime:
        """After everything that has happened."""
        return self._last + timedelta(days=1)

    def live(self, count: int, told: Callable[[int], bool] = lambda done: True) -> list[str]:
        """Run some cases; returns the ids of their instances. ``told`` hears now and then how many are done, and whether to go on is its say."""
        found = []
        for number in range(count):
            found.append(self._case(number))
            if not (number + 1) % 100 and not told(number + 1):
                break
        return found

    def keep(self, file: Path) -> None:
        """Write the database of all cases down."""
        file.write_bytes(self.stage._driver.serialize())

    def restore(self, file: Path) -> list[str]:
        """Have the cases that were kept; returns the ids of their instances."""
        self.stage._driver.deserialize(file.read_bytes())
        with self.stage.database.read() as connection:
            self._last = connection.scalar(select(func.max(HistoryEntry.at))) or BEGIN
        return list(self.instances())

    def instances(self) -> Sequence[str]:
        """All that there are."""
        with self.stage.database.read() as connection:
            return connection.execute(select(Instance.id).order_by(Instance.created_at, Instance.id)).scalars().all()

    # -- one case ----------------------------------------------------------------------------------------------------

    def _case(self, number: int) -> str:
        stage, chance = self.stage, self._chance
        stage.record.clear()
        self._idle = 0
        stage.clock.set(BEGIN + timedelta(seconds=chance.randrange(60 * 86_400)))
        problem = chance.choice(self._problems)
        case = {"id": f"c-{number}", "number": f"{PLACE}-26-{number:05}-5", "place": PLACE, "report": f"r-{number}"}
        case |= {"channel": problem["channel"], "route": "enterprise", "original": f"o-{number}", "parent": None}
        report = {"id": f"r-{number}", "title": problem["title"], "text": problem["body"], "channel": case["channel"]}
        report |= {"original": case["original"], "enterprise": {"named": True, "uscc": True}, "similar": None}
        variables = {"case": case, "report": report, "excluded": [], "confidential": False}
        variables["received_at"] = stage.clock.now().isoformat()
        instance = stage.start("handling", variables, place=PLACE, id=f"case:{number}")
        for _ in range(60):
            if chance.random() < 0.01 or not self._step(instance):
                break
        self._last = max(self._last, stage.clock.now())
        return instance

    def _step(self, instance: str) -> bool:
        """Let somebody do something after a while; False when the case is over."""
        stage, chance = self.stage, self._chance
        possible = [*stage.tasks(instance), *self._jobs(instance), *self._waits(instance)]
        if not possible:
            self._idle += 1
            if self._idle > 2 or stage.instance(instance).state != "active":
                return False
            stage.advance(timedelta(days=3))
            return True
        what = chance.choice(possible)
        quick = isinstance(what, JobView)
        wait = timedelta(seconds=round(chance.expovariate(1 / (60 if quick else 90_000))))
        if chance.random() < 0.2:  # the engine is away: what is due meanwhile is late
            stage.clock.set(stage.clock.now() + wait)
        else:
            stage.advance(wait)
        try:
            self._act(what)
        except BihuanError:
            return True  # a timer was first
        return True

    def _jobs(self, instance: str) -> Iterator[JobView]:
        with self.stage.database.read() as connection:
            rows = connection.execute(select(Job.__table__).where(Job.instance_id == instance, JOB_IS_OPEN)).all()
        for r in rows:
            yield JobView(r.id, r.instance_id, r.element_id, r.topic, r.arguments, 1)

    def _waits(self, instance: str) -> Sequence[Any]:
        own = select(Subscription.__table__).where(Subscription.instance_id == instance)
        with self.stage.database.read() as connection:
            return [each for each in connection.execute(own).all() if each.message in MESSAGES]

    def _act(self, what: Any) -> None:
        stage, chance = self.stage, self._chance
        if isinstance(what, TaskView):
            stage.complete(what.id, self._form(what), actor="someone")
        elif isinstance(what, JobView):
            kind = CATALOGUE[what.topic]
            if kind.errors and chance.random() < 0.05:
                stage.throw_error(what.id, next(iter(kind.errors)))
            else:
                stage.complete_job(what.id, dict(kind.example_result))
        else:
            stage.correlate(what.message, what.key, chance.choice(MESSAGES[what.message]))

    def _form(self, task: TaskView) -> Mapping[str, Any]:
        chance = self._chance
        outcomes = OUTCOMES.get(task.element, {"answered": 1})
        outcome = chance.choices(list(outcomes), list(outcomes.values()))[0]
        boards = [f"{PLACE}.{each}" for each in chance.sample(BOARDS, 3)]
        said = {
            "outcome": outcome,
            "reason": "另有情况。",
            "note": "已看。",
            "opinion": "同意。",
            "instruction": "请抓紧。",
        }
        said |= {
            "answer": "已办结。",
            "resolution": chance.choice(["solved", "partly", "explained"]),
            "question": "在哪？",
        }
        return {**said, "days": 3, "new_board": boards[0], "board": boards[0], "boards": boards[:2], "department": None}


_ANSWERED = {"answer": "市里已专题研究。", "resolution": "solved", "from": "3305"}

MESSAGES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "supplement.answered": [{"answer": "在织里镇。", "text": "在织里镇。"}],
    "hotline.extension-ruled": [{"granted": True, "days": 3}, {"granted": False}],
    "case.answered": [_ANSWERED],
}
"""Messages that come when somebody waits for them, and what they bring."""
