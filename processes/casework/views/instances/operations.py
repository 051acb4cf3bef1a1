"""Operations on many instances: how far they have come, and what became of each instance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from processes.store.tables import Case, Instance, Operation, OperationItem

LISTED = 50
"""Operations of a list, the latest first."""

ITEMS = 100
"""Instances of a page, those that failed first."""


def of_person(connection: Connection, person: str) -> Sequence[Row[Any]]:
    """A person's operations, but for migrations, which stand with their plans."""
    statement = select(Operation.__table__).where(Operation.actor == person, Operation.plan_id.is_(None))
    return connection.execute(statement.order_by(Operation.created_at.desc()).limit(LISTED)).all()


def one(connection: Connection, operation_id: str, places: Collection[str]) -> Row[Any] | None:
    """An operation at places that somebody looks after; None when there is no such."""
    row: Row[Any] | None = connection.execute(select(Operation.__table__).where(Operation.id == operation_id)).first()
    return row if row is not None and set(row.places) <= set(places) else None


def items(connection: Connection, operation_id: str, state: str) -> Sequence[Row[Any]]:
    """The first of its instances in a state (open, done or failed), with the numbers of their cases."""
    statement = (
        select(OperationItem.__table__, Case.number, Instance.key)
        .outerjoin(Instance, Instance.id == OperationItem.instance_id)
        .outerjoin(Case, Case.instance_id == OperationItem.instance_id)
        .where(OperationItem.operation_id == operation_id, OperationItem.state == state)
    )
    return connection.execute(statement.order_by(OperationItem.position).limit(ITEMS)).all()
