"""Plans of taking running instances to another version of their process: how the elements are mapped, what would become of each instance, and what
has. They are tried and carried out like any operation on many instances (``bulk``): bit by bit, by whichever process lives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from processes.errors import BihuanError
from processes.kernel import migration
from processes.kernel.errors import NotWaiting
from processes.kernel.migration import KEPT, RESET, STUCK, Fate
from processes.runtime import commands as c
from processes.runtime.engine import Engine
from processes.runtime.migrating import CannotMigrate, OtherVersion, rehearse
from processes.runtime.rows import Owner
from processes.store.tables import Case, Instance, MigrationPlan, Operation, OperationItem

TRY, MIGRATE = "try", "migrate"
"""Acts of operations: what would become of each; and let it."""

GONE = "gone"
"""Outcome: it has ended meanwhile, or is on another version."""

OUTCOMES = (STUCK, RESET, KEPT, GONE)

PAGE = 200
"""Instances that are looked for at once."""

PLANS = 20
"""Of a process, that are listed, the newest first."""

RUNNING = ("active", "suspended")


class Ended(NamedTuple):
    """What became of an instance. ``state``: done or failed; ``words``: why, or what is told of it, by language."""

    state: str
    outcome: str | None
    words: dict[str, str] | None


# -- plans -----------------------------------------------------------------------------------------------------------


def begin(
    connection: Connection, engine: Engine, process: str, source: str, target: str, actor: str, places: Iterable[str]
) -> str:
    """A new plan, with the mapping that is proposed; returns its id."""
    identity = str(uuid4())
    row = {
        "id": identity,
        "process_id": process,
        "source": source,
        "target": target,
        "mapping": migration.to_json(proposal(connection, engine, source, target)),
        "timers_anew": False,
        "places": sorted(places),
        "actor": actor,
        "created_at": engine.clock.now(),
        "revision": 0,
    }
    connection.execute(insert(MigrationPlan), row)
    return identity


def proposal(
    connection: Connection, engine: Engine, source: str, target: str
) -> Mapping[migration.Place, migration.Place]:
    """Which element is which, as far as there is no doubt."""
    of = engine.definitions.process
    return migration.proposed(of(source, connection), of(target, connection))


def one(connection: Connection, plan_id: str) -> Row[Any] | None:
    """A plan; None when there is no such."""
    found: Row[Any] | None = connection.execute(
        select(MigrationPlan.__table__).where(MigrationPlan.id == plan_id)
    ).first()
    return found


def of_process(connection: Connection, process: str) -> Sequence[Row[Any]]:
    """The newest plans of a process."""
    statement = select(MigrationPlan.__table__).where(MigrationPlan.process_id == process)
    return connection.execute(statement.order_by(MigrationPlan.created_at.desc()).limit(PLANS)).all()


def change(connection: Connection, plan_id: str, mapping: Mapping[str, str], timers_anew: bool) -> None:
    """Map the elements otherwise: what was tried before counts no more."""
    values = {"mapping": dict(mapping), "timers_anew": timers_anew, "revision": MigrationPlan.revision + 1}
    connection.execute(update(MigrationPlan).where(MigrationPlan.id == plan_id).values(**values))


def operations(connection: Connection, plan_id: str) -> Sequence[Row[Any]]:
    """What was tried and carried out of a plan, the newest first."""
    statement = select(Operation.__table__).where(Operation.plan_id == plan_id)
    return connection.execute(statement.order_by(Operation.created_at.desc())).all()


def counts(connection: Connection, operation_id: str) -> Mapping[str, int]:
    """How many instances have come to each outcome."""
    statement = select(OperationItem.outcome, func.count()).where(
        OperationItem.operation_id == operation_id, OperationItem.outcome.is_not(None)
    )
    return {str(outcome): count for outcome, count in connection.execute(statement.group_by(OperationItem.outcome))}


def items(connection: Connection, operation_id: str, outcome: str, after: int = -1) -> Sequence[Row[Any]]:
    """The instances of an outcome, a page of them, with the numbers of their cases."""
    statement = (
        select(OperationItem.__table__, Case.number, Instance.key)
        .outerjoin(Instance, Instance.id == OperationItem.instance_id)
        .outerjoin(Case, Case.instance_id == OperationItem.instance_id)
        .where(OperationItem.operation_id == operation_id, OperationItem.outcome == outcome)
        .where(OperationItem.position > after)
    )
    return connection.execute(statement.order_by(OperationItem.position).limit(PAGE)).all()


def of_these(
    connection: Connection, operation_id: str, instances: Collection[str], outcomes: Collection[str]
) -> list[str]:
    """Those of these instances that have come to one of these outcomes."""
    statement = select(OperationItem.instance_id).where(
        OperationItem.operation_id == operation_id,
        OperationItem.instance_id.in_(sorted(instances)),
        OperationItem.outcome.in_(sorted(outcomes)),
    )
    return list(connection.scalars(statement.order_by(OperationItem.position)))


def running(connection: Connection, definitions: Collection[str]) -> Mapping[str, int]:
    """How many instances run on each of these versions."""
    statement = select(Instance.definition_id, func.count())
    statement = statement.where(Instance.ended_at.is_(None), Instance.definition_id.in_(sorted(definitions)))
    return {str(each): count for each, count in connection.execute(statement.group_by(Instance.definition_id))}


# -- carrying out ----------------------------------------------------------------------------------------------------


def meant(
    connection: Connection, operation: Row[Any], allowed: ColumnElement[bool]
) -> tuple[list[str], list[Any] | None]:
    """The next instances that an operation of a plan is for, and the position behind them: those that were tried with an outcome
    (``said``: ``tried`` and ``outcomes``), else all that run on the plan's version."""
    after = operation.position[0] if operation.position else None
    tried = operation.said.get("tried")
    at: Any
    statement: Any
    if tried:
        wanted = (OperationItem.operation_id == tried, OperationItem.outcome.in_(operation.said["outcomes"]))
        at = OperationItem.position
        statement = select(OperationItem.position, OperationItem.instance_id).where(*wanted)
    else:
        plan = one(connection, operation.plan_id)
        assert plan is not None
        at = Instance.id
        ids = select(Instance.id, Instance.id).outerjoin(Case, Case.instance_id == Instance.id)
        statement = ids.where(Instance.definition_id == plan.source, Instance.ended_at.is_(None), allowed)
    if after is not None:
        statement = statement.where(at > after)
    rows = connection.execute(statement.order_by(at).limit(PAGE)).all()
    return [row[1] for row in rows], [rows[-1][0]] if len(rows) == PAGE else None


def tried(engine: Engine, plan: Row[Any], instance_id: str) -> Ended:
    """What would become of an instance."""
    with engine.database.read() as connection:
        row = connection.execute(select(*_INSTANCE).where(Instance.id == instance_id)).first()
        running = engine.look(connection, instance_id)
        if row is None or running is None or row.status not in RUNNING or row.definition_id != plan.source:
            return _gone()
        process = engine.definitions.process(plan.target, connection)
        owner = Owner(instance_id, plan.target, row.process_id, row.place, row.key)
        mapping = migration.from_json(plan.mapping)
        try:
            fates = rehearse(
                connection, running, owner, process, mapping, engine.clock.now(), timers_anew=plan.timers_anew
            )
        except BihuanError as error:
            return _stuck(error)
    return Ended("done", migration.verdict(fates), _told(fates))


def moved(engine: Engine, operation: Row[Any], plan: Row[Any], instance_id: str) -> Ended:
    """Take an instance to the other version; one that cannot go stays where it is."""
    command = c.Migrate(
        f"migrate:{operation.id}:{instance_id}", instance_id, operation.reason, plan.source, plan.target, plan.mapping,
        plan.timers_anew, actor=operation.actor,
    )  # fmt: skip
    try:
        engine.execute(command)
    except (NotWaiting, OtherVersion):
        return _gone()
    except BihuanError as error:
        return _stuck(error)
    return Ended("done", KEPT, None)


def _gone() -> Ended:
    zh, en = "已办结，或已不在原来的版本上", "it has ended, or is on another version"
    return Ended("failed", GONE, {"zh": zh, "en": en})


def _stuck(error: BihuanError) -> Ended:
    if not isinstance(error, CannotMigrate):
        zh, en = f"新版本的这一步算不出来：{error.zh}", f"the new version cannot be worked out here: {error.en}"
        return Ended("failed", STUCK, {"zh": zh, "en": en})
    return Ended("failed", STUCK, {"zh": error.zh, "en": error.en})


def _told(fates: Sequence[Fate]) -> dict[str, str] | None:
    """What is to be said of an instance that goes: where it stands, and what does not stay as it was."""
    said = [fate for fate in fates if fate.zh]
    if not said:
        return None
    zh = "；".join(dict.fromkeys(f"“{fate.element.name or fate.element.id}”{fate.zh}" for fate in said))
    en = "; ".join(dict.fromkeys(f"{fate.element.name or fate.element.id}: {fate.en}" for fate in said))
    return {"zh": zh, "en": en}


_INSTANCE = (Instance.status, Instance.definition_id, Instance.process_id, Instance.place, Instance.key)
