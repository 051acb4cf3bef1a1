"""A worker process killed with -9 while it has work in hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from processes.clock import SystemClock
from processes.messaging.bus import Address, Bus
from processes.store.database import Database
from tests.integration.bus.transports import Inbox, eventually, message
from workers.bus.amqp import AmqpBus
from workers.bus.embedded import EmbeddedBus

JOB = "rating.request"
VICTIM = Path(__file__).parent / "victim.py"


def take_and_be_killed(url: str) -> str:
    """Start a worker, wait until it has a message in hand, kill it; returns the message's id."""
    with subprocess.Popen([sys.executable, str(VICTIM), url], stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        taken = victim.stdout.readline().strip()
        victim.kill()
    return taken


def finish(bus: Bus, ids: set[str]) -> None:
    """A second worker does all of the work."""
    inbox = Inbox()
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.start()
    eventually(lambda: set(inbox.ids) == ids)
    bus.stop(5.0)


@pytest.mark.broker
def test_what_a_killed_worker_had_in_hand_goes_to_another_over_the_broker(amqp_url: str) -> None:
    sender = AmqpBus(amqp_url, topics=[JOB])
    for number in range(3):
        eventually(lambda number=number: sender.send(Address.JOBS, JOB, message(f"m-{number}")) is None)
    sender.stop(5.0)

    taken = take_and_be_killed(amqp_url)

    assert taken == "m-0"
    finish(AmqpBus(amqp_url), {"m-0", "m-1", "m-2"})


def test_what_a_killed_worker_had_in_hand_goes_to_another_over_the_outbox(database: Database) -> None:
    bus = EmbeddedBus(database, SystemClock(), poll_seconds=0.02)
    for number in range(3):
        bus.send(Address.JOBS, JOB, message(f"m-{number}"))

    taken = take_and_be_killed(database.url.render_as_string(hide_password=False))

    assert taken == "m-0"
    finish(bus, {"m-0", "m-1", "m-2"})
