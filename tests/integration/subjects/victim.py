"""A process that carries deletions out, until it is killed."""

from __future__ import annotations

from processes.casework.assembly import Core
from processes.casework.subjects.erasure import Erasure
from processes.clock import ManualClock
from processes.store.database import Database
from tests.integration.gateway.world import START
from workers.bus.embedded import EmbeddedBus


def carry_out(file: str) -> None:
    """All that there are, in the database of this file."""
    database, clock = Database(f"sqlite:///{file}"), ManualClock(START)
    source = Core.on(database, clock).engine.settings.source
    work = Erasure(database, clock, source, EmbeddedBus(database, clock))
    while work.round():
        pass
