"""The engine's promises on a file and on PostgreSQL, and what only shows with several engines at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

import tests.unit.runtime.test_engine as promises
from processes.clock import ManualClock
from processes.kernel.errors import NotWaiting
from processes.orchestrator import Orchestrator
from processes.runtime import commands as c
from processes.runtime.unit import Suspended
from processes.store.database import Database
from processes.store.tables import HistoryEntry, Instance, Job, Timer, UserTask
from tests.diagrams import boundary, definitions, end, path, process, service, start, timer, user

PROMISES: list[Any] = [each for name, each in vars(promises).items() if name.startswith("test_")]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.__name__.removeprefix("test_"))
def test_every_promise_of_the_engine_holds_on_every_database(
    promise: Callable[[], None], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises, "Orchestrator", lambda: Orchestrator(database))
    promise()


def two_engines(database: Database, model: bytes) -> tuple[Orchestrator, Orchestrator]:
    clock = ManualClock()
    first = Orchestrator(database, clock)
    first.deploy({"model.bpmn": model})
    return first, Orchestrator(Database(database.url.render_as_string(hide_password=False)), clock)


def test_the_same_start_on_two_engines_at_once_starts_one_instance(database: Database) -> None:
    """The second finds nothing in the inbox, and then the first's instance under the same id."""
    model = definitions(process("p", start(), user("one"), end(), path("start", "one", "end")))
    engines = two_engines(database, model)
    for number in range(10):
        gate = threading.Barrier(2)

        def begin(engine: Orchestrator, gate: threading.Barrier = gate, number: int = number) -> bool:
            gate.wait(10)
            return engine.engine.execute(c.Start(f"start-{number}", "p")).duplicate

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(begin, engines)) == [False, True]
    assert len(engines[0].instances("p")) == 10


@pytest.mark.slow
def test_the_same_click_on_two_engines_at_once_counts_once(database: Database) -> None:
    model = definitions(process("p", start(), user("one"), user("two"), end(), path("start", "one", "two", "end")))
    engines = two_engines(database, model)
    for number in range(10):
        case = engines[0].start("p")
        task = engines[0].tasks(case)[0].id
        gate = threading.Barrier(2)

        def click(engine: Orchestrator, task: str = task, gate: threading.Barrier = gate, number: int = number) -> bool:
            gate.wait(10)
            return engine.engine.execute(c.CompleteTask(f"click-{number}", task)).duplicate

        with ThreadPoolExecutor(2) as pool:
            duplicates = list(pool.map(click, engines))
        assert sorted(duplicates) == [False, True]
        with database.read() as connection:
            count = select(func.count()).select_from(HistoryEntry).where(HistoryEntry.instance_id == case)
            assert connection.scalar(count) == 2
        assert [each.element for each in engines[1].tasks(case)] == ["two"]
    engines[1].database.dispose()


@pytest.mark.slow
def test_a_message_and_its_subscriber_that_meet_always_find_each_other(database: Database) -> None:
    waiting = promises.waiting_for_payment()
    engines = two_engines(database, definitions(promises.PAID, waiting))
    for number in range(20):
        gate = threading.Barrier(2)

        def begin(gate: threading.Barrier = gate, number: int = number) -> str | None:
            gate.wait(10)
            command = c.Start(f"start-{number}", "p", "", {"number": str(number)})
            return engines[0].engine.execute(command).instance_id

        def tell(gate: threading.Barrier = gate, number: int = number) -> str | None:
            gate.wait(10)
            command = c.Correlate(f"paid-{number}", "paid", str(number), {"sum": number})
            return engines[1].engine.execute(command).instance_id

        with ThreadPoolExecutor(2) as pool:
            began, told = pool.submit(begin), pool.submit(tell)
            case = began.result(30)
            told.result(30)
        assert [each.element for each in engines[0].tasks(case)] == ["one"], number
    engines[1].database.dispose()


REMINDED = definitions(
    process(
        "p",
        start(),
        user("work"),
        boundary("remind", "work", timer("timeCycle", "R3/PT1H"), interrupting=False),
        boundary("expire", "work", timer("timeDuration", "PT20H")),
        user("late"),
        service("note", "notice"),
        end(),
        end("e2"),
        path("start", "work", "end"),
        path("remind", "note", "e2"),
        path("expire", "late", "end"),
    )
)


def later(engine: Orchestrator, hours: float) -> None:
    clock = engine.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(hours=hours))


def test_a_timer_seen_by_two_schedulers_fires_once(database: Database) -> None:
    engines = two_engines(database, REMINDED)
    cases = [engines[0].start("p") for _ in range(100)]
    later(engines[0], 1)
    gate = threading.Barrier(2)

    def fire(engine: Orchestrator) -> int:
        gate.wait(10)
        return engine.scheduler.run_due()

    with ThreadPoolExecutor(2) as pool:
        fired = list(pool.map(fire, engines))
    assert sum(fired) == len(cases)
    assert len(engines[0].jobs("notice")) == len(cases)
    engines[1].database.dispose()


def test_what_fell_due_during_an_outage_is_caught_up_in_order_and_each_time_once(database: Database) -> None:
    engine = Orchestrator(database, ManualClock())
    engine.deploy({"model.bpmn": REMINDED})
    case = engine.start("p")
    later(engine, 24)
    assert engine.scheduler.run_due() == 4
    with database.read() as connection:
        fired = select(HistoryEntry.command_id).where(HistoryEntry.kind == "FireTimer").order_by(HistoryEntry.seq)
        times = [each.split(":", 2)[2] for each in connection.scalars(fired)]
        left = connection.scalar(select(func.count()).select_from(Timer))
    assert times == sorted(times)
    assert [each.element for each in engine.tasks(case)] == ["late"]
    assert left == 0


@pytest.mark.postgres
def test_timers_of_an_instance_in_other_hands_are_passed_over_until_it_is_free(postgresql_database: Database) -> None:
    engines = two_engines(postgresql_database, REMINDED)
    first, second = engines[0].start("p"), engines[0].start("p")
    later(engines[0], 1)
    with postgresql_database.write() as connection:
        connection.execute(select(Instance.id).where(Instance.id == first).with_for_update())
        assert engines[1].scheduler.run_due() == 1
        assert [each.instance for each in engines[1].jobs("notice")] == [second]
    assert engines[1].scheduler.run_due() == 1
    engines[1].database.dispose()


def test_a_stale_engine_sees_what_another_has_done(database: Database) -> None:
    model = definitions(
        process("p", start(), *(user(name) for name in "abc"), end(), path("start", "a", "b", "c", "end"))
    )
    engines = two_engines(database, model)
    case = engines[0].start("p", {"n": 1})
    for turn, engine in enumerate((engines[0], engines[1], engines[0])):
        engine.complete(engine.tasks(case)[0].id, {f"turn_{turn}": turn})
    assert engines[1].instance(case).state == "completed"
    assert engines[1].instance(case).variables == {"n": 1, "turn_0": 0, "turn_1": 1, "turn_2": 2}
    engines[1].database.dispose()


def test_an_engine_with_a_hot_instance_meets_what_another_has_done_to_it(database: Database) -> None:
    model = definitions(process("p", start(), user("a"), user("b"), end(), path("start", "a", "b", "end")))
    engines = two_engines(database, model)
    case = engines[0].start("p", {"n": 1})
    task = engines[0].tasks(case)[0].id
    engines[1].suspend(case)
    with pytest.raises(Suspended):
        engines[0].complete(task)
    engines[1].resume(case)
    engines[0].complete(task)
    task = engines[0].tasks(case)[0].id
    engines[1].cancel(case)
    with pytest.raises(NotWaiting):
        engines[0].complete(task)
    engines[1].database.dispose()


def test_a_failed_transaction_leaves_nothing_behind(database: Database) -> None:
    engine = Orchestrator(database)
    engine.deploy({"model.bpmn": definitions(process("p", start(), user("one"), end(), path("start", "one", "end")))})
    case = engine.start("p")
    task = engine.tasks(case)[0].id

    class Died(Exception):
        pass

    class Dying:
        def ask(self, connection: Any, changes: Any) -> Any:
            raise Died

    engine.engine.projections.append(Dying())
    with pytest.raises(Died):
        engine.complete(task, id="click")
    engine.engine.projections.clear()
    with database.read() as connection:
        assert connection.scalar(select(UserTask.state).where(UserTask.id == task)) == "open"
        assert connection.scalar(select(Instance.version).where(Instance.id == case)) == 1
    assert not engine.complete(task, id="click").duplicate
    with pytest.raises(NotWaiting):
        engine.complete(task)


def test_a_job_whose_system_stays_down_keeps_since_when_and_becomes_an_incident(database: Database) -> None:
    engine, _ = two_engines(
        database, definitions(process("p", start(), service("pay", "bank.pay"), end(), path("start", "pay", "end")))
    )
    engine.start("p")
    clock = engine.clock
    assert isinstance(clock, ManualClock)
    down = clock.now()
    with database.read() as connection:
        job = connection.execute(select(Job.id)).one()

    def fail(id: str) -> c.Outcome:
        return engine.engine.execute(
            c.FailJob(id, job.id, "银行没有应答", counted=False, worker="/workers/bank", system="bank", since=down)
        )

    assert fail("one").incident is None
    with database.read() as connection:
        row = connection.execute(select(Job.__table__)).one()
    assert (row.failing_since, row.held_up_by, row.held_up_since, row.held_up_at) == (
        down,
        "bank",
        down,
        "/workers/bank",
    )
    clock.advance(timedelta(days=1))
    incident = fail("two").incident
    assert incident is not None
    engine.resolve(incident)
    with database.read() as connection:
        row = connection.execute(select(Job.__table__)).one()
    assert (row.state, row.failing_since, row.held_up_by) == ("open", None, None)
