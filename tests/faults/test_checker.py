"""The checker sees each kind of wrong that it is there for, and none where all is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, delete, insert, select, update

from processes.orchestrator import Orchestrator
from processes.store import outbox
from processes.store.tables import HistoryEntry, InboxMessage, Instance, Job, Subscription, Timer, UserTask
from tests.faults import checker
from tests.faults.cases import AMQP, Case
from tests.faults.kinds import KINDS, files
from tests.integration.bus.transports import message

KEY, TASK = "t001-service-00001", "t001-user-00002"
BOUNDS = ("t001-", "t001.")
NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@dataclass
class Played:
    """Two cases that went as they should."""

    engine: Orchestrator
    cases: list[Case]
    effects: list[dict[str, Any]] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)

    def wrong(self) -> list[str]:
        """What the checker says."""
        with self.engine.database.read() as connection:
            return checker.check(connection, self.cases, checker.Outside(self.effects, self.accepted), BOUNDS).wrong

    def do(self, what: Callable[[Connection], Any]) -> None:
        """Do something to the database that no engine would."""
        with self.engine.database.write() as connection:
            what(connection)


@pytest.fixture
def played() -> Iterator[Played]:
    engine = Orchestrator()
    engine.deploy(files([KINDS["service"], KINDS["user"]]))
    found = Played(engine, [Case(KEY, AMQP), Case(TASK, AMQP)])
    for case in found.cases:
        engine.correlate(case.kind.started_by, case.key, {"case": case.key}, id=f"bihuan/%2Fpartner/{case.key}:start")
        found.accepted[f"{case.key}:start"] = "confirmed"
    (task,) = engine.tasks()
    engine.complete(task.id, {"n": 7})
    for job in engine.jobs("notice.send"):
        engine.complete_job(job.id, {"receipt": "1"})
        subject = str(job.arguments["case"])
        found.effects.append({"subject": subject, "key": job.id, "data": orjson.dumps({"kind": job.arguments["kind"]})})
    found.effects.sort(key=lambda each: str(each["subject"]))
    yield found
    engine.database.dispose()


def test_what_went_well_has_nothing_wrong(played: Played) -> None:
    assert played.wrong() == []


def test_an_effect_that_happened_twice_under_one_key(played: Played) -> None:
    played.effects.append(dict(played.effects[0]))
    assert [each for each in played.wrong() if "2 effects under the one key" in each]
    assert f"{KEY}: effect done: 2, should be 1" in played.wrong()


def test_an_effect_that_happened_again_under_another_key(played: Played) -> None:
    played.effects.append({**played.effects[0], "key": "another"})
    assert f"{KEY}: an effect under another, which is no job of this case" in played.wrong()


def test_an_effect_that_did_not_happen(played: Played) -> None:
    played.effects.pop(0)
    assert f"{KEY}: effect done: 0, should be 1" in played.wrong()


def test_an_effect_whose_job_is_not_done(played: Played) -> None:
    played.do(lambda it: it.execute(update(Job).where(Job.id == played.effects[0]["key"]).values(state="cancelled")))
    assert [each for each in played.wrong() if each.endswith("which is cancelled")]


def test_a_case_that_began_twice(played: Played) -> None:
    played.engine.start("faults_service", {"m": {"case": KEY}}, key=KEY)
    assert f"{KEY}: instances faults_service: 2, should be 1" in played.wrong()


def test_a_case_that_has_not_ended(played: Played) -> None:
    played.do(lambda it: it.execute(update(Instance).where(Instance.key == KEY).values(status="active")))
    assert [each for each in played.wrong() if each.startswith(f"{KEY}: faults_service") and each.endswith("is active")]


def test_a_case_that_never_began_although_its_sender_was_told_so(played: Played) -> None:
    lost = Case("t001-service-00003", AMQP)
    played.cases.append(lost)
    played.accepted[f"{lost.key}:start"] = "confirmed"
    assert f"{lost.key}: instances faults_service: 0, should be 1" in played.wrong()
    assert f"{lost.key}: {lost.key}:start was accepted (confirmed) and is not in the inbox" in played.wrong()


def test_a_sender_who_was_never_told(played: Played) -> None:
    del played.accepted[f"{KEY}:start"]
    assert f"{KEY}: the sender of {KEY}:start was never told that it arrived" in played.wrong()


def test_a_command_that_the_inbox_forgot(played: Played) -> None:
    played.do(lambda it: it.execute(delete(InboxMessage).where(InboxMessage.id.contains(KEY))))
    assert f"{KEY}: {KEY}:start was accepted (confirmed) and is not in the inbox" in played.wrong()


def test_a_wait_that_was_answered_twice(played: Played) -> None:
    def again(connection: Connection) -> None:
        entry = next(
            row for row in connection.execute(select(HistoryEntry.__table__)) if row.kind == "CompleteJob"
        )._mapping
        values = {name: value for name, value in entry.items() if name not in ("seq", "command_id")}
        connection.execute(insert(HistoryEntry).values(**values, command_id="another"))

    played.do(again)
    assert [each for each in played.wrong() if "was answered 2 times by CompleteJob" in each]


def test_a_command_that_had_its_effect_twice(played: Played) -> None:
    def again(connection: Connection) -> None:
        entry = connection.execute(select(HistoryEntry.__table__).limit(1)).one()._mapping
        connection.execute(insert(HistoryEntry).values({name: entry[name] for name in entry if name != "seq"}))

    played.do(again)
    assert [each for each in played.wrong() if each.endswith("had its effect 2 times")]


def test_a_task_that_nobody_completed(played: Played) -> None:
    played.do(lambda it: it.execute(delete(HistoryEntry).where(HistoryEntry.kind == "CompleteTask")))
    assert [each for each in played.wrong() if each.endswith("no command of the history did it")]


def test_rows_of_ended_instances(played: Played) -> None:
    def leave(connection: Connection) -> None:
        instance = connection.execute(select(Instance.id).where(Instance.key == KEY)).scalar_one()
        common = {"instance_id": instance, "element_id": "x"}
        connection.execute(insert(Timer).values(task_id="t", due_at=NOW, provisional=False, **common))
        connection.execute(insert(Subscription).values(task_id="s", message="m", key="", **common))
        connection.execute(update(Job).where(Job.instance_id == instance).values(state="open"))
        connection.execute(update(UserTask).values(state="open"))

    played.do(leave)
    left = [each.split(": ", 1)[1] for each in played.wrong() if each.endswith("rows of an ended instance")]
    assert sorted(left) == [f"1 {name} rows of an ended instance" for name in ("job", "subscription", "task", "timer")]


def test_messages_that_did_not_leave_or_found_nobody(played: Played) -> None:
    row = outbox.Outgoing("events", "what.happened", message("m-9"))
    played.do(lambda it: outbox.put(it, [row], NOW))
    played.engine.engine.execute(played_early := _early())
    assert "in the outbox: what.happened m-9 (not sent)" in played.wrong()
    assert f"{KEY}: {played_early.message} waits for a receiver" in played.wrong()


def _early() -> Any:
    from processes.runtime.commands import Correlate

    return Correlate("early", "nobody.listens", KEY)


def test_an_incident_that_nobody_resolved(played: Played) -> None:
    key = "t001-service-00004"
    played.engine.correlate("faults.service", key, {"case": key}, id=f"bihuan/%2Fpartner/{key}:start")
    (job,) = played.engine.jobs("notice.send")
    played.engine.fail_job(job.id, "did not work", final=True)
    assert "t001-service-00004: open incident job-failed: did not work" in played.wrong()
