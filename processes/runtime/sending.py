"""Messages that leave with a unit's transaction: jobs, messages and signals that instances throw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.engine import Connection

from processes.kernel.state import Thrown
from processes.messaging.addresses import signal_event
from processes.messaging.bus import Address, Message
from processes.observing import here
from processes.runtime import signals
from processes.runtime.courier import OWN_LEASE
from processes.runtime.definitions import Force
from processes.runtime.rows import Owner, job_message
from processes.runtime.workshop import Happened, Workshop
from processes.store import outbox, parcels
from processes.store.bulk import Writes


class Sending:
    """Puts messages into the outbox, or into parcels. ``direct``: this process delivers them itself, as soon as they are committed."""

    def __init__(self, connection: Connection, writes: Writes, now: datetime, workshop: Workshop, direct: bool) -> None:
        self.parcels: list[parcels.Packed] = []
        """what this process has to deliver"""
        self._own: list[outbox.Outgoing] = []
        """the same, not packed yet"""
        self.in_force: Force | None = None
        """the definitions, when they have been looked up"""
        self._connection = connection
        self._writes = writes
        self._now = now
        self._settings = workshop.settings
        self._definitions = workshop.definitions
        self._elsewhere = workshop.elsewhere
        self._direct = direct
        self._reached: dict[tuple[str, str], signals.Reached] = {}
        self._stirred = False
        """somebody has begun or ceased to wait for a signal, and that is not written yet"""

    @property
    def force(self) -> Force:
        """Which definitions are in force, read once."""
        if self.in_force is None:
            self.in_force = self._definitions.in_force(self._connection)
        return self.in_force

    def send(self, outgoing: outbox.Outgoing) -> None:
        """Have a message leave with the transaction."""
        if self._direct and outgoing.available_at in (None, self._now):
            self._own.append(outgoing)
        else:
            outbox.add(self._connection, self._writes, outgoing, self._now)

    def pack(self) -> None:
        """Add what this process has to deliver to the rows that are to be written."""
        if self._own:
            self.parcels.append(parcels.pack(self._writes, self._own, self._now, self._now + OWN_LEASE))
            self._own = []

    def send_job(self, row: Mapping[str, Any], at: Any = None) -> None:
        """Have a job's message leave, unless workers fetch their jobs."""
        if self._settings.publish_jobs:
            self.send(job_message(self._settings.source, row, self._now, at))

    def throw(self, owner: Owner, thrown: Sequence[Thrown]) -> None:
        """Have the messages and signals leave that an instance has thrown."""
        for each in thrown:
            if each.kind == "signal":
                self._broadcast(owner, each)
            else:
                extensions = {"correlationkey": each.key, "place": each.place}
                outgoing = self._message(owner, each, Address.INBOX, each.task_id, each.name, extensions)
                if not self._elsewhere(self._connection, outgoing.message, self._now):
                    self.send(outgoing)

    def tell(self, event: Happened, cause: str) -> None:
        """Have an event leave for whoever listens. ``cause``: the same when the transaction is begun anew."""
        identity = str(uuid5(NAMESPACE_URL, f"bihuan-event/{event.type}/{event.subject}/{cause}"))
        source, now = self._settings.source, self._now
        message = Message(identity, event.type, source, now, dict(event.data), event.subject, here.stamped({}))
        self.send(outbox.Outgoing(Address.EVENTS, event.type, message))

    def _broadcast(self, owner: Owner, thrown: Thrown) -> None:
        """One message to each other instance that waits for the signal now, and to each definition it starts; one to listeners outside."""
        name = f"signal:{thrown.name}"
        reached = self._receivers(thrown.name, owner.place)
        for instance in reached.instances:
            if instance == owner.id:
                continue  # its own catchers have had it
            identity = f"{thrown.task_id}:{instance}"
            self.send(self._message(owner, thrown, Address.INBOX, identity, name, {"instance": instance}))
        for process in reached.processes:
            identity = f"{thrown.task_id}:{process}"
            extensions = {"starts": process, "place": owner.place}
            self.send(self._message(owner, thrown, Address.INBOX, identity, name, extensions))
        if self._settings.publish_jobs:
            self.send(self._message(owner, thrown, Address.EVENTS, thrown.task_id, signal_event(thrown.name), {}))

    def _receivers(self, name: str, place: str) -> signals.Reached:
        """Whom a signal reaches, looked up once as long as nobody begins or ceases to wait for it in this unit."""
        known = self._reached.get((name, place))
        if known is None:
            if self._stirred:
                self._writes.flush(self._connection)
                self._stirred = False
            known = signals.reached(self._connection, self._definitions, self.force, name, place)
            self._reached[name, place] = known
        return known

    def forget_receivers(self) -> None:
        """Somebody has begun or ceased to wait for a signal."""
        self._reached.clear()
        self._stirred = True

    def _message(
        self, owner: Owner, thrown: Thrown, address: Address, identity: str, kind: str, extensions: dict[str, str]
    ) -> outbox.Outgoing:
        message = Message(
            id=identity,
            type=kind,
            source=self._settings.source,
            time=self._now,
            data=thrown.payload,
            subject=owner.id,
            extensions=here.stamped(extensions),
        )
        return outbox.Outgoing(address, kind, message)
