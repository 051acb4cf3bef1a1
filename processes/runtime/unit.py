"""One transaction's work on instances: load, apply, run, save. It may hold several commands, of the same or of different instances.

What commands write is collected and written together at the end. Nothing of it counts before the commit: whoever fails in between throws the whole
unit away, and the instances it had in its hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.failpoints import hit
from processes.kernel.codec import State
from processes.kernel.errors import NotWaiting, failing
from processes.kernel.instance import PREFIX, RunningInstance, Step, prefix_of
from processes.kernel.state import Wait
from processes.observing import here
from processes.runtime import commands as c
from processes.runtime import correlation, incidents, rows
from processes.runtime.definitions import Force
from processes.runtime.rows import Owner, Rows
from processes.runtime.sending import Sending
from processes.runtime.workshop import Changed, Hot, Workshop
from processes.store import history, inbox
from processes.store.bulk import Delete, Insert, Unexpected, Update, Writes, together
from processes.store.lookup import Select, ask, fetch
from processes.store.tables import InboxMessage, Instance, InstancePart, Timer

Before = Callable[[Connection, str], str | None]
"""What a door writes in the same transaction, before the command has its effect; it is given the instance's id ("" when there is none).
It may return the business key of the instance that the command starts."""

Work = Callable[[RunningInstance], None]

PARTNER = "bihuan"
"""Under this partner stand the ids of our own commands in the inbox; the source is the kind of command."""

Key = tuple[str, str, str]


def key_of(command: c.Command) -> Key:
    """A command's key in the inbox."""
    return PARTNER, type(command).__name__, command.id


class Suspended(BihuanError):
    """The instance takes no commands until it is resumed."""

    def __init__(self, instance_id: str) -> None:
        super().__init__("该流程已暂停,恢复后才能办理", f"instance {instance_id} is suspended", instance=instance_id)


class StaleVersion(Exception):
    """Somebody else has saved the instance meanwhile (the row lock should have prevented it): begin anew."""


class AlreadyClaimed(Exception):
    """Another process carried out the same command between our look and our claim."""


@dataclass(slots=True)
class Held:
    """An instance in this unit's hands: its row is locked, or it is new (version 0)."""

    owner: Owner
    version: int
    status: str
    running: RunningInstance | None = None
    touched: bool = False
    parts: int = 0
    blob: bytes | None = None
    """the state, when it was read with the lock"""
    noted: Mapping[str, Any] | None = None
    """the versions that the instance's last entry in the history met; None when this process does not know"""
    planned: datetime | None = None
    """the earliest time for which this unit has planned one of its timers"""
    slices: int = 0


class Unit:
    """The work of some commands inside one transaction. ``direct``: this process delivers their messages itself."""

    def __init__(self, workshop: Workshop, connection: Connection, direct: bool = False) -> None:
        self.workshop = workshop
        self.connection = connection
        self.now = workshop.clock.now()
        self.writes = Writes(first=(_NEW, _SAVE, _END))
        self.command: c.Command
        self.sending = Sending(connection, self.writes, self.now, workshop, direct)
        self._before: Before | None = None
        self._held: dict[str, Held] = {}
        """by prefix"""
        self._changes: list[Changed] = []
        self._receivers: dict[correlation.Pair, list[correlation.Receiver]] = {}
        self._stirred: set[str] = set()
        """names of messages for which somebody has begun or ceased to wait in this unit"""

    # -- commands ----------------------------------------------------------------------------------------------------

    def take(self, command: c.Command, before: Before | None) -> None:
        """The next command, and what its door writes with it."""
        self.command, self._before = command, before

    def settle(self, command: c.Command, result: Mapping[str, Any]) -> None:
        """The command has had its effect; whoever brings it again gets this result."""
        inbox.add(self.writes, *key_of(command), self.now, dict(result))

    def door(self, instance_id: str) -> str | None:
        """Let the door write what it wants written with this command, once; returns the business key it gives."""
        here.note(instance=instance_id)
        before, self._before = self._before, None
        if before is None:
            return None
        key = before(self.connection, instance_id)
        hit("unit.door-written")
        return key

    @property
    def force(self) -> Force:
        """Which definitions are in force, read once."""
        return self.sending.force

    def known(self, commands: Sequence[c.Command]) -> Mapping[Key, Mapping[str, Any]]:
        """What those of these commands answered that have been carried out before, by their keys in the inbox. What the others are going
        to ask for is read with it."""
        pairs = sorted({(each.message, each.key) for each in commands if isinstance(each, c.Correlate)})
        with together(self.connection):
            versions = self.workshop.versions(self.connection)
            results = ask(self.connection, _RESULTS, [key_of(each) for each in commands])
            receivers = correlation.ask(self.connection, pairs)
            force = self.workshop.definitions.ask(self.connection)
        self._receivers.update(receivers())
        self._versions = versions()
        self.sending.in_force = force()
        return {(partner, kind, id): result for partner, kind, id, result in results()}

    def hold(self, commands: Sequence[c.Command]) -> None:
        """Lock, at once, the instances that these commands are for."""
        likely = [correlation.the_one(found) for found in self._receivers.values()]
        wanted = {prefix_of(each.instance_id) for each in likely if each is not None}
        self._hold(sorted(wanted | {prefix for each in commands if (prefix := _prefix_told(each)) is not None}))

    def free(self, timers: Sequence[c.Command]) -> list[c.Command]:
        """Those of these timers that are still there, and whose instances nobody else has in hands: they are locked. (A job that is to be handed
        on is looked up when it is.)"""
        prefixes = {prefix for each in timers if (prefix := _prefix_told(each)) is not None}
        self._hold(sorted(prefixes), skip_locked=True)
        mine = [(each, held.owner.id) for each in timers if (held := self._told(each)) and held.status == "active"]
        wanted = [(instance, _task_of(each)) for each, instance in mine if not isinstance(each, c.HandOnJob)]
        rows = fetch(self.connection, _TIMERS, wanted)
        there = {task: due for task, due, incident in rows if incident is None}
        return [each for each, _ in mine if isinstance(each, c.HandOnJob) or _is_due(each, there.get(_task_of(each)))]

    def is_early(self, timer: c.Command) -> bool:
        """Whether this unit has planned another timer of the instance for an earlier time: that one is to fire first."""
        due_at, held = getattr(timer, "due_at", None), self._told(timer)
        return due_at is not None and held is not None and held.planned is not None and held.planned < due_at

    def _told(self, command: c.Command) -> Held | None:
        """The instance a command is for, when the command tells it and it is in hands."""
        return self._held.get(_prefix_told(command) or "")

    def receivers(self, message: str, key: str, *, again: bool = False) -> Sequence[correlation.Receiver]:
        """Who waits for a message; ``again``: now, whatever was read before."""
        pair = (message, key)
        if again or message in self._stirred or pair not in self._receivers:
            self.writes.flush(self.connection)
            self._receivers.update(correlation.receivers(self.connection, [pair]))
        return self._receivers[pair]

    # -- instances ---------------------------------------------------------------------------------------------------

    def _hold(self, prefixes: Sequence[str], skip_locked: bool = False) -> None:
        """Lock instances, all at once and in the order of their prefixes (nobody waits in a circle); read what is not hot."""
        if len(prefixes) == 1 and not skip_locked and self._hold_hot(prefixes[0]):
            return
        warm = [each for each in prefixes if each in self.workshop.hot]
        rows = fetch(self.connection, _LOCK, prefixes, spared=warm, skip_locked=skip_locked)
        for prefix, instance_id, definition_id, process_id, place, key, status, version, parts, blob in rows:
            owner = Owner(instance_id, definition_id, process_id, place, key)
            self._held[prefix] = Held(owner, version, status, parts=parts, blob=blob)

    def _hold_hot(self, prefix: str) -> bool:
        """Lock one that is hot, if it is as it was: of its row only the version is read. (Whatever changes changes the version.)"""
        hot = self.workshop.hot.look(prefix)
        if hot is None:
            return False
        raw: Any = self.connection.connection.dbapi_connection
        row = raw.execute(_VERSION[self.connection.dialect.name], (prefix,)).fetchone()
        if row is None or row[0] != hot.version:
            return False
        self._held[prefix] = Held(hot.owner, hot.version, "active", parts=hot.parts)
        return True

    def holds(self, prefix: str) -> Held | None:
        """The instance whose tasks' ids begin so, locked."""
        if prefix not in self._held:
            self._hold((prefix,))
        return self._held.get(prefix)

    def instance_of(self, task_id: str) -> str | None:
        """The instance whose task or job this is, locked; None when its id does not tell (an older version made it)."""
        if task_id[PREFIX : PREFIX + 1] != "-":
            return None
        held = self.holds(task_id[:PREFIX])
        if held is None:
            raise NotWaiting(task_id)
        return held.owner.id

    def held(self, instance_id: str) -> Held:
        """The instance, locked. Raises :class:`NotWaiting` when there is none."""
        held = self.holds(prefix_of(instance_id))
        if held is None:
            raise NotWaiting(instance_id)
        return held

    def start(
        self,
        definition_id: str,
        instance_id: str,
        place: str,
        key: str | None,
        variables: Mapping[str, Any],
        work: Work,
    ) -> None:
        """Create an instance and do ``work`` with it, which lets it run."""
        process = self.workshop.definitions.process(definition_id, self.connection)
        key = self.door(instance_id) or key
        held = Held(Owner(instance_id, definition_id, process.id, place, key), 0, "active")
        self._held[prefix_of(instance_id)] = held
        held.running = RunningInstance.create(process, self.workshop.evaluator, variables, instance_id)
        self._go(held, work)

    def change(
        self,
        instance_id: str,
        work: Work,
        done: frozenset[str] = frozenset(),
        *,
        cancelled: bool = False,
        offer_all: bool = False,
        suspended_too: bool = False,
    ) -> None:
        """Do ``work`` with a running instance. ``done``: ids of tasks and jobs that this command completes; ``offer_all``: every
        subscription is offered buffered messages, not only new ones; ``suspended_too``: also with one that is suspended, and stays so."""
        held = self.held(instance_id)
        if held.status == "suspended" and not (cancelled or suspended_too):
            raise Suspended(instance_id)
        if held.status not in ("active", "suspended"):
            raise NotWaiting(instance_id)
        self.door(instance_id)
        if held.touched and self.workshop.projections:
            self.flush()  # what casework reads of this case in the meantime is as it should be
        if held.running is None:
            held.running = self._load(held)
        self._go(held, work, done, cancelled, offer_all)

    def onto(self, instance_id: str, definition_id: str) -> RunningInstance:
        """The instance, which the command takes to another version of its process."""
        held = self.held(instance_id)
        if held.touched:
            self.flush()  # rows that this unit has opened are there to be changed
        if held.running is None:
            held.running = self._load(held)
        held.owner = held.owner._replace(definition_id=definition_id)
        self.writes.add(_ONTO, definition_id, instance_id)
        return held.running

    def _load(self, held: Held) -> RunningInstance:
        owner, workshop = held.owner, self.workshop
        hot = workshop.hot.take(prefix_of(owner.id), held.version)
        if hot is not None:
            held.noted = hot.noted
            return hot.running
        process = workshop.definitions.process(owner.definition_id, self.connection)
        state = read_state(self.connection, owner.id, held.parts, held.blob)
        held.blob = None
        return RunningInstance.load(state, process, workshop.evaluator, owner.id)

    # -- the one way -------------------------------------------------------------------------------------------------

    def _go(
        self,
        held: Held,
        work: Work,
        done: frozenset[str] = frozenset(),
        cancelled: bool = False,
        offer_all: bool = False,
    ) -> None:
        running, owner, settings = held.running, held.owner, self.workshop.settings
        assert running is not None
        held.touched = True
        derived = Rows(self.connection, self.writes, owner, running, self.now)
        running.allow(settings.steps, settings.seconds, settings.slice)
        with failing():
            work(running)
            fresh = self._follow(held, derived, done)
        if offer_all:
            fresh = [wait for wait in running.waits() if wait.kind == "message"]
        while (arrived := correlation.take_buffered(self.connection, fresh, self.now)) is not None:
            wait, payload = arrived
            with failing():
                running.catch_message(wait.task_id, wait.name, payload)
                fresh += self._follow(held, derived, done)
            waiting = {(each.task_id, each.name) for each in running.waits()}
            fresh = [each for each in fresh if (each.task_id, each.name) in waiting]
        self.sending.throw(owner, running.take_outgoing())
        steps = running.take_steps()
        self.record(held, steps, running.take_fired())
        held.status = "cancelled" if cancelled else "completed" if running.is_completed else held.status
        if running.is_unfinished and held.status == "active":
            held.slices += 1
            task_id = f"{running.prefix}~{held.version + 1}.{held.slices}"
            rows.add_continuation(self.connection, self.writes, task_id, owner.id, self.now)
        if self.workshop.projections:
            self._changes.append(Changed(owner, self.command, steps, running, held.status, self.now, held.version == 0))

    def _follow(self, held: Held, derived: Rows, done: frozenset[str]) -> list[Wait]:
        """Let the rows follow, and send the new jobs; returns the new message subscriptions (a buffered message may be waiting for them)."""
        assert held.running is not None
        changes = held.running.take_changes()
        for row in derived.follow(changes, self.command.actor, done):
            if row["state"] == "open":
                self.sending.send_job(row)
            else:
                incidents.add_unfit_job(self.writes, row, self.now)
        for wait in (*changes.opened, *changes.closed):
            if wait.kind == "message":
                self._stirred.add(wait.name)
            elif wait.kind == "signal":
                self.sending.forget_receivers()
        times = [wait.time.due for wait in (*changes.opened, *changes.moved) if wait.time is not None]
        if times:
            held.planned = min(times if held.planned is None else [held.planned, *times])
        return [wait for wait in changes.opened if wait.kind == "message"]

    def _fresh_versions(self, held: Held) -> Mapping[str, Any]:
        """Of the reference data in use, when the instance's entry before did not say so."""
        if self._versions == held.noted:
            return {}
        held.noted = self._versions
        return self._versions

    @cached_property
    def _versions(self) -> Mapping[str, Any]:
        """Of the reference data in use."""
        return self.workshop.versions(self.connection)()

    def record(self, held: Held, steps: Sequence[Step] = (), fired: Sequence[history.Fired] = ()) -> None:
        """Add the command to the history."""
        versions = self._fresh_versions(held) if steps else {}
        history.append(
            self.writes,
            held.owner.id,
            self.command.id,
            type(self.command).__name__,
            self.command.actor,
            self.now,
            input=c.to_json(self.command),
            steps=[(step.element_id, step.process_id, step.what) for step in steps],
            versions=versions,
            decisions=fired,
        )

    # -- the end -----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what has been collected: states, rows, history, messages, ids of commands; then what casework derives from it.

        Raises :class:`StaleVersion`, :class:`AlreadyClaimed`.
        """
        for held in self._held.values():
            if held.touched:
                self._save(held)
        self.sending.pack()
        changes, self._changes = self._changes, []
        if self.writes.is_empty and not changes:
            return
        try:
            with together(self.connection):
                check = self.writes.send(self.connection)
                follow = [each.ask(self.connection, changes) for each in self.workshop.projections if changes]
            check()
        except Unexpected as unexpected:
            if unexpected.statement is inbox.SETTLED:
                raise AlreadyClaimed(self.command.id) from unexpected
            raise StaleVersion from unexpected
        if changes:
            hit("unit.written")
        happened = [event for each in follow for event in each()]
        if happened and self.workshop.settings.publish_events:
            for number, event in enumerate(happened):
                self.sending.tell(event, f"{self.command.id}/{number}")
            self.sending.pack()
            self.writes.flush(self.connection)

    def _save(self, held: Held) -> None:
        running, owner = held.running, held.owner
        assert running is not None
        held.touched = False
        written = running.dump()
        is_over = held.status in ("completed", "cancelled")
        held.parts = written.count
        if held.version == 0:
            self.writes.add(
                _NEW, owner.id, owner.definition_id, owner.process_id, owner.place, owner.key, held.status, 1,
                written.blob, written.count, running.prefix[:PREFIX], self.now, self.now if is_over else None,
            )  # fmt: skip
        else:
            ended = (_END, self.now) if is_over else (_SAVE,)
            self.writes.add(*ended, held.version + 1, written.blob, written.count, held.status, owner.id, held.version)
        for name in written.gone:
            self.writes.add(_DROP_PART, owner.id, name)
        for name, body in written.parts.items():
            self.writes.add(_PART, owner.id, name, body)
        held.version += 1

    def committed(self) -> None:
        """Called after the commit: what ran stays hot."""
        for prefix, held in self._held.items():
            if held.running is not None and held.status == "active":
                hot = Hot(held.version, held.running, held.noted, held.owner, held.parts)
                self.workshop.hot.keep(prefix, hot)


def _task_of(command: c.Command) -> str | None:
    return getattr(command, "task_id", None) or getattr(command, "job_id", None)


def _instance_named(command: c.Command) -> str | None:
    return None if isinstance(command, c.Start) else getattr(command, "instance_id", None)


def _is_due(timer: c.Command, due_at: datetime | None) -> bool:
    return due_at is not None and due_at == getattr(timer, "due_at", due_at)


def _prefix_told(command: c.Command) -> str | None:
    """The prefix of the instance a command is for, when the command tells it."""
    instance, task = _instance_named(command), _task_of(command)
    if instance:
        return prefix_of(instance)
    return task[:PREFIX] if task and task[PREFIX : PREFIX + 1] == "-" else None


def read_state(connection: Connection, instance_id: str, parts: int, blob: bytes | None = None) -> State:
    """What is stored of an instance; ``blob`` when it has been read already."""
    if blob is None:
        ((_, blob),) = fetch(connection, _STATE, [instance_id])
    if not parts:
        return State(blob)
    return State(blob, {name: body for _, name, body in fetch(connection, _PARTS, [instance_id])})


_NEW = Insert(
    Instance,
    "id", "definition_id", "process_id", "place", "key", "status", "version", "state", "parts", "prefix", "created_at", "ended_at",
)  # fmt: skip
_SAVED = ("version", "state", "parts", "status")
_SAVE = Update(Instance, *_SAVED, keys=("id", "version"), checked=True)
_END = Update(Instance, "ended_at", *_SAVED, keys=("id", "version"), checked=True)
# SQLite writes an index anew when a statement names one of its columns: ended_at is named once.
_ONTO = Update(Instance, "definition_id", keys=("id",))
_PART = Insert(
    InstancePart, "instance_id", "name", "body", conflict="(instance_id, name) DO UPDATE SET body = excluded.body"
)
_DROP_PART = Delete(InstancePart, "instance_id", "name")
_OF_INSTANCE = ("prefix", "id", "definition_id", "process_id", "place", "key", "status", "version", "parts")
_LOCK = Select(Instance, *_OF_INSTANCE, "state", by="prefix", locked=True, costly=True)
_VERSION = {
    "sqlite": "SELECT version FROM instance WHERE prefix = ?",
    "postgresql": "SELECT version FROM instance WHERE prefix = %s FOR UPDATE",
}
_RESULTS = Select(InboxMessage, "partner", "source", "id", "result", by=("partner", "source", "id"))
_TIMERS = Select(Timer, "task_id", "due_at", "incident_id", by=("instance_id", "task_id"))
_STATE = Select(Instance, "id", "state", by="id")
_PARTS = Select(InstancePart, "instance_id", "name", "body", by="instance_id")
