"""Plays a scenario over HTTP: the platform's API on one side, the outside systems on the other, and a clock that can be moved.

Everything it does has an id worked out from the play and the step, so that doing it again, because an answer was lost, does nothing.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from gateway.client.api import Api, Refused, Unreachable
from gateway.client.outside import Away, Outside
from gateway.client.scenario import Clock, Do, Scenario, Step, Until
from gateway.client.scenario import Outside as OutsideStep
from processes.errors import BihuanError

POLL = 0.1
"""Seconds between two looks at a case; growing to four times that while nothing happens."""

T = TypeVar("T")


class MovableClock(Protocol):
    """The clock that the platform's processes share."""

    def now(self) -> datetime: ...

    def advance(self, by: timedelta) -> None: ...


class Stuck(BihuanError):
    """A step could not be done in time."""


@dataclass
class Family:
    """A case and its child cases as the API tells them, in the order they were opened."""

    cases: list[Mapping[str, Any]]

    @property
    def root(self) -> Mapping[str, Any]:
        """The reported case."""
        return self.cases[0]

    def all(self, name: str) -> list[Mapping[str, Any]]:
        """An entry's rows of all cases."""
        return [row for case in self.cases for row in case[name]]

    def at(self, place: str | None) -> Mapping[str, Any] | None:
        """The newest case at a place; the reported one for None."""
        if place is None:
            return self.root
        return next((case for case in reversed(self.cases) if case["place"] == place), None)


@dataclass
class Play:
    """One scenario being played. ``key`` tells this play from others of the same scenario; ``patience``: seconds a step may take."""

    api: Api
    scenario: Scenario
    key: str
    outside: Outside | None = None
    clock: MovableClock | None = None
    patience: float = 30.0
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    number: str = ""
    original: str = field(init=False)
    _said: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.original = self.key

    def run(self) -> Family:
        """Report, take every step, and return the cases as they are then. Raises :class:`Stuck` and what the API refuses."""
        self.report()
        for at, step in enumerate(self.scenario.steps, start=1):
            self.take(at, step)
        return self.family()

    # -- reporting -------------------------------------------------------------------------------------------------------

    def report(self) -> Mapping[str, Any]:
        """Bring the problem in; returns what became of it."""
        fields = {name: value for name, value in self.scenario.report.items() if name != "channel"}
        channel = str(self.scenario.report["channel"])
        if self.scenario.through_system:
            return self._file(channel, fields)

        def send() -> Mapping[str, Any]:
            return self.api.report(channel, [{**fields, "id": self.original}])[0]

        outcome = self._patiently("报送", lambda: self._asked(send))
        if outcome["outcome"] == "bad":
            raise Stuck(f"{self.scenario.name}：报送不成（{outcome['reason']}）", f"{self.scenario.name}: not reported")
        self.number = str(outcome["number"])
        return outcome

    def _file(self, channel: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """File an order in the channel's system; the case is known when the platform has told that system its number."""
        order = {**fields, "id": self.original}
        self._patiently("在渠道登记", lambda: self._outside(f"{channel}/orders", order, "report"))

        def numbered() -> str | None:
            order: Mapping[str, str | None] = self.shown(f"{channel}/orders/{self.original}")
            return order["case"]

        self.number = self._patiently("渠道收到受理编号", numbered)
        return {"outcome": "pool", "number": self.number}

    # -- steps -----------------------------------------------------------------------------------------------------------

    def take(self, at: int, step: Step) -> None:
        """Take a step, once it can be taken."""
        what = f"{self.scenario.name} 第 {at} 步 {_named(step)}"
        if isinstance(step, Do):
            self._do(at, step, what)
        elif isinstance(step, OutsideStep):
            self._patiently(what, lambda: self._act(at, step))
        elif isinstance(step, Clock):
            self._patiently(what, lambda: self._move(step))
        else:
            self._patiently(what, lambda: holds(step, self.family()) or None)

    def _do(self, at: int, step: Do, what: str) -> None:
        task = self._patiently(what, lambda: self._open(step))
        body = {"data": dict(step.form), "command_id": f"{self.key}:{at}"}
        if step.by is not None:
            body["person"] = step.by
        self._patiently(what, lambda: self._asked(lambda: self.api.post(f"/api/tasks/{task['id']}/complete", body)))

    def _open(self, step: Do) -> Mapping[str, Any] | None:
        rows = self.family().all("tasks")
        return next((row for row in rows if row["state"] == "open" and fits(row, step)), None)

    def _act(self, at: int, step: OutsideStep) -> Any:
        case = self.family().at(step.place)
        if case is None:
            return None
        about = {"case": case["number"]}
        if step.action.split("/")[0] == self.scenario.report["channel"]:
            about["original"] = self.original
        return self._outside(step.action, {**about, **step.body}, str(at))

    def _outside(self, action: str, body: Mapping[str, Any], key: str) -> Any:
        try:
            return self._systems().act(action, body, f"{self.key}:{key}")
        except Away as said:
            self._said = str(said)
            return None

    def _systems(self) -> Outside:
        if self.outside is None:
            raise Stuck(
                f"{self.scenario.name}：没有外部系统的替身，做不了这一步", f"{self.scenario.name}: needs the stand-ins"
            )
        return self.outside

    def _move(self, step: Clock) -> bool | None:
        if self.clock is None:
            raise Stuck(f"{self.scenario.name}：时钟不能移动", f"{self.scenario.name}: the clock cannot be moved")
        now = self.clock.now()
        if step.to is None:
            self.clock.advance(step.by)
            return True
        base = step.to if isinstance(step.to, datetime) else moment(step.to, step.of, self.family())
        if base is None:
            return None
        self.clock.advance(max(base + step.by - now, timedelta()))
        return True

    # -- looking and waiting ---------------------------------------------------------------------------------------------

    def family(self) -> Family:
        """The cases as they are now."""
        cases: list[Mapping[str, Any]] = []
        numbers = [self.number]
        while numbers:
            number = numbers.pop(0)
            case = self._patiently("查看案件", functools.partial(self._case, number))
            cases.append(case)
            numbers += case["children"]
        return Family(cases)

    def shown(self, path: str) -> Any:
        """What an outside system shows."""

        def look() -> Any:
            try:
                return self._systems().get(path)
            except Away as said:
                self._said = str(said)
                return None

        return self._patiently(f"查看 {path}", look)

    def _case(self, number: str) -> Mapping[str, Any] | None:
        return self._asked(lambda: dict(self.api.get(f"/api/cases/{number}")))

    def _asked(self, ask: Callable[[], T]) -> T | None:
        """An answer, or None when the platform is away or hurt for a moment; what is our own mistake is raised."""
        try:
            return ask()
        except Unreachable as away:
            self._said = away.zh
            return None
        except Refused as refused:
            if refused.status < 500:
                raise
            self._said = f"HTTP {refused.status} {refused.zh}"
            return None

    def _patiently(self, what: str, look: Callable[[], T | None]) -> T:
        """What ``look`` finds, looked for until ``patience`` is over. Raises :class:`Stuck` with where things stand."""
        until, pause = self.now() + self.patience, POLL
        while True:
            found = look()
            if found is not None:
                return found
            if self.now() >= until:
                raise Stuck(f"{what}：等了 {self.patience:g} 秒没有等到。{self._standing()}", f"{what}: timed out")
            self.sleep(pause)
            pause = min(pause * 1.3, 4 * POLL)

    def _standing(self) -> str:
        """Where things stand, for an error."""
        said = f"最后的答复：{self._said}。" if self._said else ""
        if not self.number:
            return said
        try:
            case = self.api.get(f"/api/cases/{self.number}")
            cases = [case, *(self.api.get(f"/api/cases/{child}") for child in case["children"])]
        except BihuanError:
            return said
        return said + "；".join(_stands(each) for each in cases)


def _stands(case: Mapping[str, Any]) -> str:
    tasks = [f"{row['element']}({row['role']})" for row in case["tasks"] if row["state"] == "open"]
    jobs = [
        f"{row['topic']}({row['state']},{row['attempts']})"
        for row in case["jobs"]
        if row["state"] in ("open", "failed")
    ]
    waits = [str(row["message"] or row["due_at"]) for row in case["waits"]]
    troubles = [f"{row['element']}：{row['detail']}" for row in case["incidents"]]
    told = [("待办", tasks), ("在途", jobs), ("等待", waits), ("异常", troubles)]
    return f"{case['number']} {case['status']}" + "".join(f" {name}[{'，'.join(rows)}]" for name, rows in told if rows)


def _named(step: Step) -> str:
    if isinstance(step, Do):
        return step.task
    if isinstance(step, OutsideStep):
        return step.action
    if isinstance(step, Clock):
        return f"clock {step.to or step.by}"
    return f"until {step.what}={step.value}"


def fits(row: Mapping[str, Any], step: Do) -> bool:
    """Whether a task is the one that a step means."""
    if row["element"] != step.task or step.place not in (None, row["place"]):
        return False
    return step.organisation is None or is_organisation(row["organisation"], step.organisation)


def is_organisation(id_: str | None, named: str) -> bool:
    """Whether an organisation is meant by its id or by its code at its place."""
    return id_ is not None and (id_ == named or id_.endswith(f".{named}"))


def moment(what: str, of: str | None, family: Family) -> datetime | None:
    """``due`` or ``warn`` of the open task that is due first, or when the next ``timer`` fires; None when there is none (yet)."""
    if what == "timer":
        times = [row["due_at"] for row in family.all("waits") if row["due_at"] and of in (None, row["element"])]
    else:
        rows = [row for row in family.all("tasks") if row["state"] == "open" and of in (None, row["element"])]
        times = [row[f"{what}_at"] for row in rows if row[f"{what}_at"]]
    return datetime.fromisoformat(min(times)) if times else None


def holds(step: Until, family: Family) -> bool:
    """Whether a condition holds."""
    root, value = family.root, step.value
    found: Any
    if step.what == "stage":
        return bool(root["stage"] == value)
    if step.what == "closed":
        return (root["closed_at"] is not None) == bool(value)
    if step.what == "status":
        return str(value) in root["status"]
    if step.what == "children":
        return len(family.cases) - 1 >= int(value)
    if step.what == "task":
        found = [row for row in family.all("tasks") if row["state"] == "open" and row["element"] == value]
    elif step.what == "message":
        found = [row for row in family.all("jobs") if row["state"] == "done" and row["topic"] == value]
    else:
        found = [row for row in family.all("notices") if row["kind"] == value]
    return len(found) >= step.count
