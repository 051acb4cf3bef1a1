"""Plans of taking running instances to another version of their process, and what became of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
kind = "expand"

_OF_A_PLAN = sa.text("plan_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "migration_plan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("timers_anew", sa.Boolean(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_migration_plan_process", "migration_plan", ["process_id", "created_at"])
    op.add_column("operation", sa.Column("plan_id", sa.String(length=36), nullable=True))
    op.create_index(
        "ix_operation_plan", "operation", ["plan_id", "created_at"],
        sqlite_where=_OF_A_PLAN, postgresql_where=_OF_A_PLAN,
    )  # fmt: skip
    op.add_column("operation_item", sa.Column("outcome", sa.String(length=10), nullable=True))


def downgrade() -> None:
    op.drop_index("ix_operation_plan", table_name="operation")
    with op.batch_alter_table("operation_item") as batch_op:
        batch_op.drop_column("outcome")
    with op.batch_alter_table("operation") as batch_op:
        batch_op.drop_column("plan_id")
    op.drop_table("migration_plan")
