"""Jobs that a worker holds, found when their time is over; attempts that cost nothing; urgent jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
kind = "expand"

_LOCKED = sa.text("state = 'open' AND locked_until IS NOT NULL")


def upgrade() -> None:
    op.add_column("job", sa.Column("spared", sa.Integer(), nullable=True))
    op.add_column("job", sa.Column("priority", sa.Integer(), nullable=True))
    op.create_index("ix_job_locked", "job", ["locked_until"], sqlite_where=_LOCKED, postgresql_where=_LOCKED)


def downgrade() -> None:
    op.drop_index("ix_job_locked", table_name="job")
    op.drop_column("job", "priority")
    op.drop_column("job", "spared")
