"""One transaction's work on instances: load, apply, run, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from processes import failpoints
from processes.errors import BihuanError
from processes.messaging.bus import Address, Message
from processes.runtime import commands as c
from processes.runtime import correlation
from processes.runtime.rows import Owner, Waits
from processes.runtime.workshop import Changed, Workshop
from processes.spiff.instance import NotWaiting, RunningInstance, failing
from processes.spiff.mended.messages import Thrown
from processes.store import history, outbox
from processes.store.tables import Instance, Subscription

Before = Callable[[Connection, str], None]
"""What a door writes in the same transaction, before the command has its effect; it is given the instance's id ("" when there is none)."""

Work = Callable[[RunningInstance], None]


class Suspended(BihuanError):
    """The instance takes no commands until it is resumed."""

    def __init__(self, instance_id: str) -> None:
        super().__init__("该流程已暂停,恢复后才能办理", f"instance {instance_id} is suspended", instance=instance_id)


class Unit:
    """The work of one command inside one transaction."""

    def __init__(self, workshop: Workshop, connection: Connection, command: c.Command, before: Before | None) -> None:
        self.workshop = workshop
        self.connection = connection
        self.command = command
        self.now = workshop.clock.now()
        self._before = before
        self._kept: list[tuple[str, int, RunningInstance, Waits]] = []

    # -- what handlers do --------------------------------------------------------------------------------------------

    def start(
        self,
        definition_id: str,
        instance_id: str,
        place: str,
        key: str | None,
        variables: Mapping[str, Any],
        work: Work | None = None,
    ) -> None:
        """Create an instance and let it run (or do ``work`` with it, which lets it run)."""
        process = self.workshop.definitions.process(definition_id, self.connection)
        owner = Owner(instance_id, definition_id, process.id, place, key)
        self.connection.execute(
            _NEW,
            {
                "id": instance_id,
                "definition_id": definition_id,
                "process_id": process.id,
                "place": place,
                "key": key,
                "status": "active",
                "version": 0,
                "state": b"",
                "created_at": self.now,
            },
        )
        self.door(instance_id)
        running = RunningInstance.create(process, self.workshop.script_engine, variables)
        self._go(owner, 0, running, {}, work or (lambda it: it.run()))

    def change(
        self,
        instance_id: str,
        work: Work,
        done: frozenset[str] = frozenset(),
        *,
        cancelled: bool = False,
        offer_all: bool = False,
        locked: Any = None,
    ) -> None:
        """Do ``work`` with a running instance. ``offer_all``: every subscription is offered buffered messages, not only new ones.

        ``done``: ids of tasks and jobs that this command completes; ``locked``: a row with ``LOCKED``'s columns that is locked already.
        """
        owner, version, status = self.lock(instance_id) if locked is None else _locked(locked)
        if status == "suspended" and not cancelled:
            raise Suspended(instance_id)
        if status not in ("active", "suspended"):
            raise NotWaiting(instance_id)
        self.door(instance_id)
        hot = self.workshop.hot.take(instance_id, version)
        if hot is not None:
            running, waits = hot
        else:
            process = self.workshop.definitions.process(owner.definition_id, self.connection)
            blob = self.connection.execute(_STATE, {"b_id": instance_id}).scalar_one()
            running = RunningInstance.load(blob, process, self.workshop.script_engine)
            waits = running.waits()
        self._go(owner, version, running, waits, work, done, cancelled, offer_all)

    def lock(self, instance_id: str) -> tuple[Owner, int, str]:
        """Lock the instance's row until the transaction ends: who it is, its version and its status."""
        row = self.connection.execute(_LOCK, {"b_id": instance_id}).first()
        if row is None:
            raise NotWaiting(instance_id)
        return _locked(row)

    def door(self, instance_id: str) -> None:
        """Let the door write what it wants written with this command, once."""
        before, self._before = self._before, None
        if before is not None:
            before(self.connection, instance_id)
            failpoints.hit("unit.door-written")

    def record(self, instance_id: str, steps: list[list[str]], versions: Mapping[str, Any]) -> None:
        """Add the command to the history."""
        history.append(
            self.connection,
            instance_id=instance_id,
            command_id=self.command.id,
            kind=type(self.command).__name__,
            actor=self.command.actor,
            at=self.now,
            input=c.to_json(self.command),
            steps=steps,
            versions=dict(versions),
        )

    def committed(self) -> None:
        """Called after the commit: what ran stays hot."""
        for instance_id, version, running, waits in self._kept:
            self.workshop.hot.keep(instance_id, version, running, waits)

    # -- the one way -------------------------------------------------------------------------------------------------

    def _go(
        self,
        owner: Owner,
        version: int,
        running: RunningInstance,
        before: Waits,
        work: Work,
        done: frozenset[str] = frozenset(),
        cancelled: bool = False,
        offer_all: bool = False,
    ) -> None:
        running.allow(self.workshop.settings.steps, self.workshop.settings.seconds)
        with failing():
            work(running)
            after = running.waits()
            fresh = self._rows(owner, running, before, after, done)
        if offer_all:
            fresh = [wait for wait in after.values() if wait.kind == "message"]
        while (arrived := correlation.take_buffered(self.connection, fresh, self.now)) is not None:
            wait, payload = arrived
            with failing():
                running.catch_message(wait.task_id, wait.name, payload)
                before, after = after, running.waits()
                fresh = self._rows(owner, running, before, after, done)
        failpoints.hit("unit.rows-written")
        self._send(owner, running.take_outgoing())
        failpoints.hit("unit.outbox-written")
        steps = running.take_steps()
        self.record(
            owner.id,
            [[step.element_id, step.process_id, step.what, step.element.name] for step in steps],
            {
                "definition": owner.definition_id,
                **self.workshop.versions(),
                **({"decisions": fired} if (fired := running.take_fired()) else {}),
            },
        )
        failpoints.hit("unit.history-written")
        status = "cancelled" if cancelled else "completed" if running.is_completed else "active"
        change = Changed(owner, self.command, steps, running, status, self.now)
        for projection in self.workshop.projections:
            projection.apply(self.connection, change)
        failpoints.hit("unit.projected")
        self._save(owner, version, running, after, status)
        failpoints.hit("unit.saved")

    def _rows(
        self, owner: Owner, running: RunningInstance, before: Waits, after: Waits, done: frozenset[str]
    ) -> list[Any]:
        return self.workshop.rows.apply(
            self.connection, owner, running, before, after, self.now, self.command.actor, done
        )

    def _save(self, owner: Owner, version: int, running: RunningInstance, waits: Waits, status: str) -> None:
        ended = status in ("completed", "cancelled")
        saved = self.connection.execute(
            _SAVE,
            {
                "b_id": owner.id,
                "b_version": version,
                "v": version + 1,
                "blob": running.dump(),
                "s": status,
                "ended": self.now if ended else None,
            },
        ).first()
        if saved is None:
            raise StaleVersion(owner.id)
        if not ended:
            self._kept.append((owner.id, version + 1, running, waits))

    def _send(self, owner: Owner, thrown: Sequence[Thrown]) -> None:
        out = []
        for each in thrown:
            if each.kind == "signal":
                out.extend(self._signals(owner, each))
            else:
                extensions = {"correlationkey": each.key, "place": each.place}
                out.append(self._message(owner, each, each.task_id, each.name, extensions))
        outbox.put(self.connection, out, self.now)

    def _signals(self, owner: Owner, thrown: Thrown) -> list[outbox.Outgoing]:
        """One message to each other instance that waits for the signal now: a broadcast is one command an instance."""
        waiting = self.connection.execute(
            select(Subscription.instance_id)
            .where(Subscription.message == f"signal:{thrown.name}", Subscription.instance_id != owner.id)
            .distinct()
        ).scalars()
        return [
            self._message(
                owner, thrown, f"{thrown.task_id}:{instance}", f"signal:{thrown.name}", {"instance": instance}
            )
            for instance in waiting
        ]

    def _message(
        self, owner: Owner, thrown: Thrown, identity: str, kind: str, extensions: dict[str, str]
    ) -> outbox.Outgoing:
        message = Message(
            id=identity,
            type=kind,
            source=self.workshop.settings.source,
            time=self.now,
            data=thrown.payload,
            subject=owner.id,
            extensions=extensions,
        )
        return outbox.Outgoing(Address.INBOX, kind, message)


def _locked(row: Any) -> tuple[Owner, int, str]:
    return Owner(row.instance_id, row.definition_id, row.process_id, row.place, row.key), row.version, row.status


class StaleVersion(Exception):
    """Somebody else has saved the instance meanwhile (the row lock should have prevented it): begin anew."""


_NEW = insert(Instance)
_STATE = select(Instance.state).where(Instance.id == bindparam("b_id"))
LOCKED = (
    Instance.id.label("instance_id"),
    Instance.definition_id,
    Instance.process_id,
    Instance.place,
    Instance.key,
    Instance.status,
    Instance.version,
)
"""What the lock on an instance's row brings."""

_LOCK = select(*LOCKED).where(Instance.id == bindparam("b_id")).with_for_update()
_SAVE = (
    update(Instance)
    .where(Instance.id == bindparam("b_id"), Instance.version == bindparam("b_version"))
    .values(version=bindparam("v"), state=bindparam("blob"), status=bindparam("s"), ended_at=bindparam("ended"))
    .returning(Instance.id)
)
