"""The engine on a path: does what the reference did, and is compared with it after every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import select

from processes.orchestrator import Orchestrator
from processes.store.database import Database
from processes.store.tables import Subscription, Timer
from tests.reference.comparison import difference
from tests.reference.drawing import Model
from tests.reference.interpreter import Reference
from tests.reference.paths import Action, Play, Told, do, told


@cache
def _migrated() -> Database:
    database = Database("sqlite://")
    database.migrate()
    return database


@cache
def _database() -> Database:
    return Database("sqlite://")


def empty_database() -> Database:
    """An empty database in memory. It is always the same one, emptied again: whoever had it before is done with it. Making its tables anew
    would take ten times as long, and a new connection would prepare every statement anew."""
    database = _database()
    database._listeners.clear()  # those of the engine before
    with _migrated().write() as old, database.write() as new:
        source: Any = old.connection.driver_connection
        source.backup(new.connection.driver_connection)
    return database


@dataclass(frozen=True)
class End:
    """How an instance has ended."""

    state: str
    trace: list[str]
    variables: Mapping[str, Any]


class EngineRun:
    """An instance of the engine. ``restarts``: after every step the engine forgets all it holds in memory."""

    def __init__(self, model: Model, restarts: bool = False) -> None:
        self.engine = Orchestrator(empty_database())
        self.engine.deploy(model.files, check=False)  # drawn at random, and wilder than what is put into force
        self.restarts = restarts
        self.case = self.engine.start("p", model.variables)
        self._rest()

    def _rest(self) -> None:
        if self.restarts:
            self.engine.engine.workshop.hot.clear()

    def waits(self) -> Told:
        """What it waits for from outside (see ``paths.told``)."""
        users = [("user", each.element, "", each.organisation or "") for each in self.engine.tasks(self.case)]
        jobs = [("job", each.element, each.topic, repr(dict(each.arguments))) for each in self._jobs()]
        with self.engine.database.read() as connection:
            statement = select(Subscription.element_id, Subscription.message, Subscription.key)
            rows = connection.execute(statement.where(Subscription.instance_id == self.case)).all()
        events = [
            ("signal", element, name.removeprefix("signal:"), "")
            if name.startswith("signal:")
            else ("message", element, name, key)
            for element, name, key in rows
        ]
        return Counter([*users, *jobs, *events])

    def due(self) -> datetime | None:
        """When its next timer is due."""
        with self.engine.database.read() as connection:
            statement = select(Timer.due_at).where(Timer.instance_id == self.case).order_by(Timer.due_at)
            return connection.execute(statement).scalars().first()

    def _jobs(self) -> Any:
        return self.engine.jobs(instance=self.case)

    def do(self, action: Action) -> None:
        """Take a step."""
        engine = self.engine
        if action.kind == "time":
            engine.advance(timedelta(seconds=action.seconds))
        elif action.kind == "message":
            engine.correlate(action.name, action.key, action.data)
        elif action.kind == "signal":
            engine.signal(action.name, action.data, instance=self.case)
        elif action.kind == "user":
            tasks = [
                each.id
                for each in engine.tasks(self.case)
                if (each.element, each.organisation or "") == (action.element, action.key)
            ]
            engine.complete(tasks[0], action.data)
        else:
            (job,) = [
                each.id
                for each in self._jobs()
                if (each.element, repr(dict(each.arguments))) == (action.element, action.key)
            ]
            if action.kind == "job":
                engine.complete_job(job, dict(action.data))
            else:
                engine.throw_error(job, action.name)
        self._stay_alone()
        self._rest()

    def _stay_alone(self) -> None:
        """Cancel the instances that the step has started: they would answer to the same names."""
        for other in self.engine.instances():
            if other != self.case and self.engine.instance(other).state == "active":
                self.engine.cancel(other)

    def end(self) -> End:
        """Its state now."""
        view = self.engine.instance(self.case)
        assert not view.incidents, view.incidents
        return End(view.state, list(view.trace), view.variables)


def compare(play: Play) -> End:
    """Play a path on the engine beside the reference. Raises ``AssertionError`` where they part."""
    expected = Reference(play.model.files).start("p", play.model.variables)
    found = EngineRun(play.model)
    for number, action in enumerate([None, *play.actions]):
        if action is not None:
            do(expected, action)
            found.do(action)
        assert found.waits() == told(expected.waiting()), f"other waits after step {number} ({action})"
        due = min((wait.due for wait in expected.waiting("timer")), default=None)
        assert found.due() == due, f"another time is due after step {number} ({action})"
    end = found.end()
    assert end.state == expected.state, f"expected {expected.state}, found {end.state}"
    assert not (said := difference(expected.entries, end.trace)), said
    assert end.variables == expected.variables, f"expected {expected.variables}, found {end.variables}"
    return end


def restarted(play: Play) -> End:
    """Play a path on an engine that is started anew after every step."""
    run = EngineRun(play.model, restarts=True)
    for action in play.actions:
        run.do(action)
    return run.end()
