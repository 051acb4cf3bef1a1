"""Rows of instances: written in whatever order suits, so they refer to their instance without the database's checking each."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
kind = "expand"

_TABLES = ("user_task", "deadline", "job", "timer", "subscription")
_NAMING = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}
"""PostgreSQL's own names, given to SQLite's nameless constraints as well."""


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, naming_convention=_NAMING) as batch_op:
            batch_op.drop_constraint(f"{table}_instance_id_fkey", type_="foreignkey")
    with op.batch_alter_table("instance", naming_convention=_NAMING) as batch_op:
        batch_op.drop_constraint("instance_definition_id_fkey", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("instance") as batch_op:
        batch_op.create_foreign_key("instance_definition_id_fkey", "definition", ["definition_id"], ["id"])
    for table in _TABLES:
        with op.batch_alter_table(table) as batch_op:
            batch_op.create_foreign_key(f"{table}_instance_id_fkey", "instance", ["instance_id"], ["id"])
