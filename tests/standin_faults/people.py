"""The people of the campaign: they complete whatever task lies in an inbox, retry incidents, and send again what has waited too long."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import httpx
from sqlalchemy import exists, select

from processes.store.tables import Incident, Job, RefusedMessage, UserTask
from tests.faults.clerk import TRIES, Clerk
from tests.faults.world import World
from tests.standin_faults.models import BY_HAND

_ANSWER = {"outcome": "answer", "resolution": "solved", "answer": "已办结。"}
_ANSWERED = {"outcome": "answered", "resolution": "solved", "answer": "已办结。"}
_INSTRUCTED = {"outcome": "instructed", "instruction": "由中心统筹办理。"}

FORMS: Mapping[str, Mapping[str, Any]] = {
    "triage": {"outcome": "pool"},
    "sign": {"outcome": "accept"},
    "handle": _ANSWER,
    "take_over": _ANSWER,
    "consult": {"outcome": "contribute", "opinion": "同意。"},
    "compose": _ANSWERED,
    "route": _ANSWERED,
    "leader_in_charge": _INSTRUCTED,
    "principal_leader": _INSTRUCTED,
    "lists_answer": {"answer": "已销号。"},
    "deliver": {"note": "已电话告知。"},
    "call_back": {"outcome": "understood", "note": "已说明。"},
    BY_HAND: {},
    "final_decision": {"outcome": "close", "note": "已说明。"},
}
"""Task → how its form is filled in."""


LAPSED = RefusedMessage.message_id.endswith(":lapsed")
"""Entries of the quarantine that are messages which nobody waited for in time."""


class People(Clerk):
    """``slow_to_sign``: they leave what is to be signed until somebody has been reminded of it. ``mending``: they see to incidents,
    and to what has waited too long."""

    def __init__(self, world: World, http: httpx.Client) -> None:
        super().__init__(world, ("", "\uffff"), http)
        self.slow_to_sign = False
        self.mending = False
        self.sent: set[int] = set()
        """entries of the quarantine that they have sent again"""
        self.puzzled: set[str] = set()
        """tasks that nobody could do, and what they were told"""

    def look(self, hands: Executor) -> None:
        """Do what there is to do now."""
        super().look(hands)
        if self.mending:
            self._send_lapsed()

    def await_reminders(self) -> bool:
        """Whether they leave something unsigned until they are reminded."""
        if not self.slow_to_sign:
            return False
        with self._world.observed.read() as connection:
            waiting = select(exists().where(UserTask.state == "open", UserTask.element_id == "sign"))
            return bool(connection.scalar(waiting))

    def _send_lapsed(self) -> None:
        """Messages that no case waited for in time lie in the quarantine; by now their cases do. In the order in which they came."""
        entries = select(RefusedMessage.id).where(RefusedMessage.state == "open", LAPSED).order_by(RefusedMessage.id)
        with self._world.observed.read() as connection:
            found = list(connection.scalars(entries))
        for each in found:
            if (
                each not in self.sent
                and self._act(f"/api/quarantine/{each}/resend", {"key": "people"}) == httpx.codes.OK
            ):
                self.sent.add(each)

    def _tasks(self) -> list[Any]:
        statement = select(UserTask.id, UserTask.case_id, UserTask.element_id).where(UserTask.state == "open")
        if self.slow_to_sign:
            told = exists().where(
                Job.instance_id == UserTask.instance_id, Job.topic == "notice.send", Job.state.in_(("done", "failed"))
            )
            statement = statement.where((UserTask.element_id != "sign") | told)
        with self._world.observed.read() as connection:
            rows = connection.execute(statement).all()
        return [row for row in rows if row.id not in self.done]

    def _incidents(self) -> list[Any]:
        if not self.mending:
            return []
        statement = select(Incident.id, Incident.element_id, Incident.kind).where(
            Incident.resolved_at.is_(None), Incident.instance_id.is_not(None)
        )
        with self._world.observed.read() as connection:
            return list(connection.execute(statement).all())

    def _complete(self, task: Any) -> None:
        if task.element_id not in FORMS:
            self.puzzled.add(task.element_id)
            return
        body = {"data": dict(FORMS[task.element_id]), "command_id": "people"}
        status = self._act(f"/api/tasks/{task.id}/complete", body)
        if status == httpx.codes.OK:
            self.done.add(task.id)
        elif httpx.codes.is_client_error(status) and status != httpx.codes.CONFLICT:
            self.puzzled.add(f"{task.element_id} (HTTP {status})")

    def _resolve(self, incident: Any) -> None:
        if self._tries[incident.id] >= TRIES:
            return
        body = {"action": "retry", "command_id": f"people-{self._tries[incident.id]}"}
        if self._act(f"/api/incidents/{incident.id}/resolve", body) == httpx.codes.OK:
            self._tries[incident.id] += 1
            self.resolved[f"{incident.kind} at {incident.element_id}"] += 1
