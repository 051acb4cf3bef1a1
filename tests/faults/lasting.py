"""``python -m tests.faults.lasting …``: ``app.py …`` with three more topics beside the adapters': jobs that last, jobs whose first worker is never
heard of again after it has accepted them, and jobs whose first answer is none. Their effects are those of ``notice.send``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from processes.messaging import jobs
from processes.messaging.addresses import urgent
from processes.messaging.bus import Address, Bus, Message
from workers.kit import Job, Worker

LONG, LEFT, WRONG = "faults.long", "faults.left", "faults.wrong"
LOCK = 2
"""Seconds, by the platform's clock: it leaps over them whenever nothing moves."""


class LeavingWorker(Worker):
    """Accepts each job, acknowledges it, and forgets it; whoever gets it next does it."""

    def attach(self, bus: Bus, leave: Collection[str] = ()) -> None:
        """Subscribe."""
        handler = self._taker(bus)

        def take(message: Message) -> Any:
            if message.extensions["attempt"] != "1":
                return handler(message)
            said = replace(
                message,
                id=f"{message.id}:accepted",
                type="job.accepted",
                source=self.source,
                data={"lock_seconds": LOCK},
                extensions={"jobid": message.extensions["jobid"], "attempt": "1"},
            )
            return bus.post(Address.INBOX, said.type, said)

        bus.subscribe(Address.JOBS, [LEFT, urgent(LEFT)], take, concurrency=4)


class WrongWorker(Worker):
    """Answers each job with a result that does not fit, and the next attempt properly."""

    def attach(self, bus: Bus, leave: Collection[str] = ()) -> None:
        """Subscribe."""
        handler = self._taker(bus)

        def take(message: Message) -> Any:
            if message.extensions["attempt"] != "1":
                return handler(message)
            said = replace(
                message,
                id=f"{message.id}:answer",
                type="job.completed",
                source=self.source,
                data={"result": {"receipt": 7}},
                extensions={"jobid": message.extensions["jobid"], "attempt": "1"},
            )
            return bus.post(Address.INBOX, said.type, said)

        bus.subscribe(Address.JOBS, [WRONG, urgent(WRONG)], take, concurrency=4)


def workers(outbound: Any) -> list[Worker]:
    """What does these jobs, through the notices system."""
    long, left, wrong = Worker("lasting"), LeavingWorker("leaving"), WrongWorker("mistaken")

    def tell(job: Job, case: str, kind: str, to: object, subject: str, text: str) -> dict[str, Any]:
        body = {"case": case, "kind": kind, "to": to, "subject": subject, "text": text}
        found: dict[str, Any] = outbound.post("notices", ["messages"], body, job)
        return found

    long.job(LONG, lock=LOCK)(tell)
    left.job(LEFT)(tell)
    wrong.job(WRONG)(tell)
    return [long, left, wrong]


def add_topics() -> None:
    """Let the catalogue know them."""
    catalogue: Any = jobs.CATALOGUE
    for topic in (LONG, LEFT, WRONG):
        catalogue[topic] = replace(catalogue["notice.send"], topic=topic)


def install() -> None:
    """Run them beside the adapters, wherever these run, in this process."""
    add_topics()
    from workers import runner

    adapters: Callable[..., list[Worker]] = runner.adapters
    runner.adapters = lambda outbound, *others: [*adapters(outbound, *others), *workers(outbound)]


if __name__ == "__main__":
    import app

    install()
    raise SystemExit(app.main(sys.argv[1:]))
