"""Jobs that last: accepted, so that their message can be acknowledged, and held by their lock for as long as they run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from itertools import count
from uuid import uuid4

from processes.failpoints import hit
from processes.messaging.bus import Address, Bus, Message, NotSent, Retry
from processes.observing import here
from workers.kit.answer import Answer
from workers.kit.job import Job, job_of

log = logging.getLogger("bihuan.worker")

EXTENDED_IN_TIME = 3
"""A lock is extended when a third of it is over: two messages may get lost."""

AGAIN_SECONDS = 1.0
"""Between two tries to send an answer; and after which a message comes again that nobody had a free hand for."""


class LongJobs:
    """The long jobs of one topic in this process: at most ``concurrency`` at once, each in a thread of its own.

    A job whose process dies is handed on when its lock has run out: the engine sends it anew, which uses up no attempt. ``answer`` does a job;
    ``message`` makes the message that says something of it.
    """

    def __init__(
        self,
        bus: Bus,
        concurrency: int,
        lock: int,
        answer: Callable[[Job], Answer],
        message: Callable[[Job, Answer, str], Message],
    ) -> None:
        self._bus = bus
        self._answer = answer
        self._message = message
        self._concurrency = concurrency
        self._lock_seconds = lock
        self._changed = threading.Condition()
        self._running = 0
        self._ceased = False
        self._abandoned = threading.Event()
        self._token = uuid4().hex[:12]
        """tells this process's locks from those of another one that goes by the same name and gets the same message"""

    def take(self, message: Message) -> None:
        """Accept a job as soon as there is a free hand, and begin it; its message is acknowledged on return. Raises ``Retry`` when told to cease."""
        job = job_of(message)
        with self._changed:
            self._changed.wait_for(lambda: self._ceased or self._running < self._concurrency)
            if self._ceased:
                raise Retry("the worker is being stopped", after=AGAIN_SECONDS)
            self._running += 1
        try:
            accepted = self._word("accepted")
            self._bus.send(Address.INBOX, accepted.type, self._message(job, accepted, f"accepted:{self._token}"))
        except BaseException:
            self._ended()
            raise
        hit("worker.accepted")
        place = here.current()
        threading.Thread(target=self._do, args=(job, place), name=f"job-{job.topic}", daemon=True).start()

    def cease(self) -> None:
        """Begin no more."""
        with self._changed:
            self._ceased = True
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait for those that run; what is not done by then is not answered any more."""
        with self._changed:
            done = self._changed.wait_for(lambda: self._running == 0, max(timeout, 0.0))
        self._abandoned.set()
        return done

    def _ended(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _word(self, what: str) -> Answer:
        return Answer(f"job.{what}", {"lock_seconds": self._lock_seconds})

    def _do(self, job: Job, place: here.Here | None) -> None:
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(job, done), name="job-lock", daemon=True)
        keeper.start()
        try:
            with here.at(place or here.place()):
                self._send(job, self._answer(job))
        finally:
            done.set()
            self._ended()

    def _keep(self, job: Job, done: threading.Event) -> None:
        """Extend the lock until the job is done. What does not get out is made up for by the next."""
        extended = self._word("extended")
        for number in count(1):
            if done.wait(self._lock_seconds / EXTENDED_IN_TIME):
                return
            what = f"extended:{self._token}:{number}"
            self._bus.post(Address.INBOX, extended.type, self._message(job, extended, what))

    def _send(self, job: Job, answer: Answer) -> None:
        """Send the answer, however long the broker is away: the job's message is acknowledged, and the work is done."""
        message = self._message(job, answer, "answer")
        hit("worker.long-done")
        while True:
            try:
                return self._bus.send(Address.INBOX, answer.type, message)
            except NotSent as not_sent:
                log.warning("the answer to job %s is sent again: %s", job.id, not_sent)
            if self._abandoned.wait(AGAIN_SECONDS):
                return None
