"""How far somebody has tried a draft of a model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
kind = "expand"


def upgrade() -> None:
    op.create_table(
        "model_walk",
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("scenario", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["model_draft.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft_id"),
    )


def downgrade() -> None:
    op.drop_table("model_walk")
