"""The clerk: completes the cases' user tasks and resolves their incidents, over the API, whenever he finds some open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import httpx
from sqlalchemy import func, select

from processes.store.tables import Incident, Instance, Timer, UserTask
from tests.faults.kinds import CLERK, kind_of
from tests.faults.world import World

TRIES = 20
"""How often he resolves an incident that opens again."""


class Clerk:
    """Looks after the cases whose keys are within ``bounds``. He finds his work in the database, and does it through the gateway."""

    def __init__(self, world: World, bounds: tuple[str, str], http: httpx.Client) -> None:
        self._world, self._bounds, self._http = world, bounds, http
        self._tries: Counter[str] = Counter()
        self.done: set[str] = set()
        """the tasks that he was told are completed"""
        self.resolved: Counter[str] = Counter()
        """incidents that were no part of a case's script, by kind"""

    def look(self, hands: Executor) -> None:
        """Do what there is to do now."""
        try:
            tasks, incidents = self._tasks(), self._incidents()
        except Exception:
            return  # the database is away: he looks again
        list(hands.map(self._complete, tasks))
        list(hands.map(self._resolve, incidents))

    def _tasks(self) -> list[Any]:
        """Open tasks whose time has come: a ``cycle`` case's once its timer has rung for the last time."""
        low, high = self._bounds
        statement = (
            select(UserTask.id, UserTask.case_id, UserTask.element_id, func.count(Timer.task_id).label("timers"))
            .outerjoin(Timer, Timer.instance_id == UserTask.instance_id)
            .where(UserTask.state == "open", UserTask.case_id >= low, UserTask.case_id < high)
            .group_by(UserTask.id, UserTask.case_id, UserTask.element_id)
        )
        with self._world.observed.read() as connection:
            rows = connection.execute(statement).all()
        return [
            row for row in rows if row.id not in self.done and not (row.timers and kind_of(row.case_id).name == "cycle")
        ]

    def _incidents(self) -> list[Any]:
        low, high = self._bounds
        statement = (
            select(Incident.id, Incident.element_id, Incident.kind, Instance.key)
            .join(Instance, Instance.id == Incident.instance_id)
            .where(Incident.resolved_at.is_(None), Instance.key >= low, Instance.key < high)
        )
        with self._world.observed.read() as connection:
            return list(connection.execute(statement).all())

    def _complete(self, task: Any) -> None:
        data = kind_of(task.case_id).tasks.get(task.element_id, {})
        body = {"data": dict(data), "person": CLERK, "command_id": f"{task.case_id}:{task.element_id}"}
        if self._act(f"/api/tasks/{task.id}/complete", body) == httpx.codes.OK:
            self.done.add(task.id)

    def _resolve(self, incident: Any) -> None:
        if self._tries[incident.id] >= TRIES:
            return
        scripted = kind_of(incident.key).resolutions.get(incident.element_id)
        action, variables = scripted or ("retry", {})
        body = {"action": action, "variables": dict(variables), "command_id": f"clerk-{self._tries[incident.id]}"}
        if self._act(f"/api/incidents/{incident.id}/resolve", body) == httpx.codes.OK:
            self._tries[incident.id] += 1  # should it still be open, it is another try, with another command's id
            if scripted is None:
                self.resolved[f"{incident.kind} at {incident.element_id}"] += 1

    def _act(self, path: str, body: Mapping[str, Any]) -> int:
        """One try, and the status of its answer, 0 for none; what was not done is seen again at the next look."""
        try:
            headers = {"Authorization": f"Bearer {self._world.secrets['operator']}"}
            return self._http.post(f"{self._world.url}{path}", json=dict(body), headers=headers).status_code
        except httpx.TransportError:
            return 0
