"""Jobs that cannot be done: since when, and which external system they wait for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None
kind = "expand"

_HELD_UP = sa.text("state = 'open' AND held_up_by IS NOT NULL")


def upgrade() -> None:
    op.add_column("job", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("held_up_by", sa.String(length=120), nullable=True))
    op.add_column("job", sa.Column("held_up_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("held_up_at", sa.String(length=120), nullable=True))
    op.create_index("ix_job_held_up", "job", ["held_up_by"], sqlite_where=_HELD_UP, postgresql_where=_HELD_UP)


def downgrade() -> None:
    op.drop_index("ix_job_held_up", table_name="job")
    for name in ("held_up_at", "held_up_since", "held_up_by", "failing_since"):
        op.drop_column("job", name)
