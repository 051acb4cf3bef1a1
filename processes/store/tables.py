"""Every table of ours, in one place. Times are aware UTC; JSON columns hold JSON that nobody queries by content.

The engine's blob is never JSON(B): restoring depends on the order of keys.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    event,
    literal_column,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from processes.store import append_only, word_index

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases (SQLite keeps no zone: stored as naive UTC)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: every time of ours is aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The declarative base; ``Base.metadata`` is what alembic compares with."""

    type_annotation_map = {datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON, bytes: LargeBinary}


def _some(name: str, where: str, *columns: str) -> Index:
    """An index of some rows only: what is done weighs nothing in the indexes of what is open."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


_CLUSTERED = {"sqlite_with_rowid": False}
"""Small rows that come and go lie by their keys, those of an instance together: SQLite keeps no second copy of the keys."""

Sequence64 = BigInteger().with_variant(Integer, "sqlite")


SHORT = 3
"""Up to so many versions an ended instance is left as it is: to file what is so short saves nothing."""


# ---- models ----------------------------------------------------------------------------------------------------------


class ModelFile(Base):
    """A diagram, decision file or form, by the hash of its bytes."""

    __tablename__ = "model_file"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(8))
    body: Mapped[bytes]


class Definition(Base):
    """A process with all it calls, pinned: the version an instance stays on. ``files`` maps file names to hashes."""

    __tablename__ = "definition"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    process_id: Mapped[str] = mapped_column(String(120), index=True)
    name: Mapped[str] = mapped_column(String(200))
    files: Mapped[dict[str, Any]]
    starts_on: Mapped[list[Any]]
    created_at: Mapped[datetime]


class InForce(Base):
    """Which definition of a process new instances take, by place; place "" is everywhere."""

    __tablename__ = "in_force"
    process_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    place: Mapped[str] = mapped_column(String(20), primary_key=True)
    definition_id: Mapped[str] = mapped_column(ForeignKey("definition.id"))
    since: Mapped[datetime]


# ---- running instances -----------------------------------------------------------------------------------------------


class Instance(Base):
    """A running or ended process instance; ``state`` is the compact blob, ``version`` the optimistic lock."""

    __tablename__ = "instance"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    definition_id: Mapped[str] = mapped_column(String(64))
    process_id: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(20), default="")
    key: Mapped[str | None] = mapped_column(String(120), index=True)
    status: Mapped[str] = mapped_column(String(12), default="active")
    """active, suspended, completed, cancelled"""
    version: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[bytes]
    parts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """how many rows of ``instance_part`` it has"""
    prefix: Mapped[str | None] = mapped_column(String(24), index=True)
    """what the ids of its tasks and jobs begin with"""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    filed: Mapped[bool | None]
    """it has been seen to: what it leaves behind lies in its dossier, unless that saves nothing (runtime/filing.py)"""
    __table_args__ = (
        _some("ix_instance_unfiled", f"ended_at IS NOT NULL AND filed IS NULL AND version > {SHORT}", "ended_at"),
        _some("ix_instance_suspended", "status = 'suspended'", "id"),
        _some("ix_instance_ended", "ended_at IS NOT NULL", "ended_at", "id"),
        _some("ix_instance_running", "ended_at IS NULL", "definition_id", "id"),
    )


class InstancePart(Base):
    """A part of an instance's state that is written by itself: a big variable, or some turns of a wide loop."""

    __tablename__ = "instance_part"
    instance_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    body: Mapped[bytes]


class StartTimer(Base):
    """A timer start event of a definition in force: when it starts an instance next."""

    __tablename__ = "start_timer"
    process_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    place: Mapped[str] = mapped_column(String(20), primary_key=True)
    node_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    definition_id: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime] = mapped_column(index=True)
    cycles: Mapped[int] = mapped_column(Integer, default=1)
    period: Mapped[str | None] = mapped_column(String(60))


class UserTask(Base):
    """A person's task. ``id`` is the engine task's id."""

    __tablename__ = "user_task"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instance_id: Mapped[str] = mapped_column(String(36), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36))
    definition_id: Mapped[str] = mapped_column(String(64))
    element_id: Mapped[str] = mapped_column(String(120))
    process_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    instructions: Mapped[str] = mapped_column(Text, default="")
    next: Mapped[str] = mapped_column(Text, default="")
    form: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(60))
    organisation: Mapped[str | None] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(20))
    assignee: Mapped[str | None] = mapped_column(String(60))
    excluded: Mapped[list[Any]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(10), default="open")
    """open, completed, cancelled"""
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    ended_at: Mapped[datetime | None]
    completed_by: Mapped[str | None] = mapped_column(String(60))
    priority: Mapped[int | None]
    """0 (None) to 9; from 5 on it is urgent"""
    owner: Mapped[str | None] = mapped_column(String(60))
    """who has asked the assignee to do it; either may"""
    taken: Mapped[bool | None]
    """people have given it to its assignee; None: its diagram has, or nobody"""
    __table_args__ = (
        _some("ix_user_task_inbox", "state = 'open'", "place", "role", "organisation", "due_at", "created_at"),
        _some("ix_user_task_place", "state = 'open'", "place", "due_at", "created_at"),
        _some("ix_user_task_assigned", "state = 'open' AND assignee IS NOT NULL", "assignee", "due_at", "created_at"),
        _some("ix_user_task_owned", "state = 'open' AND owner IS NOT NULL", "owner", "due_at", "created_at"),
        _some("ix_user_task_done", "completed_by IS NOT NULL", "completed_by", "ended_at"),
        _some("ix_user_task_case", "case_id IS NOT NULL", "case_id"),
        _some("ix_user_task_element", "state = 'open'", "element_id", "id"),
    )


TASK_IS_OPEN = UserTask.state == literal_column("'open'")
"""Written out, so that the databases see that the indexes of open tasks serve."""


class TaskDraft(Base):
    """What a person has typed into a task's form and not sent yet."""

    __tablename__ = "task_draft"
    task_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    data: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime] = mapped_column(index=True)


class Upload(Base):
    """A file that a person has put into a task's form and not sent yet; its bytes lie in ``attachment_chunk``, under the same id. It becomes
    an attachment when the task is done."""

    __tablename__ = "upload"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(36))
    person_id: Mapped[str] = mapped_column(String(60))
    field: Mapped[str] = mapped_column(String(120))
    """of the form; empty: of no field, it goes with the task"""
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (Index("ix_upload_task", "task_id", "person_id"),)


class FollowUp(Base):
    """When a person wants to be reminded of a task. It is nobody else's, and no term."""

    __tablename__ = "follow_up"
    task_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    day: Mapped[date] = mapped_column(Date)


class SavedFilter(Base):
    """How a person looks at the inbox, under a name: the query of its address. ``preferred``: it is what the inbox opens with."""

    __tablename__ = "saved_filter"
    person_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    query: Mapped[str] = mapped_column(String(500))
    preferred: Mapped[bool] = mapped_column(Boolean, default=False)


class Presence(Base):
    """Somebody has a task's page open: since when, and when the page was last heard of."""

    __tablename__ = "presence"
    task_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)


class Deadline(Base):
    """The due time of an activity that has one (user tasks carry theirs in their own row besides)."""

    __tablename__ = "deadline"
    instance_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(120))
    due_at: Mapped[datetime]
    warn_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = _CLUSTERED


class Job(Base):
    """An external service task. The row owns attempts, backoff and lock (ARCHITECTURE rule 11)."""

    __tablename__ = "job"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instance_id: Mapped[str] = mapped_column(String(36), index=True)
    element_id: Mapped[str] = mapped_column(String(120))
    topic: Mapped[str] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="open")
    """open, done, failed (no attempts left: an incident), cancelled"""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    retries: Mapped[int] = mapped_column(Integer, default=3)
    backoff_seconds: Mapped[float] = mapped_column(default=10.0)
    available_at: Mapped[datetime]
    locked_by: Mapped[str | None] = mapped_column(String(120))
    locked_until: Mapped[datetime | None]
    """a worker has accepted it and acknowledged its message: until then it is nobody else's, after that it is handed on"""
    spared: Mapped[int | None]
    """of the attempts, how many have cost none: each has added one to the retries"""
    priority: Mapped[int | None]
    """0 (None) to 9; from 5 on it is urgent"""
    failing_since: Mapped[datetime | None]
    """of its first failure, since it was made or a person tried it again"""
    held_up_by: Mapped[str | None] = mapped_column(String(120))
    """the external system that was not asked the last time, because it is down"""
    held_up_since: Mapped[datetime | None]
    """since when that system is down"""
    held_up_at: Mapped[str | None] = mapped_column(String(120))
    """the worker that said so"""
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        _some("ix_job_fetch", "state = 'open'", "topic", "available_at"),
        _some("ix_job_locked", "state = 'open' AND locked_until IS NOT NULL", "locked_until"),
        _some("ix_job_held_up", "state = 'open' AND held_up_by IS NOT NULL", "held_up_by"),
    )


JOB_IS_OPEN = Job.state == literal_column("'open'")


class Timer(Base):
    """A timer that waits, found by its due time."""

    __tablename__ = "timer"
    instance_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(120))
    due_at: Mapped[datetime] = mapped_column(index=True)
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    incident_id: Mapped[str | None] = mapped_column(String(36))
    """set while its firing is an incident: it waits for a person then"""
    __table_args__ = _CLUSTERED


class Subscription(Base):
    """An instance waits for a message of this name with this correlation key."""

    __tablename__ = "subscription"
    instance_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(120))
    message: Mapped[str] = mapped_column(String(140), primary_key=True)
    """the message's name; ``signal:NAME`` for a signal"""
    key: Mapped[str] = mapped_column(String(200), default="")
    __table_args__ = (Index("ix_subscription_match", "message", "key"), _CLUSTERED)


class BufferedMessage(Base):
    """A message that nobody waited for yet."""

    __tablename__ = "buffered_message"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    message: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(200), default="")
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (Index("ix_buffered_match", "message", "key"),)


class Incident(Base):
    """What could not be done, until a person resolves it."""

    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[str | None] = mapped_column(String(36))
    element_id: Mapped[str | None] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    command: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None] = mapped_column(index=True)
    resolution: Mapped[str | None] = mapped_column(String(40))
    __table_args__ = (_some("ix_incident_open", "resolved_at IS NULL", "created_at", "id"),)


class Stall(Base):
    """An end of an engine process with this command in flight (see processes/runtime/watchdog.py). Appended only."""

    __tablename__ = "stall"
    seq: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    command: Mapped[str] = mapped_column(String(300), index=True)
    at: Mapped[datetime]


class HistoryEntry(Base):
    """One command: its full input, when, by whom, and which elements it ran through. Appended only."""

    __tablename__ = "history"
    seq: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    instance_id: Mapped[str] = mapped_column(String(36))
    command_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str | None] = mapped_column(String(60))
    at: Mapped[datetime]
    input: Mapped[bytes]
    """JSON of the command's fields, zstd-compressed when long (see processes/store/history.py)"""
    steps: Mapped[bytes]
    """what happened to which elements, in order: a line of text, zstd-compressed when long"""
    versions: Mapped[dict[str, Any]]
    """the versions of calendar and reference data, when they are others than in the instance's entry before; and which rules fired"""
    __table_args__ = (Index("ix_history_instance", "instance_id", "seq"),)


class Dossier(Base):
    """What an ended instance leaves behind, in one row instead of many: see processes/store/dossier.py."""

    __tablename__ = "dossier"
    instance_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    body: Mapped[bytes]


# ---- operations on instances -----------------------------------------------------------------------------------------


class Operation(Base):
    """The same intervention in many instances: carried out bit by bit, see processes/casework/bulk.py."""

    __tablename__ = "operation"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    act: Mapped[str] = mapped_column(String(20))
    """cancel, suspend, resume, move, retry or pass (their incidents); of a migration try or migrate"""
    said: Mapped[dict[str, Any]]
    """move: from which ``element`` to which ``target``; try: the ``revision`` of the plan"""
    places: Mapped[list[Any]]
    """whose instances its actor looks after"""
    criteria: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """the search whose finds are meant; none: they were chosen one by one"""
    position: Mapped[list[Any] | None] = mapped_column(JSON)
    """how far the search has come"""
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="collecting")
    """collecting, running, done or stopped"""
    total: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(Integer, default=0)
    ended_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    """until then it is in the hands of one process"""
    plan_id: Mapped[str | None] = mapped_column(String(36))
    """of a migration that is tried or carried out (processes/casework/migration_plans.py)"""
    __table_args__ = (
        _some("ix_operation_plan", "plan_id IS NOT NULL", "plan_id", "created_at"),
        _some("ix_operation_open", "state IN ('collecting', 'running')", "created_at"),
        Index("ix_operation_actor", "actor", "created_at"),
    )


class OperationItem(Base):
    """An instance of an operation, and what became of it."""

    __tablename__ = "operation_item"
    operation_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    instance_id: Mapped[str] = mapped_column(String(36), default="")
    state: Mapped[str] = mapped_column(String(10), default="open")
    """open, done or failed"""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """what has been in its way, by language"""
    outcome: Mapped[str | None] = mapped_column(String(10))
    """of a migration: kept, reset, stuck or gone"""
    __table_args__ = (
        _some("ix_operation_item_open", "state = 'open'", "operation_id", "position"),
        Index("ix_operation_item_instance", "operation_id", "instance_id", unique=True),
    )


class MigrationPlan(Base):
    """How running instances are to be taken from one version of their process to another."""

    __tablename__ = "migration_plan"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    process_id: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]]
    """``process/element`` of the source → of the target"""
    timers_anew: Mapped[bool] = mapped_column(Boolean, default=False)
    """timers whose time is written otherwise in the target are worked out anew"""
    places: Mapped[list[Any]]
    """whose instances its maker looks after"""
    actor: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(Integer, default=0)
    """one more with each change of the mapping: what was tried before is out of date"""
    __table_args__ = (Index("ix_migration_plan_process", "process_id", "created_at"),)


class ElementHeat(Base):
    """How often an element was gone through, how long it took and how often it failed, of instances that ended on a day (UTC)."""

    __tablename__ = "element_heat"
    definition_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    process_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    """the process whose diagram shows it"""
    element_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    times: Mapped[int] = mapped_column(Integer, default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    spread: Mapped[dict[str, Any]] = mapped_column(JSON)
    """how many took how long: step of a logarithmic scale → times"""


# ---- messages --------------------------------------------------------------------------------------------------------


class OutboxMessage(Base):
    """A message that left a transaction; the relay (AMQP) or the pool (embedded) leases and deletes it."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(40))
    """jobs, inbox or events"""
    topic: Mapped[str] = mapped_column(String(120))
    """routing key: job topic, or message type"""
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    dead_at: Mapped[datetime | None]
    dead_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_outbox_due", "dead_at", "available_at"),)


class Parcel(Base):
    """The messages of a transaction whose own process delivers them: one row instead of many, see processes/store/parcels.py."""

    __tablename__ = "parcel"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    messages: Mapped[int]
    """how many"""
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    leased_until: Mapped[datetime]
    """after that anybody may open it"""


class InboxMessage(Base):
    """A command or message that has had its effect; ``result`` is what it answered."""

    __tablename__ = "inbox"
    partner: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    received_at: Mapped[datetime]
    result: Mapped[dict[str, Any]]
    # By id first: rows of a case stand together, the newest last (SQLite: few pages change with each).
    __table_args__ = (PrimaryKeyConstraint("id", "partner", "source"), _CLUSTERED)


class RefusedMessage(Base):
    """Quarantine: what came to the platform and could not be used, as it came, with the reason. See processes/store/quarantine.py.

    What may be empty was not kept by software of level 8.
    """

    __tablename__ = "refused_message"
    id: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    partner: Mapped[str] = mapped_column(String(40))
    """as proven, or as claimed"""
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    reason_en: Mapped[str | None] = mapped_column(Text)
    door: Mapped[str | None] = mapped_column(String(20))
    routing_key: Mapped[str | None] = mapped_column(String(255))
    content_type: Mapped[str | None] = mapped_column(String(255))
    properties: Mapped[dict[str, Any] | None]
    message_id: Mapped[str | None] = mapped_column(String(200))
    type: Mapped[str | None] = mapped_column(String(120))
    source: Mapped[str | None] = mapped_column(String(200))
    length: Mapped[int | None]
    """bytes of the whole body, when ``body`` is only its beginning"""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """of the whole body, then"""
    fingerprint: Mapped[str | None] = mapped_column(String(64), index=True)
    """the same of what is the same, byte by byte"""
    times: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """how often it has come"""
    state: Mapped[str] = mapped_column(String(20), default="open", server_default="open")
    """open, resent or dismissed"""
    settled_by: Mapped[str | None] = mapped_column(String(60))
    settled_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    """why it was dismissed"""
    tries: Mapped[list[Any] | None]
    """each sending again: by whom, when, what was sent and what came of it"""
    __table_args__ = (_some("ix_refused_message_open", "state = 'open'", "at"),)


# ---- other deployments -----------------------------------------------------------------------------------------------


class PeerMessage(Base):
    """A message on its way to another deployment: an outbox a peer, apart from ours, so that a link that is down for a day holds nobody
    else up. What it says of words are references; they are filled in when it leaves."""

    __tablename__ = "peer_message"
    id: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    peer: Mapped[str] = mapped_column(String(40))
    message_id: Mapped[str] = mapped_column(String(64), unique=True)
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    dead_at: Mapped[datetime | None]
    dead_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_peer_message_next", "peer", "dead_at", "id"),)


class PeerTurn(Base):
    """Which process sends to a peer now: one at a time, so that messages leave in their order."""

    __tablename__ = "peer_turn"
    peer: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(36))
    until: Mapped[datetime]


class PeerCase(Base):
    """A lower case whose superior case lives in another deployment. ``key``: the lower case's id, by which the two speak."""

    __tablename__ = "peer_case"
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    peer: Mapped[str] = mapped_column(String(40))
    direction: Mapped[str] = mapped_column(String(4))
    """up: the lower case is ours, and the peer has the superior one; down: the other way round"""
    number: Mapped[str] = mapped_column(String(40), default="")
    """down: the lower case's number at the peer"""
    place: Mapped[str] = mapped_column(String(20), default="")
    """the place that the peer's case is at"""
    message: Mapped[dict[str, Any]]
    """up: the escalation, should the peer ask for its file again"""
    resent: Mapped[int] = mapped_column(Integer, default=0)
    at: Mapped[datetime]


class FileChunk(Base):
    """A piece of a case file that arrives from a peer; gone as soon as the file is whole."""

    __tablename__ = "file_chunk"
    peer: Mapped[str] = mapped_column(String(40), primary_key=True)
    part: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(index=True)


class AwaitedFile(Base):
    """An escalation whose file has not arrived as a whole."""

    __tablename__ = "awaited_file"
    command_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    peer: Mapped[str] = mapped_column(String(40))
    message: Mapped[dict[str, Any]]
    asked: Mapped[int] = mapped_column(Integer, default=0)
    """how often the peer has been asked for what is missing"""
    ask_at: Mapped[datetime] = mapped_column(index=True)
    """when it is asked next"""


# ---- casework: reference data ----------------------------------------------------------------------------------------


class Level(Base):
    """省 市 县 乡 …: as many as the data says; ``rank`` 1 is the highest."""

    __tablename__ = "level"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    rank: Mapped[int]
    name_en: Mapped[str | None] = mapped_column(String(40))


class Place(Base):
    """A place of the hierarchy; its superior is a field, whose default is the code's prefix."""

    __tablename__ = "place"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(ForeignKey("level.code"))
    superior: Mapped[str | None] = mapped_column(String(20), index=True)
    host: Mapped[str | None] = mapped_column(String(40))
    """the deployment that carries the cases of this place, and of those below that name none; null: this one"""
    name_en: Mapped[str | None] = mapped_column(String(80))
    four_eyes: Mapped[bool | None] = mapped_column(Boolean)
    """whether a second person approves changes of models here and below; null: as above"""


class Organisation(Base):
    """A service centre, board, department or leaders' office at a place. ``id`` is ``place.code``."""

    __tablename__ = "organisation"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    place: Mapped[str] = mapped_column(ForeignKey("place.code"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    """centre, board, department, office; other kinds are the data's"""
    parent: Mapped[str | None] = mapped_column(String(60))
    successor: Mapped[str | None] = mapped_column(String(60))
    """who takes over the open tasks of a dissolved organisation"""
    aliases: Mapped[list[Any]] = mapped_column(JSON, default=list)
    name_en: Mapped[str | None] = mapped_column(String(160))


class Role(Base):
    """受理员, 板块经办 …: what a person may be at an organisation."""

    __tablename__ = "role"
    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str | None] = mapped_column(String(80))


class Person(Base):
    """A member of staff; ``password`` is an argon2 hash."""

    __tablename__ = "person"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    password: Mapped[str] = mapped_column(String(200), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Address(Base):
    """Where a notice reaches a person by one way (``sms``, ``dingtalk``, ``email``): personal data, read when a notice leaves and only then."""

    __tablename__ = "address"
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    way: Mapped[str] = mapped_column(String(20), primary_key=True)
    address: Mapped[str] = mapped_column(String(200))


class NoticeTemplate(Base):
    """What notices of a kind say and which ways they go, where owners want it otherwise than diagrams do; ``ways`` empty: all."""

    __tablename__ = "notice_template"
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    ways: Mapped[list[Any]]
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)


class ModelDraft(Base):
    """What the owner of a process changes of it at a place (empty: everywhere) before it comes into force."""

    __tablename__ = "model_draft"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(20))
    process_id: Mapped[str] = mapped_column(String(120))
    base: Mapped[str] = mapped_column(String(64))
    """the definition that was in force there when the draft was begun; empty: none was"""
    files: Mapped[dict[str, Any]]
    """the edited ones: name → text"""
    revisions: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """name → the revision that changed that file last"""
    revision: Mapped[int] = mapped_column(Integer)
    """one more with each saving; who saves names the one that he or she has seen"""
    changed_at: Mapped[datetime]
    __table_args__ = (Index("ix_model_draft_place", "place", "process_id", "person", unique=True),)


class WhatIf(Base):
    """Cases of a period played on a draft as it was then, bit by bit in the background: see processes/whatif/runs.py."""

    __tablename__ = "what_if"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(20))
    process_id: Mapped[str] = mapped_column(String(120))
    draft_id: Mapped[str] = mapped_column(String(36))
    revision: Mapped[int] = mapped_column(Integer)
    files: Mapped[dict[str, Any]]
    """the edited ones: name → text"""
    since: Mapped[datetime]
    until: Mapped[datetime]
    """cases that began from the one to before the other"""
    created_at: Mapped[datetime]
    """nothing is known of what came after"""
    state: Mapped[str] = mapped_column(String(12))
    """collecting, running, done, stopped or failed"""
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer)
    load: Mapped[dict[str, Any]]
    """organisation or role → tasks [that it had, that it would have had]"""
    flows: Mapped[dict[str, Any]]
    """process and flow of the draft → cases that [took it, would have taken it] and not the other way round; process and element where cases
    part → [0, cases]"""
    wrong: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """why it failed, by language"""
    ended_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    """until then it is in the hands of one process"""
    __table_args__ = (
        _some("ix_what_if_open", "state IN ('collecting', 'running')", "created_at"),
        Index("ix_what_if_draft", "draft_id", "created_at"),
    )


class WhatIfCase(Base):
    """A case of a what-if, and what the draft would have made of it."""

    __tablename__ = "what_if_case"
    run_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    instance_id: Mapped[str] = mapped_column(String(36))
    verdict: Mapped[str] = mapped_column(String(12))
    """as processes/whatif/comparison.py says; empty: not played yet"""
    shift: Mapped[int | None]
    """seconds by which it would have ended, or reached the first step that moved, later; negative: sooner"""
    said: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """the first step that differs on either side, and why, by language"""
    __table_args__ = (Index("ix_what_if_case_verdict", "run_id", "verdict", "position"),)


class ModelScenarios(Base):
    """The scenarios beside a process, as they were last kept for a place (empty: everywhere). No version changes by them."""

    __tablename__ = "model_scenarios"
    process_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    place: Mapped[str] = mapped_column(String(20), primary_key=True)
    files: Mapped[dict[str, Any]]
    """name → hash of a ``ModelFile``"""


class ModelTrial(Base):
    """Scenarios played on edited files, before these come into force: an engine process plays them, see processes/scenarios/trials.py."""

    __tablename__ = "model_trial"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """the hash of all that is played"""
    place: Mapped[str] = mapped_column(String(20))
    sent: Mapped[bytes]
    """the edited files and scenarios, packed"""
    asked_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(8), default="open")
    """open or done"""
    total: Mapped[int] = mapped_column(Integer, default=0)
    results: Mapped[list[Any]]
    """of those that were played: process, file, name, and what is not as it must be, by language"""
    leased_until: Mapped[datetime | None]
    """until then it is in the hands of one process"""
    __table_args__ = (_some("ix_model_trial_open", "state = 'open'", "asked_at"),)


class ModelChange(Base):
    """A draft on its way into force: somebody else is asked for approval, or it waits for its time."""

    __tablename__ = "model_change"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    draft_id: Mapped[str] = mapped_column(String(36), unique=True)
    process_id: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(20), index=True)
    person: Mapped[str] = mapped_column(String(60))
    """the draft's author"""
    revision: Mapped[int] = mapped_column(Integer)
    base: Mapped[str] = mapped_column(String(64))
    """what of the draft was shown: whatever is changed afterwards has not been approved"""
    state: Mapped[str] = mapped_column(String(10))
    """asked, returned, planned, or missed (its time came, and it did not come into force)"""
    remark: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    """why it may come into force although scenarios fail"""
    at: Mapped[datetime | None]
    """when; null: at once"""
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(60))
    answer: Mapped[str] = mapped_column(Text)
    """the other's remark"""
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """why it did not come into force, by language"""
    __table_args__ = (_some("ix_model_change_planned", "state = 'planned'", "at"),)


class PastForce(Base):
    """A version that was in force at a place, and when it last ceased to be."""

    __tablename__ = "past_force"
    process_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    place: Mapped[str] = mapped_column(String(20), primary_key=True)
    definition_id: Mapped[str] = mapped_column(ForeignKey("definition.id"), primary_key=True)
    until: Mapped[datetime]


class ModelWalk(Base):
    """How far somebody has tried a draft: its steps, which are taken anew whenever the page is looked at."""

    __tablename__ = "model_walk"
    draft_id: Mapped[str] = mapped_column(ForeignKey("model_draft.id", ondelete="CASCADE"), primary_key=True)
    scenario: Mapped[dict[str, Any]]
    """the file of a scenario that has no ``then`` yet"""
    revision: Mapped[int] = mapped_column(Integer)
    """one more with each step; who takes one names the one that he or she has seen"""


class AnswerTemplate(Base):
    """Words that people put into answers and complete: a place's, or one board's. ``edited_by`` null: as ``answers.csv`` says it."""

    __tablename__ = "answer_template"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    place: Mapped[str] = mapped_column(String(20))
    organisation: Mapped[str | None] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    edited_by: Mapped[str | None] = mapped_column(String(60))
    edited_at: Mapped[datetime]
    __table_args__ = (Index("ix_answer_template_place", "place", "organisation"),)


class Duty(Base):
    """A person holds a role at an organisation (``organisation`` null: anywhere at the place)."""

    __tablename__ = "duty"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(ForeignKey("role.code"))
    place: Mapped[str] = mapped_column(ForeignKey("place.code"))
    organisation: Mapped[str | None] = mapped_column(String(60))


class Substitute(Base):
    """From ``since`` to ``until`` (dates, inclusive) ``substitute`` sees and does what ``person`` may."""

    __tablename__ = "substitute"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    substitute: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)


class CalendarYear(Base):
    """A loaded calendar year; years without a row count Monday to Friday and are provisional (暂定)."""

    __tablename__ = "calendar_year"
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[datetime]


class CalendarDay(Base):
    """A day that differs from Monday-to-Friday: a holiday, or a working weekend day (调休)."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool]
    note: Mapped[str] = mapped_column(String(60), default="")


class Channel(Base):
    """A way problems come in: 12345 热线, 好差评, 兜底专窗 …; ``route`` is one of the policy's four."""

    __tablename__ = "channel"
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    route: Mapped[str] = mapped_column(String(40))
    partner: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(20))
    """where its problems go when the report names no place"""
    name_en: Mapped[str | None] = mapped_column(String(80))


class Stage(Base):
    """受理 交办 处置 反馈 评价 办结, in order."""

    __tablename__ = "stage"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    rank: Mapped[int]
    name_en: Mapped[str | None] = mapped_column(String(40))


class Setting(Base):
    """Versions of loaded reference data and the like."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]]


# ---- accounts --------------------------------------------------------------------------------------------------------


class Account(Base):
    """How a person logs in, beside the password's hash in ``person``. There is no row before the first login."""

    __tablename__ = "account"
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    changed_at: Mapped[datetime]
    """when the password became what it is"""
    must_change: Mapped[bool] = mapped_column(Boolean, default=False)
    """the password was given by an administrator, and is good for one thing: to be changed"""
    locked_at: Mapped[datetime | None]
    """locked by an administrator, until one unlocks it"""
    second: Mapped[str | None] = mapped_column(Text)
    """the second factor's secret, encrypted"""
    second_step: Mapped[int | None] = mapped_column(BigInteger)
    """the time step of the last code that was used: neither it nor an earlier one is good again"""


class PastPassword(Base):
    """The hash of a password that a person had before: it is not to be taken again."""

    __tablename__ = "past_password"
    id: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    hash: Mapped[str] = mapped_column(String(200))


class RecoveryCode(Base):
    """The hash of a code that stands for the second factor once; the row goes when it is used."""

    __tablename__ = "recovery_code"
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class LoginSession(Base):
    """Somebody is logged in. ``token`` is the hash of what the browser holds; the row goes when the session ends."""

    __tablename__ = "login_session"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    way: Mapped[str] = mapped_column(String(10))
    """password, or oidc: somebody else has vouched"""
    whole: Mapped[bool]
    """False: the second factor is still to come, and nothing is open before it"""
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))


class LoginAttempts(Base):
    """Tries to log in that have not succeeded, by account or address (``subject``: which, hashed)."""

    __tablename__ = "login_attempts"
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    wrong: Mapped[int]
    since: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime | None]
    """until then it is locked"""


class AccessToken(Base):
    """A program acts for a person over the API. ``token`` is the hash of what it holds; the row stays a while after it has ended."""

    __tablename__ = "access_token"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    person: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    scopes: Mapped[list[Any]]
    way: Mapped[str] = mapped_column(String(10))
    """how the person had logged in who made it: see LoginSession"""
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64))
    """of the last use"""
    revoked_at: Mapped[datetime | None]


class KeptAnswer(Base):
    """What a request with an idempotency key was answered, for as long as it may come again; without ``status`` it is still in hand."""

    __tablename__ = "kept_answer"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """of the token and the caller's key, hashed"""
    request: Mapped[str] = mapped_column(String(64))
    """the hash of what was asked"""
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    media_type: Mapped[str] = mapped_column(String(100))
    body: Mapped[bytes]


# ---- the enterprises' portal -------------------------------------------------------------------------------------------


class PortalReport(Base):
    """A problem that was reported in the portal: the number that was verified then, and the hash of the code that it is followed by.
    The row goes on deletion."""

    __tablename__ = "portal_report"
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    phone: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    __table_args__ = (Index("ix_portal_report_phone", "phone", "at"),)


class PortalMessage(Base):
    """A text message to an enterprise, for as long as it is of use: what it says besides its diagram's words, and the number that it goes to,
    stand here and nowhere else. That of a code is also what the code is compared with."""

    __tablename__ = "portal_message"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    phone: Mapped[str] = mapped_column(String(40))
    words: Mapped[dict[str, Any]]
    wrong: Mapped[int] = mapped_column(Integer, default=0)
    """wrong tries of its code"""
    ends_at: Mapped[datetime] = mapped_column(index=True)


class PortalPass(Base):
    """A browser has shown that it is a number's, or knows a problem's code. ``token`` is the hash of what the browser holds."""

    __tablename__ = "portal_pass"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    report_id: Mapped[str | None] = mapped_column(String(36), index=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)


class PortalLimit(Base):
    """How often something was done in the portal since a moment (``subject``: what and by whom, hashed)."""

    __tablename__ = "portal_limit"
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    times: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)


# ---- casework: library, pool, cases ----------------------------------------------------------------------------------


class Report(Base):
    """涉企问题库: every report as it came, whatever becomes of it."""

    __tablename__ = "report"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    channel: Mapped[str] = mapped_column(ForeignKey("channel.code"))
    original: Mapped[str] = mapped_column(String(120))
    """the channel's own number"""
    place: Mapped[str] = mapped_column(String(20))
    submitted_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    __table_args__ = (Index("ux_report_original", "channel", "original", unique=True),)


class ReportText(Base):
    """The words of a report and what is derived from them; blanked on deletion."""

    __tablename__ = "report_text"
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    raw: Mapped[dict[str, Any]]
    """the report verbatim, with the fields nobody knows"""


class Fingerprint(Base):
    """One min-hash band of a report's text: two reports that share one are looked at as duplicates."""

    __tablename__ = "fingerprint"
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    band: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[str] = mapped_column(String(32))
    __table_args__ = (Index("ix_fingerprint_match", "band", "value"),)


class PersonalData(Base):
    """Who reported: names, numbers, the enterprise; blanked on deletion."""

    __tablename__ = "personal_data"
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(200), default="")
    uscc: Mapped[str] = mapped_column(String(18), default="")
    contact: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(300), default="")


class Case(Base):
    """A place's handling of a reported problem. A child (``parent``) is the same problem at the superior place."""

    __tablename__ = "case"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), index=True)
    place: Mapped[str] = mapped_column(String(20))
    parent: Mapped[str | None] = mapped_column(String(36))
    instance_id: Mapped[str] = mapped_column(String(36), index=True)
    stage: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(120), default="")
    status_en: Mapped[str | None] = mapped_column(String(160))
    """the same for those who read English; null where the diagram says none"""
    pooled: Mapped[bool] = mapped_column(Boolean, default=False)
    outcome: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(String(60))
    board: Mapped[str | None] = mapped_column(String(60))
    difficulty: Mapped[str | None] = mapped_column(String(40))
    major: Mapped[bool] = mapped_column(Boolean, default=False)
    confidential: Mapped[bool] = mapped_column(Boolean, default=False)
    excluded: Mapped[list[Any]] = mapped_column(JSON, default=list)
    rating: Mapped[str | None] = mapped_column(String(40))
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_case_place", "place", "closed_at", "opened_at"),
        Index("ix_case_opened", "opened_at"),
        _some("ix_case_parent", "parent IS NOT NULL", "parent"),
    )


class CaseSearch(Base):
    """What a case is found by (see processes/casework/words.py); gone on deletion."""

    __tablename__ = "case_search"
    seq: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=False)
    """when the case was opened, made unique"""
    case_id: Mapped[str] = mapped_column(String(36), unique=True)
    words: Mapped[str] = mapped_column(Text)


for _dialect, _statements in word_index.STATEMENTS.items():
    for _statement in _statements:
        _definition: Any = DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(CaseSearch.__table__, "after_create", _definition.execute_if(dialect=_dialect))


class CaseStage(Base):
    """When a case reached a stage (a rework reaches it again)."""

    __tablename__ = "case_stage"
    id: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    stage: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class CaseText(Base):
    """Long words said in a case's course: answers, reasons, instructions; blanked on deletion."""

    __tablename__ = "case_text"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    element_id: Mapped[str] = mapped_column(String(120), default="")
    label: Mapped[str] = mapped_column(String(120), default="")
    author: Mapped[str | None] = mapped_column(String(60))
    at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)


class Attachment(Base):
    """A file that belongs to a case, kept as it came; its bytes lie in ``attachment_chunk``. Blanked on deletion."""

    __tablename__ = "attachment"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    author: Mapped[str | None] = mapped_column(String(60))
    at: Mapped[datetime]


class AttachmentChunk(Base):
    """A piece of an attachment: pieces are read one at a time, however large the whole."""

    __tablename__ = "attachment_chunk"
    attachment_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[bytes]


class Serial(Base):
    """The last problem number given out, by place and year."""

    __tablename__ = "serial"
    place: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int]


class Note(Base):
    """催办 督办 通报 and other notices sent in a case's course: what, to whom, when."""

    __tablename__ = "note"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[dict[str, Any]]
    at: Mapped[datetime]


# ---- data subjects ---------------------------------------------------------------------------------------------------


class SubjectRequest(Base):
    """Somebody wants to have, or to have deleted, what is held about him or her: one person asks for it, another decides. What tells who it is
    goes when the request ends."""

    __tablename__ = "subject_request"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    """export or delete"""
    place: Mapped[str] = mapped_column(String(20))
    """whose administrators decide"""
    subject: Mapped[dict[str, Any]]
    """what the person is known by; empty once the request has ended"""
    reports: Mapped[list[Any]]
    """the reports that are meant"""
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="asked")
    """asked, refused, approved, done or stopped"""
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(Text, default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    """steps of a deletion that are done"""
    total: Mapped[int] = mapped_column(Integer, default=0)
    remains: Mapped[dict[str, Any]]
    """what a deletion has left, and how often: open cases of others; or what has stopped it (``stopped``)"""
    ended_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    """until then it is in the hands of one process"""
    __table_args__ = (
        _some("ix_subject_request_open", "state = 'approved' AND kind = 'delete'", "asked_at"),
        Index("ix_subject_request_place", "place", "asked_at"),
    )


class Erased(Base):
    """What has been deleted for good, by ids that tell nothing of anybody: done again where an older backup is restored."""

    __tablename__ = "erased"
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    """report, or message (of the quarantine)"""
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[datetime]


# ---- audit log -------------------------------------------------------------------------------------------------------


class AuditEntry(Base):
    """Who did what; each entry holds the hash of the one before (see processes/casework/audit). It is only added to: triggers refuse
    everything else, but for what has been sealed."""

    __tablename__ = "audit_entry"
    seq: Mapped[int] = mapped_column(Sequence64, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(Text)
    algorithm: Mapped[str] = mapped_column(String(10))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index("ix_audit_entry_by", "by", "seq"),
        Index("ix_audit_entry_act", "act", "seq"),
        Index("ix_audit_entry_about", "about", "seq"),
        Index("ix_audit_entry_at", "at", "seq"),
    )


class AuditChain(Base):
    """The one row says where the log ends, which hash the next entry is to have, and up to where entries lie in sealed files."""

    __tablename__ = "audit_chain"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    algorithm: Mapped[str] = mapped_column(String(10))
    sealed: Mapped[int] = mapped_column(BigInteger)
    sealed_hash: Mapped[str] = mapped_column(String(64))


for _dialect, _statements in append_only.STATEMENTS.items():
    for _statement in _statements:
        _guard: Any = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(AuditChain.__table__, "after_create", _guard.execute_if(dialect=_dialect))
