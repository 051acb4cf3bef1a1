"""A worker: handlers by job topic, and the answer that each of their endings becomes. It has no database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from processes.clock import Clock, SystemClock
from processes.failpoints import hit
from processes.messaging.bus import Address, Bus, Message, NotSent, Retry
from processes.messaging.jobs import CATALOGUE, JobKind, JobViolation
from processes.messaging.schema import unsound
from processes.observing import here
from workers.kit.job import BusinessError, Failed, Job, RetryLater, job_of
from workers.kit.signature import Call, call_of

log = logging.getLogger("bihuan.worker")

LONGEST_REASON = 2000
"""characters: reasons are read by people, and an exception's text may repeat a whole document"""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class _Handler:
    call: Call
    concurrency: int


@dataclass(frozen=True)
class Answer:
    """What a job came to: the type and data of the message that goes back."""

    type: str
    data: Mapping[str, Any]


class Worker:
    """Handlers for job topics. ``name`` tells in logs and messages which program answered.

    >>> worker = Worker("notices")
    >>> @worker.job("notice.send")
    ... def send(to: object, subject: str, text: str) -> dict[str, str]:
    ...     return {"receipt": "notices-1"}
    """

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self.name = name
        self._clock = clock or SystemClock()
        self._handlers: dict[str, _Handler] = {}

    @property
    def topics(self) -> frozenset[str]:
        """The topics it takes."""
        return frozenset(self._handlers)

    def job(self, topic: str, *, concurrency: int = 4) -> Callable[[Function], Function]:
        """Register a handler for a topic; at most ``concurrency`` of its jobs run at once in this process."""

        def register(function: Function) -> Function:
            if topic in self._handlers:
                raise ValueError(f"two handlers for {topic}")
            self._handlers[topic] = _Handler(call_of(function), concurrency)
            return function

        return register

    def attach(self, bus: Bus) -> None:
        """Subscribe to the topics of this worker on a bus that is not started yet."""

        def take(message: Message) -> None:
            self._take(bus, message)

        for topic, handler in self._handlers.items():
            bus.subscribe(Address.JOBS, [topic], take, concurrency=handler.concurrency)

    def _take(self, bus: Bus, message: Message) -> None:
        job = job_of(message)
        hit("worker.taken")
        answer = self.answer(job)
        hit("worker.done")
        try:
            bus.send(Address.INBOX, answer.type, self._message(job, answer))
            hit("worker.answered")
        except NotSent as not_sent:
            # The job comes again, and its idempotency key sees to it that nothing happens twice.
            raise Retry(str(not_sent), after=1.0) from not_sent

    def _message(self, job: Job, answer: Answer) -> Message:
        told = here.stamped({"jobid": job.id, "attempt": str(job.attempt)})
        # The job's own message is <job>:<attempt>; an outbox that holds both tells them apart by the last part.
        id_ = f"{job.id}:{job.attempt}:answer"
        return Message(id_, answer.type, f"/workers/{self.name}", self._clock.now(), dict(answer.data), job.topic, told)

    def answer(self, job: Job) -> Answer:
        """Do a job; whatever happens, there is an answer. Also the way to test a handler."""
        kind = CATALOGUE.get(job.topic)
        try:
            if kind is not None:
                kind.check_arguments(job.variables)
            return _completed(kind, job, self._handlers[job.topic].call(job))
        except BusinessError as error:
            return _error(error)
        except RetryLater as later:
            return _failed(later.reason, retry_after=later.seconds)
        except (Failed, JobViolation) as failed:
            return _failed(failed.reason if isinstance(failed, Failed) else failed.zh, final=True)
        except Exception as error:
            log.exception("job %s %s failed", job.topic, job.id)
            return _failed(f"工作程序出错：{type(error).__name__}: {error}")


def _completed(kind: JobKind | None, job: Job, result: object) -> Answer:
    result = {} if result is None else result
    if not isinstance(result, Mapping):
        raise Failed(f"任务 {job.topic} 的结果应是一个对象，得到的是 {type(result).__name__}")
    problem = unsound(result)
    if problem is not None:
        raise Failed(f"任务 {job.topic} 的结果无法保存：{problem.path}：{problem.zh}")
    if kind is not None:
        kind.check_result(result)
    return Answer("job.completed", {"result": dict(result)})


def _failed(reason: str, *, retry_after: float | None = None, final: bool = False) -> Answer:
    said: dict[str, Any] = {"reason": _clean(reason) or "没有说明", "final": final}
    if retry_after is not None:
        said["retry_after"] = max(retry_after, 0.0)
    return Answer("job.failed", said)


def _error(error: BusinessError) -> Answer:
    if not error.code or unsound(error.variables) is not None:
        return _failed(f"工作程序给出的业务错误不符合约定：{error}", final=True)
    return Answer("job.error", {"code": error.code, "message": _clean(error.message), "variables": error.variables})


def _clean(reason: str) -> str:
    """A text that can be stored and read, of whatever an exception had to say."""
    cut = reason[:LONGEST_REASON].replace("\0", "")
    return cut.encode("utf-8", "replace").decode()
