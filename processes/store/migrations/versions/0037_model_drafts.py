"""Drafts of models, as their owners edit them before they come into force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
kind = "expand"


def upgrade() -> None:
    op.create_table(
        "model_draft",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_model_draft_place", "model_draft", ["place", "process_id", "person"], unique=True)


def downgrade() -> None:
    op.drop_table("model_draft")
