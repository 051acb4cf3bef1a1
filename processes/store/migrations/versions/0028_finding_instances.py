"""Instances are found by the step they stand at, by being suspended, and by their open incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
kind = "expand"

_FOUND_BY = (
    ("instance", "ix_instance_suspended", ["id"], "status = 'suspended'"),
    ("user_task", "ix_user_task_element", ["element_id", "id"], "state = 'open'"),
    ("incident", "ix_incident_open", ["created_at", "id"], "resolved_at IS NULL"),
)


def upgrade() -> None:
    for table, name, columns, where in _FOUND_BY:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for table, name, _, _ in reversed(_FOUND_BY):
        op.drop_index(name, table_name=table)
