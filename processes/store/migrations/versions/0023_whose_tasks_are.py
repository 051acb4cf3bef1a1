"""Tasks with a priority, taken and handed on by people; reminders and saved filters of a person's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
kind = "expand"

_OPEN = sa.text("state = 'open'")
_OWNED = sa.text("state = 'open' AND owner IS NOT NULL")


def upgrade() -> None:
    op.add_column("user_task", sa.Column("priority", sa.Integer(), nullable=True))
    op.add_column("user_task", sa.Column("owner", sa.String(length=60), nullable=True))
    op.add_column("user_task", sa.Column("taken", sa.Boolean(), nullable=True))
    by_due = ["due_at", "created_at"]
    op.create_index("ix_user_task_place", "user_task", ["place", *by_due], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_user_task_owned", "user_task", ["owner", *by_due], sqlite_where=_OWNED, postgresql_where=_OWNED)
    op.create_table(
        "follow_up",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "person_id"),
    )
    op.create_table(
        "saved_filter",
        sa.Column("person_id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("query", sa.String(length=500), nullable=False),
        sa.Column("preferred", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "name"),
    )


def downgrade() -> None:
    op.drop_table("saved_filter")
    op.drop_table("follow_up")
    op.drop_index("ix_user_task_owned", table_name="user_task")
    op.drop_index("ix_user_task_place", table_name="user_task")
    for column in ("taken", "owner", "priority"):
        op.drop_column("user_task", column)
