"""A process to be killed.

python victim.py worker BUS                 takes messages, says so, and never finishes one; BUS: amqp://…, a database
python victim.py relay DATABASE BROKER      relays
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from processes.clock import SystemClock
from processes.messaging.bus import Address, Bus, Message
from processes.store.database import Database
from workers.bus.amqp import AmqpBus
from workers.bus.embedded import EmbeddedBus
from workers.bus.relay import Relay


def handle(message: Message) -> None:
    sys.stdout.write(f"{message.id}\n")
    sys.stdout.flush()
    threading.Event().wait()


def work(url: str) -> None:
    bus: Bus = AmqpBus(url) if url.startswith("amqp") else EmbeddedBus(Database(url), SystemClock(), lease_seconds=1.0)
    bus.subscribe(Address.JOBS, ["rating.request"], handle)
    bus.start()


def relay(database: str, broker: str) -> None:
    bus = AmqpBus(broker, topics=["rating.request"])
    Relay(Database(database), bus, SystemClock(), window=5, lease_seconds=1.0, poll_seconds=0.02).start()


if __name__ == "__main__":
    {"worker": work, "relay": relay}[sys.argv[1]](*sys.argv[2:])
    threading.Event().wait()
