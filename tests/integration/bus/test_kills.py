"""Processes killed with -9 while they have work in hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from processes.clock import SystemClock
from processes.messaging.bus import Address, Bus
from processes.store import outbox
from processes.store.database import Database
from processes.store.tables import OutboxMessage
from tests.integration.bus.transports import Inbox, eventually, message
from workers.bus.amqp import AmqpBus
from workers.bus.embedded import EmbeddedBus
from workers.bus.relay import Relay

JOB = "rating.request"
VICTIM = Path(__file__).parent / "victim.py"


def take_and_be_killed(url: str) -> str:
    """Start a worker, wait until it has a message in hand, kill it; returns the message's id."""
    with subprocess.Popen([sys.executable, str(VICTIM), "worker", url], stdout=subprocess.PIPE, text=True) as victim:
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


@pytest.mark.broker
def test_a_relay_killed_again_and_again_loses_nothing(database: Database, amqp_url: str) -> None:
    ids = {f"m-{number}" for number in range(300)}
    now = SystemClock().now()
    with database.write() as connection:
        outbox.put(connection, [outbox.Outgoing(Address.JOBS, JOB, message(id)) for id in sorted(ids)], now)
    inbox = Inbox()
    bus = AmqpBus(amqp_url)
    bus.subscribe(Address.JOBS, [JOB], inbox)
    bus.start()
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(VICTIM), "relay", url, amqp_url]

    for arrived in (1, 60, 120, 180, 240):
        with subprocess.Popen(command) as victim:
            inbox.wait(arrived)
            victim.kill()
    relay = Relay(database, bus, SystemClock(), poll_seconds=0.02)
    relay.start()
    eventually(lambda: set(inbox.ids) == ids)
    eventually(lambda: rows_left(database) == 0)

    relay.stop(5.0)
    bus.stop(5.0)


def rows_left(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(OutboxMessage)).scalar_one()
