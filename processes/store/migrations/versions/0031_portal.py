"""The enterprises' portal: who reported what, text messages on their way, passes of browsers, and how often what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
kind = "expand"


def upgrade() -> None:
    op.create_table(
        "portal_report",
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"]),
        sa.PrimaryKeyConstraint("report_id"),
    )
    op.create_index("ix_portal_report_phone", "portal_report", ["phone", "at"])
    op.create_table(
        "portal_message",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_portal_message_ends_at", "portal_message", ["ends_at"])
    op.create_table(
        "portal_pass",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("report_id", sa.String(length=36), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_portal_pass_ends_at", "portal_pass", ["ends_at"])
    op.create_index("ix_portal_pass_report_id", "portal_pass", ["report_id"])
    op.create_table(
        "portal_limit",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index("ix_portal_limit_ends_at", "portal_limit", ["ends_at"])


def downgrade() -> None:
    for table in ("portal_limit", "portal_pass", "portal_message", "portal_report"):
        op.drop_table(table)
