"""A worker process to be killed: takes messages, says so, and never finishes one.

python victim.py amqp://…  |  postgresql://…  |  sqlite:///…
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


def handle(message: Message) -> None:
    sys.stdout.write(f"{message.id}\n")
    sys.stdout.flush()
    threading.Event().wait()


def main(url: str) -> None:
    bus: Bus = AmqpBus(url) if url.startswith("amqp") else EmbeddedBus(Database(url), SystemClock(), lease_seconds=1.0)
    bus.subscribe(Address.JOBS, ["rating.request"], handle)
    bus.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
