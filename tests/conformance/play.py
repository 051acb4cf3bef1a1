"""Plays a case on a real engine in memory and compares what comes with what must come."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from processes.notation.check import check_files
from processes.orchestrator import InstanceView, JobView, Orchestrator
from processes.store.database import Database
from tests.conformance.case import Case
from tests.conformance.pattern import mismatch

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_JOB = re.compile(r"(?P<task>\S+)(?: where (?P<where>\{.*?\}))?(?: (?P<how>gives|throws|fails) (?P<rest>.*))?")
_MESSAGE = re.compile(r"(?P<name>[^\s{]+)(?: for (?P<key>[^\s{]+))?(?P<payload> \{.*)?")
_STEPS = frozenset({"start", "complete", "job", "message", "signal", "advance"})


class Wrong(AssertionError):
    """Something else came than what must come."""


def errors(case: Case) -> dict[tuple[str, str], str]:
    """The errors that ``check`` reports: (rule, element) → what it says."""
    findings = check_files(case.files)
    return {(each.rule, each.element or "-"): each.en for each in findings if each.severity == "error"}


def refuse(case: Case) -> None:
    """``check`` must say what the case expects, and no error at any other element. Raises :class:`Wrong`."""
    said = errors(case)
    elements = {element for _, element in case.refusals}
    missing = case.refusals - said.keys()
    more = [f"{rule} {element}: {text}" for (rule, element), text in said.items() if element not in elements]
    if missing or more:
        raise Wrong(f"not said: {sorted(missing)}; said: {sorted(said)}; too much: {more}")


@functools.cache
def _stage() -> tuple[Database, bytes]:
    """The one database in memory on which all cases are played one after the other, and what it holds when it is empty.

    A database of its own for each would take longer than the play: tables to make, every statement to compile anew.
    """
    database = Database("sqlite://")
    database.migrate()
    return database, bytes(_driver(database).serialize())


def _empty_database() -> Database:
    database, empty = _stage()
    _driver(database).deserialize(empty)
    return database


def _driver(database: Database) -> Any:
    with database.read() as connection:
        return connection.connection.dbapi_connection


class Player:
    """One engine, one case. ``forgetful``: everything kept in memory is dropped after each step, so
    that stored states must do; such a player only acts, for its outcome to be compared with that of one who has looked at everything."""

    def __init__(self, case: Case, *, forgetful: bool = False) -> None:
        self.case = case
        self.forgetful = forgetful
        self.engine: Orchestrator
        self.named: dict[str, str] = {}
        self.stuck: dict[str, list[str]] = {}
        self._verbs: Mapping[str, Callable[[str, str], None]] = {
            "start": self._start,
            "complete": self._complete,
            "job": self._job,
            "message": self._message,
            "signal": self._signal,
            "advance": self._advance,
            "trace": self._trace,
            "state": self._state,
            "open": self._open,
            "data": self._data,
            "without": self._without,
            "incidents": self._incidents,
            "instances": self._instances,
        }

    def play(self) -> None:
        """All lines in order, on a cleared stage. Raises :class:`Wrong`, or what the engine raises."""
        self.engine = Orchestrator(_empty_database())
        self.engine.deploy(self.case.files, check=False)
        for line in self.case.lines:
            if self.forgetful and line.verb not in _STEPS:
                continue
            try:
                self._verbs[line.verb](line.who, line.rest)
            except Wrong as error:
                raise Wrong(f"{line}: {error}") from None
            if self.forgetful:
                self.engine.engine.workshop.hot.clear()
        if not self.forgetful:
            self._no_other_incidents()

    def _no_other_incidents(self) -> None:
        for instance in self.engine.instances():
            found = [str(each.element) for each in self.engine.instance(instance).incidents]
            self._same(sorted(self.stuck.get(instance, [])), sorted(found), f"incidents of {instance}")

    def outcome(self) -> list[tuple[str, str, tuple[str, ...], str]]:
        """What became of every instance: its process, state, trace and variables."""
        views = [self.engine.instance(each) for each in self.engine.instances()]
        return sorted(
            (view.process, view.state, tuple(view.trace), json.dumps(dict(view.variables), sort_keys=True))
            for view in views
        )

    @property
    def trace(self) -> str:
        """The traces of the process's instances."""
        instances = self.engine.instances(self.case.process)
        return "; ".join(" ".join(self.engine.instance(each).trace) for each in instances)

    # -- steps -------------------------------------------------------------------------------------------------------

    def _start(self, who: str, rest: str) -> None:
        words, _, variables = rest.partition("{")
        process = words.strip() or self.case.process
        instance = self.engine.start(process, json.loads("{" + variables) if variables else {})
        self.named.setdefault(who or "", instance)
        self.named.setdefault("", instance)

    def _complete(self, who: str, rest: str) -> None:
        element, _, data = rest.partition(" ")
        found = [task for task in self.engine.tasks(self._id(who)) if task.element == element]
        if not found:
            raise Wrong("no such task is open")
        self.engine.complete(found[0].id, json.loads(data or "{}"))

    def _job(self, who: str, rest: str) -> None:
        said = _JOB.fullmatch(rest)
        assert said is not None, rest
        job = self._find_job(who, said["task"], json.loads(said["where"] or "{}"))
        if said["how"] == "throws":
            code, _, variables = said["rest"].partition(" ")
            self.engine.throw_error(job.id, code, variables=json.loads(variables or "{}"))
        elif said["how"] == "fails":
            self.engine.fail_job(job.id, said["rest"], final=True)
        else:
            self.engine.complete_job(job.id, json.loads(said["rest"] or "null"))

    def _find_job(self, who: str, element: str, arguments: Mapping[str, Any]) -> JobView:
        for job in self.engine.jobs(instance=self._id(who)):
            if job.element == element and arguments.items() <= dict(job.arguments).items():
                return job
        raise Wrong("no such job is open")

    def _message(self, who: str, rest: str) -> None:
        said = _MESSAGE.fullmatch(rest)
        assert said is not None, rest
        self.engine.correlate(said["name"], said["key"] or "", json.loads(said["payload"] or "{}"))

    def _signal(self, who: str, rest: str) -> None:
        name, _, payload = rest.partition(" ")
        self.engine.signal(name, json.loads(payload or "{}"))

    def _advance(self, who: str, rest: str) -> None:
        found = _DURATION.fullmatch(rest)
        assert found is not None, rest
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        self.engine.advance(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))

    # -- expectations ------------------------------------------------------------------------------------------------

    def _trace(self, who: str, rest: str) -> None:
        trace = self._view(who).trace
        problem = mismatch(rest, trace)
        if problem is not None:
            raise Wrong(f"got [{' '.join(trace)}]: {problem}")

    def _state(self, who: str, rest: str) -> None:
        self._same(rest, self._view(who).state, "state")

    def _open(self, who: str, rest: str) -> None:
        instance = self._id(who)
        found = [task.element for task in self.engine.tasks(instance)]
        found += [job.element for job in self.engine.jobs(instance=instance)]
        self._same(sorted(_names(rest)), sorted(found), "open")

    def _data(self, who: str, rest: str) -> None:
        variables = self._view(who).variables
        expected = json.loads(rest)
        self._same(expected, {name: variables.get(name) for name in expected}, "data")

    def _without(self, who: str, rest: str) -> None:
        self._same([], [name for name in _names(rest) if name in self._view(who).variables], "without")

    def _incidents(self, who: str, rest: str) -> None:
        view = self._view(who)
        self.stuck[view.id] = _names(rest)
        self._same(sorted(_names(rest)), sorted(str(each.element) for each in view.incidents), "incidents")

    def _instances(self, who: str, rest: str) -> None:
        process, number = rest.split()
        self._same(int(number), len(self.engine.instances(process)), "instances")

    # -- which instance ----------------------------------------------------------------------------------------------

    def _id(self, who: str) -> str:
        if who in self.named:
            return self.named[who]
        process, _, number = (who or self.case.process).partition(" ")
        found = self.engine.instances(process)
        if number and len(found) >= int(number):
            return found[int(number) - 1]
        if number or len(found) != 1:
            raise Wrong(f"{len(found)} instances of {process}")
        return found[0]

    def _view(self, who: str) -> InstanceView:
        return self.engine.instance(self._id(who))

    @staticmethod
    def _same(expected: object, found: object, what: str) -> None:
        if expected != found:
            raise Wrong(f"{what}: expected {expected}, got {found}")


def _names(rest: str) -> list[str]:
    return [] if rest in ("nothing", "none") else rest.split()
