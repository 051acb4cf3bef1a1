"""Lean indexes: what is done weighs nothing in the indexes of what is open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
kind = "expand"

_OPEN = "state = 'open'"
_LEAN = (
    ("user_task", "ix_user_task_inbox", ["place", "role", "organisation", "due_at", "created_at"], _OPEN),
    ("user_task", "ix_user_task_assigned", ["assignee", "due_at", "created_at"], f"{_OPEN} AND assignee IS NOT NULL"),
    ("user_task", "ix_user_task_done", ["completed_by", "ended_at"], "completed_by IS NOT NULL"),
    ("user_task", "ix_user_task_case", ["case_id"], "case_id IS NOT NULL"),
    ("job", "ix_job_fetch", ["topic", "available_at"], _OPEN),
)
_FULL = (
    ("user_task", "ix_user_task_inbox", ["state", "place", "role", "organisation", "due_at", "created_at"]),
    ("user_task", "ix_user_task_assigned", ["assignee", "state", "due_at", "created_at"]),
    ("user_task", "ix_user_task_done", ["completed_by", "ended_at"]),
    ("user_task", "ix_user_task_case_id", ["case_id"]),
    ("job", "ix_job_fetch", ["state", "topic", "available_at"]),
    ("instance", "ix_instance_status", ["status"]),
)


def upgrade() -> None:
    for table, name, _ in _FULL:
        op.drop_index(name, table_name=table)
    for table, name, columns, where in _LEAN:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("inbox", recreate="always", table_kwargs={"sqlite_with_rowid": False}):
            pass


def downgrade() -> None:
    for table, name, _, _ in _LEAN:
        op.drop_index(name, table_name=table)
    for table, name, columns in _FULL:
        op.create_index(name, table, columns)
