"""The worker kit on a real bus: variables by name, and one answer for each way a job may end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from processes.clock import ManualClock
from processes.messaging import incoming as i
from processes.messaging.bus import Address, Message
from processes.messaging.contracts import parse
from processes.observing.trace import Trace
from processes.store.database import Database
from tests.integration.bus.transports import eventually
from tests.integration.workers.conftest import PATIENCE
from workers.bus.embedded import EmbeddedBus
from workers.kit import BusinessError, Failed, Job, RetryLater, Runner, Worker
from workers.kit.once import LARGEST

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class Engine:
    """Sends jobs as the engine does, and reads the answers off the inbox."""

    bus: EmbeddedBus
    clock: ManualClock
    answers: list[Message] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, message: Message) -> None:
        with self.changed:
            self.answers.append(message)
            self.changed.notify_all()

    def send(self, topic: str, data: Any, job: str = "j-1", attempt: int = 1, copy: str = "") -> None:
        extensions = {"jobid": job, "attempt": str(attempt), "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        message = Message(f"{job}:{attempt}{copy}", topic, "/engine", self.clock.now(), data, extensions=extensions)
        self.bus.send(Address.JOBS, topic, message)

    def answered(self, count: int = 1) -> list[Message]:
        """The first answers, as soon as there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.answers) >= count, PATIENCE), self.answers
            return self.answers[:count]


@pytest.fixture
def engine(memory: Database, clock: ManualClock) -> Iterator[Engine]:
    bus = EmbeddedBus(memory, clock, poll_seconds=0.05)
    engine = Engine(bus, clock)
    bus.subscribe(Address.INBOX, ["*"], engine.take)
    yield engine
    bus.stop(PATIENCE)


def test_a_worker_in_five_lines(engine: Engine) -> None:
    worker = Worker("boards")

    @worker.job("board.ask")
    def ask(case: str, text: str, urgent: bool = False) -> dict[str, Any]:
        return {"receipt": f"{case}:{text}:{urgent}"}

    Runner(engine.bus, [worker]).start()
    engine.send("board.ask", {"case": "C-1", "text": "请答复", "unasked": 1})
    [message] = engine.answered()
    assert parse(message) == i.JobCompleted("j-1", {"receipt": "C-1:请答复:False"}, 1)
    assert (message.source, message.subject) == ("/workers/boards", "board.ask")
    asked = Trace.parse(message.extensions["traceparent"])
    assert asked is not None
    assert asked.id == TRACE


def test_each_attempt_has_an_answer_of_its_own_that_no_outbox_takes_for_its_job(engine: Engine) -> None:
    worker = Worker("boards")
    worker.job("board.ask")(lambda: {"done": True})
    Runner(engine.bus, [worker]).start()
    engine.send("board.ask", {}, attempt=1)
    engine.send("board.ask", {}, attempt=2)
    assert {message.id for message in engine.answered(2)} == {"j-1:1:answer", "j-1:2:answer"}


def test_an_attempt_that_comes_again_is_answered_again_and_not_done_again(engine: Engine) -> None:
    worker, went, may_end = Worker("boards"), threading.Semaphore(0), threading.Event()
    done: list[tuple[str, int]] = []

    @worker.job("board.ask", concurrency=3)
    def ask(job: Job, size: int) -> dict[str, Any]:
        done.append((job.id, job.attempt))
        went.release()
        may_end.wait(PATIENCE)
        return {"text": "x" * size}

    Runner(engine.bus, [worker]).start()
    for job, copy in (("j-1", ""), ("j-1", "+"), ("j-2", "")):  # the second copy comes while the first is in hand
        engine.send("board.ask", {"size": 1}, job, copy=copy)
    assert went.acquire(timeout=PATIENCE)
    assert went.acquire(timeout=PATIENCE)
    assert sorted(done) == [("j-1", 1), ("j-2", 1)]
    may_end.set()
    assert {message.id for message in engine.answered(2)} == {"j-1:1:answer", "j-2:1:answer"}
    eventually(lambda: not any(state.ready or state.in_hand for state in engine.bus.queues()))
    assert len(engine.answers) == 2

    engine.send("board.ask", {"size": 1}, copy="++")  # and when it has been answered
    assert engine.answered(3)[2].id == "j-1:1:answer"
    engine.send("board.ask", {"size": 1}, attempt=2)
    assert engine.answered(4)[3].id == "j-1:2:answer"
    assert sorted(done) == [("j-1", 1), ("j-1", 2), ("j-2", 1)]

    engine.send("board.ask", {"size": LARGEST}, "large")  # an answer that is not kept
    assert engine.answered(5)[4].id == "large:1:answer"
    engine.send("board.ask", {"size": LARGEST}, "large", copy="+")
    assert engine.answered(6)[5].id == "large:1:answer"
    assert done.count(("large", 1)) == 2


def test_a_handler_may_have_the_job_itself_and_all_other_variables(engine: Engine) -> None:
    worker = Worker("boards")
    seen: list[tuple[Job, dict[str, Any]]] = []

    @worker.job("board.ask")
    def ask(work: Job, case: str, **others: Any) -> None:
        seen.append((work, {"case": case, **others}))

    Runner(engine.bus, [worker]).start()
    engine.send("board.ask", {"case": "C-1", "a": 1, "b": [2]}, attempt=3)
    assert parse(engine.answered()[0]) == i.JobCompleted("j-1", {}, 3)
    job, variables = seen[0]
    assert (job.id, job.topic, job.attempt) == ("j-1", "board.ask", 3)
    assert variables == {"case": "C-1", "a": 1, "b": [2]}


def _raise(error: Exception) -> Any:
    raise error


ENDINGS = [
    (BusinessError("closed", "已关闭", {"n": 1}), i.JobError("j-1", "closed", "已关闭", {"n": 1}, 1)),
    (RetryLater(30, "系统忙"), i.JobFailed("j-1", "系统忙", 30.0, False, True, 1)),
    (RetryLater(), i.JobFailed("j-1", "对方系统请稍后再试", None, False, True, 1)),
    (RetryLater(5, "熔断", counted=False), i.JobFailed("j-1", "熔断", 5.0, False, False, 1)),
    (Failed("没有配置"), i.JobFailed("j-1", "没有配置", None, True, True, 1)),
    (
        ZeroDivisionError("by zero"),
        i.JobFailed("j-1", "工作程序出错：ZeroDivisionError: by zero", None, False, True, 1),
    ),
    (ValueError("a\0b\ud800"), i.JobFailed("j-1", "工作程序出错：ValueError: ab?", None, False, True, 1)),
    (BusinessError("closed", "", {"n": float("nan")}), None),
]


@pytest.mark.parametrize(("error", "expected"), ENDINGS, ids=lambda each: type(each).__name__)
def test_each_way_of_failing_has_its_answer(
    engine: Engine, error: Exception, expected: i.Incoming | None, caplog: pytest.LogCaptureFixture
) -> None:
    # The half character that one of these errors has is more than the report of a test that runs elsewhere can carry.
    caplog.set_level(logging.CRITICAL, "bihuan.worker")
    worker = Worker("boards")
    worker.job("board.ask")(lambda: _raise(error))
    Runner(engine.bus, [worker]).start()
    engine.send("board.ask", {})
    said = parse(engine.answered()[0])
    if expected is None:
        assert isinstance(said, i.JobFailed)
        assert said.final
    else:
        assert said == expected


@pytest.mark.parametrize("result", [3, [1], {"x": object()}, {"x": float("inf")}])
def test_a_result_that_cannot_be_stored_is_a_failure_not_a_crash(engine: Engine, result: Any) -> None:
    worker = Worker("boards")
    worker.job("board.ask")(lambda: result)
    Runner(engine.bus, [worker]).start()
    engine.send("board.ask", {})
    said = parse(engine.answered()[0])
    assert isinstance(said, i.JobFailed)
    assert said.final


def test_a_missing_variable_is_named(engine: Engine) -> None:
    worker = Worker("boards")
    worker.job("board.ask")(lambda case, text: None)
    Runner(engine.bus, [worker]).start()
    engine.send("board.ask", {"case": "C-1"})
    assert parse(engine.answered()[0]) == i.JobFailed("j-1", "任务缺少变量：text", None, True, True, 1)


def test_jobs_of_the_catalogue_are_held_to_it(engine: Engine) -> None:
    worker = Worker("lists")
    worker.job("seven-lists.transfer")(lambda: {"reference": 7})
    Runner(engine.bus, [worker]).start()
    engine.send("seven-lists.transfer", {"case": "C-1"})
    said = parse(engine.answered()[0])
    assert isinstance(said, i.JobFailed)
    assert said.final
    assert "original：缺少必填字段" in said.reason


def test_a_message_that_is_no_job_goes_to_the_dead_letters(engine: Engine) -> None:
    worker = Worker("boards")
    worker.job("board.ask")(lambda: None)
    Runner(engine.bus, [worker]).start()
    engine.bus.send(Address.JOBS, "board.ask", Message("m", "board.ask", "/x", engine.clock.now(), {}))
    engine.send("board.ask", {}, job="j-2")
    engine.answered()
    engine.bus.stop(PATIENCE)
    assert [letter.message.id for letter in engine.bus.dead_letters()] == ["m"]


def test_a_stopped_runner_lets_its_job_finish_and_leaves_the_rest(engine: Engine) -> None:
    worker, begun, finish = Worker("boards"), threading.Event(), threading.Event()

    @worker.job("board.ask", concurrency=1)
    def ask() -> None:
        begun.set()
        assert finish.wait(PATIENCE)

    runner = Runner(engine.bus, [worker])
    runner.start()
    engine.send("board.ask", {}, job="j-1")
    assert begun.wait(PATIENCE)
    stopper = threading.Thread(target=runner.stop)
    stopper.start()
    engine.send("board.ask", {}, job="j-2")
    finish.set()
    stopper.join(PATIENCE)
    assert not stopper.is_alive()
    engine.clock.advance(timedelta(hours=1))
    engine.bus.start()
    assert {message.extensions["jobid"] for message in engine.answered(2)} == {"j-1", "j-2"}


def test_handlers_are_checked_when_they_are_registered(engine: Engine) -> None:
    worker = Worker("boards")
    worker.job("board.ask")(lambda: None)
    with pytest.raises(ValueError, match="two handlers"):
        worker.job("board.ask")(lambda: None)
    with pytest.raises(TypeError, match="by name"):
        worker.job("board.tell")(lambda case, /: None)
    other = Worker("others")
    other.job("board.ask")(lambda: None)
    with pytest.raises(ValueError, match=r"board\.ask"):
        Runner(engine.bus, [worker, other])
