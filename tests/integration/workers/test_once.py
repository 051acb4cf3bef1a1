"""Many jobs through the real bus to systems that fail at random: every effect happens, and happens once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta

from processes.clock import ManualClock, SystemClock
from processes.messaging import boards
from processes.messaging import incoming as i
from processes.messaging.bus import Address, Message
from processes.messaging.contracts import parse
from processes.messaging.jobs import CATALOGUE
from processes.store.database import Database
from tests.integration.workers.conftest import PATIENCE, SYSTEMS, Outside
from workers.adapters import Outbound, Systems
from workers.bus.embedded import EmbeddedBus
from workers.kit import Runner
from workers.runner import adapters

JOBS = 120
TOPICS = [topic for topic in CATALOGUE if topic != boards.CANCEL]
"""All but the one that has no effect where nothing was ordered."""

FAULTS = ("status", "reset", "lost_reply", "garbage", "drip", "slow", "truncated", "wrong_type")


def test_every_effect_happens_once_whatever_the_systems_do(memory: Database, outside: Outside) -> None:
    chance = random.Random(2026)
    for _ in range(JOBS):
        system = chance.choice(SYSTEMS)
        fault = {"system": system, "kind": chance.choice(FAULTS), "seconds": 0.001, "retry_after": 0}
        outside.post("/control/faults", fault)
    bus, clock = EmbeddedBus(memory, SystemClock(), poll_seconds=0.05), ManualClock()
    outbound = Outbound(Systems.standins(outside.url), clock)
    done, changed, failures = set[str](), threading.Condition(), list[str]()

    def send(topic: str, job: str, attempt: int) -> None:
        extensions = {"jobid": job, "attempt": str(attempt)}
        data = {**CATALOGUE[topic].example, "case": f"case-{job}", "original": f"order-{job}"}
        message = Message(f"{job}:{attempt}", topic, "/engine", SystemClock().now(), data, extensions=extensions)
        bus.send(Address.JOBS, topic, message)

    def answered(message: Message) -> None:
        said = parse(message)
        assert isinstance(said, i.JobCompleted | i.JobFailed)
        with changed:
            if isinstance(said, i.JobCompleted):
                done.add(said.job_id)
            else:
                failures.append(said.reason)
            changed.notify_all()
        if isinstance(said, i.JobFailed):
            assert not said.final
            clock.advance(timedelta(seconds=said.retry_after or 0))
            send(str(message.subject), said.job_id, int(message.extensions["attempt"]) + 1)

    bus.subscribe(Address.INBOX, ["*"], answered)
    Runner(bus, adapters(outbound)).start()
    for number in range(JOBS):
        send(chance.choice(TOPICS), f"job-{number}", 1)
    with changed:
        assert changed.wait_for(lambda: len(done) == JOBS, 3 * PATIENCE), (len(done), failures[-3:])
    bus.stop(PATIENCE)
    outbound.close()
    outside.client.delete("/control/faults").raise_for_status()
    effects = [each["key"] for name in SYSTEMS for each in outside.effects(name)]
    assert Counter(effects) == Counter({f"job-{number}": 1 for number in range(JOBS)})
    assert len(failures) > JOBS / 4, "the faults did not bite"
    assert bus.dead_letters() == []
