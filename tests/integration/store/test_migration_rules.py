"""Migrations keep to the rule (expand, then contract), and the judge of it sees what breaks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations

from processes.store import schema
from processes.store.database import Database
from tests.integration.store.migration_rules import marks, shape, tightened

RELEASED = Path(__file__).parents[1] / "upgrade" / "released.json"
VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path}/empty.db")
    return Database(request.getfixturevalue("postgres_url"))


def test_every_migration_keeps_to_the_rule(empty: Database) -> None:
    problems: list[str] = []
    with empty.write() as connection:
        config = schema._config(connection)
        for script in reversed(list(schema._scripts().walk_revisions())):
            before = shape(connection)
            command.upgrade(config, script.revision)
            found = marks(script.module, int(script.revision))
            if getattr(script.module, "kind", None) == "expand":
                found += tightened(before, shape(connection))
            problems += [f"{script.revision}: {problem}" for problem in found]
    empty.dispose()

    assert problems == []


def test_released_migrations_are_never_changed() -> None:
    """Databases in the field have run them."""
    released = json.loads(RELEASED.read_text())

    assert {name: hashlib.sha256((VERSIONS / name).read_bytes()).hexdigest() for name in released} == released


# ---- the judge ---------------------------------------------------------------------------------------------------------


def add_table(op: Operations) -> None:
    op.create_table("fresh", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))


def add_nullable(op: Operations) -> None:
    op.add_column("job", sa.Column("colour", sa.Integer))


def add_defaulted(op: Operations) -> None:
    op.add_column("job", sa.Column("colour", sa.Integer, nullable=False, server_default="0"))


def add_index(op: Operations) -> None:
    op.create_index("ix_job_created", "job", ["created_at"])


def add_required(op: Operations) -> None:
    with op.batch_alter_table("job") as batch:
        batch.add_column(sa.Column("colour", sa.Integer, nullable=False))


def add_unique(op: Operations) -> None:
    op.create_index("ux_job_element", "job", ["element_id"], unique=True)


def add_foreign_key(op: Operations) -> None:
    with op.batch_alter_table("timer") as batch:
        batch.create_foreign_key("fk_timer_incident", "incident", ["incident_id"], ["id"])


def widen_unique(op: Operations) -> None:
    op.create_index("ux_job_id_element", "job", ["id", "element_id"], unique=True)


def drop_table(op: Operations) -> None:
    op.drop_table("stall")


def drop_column(op: Operations) -> None:
    with op.batch_alter_table("job") as batch:
        batch.drop_column("error")


def rename_column(op: Operations) -> None:
    with op.batch_alter_table("job") as batch:
        batch.alter_column("error", new_column_name="reason")


def change_type(op: Operations) -> None:
    with op.batch_alter_table("job") as batch:
        batch.alter_column("error", type_=sa.String(50), existing_type=sa.Text)


def require(op: Operations) -> None:
    with op.batch_alter_table("job") as batch:
        batch.alter_column("error", nullable=False, existing_type=sa.Text)


STEPS: list[tuple[Callable[[Operations], None], list[str]]] = [
    (add_table, []),
    (add_nullable, []),
    (add_defaulted, []),
    (add_index, []),
    (add_required, ["column job.colour is new, and rows without it are refused"]),
    (add_unique, ["table job refuses rows that it took before: unique ['element_id']"]),
    (widen_unique, []),
    (add_foreign_key, ["table timer refuses rows that it took before: foreign key ['incident_id'] -> incident"]),
    (drop_table, ["table stall is gone"]),
    (drop_column, ["column job.error is gone"]),
    (rename_column, ["column job.error is gone"]),
    (change_type, ["column job.error was TEXT and is VARCHAR(50)"]),
    (require, ["column job.error may no longer be empty"]),
]


@pytest.mark.parametrize(("step", "problems"), STEPS, ids=[step.__name__ for step, _ in STEPS])
def test_the_judge_sees_what_old_software_would_stumble_over(
    database: Database, step: Callable[[Operations], None], problems: list[str]
) -> None:
    with database.write() as connection:
        before = shape(connection)
        step(Operations(MigrationContext.configure(connection)))
        after = shape(connection)

    assert after != before or step is add_index
    assert tightened(before, after) == problems


def module(doc: str, **attributes: object) -> ModuleType:
    found = ModuleType("0005", doc)
    for name, value in attributes.items():
        setattr(found, name, value)
    return found


def test_a_migration_says_what_it_is() -> None:
    assert marks(module("Priorities.", kind="expand"), 5) == []
    assert marks(module("Old locks go. Not used since release 0.3.", kind="contract", lowest=3), 5) == []
    assert marks(module("Priorities."), 5) == ['kind is "expand", "contract" or "break", not None']
    assert marks(module("Another form of states.", kind="break", lowest=5), 5) == []
    assert len(marks(module("Another form of states.", kind="break", lowest=4), 5)) == 1
    assert len(marks(module("Priorities.", kind="expand", lowest=3), 5)) == 1
    assert len(marks(module("Old locks go.", kind="contract", lowest=3), 5)) == 1
    assert len(marks(module("Old locks go. Not used since release 0.3.", kind="contract"), 5)) == 1
    assert len(marks(module("Old locks go. Not used since release 0.3.", kind="contract", lowest=5), 5)) == 1
