"""A worker: handlers by job topic, and the answer that each of their endings becomes. It has no database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from processes.clock import Clock, SystemClock
from processes.failpoints import hit
from processes.messaging.addresses import urgent
from processes.messaging.answers import ATTEMPT, JOB
from processes.messaging.bus import Address, Bus, Message
from processes.messaging.jobs import CATALOGUE, JobViolation
from processes.observing import here
from workers.kit import measures
from workers.kit.answer import Answer, completed, failed, held_up, refused
from workers.kit.job import BusinessError, Failed, Job, RetryLater, job_of
from workers.kit.long import LongJobs
from workers.kit.once import Once
from workers.kit.retry import Retry
from workers.kit.signature import Call, call_of

log = logging.getLogger("bihuan.worker")

AHEAD = 4
"""Messages in a worker's hands for each job that runs: the next ones, and those whose answers are not confirmed yet."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Handler:
    """What does a topic's jobs, and how."""

    call: Call
    concurrency: int
    prefetch: int
    retry: Retry
    lock: int | None
    """seconds for which its jobs are accepted; None: their messages are held until they are done"""


class Worker:
    """Handlers for job topics. ``name`` tells in logs, locks and messages which program answered.

    >>> worker = Worker("notices")
    >>> @worker.job("notice.send")
    ... def send(to: object, subject: str, text: str) -> dict[str, str]:
    ...     return {"receipt": "notices-1"}
    """

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self.name = name
        self._clock = clock or SystemClock()
        self._handlers: dict[str, Handler] = {}
        self._long: list[LongJobs] = []
        self._once = Once()

    @property
    def topics(self) -> frozenset[str]:
        """The topics it takes."""
        return frozenset(self._handlers)

    @property
    def source(self) -> str:
        """What its messages name as their source."""
        return f"/workers/{self.name}"

    def job(
        self,
        topic: str,
        *,
        concurrency: int = 4,
        prefetch: int | None = None,
        retry: Retry | None = None,
        lock: int | None = None,
    ) -> Callable[[Function], Function]:
        """Register a handler for a topic.

        :param concurrency: how many of its jobs run at once in this process
        :param prefetch: how many may be in its hands at once; four times as many when not given
        :param retry: what the handler's exceptions mean
        :param lock: for jobs that last longer than a minute or two: seconds for which they are accepted; the lock is extended for as long as the
            handler runs
        """

        def register(function: Function) -> Function:
            if topic in self._handlers:
                raise ValueError(f"two handlers for {topic}")
            ahead = prefetch or AHEAD * concurrency
            self._handlers[topic] = Handler(call_of(function), concurrency, ahead, retry or Retry(), lock)
            return function

        return register

    def attach(self, bus: Bus, leave: Collection[str] = ()) -> None:
        """Subscribe to the topics of this worker, but for those in ``leave``, on a bus that is not started yet. Urgent jobs are taken first."""
        for topic, handler in self._handlers.items():
            if topic in leave:
                continue
            topics = [topic, urgent(topic)]
            if handler.lock is None:
                take = self._taker(bus)
                bus.subscribe(Address.JOBS, topics, take, concurrency=handler.concurrency, prefetch=handler.prefetch)
            else:
                long = LongJobs(bus, handler.concurrency, handler.lock, self.answer, self._message)
                self._long.append(long)
                # A message that waits for a free hand is not acknowledged: one at a time, the others are for others.
                bus.subscribe(Address.JOBS, topics, long.take, concurrency=1, prefetch=1)

    def cease(self) -> None:
        """Begin no more long jobs."""
        for long in self._long:
            long.cease()

    def wait(self, timeout: float) -> bool:
        """Wait for the long jobs that run; False when ``timeout`` seconds were too few."""
        deadline = perf_counter() + timeout
        left = [long for long in self._long if not long.wait(deadline - perf_counter())]
        return not left

    def _taker(self, bus: Bus) -> Callable[[Message], Future[None]]:
        def take(message: Message) -> Future[None]:
            job = job_of(message)
            hit("worker.taken")
            if (known := self._once.begin(job)) is not None:
                return again(job, known)
            try:
                answer = self.answer(job)
                hit("worker.done")
                posted = post(job, answer)
            except BaseException as error:
                self._once.ended(job, None, error)
                raise
            posted.add_done_callback(lambda ended: delivered(job, answer, ended.exception()))
            return posted

        def delivered(job: Job, answer: Answer, error: BaseException | None) -> None:
            self._once.ended(job, answer, error)
            if error is None:
                hit("worker.answered")

        def post(job: Job, answer: Answer) -> Future[None]:
            return bus.post(Address.INBOX, answer.type, self._message(job, answer, "answer"))

        def again(job: Job, known: Future[Answer]) -> Future[None]:
            """The same message once more: the same answer, which may have got lost, and no second effect."""
            log.info("job %s, attempt %s: came again, not done again", job.id, job.attempt)
            measures.REPEATED.labels(job.topic).inc()
            if known.done() and known.exception() is None:
                return post(job, known.result())
            other: Future[None] = Future()
            known.add_done_callback(lambda first: _as(first, other))
            return other

        return take

    def _message(self, job: Job, answer: Answer, what: str) -> Message:
        """The message that says so of a job; ``what`` tells those of one attempt apart."""
        told = here.stamped({JOB.name: job.id, ATTEMPT: str(job.attempt)})
        # The job's own message is <job>:<attempt>; an outbox that holds both tells them apart by the last part.
        id_ = f"{job.id}:{job.attempt}:{what}"
        return Message(id_, answer.type, self.source, self._clock.now(), dict(answer.data), job.topic, told)

    def answer(self, job: Job) -> Answer:
        """Do a job; whatever happens, there is an answer. Also the simplest way to test a handler."""
        (running, seconds), begun = measures.of(job.topic), perf_counter()
        running.inc()
        try:
            answer = self._answer(job)
        finally:
            running.dec()
        seconds.observe(perf_counter() - begun)
        measures.done(job.topic, answer.ending).inc()
        return answer

    def _answer(self, job: Job) -> Answer:
        kind, handler = CATALOGUE.get(job.topic), self._handlers[job.topic]
        retry = handler.retry
        try:
            if kind is not None:
                kind.check_arguments(job.variables)
            return completed(kind, job, handler.call(job))
        except BusinessError as error:
            return refused(error)
        except RetryLater as later:
            return held_up(later)
        except (Failed, JobViolation) as fault:
            return failed(fault.reason if isinstance(fault, Failed) else fault.zh, final=True)
        except Exception as error:
            log.exception("job %s %s failed", job.topic, job.id)
            return failed(
                f"工作程序出错：{type(error).__name__}: {error}",
                retry_after=retry.seconds(job.attempt),
                final=isinstance(error, retry.final),
                counted=not isinstance(error, retry.free),
            )


def _as(first: Future[Answer], other: Future[None]) -> None:
    error = first.exception()
    if error is not None:
        other.set_exception(error)
    else:
        other.set_result(None)
