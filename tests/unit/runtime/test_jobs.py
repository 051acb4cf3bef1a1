"""What the engine makes of answers to jobs: late, double, out of order; and which of them use up attempts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import select

from processes.clock import ManualClock
from processes.kernel.errors import NotWaiting
from processes.messaging.bus import Message
from processes.messaging.jobs import JobViolation
from processes.notation.civil_time import CIVIL_TIME
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.engine import Settings
from processes.store import outbox
from processes.store.tables import Incident, Job
from tests.diagrams import definitions, end, path, process, service, start


class Works:
    """An engine with one process of one job, whose messages can be looked at. Workers answer by commands, as their messages become."""

    def __init__(
        self,
        topic: str = "bank.pay",
        arguments: Mapping[str, str] = MappingProxyType({"sum": "= price * 2"}),
        variables: Mapping[str, Any] = MappingProxyType({"price": 21}),
        **properties: str,
    ) -> None:
        self.engine = Orchestrator(settings=Settings("works", publish_jobs=True))
        body = service("pay", topic, arguments, **properties)
        self.engine.deploy(
            {"p.bpmn": definitions(process("p", start(), body, end(), path("start", "pay", "end")))}, check=False
        )
        self.case = self.engine.start("p", dict(variables))
        self._numbers = count(1)

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.engine.clock, ManualClock)
        return self.engine.clock

    @property
    def row(self) -> Any:
        """The job's row."""
        with self.engine.database.read() as connection:
            return connection.execute(select(Job.__table__)).one()

    def incidents(self) -> list[Any]:
        """Those that nobody has resolved."""
        with self.engine.database.read() as connection:
            return list(connection.execute(select(Incident.__table__).where(Incident.resolved_at.is_(None))))

    def sent(self) -> list[Message]:
        """The job's messages that can be delivered now; they are."""
        now = self.clock.now()
        with self.engine.database.write() as connection:
            rows = outbox.lease(connection, now, 10, now + timedelta(minutes=1), [outbox.Want("jobs")])
            outbox.done(connection, [row.id for row in rows])
        return [row.message for row in rows]

    def numbers(self) -> list[str]:
        """The numbers of :meth:`sent`."""
        return [each.extensions["attempt"] for each in self.sent()]

    def give(self, command: type[c.Command], *said: Any, **more: Any) -> c.Outcome:
        """An answer to the job."""
        return self.engine.engine.execute(command(f"a-{next(self._numbers)}", self.row.id, *said, **more))

    def accept(self, worker: str, seconds: float = 60.0, attempt: int | None = None) -> c.Outcome:
        """A worker takes it, and acknowledges its message."""
        return self.give(c.AcceptJob, worker, seconds, attempt=attempt)

    def extend(self, worker: str, seconds: float = 60.0, attempt: int | None = None) -> c.Outcome:
        """A worker needs it for longer."""
        return self.give(c.ExtendJob, worker, seconds, attempt=attempt)

    def hand_on(self) -> int:
        """The scheduler looks for locks that have run out."""
        return self.engine.scheduler.hand_on()

    def fail(self, attempt: int | None, **more: Any) -> c.Outcome:
        """A worker could not do it."""
        return self.give(c.FailJob, "银行没有应答", attempt=attempt, **more)

    def after(self, seconds: float) -> list[str]:
        """Let time pass; returns what is sent then."""
        self.clock.advance(timedelta(seconds=seconds))
        return self.numbers()


def test_a_late_failure_of_an_earlier_attempt_uses_up_nothing() -> None:
    works = Works(retries="1", backoff="PT10S")
    assert works.numbers() == ["1"]
    works.fail(1)
    assert works.after(10) == ["2"]
    assert works.fail(1).duplicate
    assert (works.row.state, works.row.attempts) == ("open", 1)
    assert works.after(3600) == [], "the second attempt is under way; nothing is sent again"
    assert works.fail(2).incident is not None


def test_a_failure_that_does_not_say_which_attempt_it_was_counts_for_the_newest() -> None:
    works = Works(retries="1", backoff="PT10S")
    works.fail(None)
    assert works.fail(None).incident is not None


def test_the_first_result_wins_whichever_attempt_it_is_of() -> None:
    works = Works(retries="3", backoff="PT10S")
    works.fail(1)
    works.give(c.CompleteJob, {"ok": 1})
    assert works.engine.instance(works.case).state == "completed"
    with pytest.raises(NotWaiting):
        works.give(c.CompleteJob, {"ok": 2})
    with pytest.raises(NotWaiting):
        works.fail(2)


def test_a_failure_that_does_not_count_uses_up_no_attempt() -> None:
    works = Works(retries="0", backoff="PT10S")
    assert works.numbers() == ["1"]
    for number in range(1, 6):
        assert works.fail(number, counted=False, retry_after=5.0).incident is None
        assert works.after(5) == [str(number + 1)]
    assert works.fail(6).incident is not None


def test_a_system_that_stays_down_is_an_incident_that_says_since_when() -> None:
    works = Works(retries="0", backoff="PT10S")
    down = works.clock.now()
    told = {"counted": False, "retry_after": 6 * 3600.0, "system": "bank", "worker": "/workers/bank", "since": down}
    for number in range(1, 5):
        assert works.fail(number, **told).incident is None
        assert (works.row.held_up_by, works.row.held_up_since, works.row.held_up_at) == ("bank", down, "/workers/bank")
        works.after(6 * 3600)
    assert works.fail(5, **told).incident is not None
    (incident,) = works.incidents()
    since = f"{down.astimezone(CIVIL_TIME):%Y-%m-%d %H:%M}"
    assert incident.detail == f"自 {since} 起一直没有办成，已有 24 小时，不再自动重试：银行没有应答"
    assert (works.row.state, works.row.error, works.row.held_up_by) == ("failed", incident.detail, None)


def test_a_person_who_tries_it_again_gives_it_another_day() -> None:
    works = Works(retries="0")
    works.fail(1, counted=False)
    works.after(90000)
    incident = works.fail(2, counted=False).incident
    assert incident is not None
    works.engine.resolve(incident, "retry", {"sum": 43})
    assert works.numbers() == ["3"]
    assert works.fail(3, counted=False).incident is None
    works.after(90000)
    late = works.fail(4, counted=False).incident
    assert late is not None
    works.engine.resolve(late, "skip", {"ok": True})
    assert works.engine.instance(works.case).state == "completed"


def test_what_waits_longer_than_a_day_between_two_attempts_has_its_attempts() -> None:
    works = Works(retries="2")
    works.fail(1, retry_after=90000.0)
    works.after(90000)
    assert works.fail(2, retry_after=90000.0).incident is None, "it counts: the attempts are the bound"


def test_what_was_handed_on_is_not_held_up_but_still_failing() -> None:
    works = Works()
    began = works.clock.now()
    works.fail(1, counted=False, system="bank", retry_after=5.0)
    works.after(5)
    works.accept("one", 60)
    works.after(61)
    assert works.hand_on() == 1
    assert (works.row.held_up_by, works.row.failing_since) == (None, began)


def test_the_backoff_doubles_with_failures_that_count_alone() -> None:
    works = Works(retries="3", backoff="PT10S")
    works.fail(1, counted=False)
    works.fail(2, counted=False)
    assert (works.row.available_at - works.clock.now()).total_seconds() == 10
    works.fail(3)
    assert (works.row.available_at - works.clock.now()).total_seconds() == 10
    works.fail(4)
    assert (works.row.available_at - works.clock.now()).total_seconds() == 20


def test_the_backoff_ends_somewhere() -> None:
    works = Works(retries="999", backoff="P1D")
    for _ in range(80):
        works.fail(None)
    assert works.row.available_at - works.clock.now() == timedelta(days=31)


def test_a_final_failure_that_does_not_count_is_final() -> None:
    works = Works(retries="3")
    assert works.fail(1, counted=False, final=True).incident is not None


def test_a_job_that_a_person_tries_again_has_as_many_attempts_as_before() -> None:
    works = Works(retries="1", backoff="PT10S")
    works.fail(1)
    incident = works.fail(2).incident
    assert incident is not None
    works.sent()
    works.engine.resolve(incident)
    assert works.numbers() == ["3"]
    assert works.fail(3).incident is None
    assert works.fail(4).incident is not None


@pytest.mark.parametrize("action", ["retry", "skip"])
def test_a_late_result_does_a_job_that_was_given_up_and_its_incident_can_be_closed(action: str) -> None:
    works = Works(retries="0")
    incident = works.fail(1).incident
    assert incident is not None
    works.give(c.CompleteJob, {"ok": True})
    assert works.engine.instance(works.case).state == "completed"
    works.engine.resolve(incident, action)
    assert works.incidents() == []
    assert works.row.state == "done"


# ---- locks ---------------------------------------------------------------------------------------------------------------


def test_a_lock_that_runs_out_hands_the_job_on_and_uses_up_no_attempt() -> None:
    works = Works(retries="0")
    (first,) = works.sent()
    works.accept("/workers/a", 60, 1)
    assert works.after(59) == []
    assert works.hand_on() == 0
    works.clock.advance(timedelta(seconds=1))
    assert works.hand_on() == 1
    (second,) = works.sent()
    assert (second.extensions["jobid"], second.data) == (first.extensions["jobid"], first.data)
    assert (first.id, second.id) == (f"{works.row.id}:1", f"{works.row.id}:2")
    assert works.hand_on() == 0
    assert works.fail(2).incident is not None, "it was the only attempt that the diagram gives"


def test_it_is_handed_on_again_and_again() -> None:
    works = Works(retries="1", backoff="PT10S")
    works.sent()
    for number in range(1, 5):
        works.accept("/workers/a", 30, number)
        works.clock.advance(timedelta(seconds=30))
        assert works.hand_on() == 1
        assert works.numbers() == [str(number + 1)]
    works.fail(5)
    assert (works.row.available_at - works.clock.now()).total_seconds() == 10


def test_a_job_that_workers_take_and_never_answer_is_an_incident_after_a_day() -> None:
    works = Works()
    began = works.clock.now() + timedelta(hours=9)
    for number in range(1, 4):
        works.accept("/workers/a", 9 * 3600, number)
        works.clock.advance(timedelta(hours=9))
        assert works.hand_on() == 1
        assert works.incidents() == []
        works.clock.advance(timedelta(hours=1))
    works.accept("/workers/a", 9 * 3600, 4)
    works.clock.advance(timedelta(hours=9))
    assert works.hand_on() == 1
    (incident,) = works.incidents()
    assert "/workers/a" in incident.detail
    assert (works.row.state, works.row.failing_since) == ("failed", began)
    works.sent()
    works.engine.resolve(incident.id)
    assert works.numbers() == ["5"], "a person lets it be tried again"
    assert works.row.failing_since is None


def test_who_holds_a_lock_may_extend_it_and_nobody_else() -> None:
    works = Works()
    works.accept("/workers/a", 60, 1)
    assert works.extend("/workers/b", 600, 1).duplicate
    works.clock.advance(timedelta(seconds=50))
    assert not works.extend("/workers/a", 60, 1).duplicate
    works.clock.advance(timedelta(seconds=59))
    assert works.hand_on() == 0
    works.clock.advance(timedelta(seconds=1))
    assert works.hand_on() == 1


def test_nobody_extends_what_he_has_not_accepted_or_what_was_handed_on() -> None:
    works = Works()
    assert works.extend("/workers/a", 60, 1).duplicate
    assert works.row.locked_until is None
    works.accept("/workers/a", 60, 1)
    works.clock.advance(timedelta(seconds=60))
    works.hand_on()
    assert works.extend("/workers/a", 60, 1).duplicate
    assert works.accept("/workers/a", 60, 1).duplicate
    assert works.row.locked_until is None


def test_a_lock_that_has_run_out_can_be_extended_until_the_job_is_handed_on() -> None:
    works = Works()
    works.accept("/workers/a", 60, 1)
    works.clock.advance(timedelta(seconds=90))
    assert not works.extend("/workers/a", 60, 1).duplicate
    assert works.hand_on() == 0


def test_the_second_to_accept_gets_no_lock() -> None:
    works = Works()
    works.accept("/workers/a", 60, 1)
    assert works.accept("/workers/b", 600, 1).duplicate
    assert works.row.locked_by == "/workers/a"


def test_whoever_lost_the_lock_may_still_bring_the_first_result_but_no_failure() -> None:
    works = Works(retries="0")
    works.accept("/workers/a", 60, 1)
    works.clock.advance(timedelta(seconds=60))
    works.hand_on()
    works.accept("/workers/b", 60, 2)
    assert works.fail(1).duplicate
    works.give(c.CompleteJob, {"ok": "a"})
    assert works.engine.instance(works.case).state == "completed"
    works.clock.advance(timedelta(hours=1))
    assert works.hand_on() == 0


def test_a_failure_ends_the_lock() -> None:
    works = Works(retries="3", backoff="PT10S")
    works.sent()
    works.accept("/workers/a", 60, 1)
    works.fail(1)
    assert works.row.locked_until is None
    assert works.after(10) == ["2"]
    works.clock.advance(timedelta(hours=1))
    assert works.hand_on() == 0


def test_a_suspended_instances_jobs_are_handed_on_when_it_goes_on() -> None:
    works = Works()
    works.accept("/workers/a", 60, 1)
    works.engine.suspend(works.case)
    works.clock.advance(timedelta(seconds=61))
    assert works.hand_on() == 0
    works.engine.resume(works.case)
    assert works.hand_on() == 1


def test_a_worker_with_a_long_name_holds_its_lock() -> None:
    works = Works()
    name = "/" + "w" * 199
    works.accept(name, 60, 1)
    assert not works.extend(name, 60, 1).duplicate


def test_many_locks_that_run_out_together_are_handed_on_together() -> None:
    works = Works()
    for _ in range(40):
        works.engine.start("p", {"price": 1})
    with works.engine.database.read() as connection:
        ids = list(connection.execute(select(Job.id)).scalars())
    for id_ in ids:
        works.engine.engine.execute(c.AcceptJob(f"accept:{id_}", id_, "/workers/a", 60))
    works.clock.advance(timedelta(seconds=61))
    assert works.hand_on() == 41
    assert works.hand_on() == 0


# ---- priority ------------------------------------------------------------------------------------------------------------


def topics(works: Works) -> list[tuple[str, str | None]]:
    """The topics and priorities under which jobs leave."""
    with works.engine.database.write() as connection:
        rows = outbox.lease(connection, works.clock.now(), 10, works.clock.now() + timedelta(minutes=1))
    return [(row.topic, row.message.extensions.get("priority")) for row in rows]


@pytest.mark.parametrize(
    ("given", "topic", "said"),
    [
        ("0", "bank.pay", None),
        ("4", "bank.pay", "4"),
        ("5", "bank.pay.urgent", "5"),
        ("= price / 3", "bank.pay.urgent", "7"),
        ("= 99", "bank.pay.urgent", "9"),
        ("= -3", "bank.pay", None),
        ("= nobody", "bank.pay", None),
    ],
)
def test_an_urgent_job_travels_by_itself(given: str, topic: str, said: str | None) -> None:
    works = Works(priority=given)
    assert topics(works) == [(topic, said)]


def test_a_job_keeps_its_priority_when_it_is_tried_again() -> None:
    works = Works(priority="7", retries="3", backoff="PT10S")
    topics(works)
    works.fail(1)
    works.clock.advance(timedelta(seconds=10))
    assert ("bank.pay.urgent", "7") in topics(works)


def test_a_priority_that_is_no_number_is_an_incident_at_the_task() -> None:
    works = Works(priority='= "soon"')
    (incident,) = works.incidents()
    assert (incident.kind, incident.element_id) == ("step-failed", "pay")
    assert "priority" in incident.detail
    assert works.sent() == []


# ---- arguments -----------------------------------------------------------------------------------------------------------

NOTICE = {"case": "= number", "kind": '= "reminder"', "subject": "= subject", "text": '= {"$text": "t-1"}'}


def test_arguments_that_fit_go_out_with_their_texts_still_to_be_filled_in() -> None:
    works = Works("notice.send", NOTICE, {"number": "1", "subject": "催办"})
    assert [each.data["text"] for each in works.sent()] == [{"$text": "t-1"}]
    assert works.incidents() == []


def test_arguments_that_do_not_fit_are_an_incident_at_the_task_before_anything_is_sent() -> None:
    works = Works("notice.send", NOTICE, {"number": 7, "subject": "催办"})
    assert works.sent() == []
    (incident,) = works.incidents()
    assert (incident.kind, incident.element_id, incident.task_id) == ("job-failed", "pay", works.row.id)
    assert incident.detail == "任务 notice.send 的参数不符合约定：case：应是文字"
    assert (works.row.state, works.row.attempts) == ("failed", 0)


def test_a_person_mends_the_arguments_and_the_job_goes_out() -> None:
    works = Works("notice.send", NOTICE, {"number": 7, "subject": "催办"})
    (incident,) = works.incidents()
    with pytest.raises(JobViolation):
        works.engine.resolve(incident.id)
    with pytest.raises(JobViolation):
        works.engine.resolve(incident.id, variables={"case": ""})
    works.engine.resolve(incident.id, variables={"case": "7"})
    (sent,) = works.sent()
    assert (sent.data["case"], sent.data["subject"], sent.extensions["attempt"]) == ("7", "催办", "1")
    assert works.incidents() == []


def test_a_job_with_such_arguments_can_be_skipped() -> None:
    works = Works("notice.send", NOTICE, {"number": 7, "subject": "催办"})
    (incident,) = works.incidents()
    works.engine.resolve(incident.id, "skip", {"receipt": "none"})
    assert works.engine.instance(works.case).state == "completed"
