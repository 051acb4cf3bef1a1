"""Cases of a period played on a draft: what would have become of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None
kind = "expand"

_OPEN = sa.text("state IN ('collecting', 'running')")


def upgrade() -> None:
    op.create_table(
        "what_if",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("load", sa.JSON(), nullable=False),
        sa.Column("flows", sa.JSON(), nullable=False),
        sa.Column("wrong", sa.JSON(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_what_if_draft", "what_if", ["draft_id", "created_at"])
    op.create_index("ix_what_if_open", "what_if", ["created_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "what_if_case",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("shift", sa.Integer(), nullable=True),
        sa.Column("said", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "position"),
    )
    op.create_index("ix_what_if_case_verdict", "what_if_case", ["run_id", "verdict", "position"])


def downgrade() -> None:
    op.drop_table("what_if_case")
    op.drop_table("what_if")
