"""A harness for tests of workers: real messages on an embedded bus in memory, and what the engine would hear.

>>> from workers.kit import Worker
>>> worker = Worker("boards")
>>> @worker.job("board.ask")
... def ask(case: str, copies: int = 1) -> dict[str, str]:
...     return {"receipt": f"{case}-{copies}"}
>>> with Harness(worker) as harness:
...     harness.run("board.ask", case="C-1").result
...     harness.run("board.ask", case="C-1", copies="two").reason
{'receipt': 'C-1-1'}
'变量 copies 应是整数，得到的是文字'
"""

from __future__ import annotations

import threading
from itertools import count
from types import TracebackType
from typing import Any

from processes.clock import SystemClock
from processes.messaging import incoming as i
from processes.messaging.answers import ATTEMPT, JOB
from processes.messaging.bus import Address, Message
from processes.messaging.contracts import parse
from processes.store.database import Database
from workers.bus.embedded import EmbeddedBus
from workers.kit.runner import Runner
from workers.kit.worker import Worker

Ending = i.JobCompleted | i.JobFailed | i.JobError


class Harness:
    """Runs a worker's jobs one by one. ``patience``: seconds after which a job that has not ended raises TimeoutError.

    ``locks`` are the messages by which long jobs were accepted and extended, in their order.
    """

    def __init__(self, worker: Worker, *, patience: float = 20.0) -> None:
        self.locks: list[i.JobAccepted] = []
        self._topics = worker.topics
        self._patience = patience
        self._clock = SystemClock()
        self._database = Database("sqlite://")
        self._bus = EmbeddedBus(self._database, self._clock, poll_seconds=0.05)
        # The worker's own: when it is stopped, its last answers are still heard.
        self._runner = Runner(EmbeddedBus(self._database, self._clock, poll_seconds=0.05), [worker], patience=patience)
        self._asked = 0
        """calls of :meth:`run` that wait for an ending"""
        self._endings: dict[str, Ending] = {}
        self._changed = threading.Condition()
        self._numbers = count(1)

    def __enter__(self) -> Harness:
        self._database.migrate()
        self._bus.subscribe(Address.INBOX, ["*"], self._hear)
        self._bus.start()
        self._runner.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._runner.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._asked, self._patience)
        self._bus.stop(self._patience)
        self._database.dispose()

    def run(self, topic: str, /, **variables: Any) -> Any:
        """Give the worker a job, and wait for its ending: ``JobCompleted`` (``result``), ``JobFailed`` (``reason``, ``retry_after``, ``final``,
        ``counted``) or ``JobError`` (``code``, ``message``, ``variables``). Raises ValueError for a topic that the worker does not take."""
        if topic not in self._topics:
            raise ValueError(f"the worker takes no {topic}")
        job = f"job-{next(self._numbers)}"
        message = Message(
            f"{job}:1", topic, "/harness", self._clock.now(), variables, extensions={JOB.name: job, ATTEMPT: "1"}
        )
        with self._changed:
            self._asked += 1
        try:
            self._bus.send(Address.JOBS, topic, message)
            with self._changed:
                if not self._changed.wait_for(lambda: job in self._endings, self._patience):
                    raise TimeoutError(f"{topic} has not ended within {self._patience:g} s")
                return self._endings.pop(job)
        finally:
            with self._changed:
                self._asked -= 1
                self._changed.notify_all()

    def wait_for_lock(self, number: int) -> i.JobAccepted:
        """The lock message of this number (1: that the job was accepted), as soon as it has come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.locks) >= number, self._patience):
                raise TimeoutError(f"only {len(self.locks)} locks came")
            return self.locks[number - 1]

    def _hear(self, message: Message) -> None:
        said = parse(message)
        with self._changed:
            if isinstance(said, i.JobAccepted):
                self.locks.append(said)
            elif isinstance(said, i.JobCompleted | i.JobFailed | i.JobError):
                self._endings[said.job_id] = said
            self._changed.notify_all()
