"""Dossiers: the history of an ended instance in one row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
kind = "expand"

_UNFILED = sa.text("ended_at IS NOT NULL AND filed IS NULL AND version > 3")


def upgrade() -> None:
    op.create_table(
        "dossier",
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id"),
    )
    op.add_column("instance", sa.Column("filed", sa.Boolean(), nullable=True))
    op.create_index("ix_instance_unfiled", "instance", ["ended_at"], sqlite_where=_UNFILED, postgresql_where=_UNFILED)


def downgrade() -> None:
    op.drop_index("ix_instance_unfiled", table_name="instance")
    op.drop_column("instance", "filed")
    op.drop_table("dossier")
