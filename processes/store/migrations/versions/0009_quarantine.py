"""Quarantine: a refused message as it came, and what a person did with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
kind = "expand"

_OPEN = sa.text("state = 'open'")


def _new() -> list[sa.Column[object]]:
    return [
        sa.Column("reason_en", sa.Text(), nullable=True),
        sa.Column("door", sa.String(length=20), nullable=True),
        sa.Column("routing_key", sa.String(length=255), nullable=True),
        sa.Column("content_type", sa.String(length=255), nullable=True),
        sa.Column("properties", sa.JSON(), nullable=True),
        sa.Column("message_id", sa.String(length=200), nullable=True),
        sa.Column("type", sa.String(length=120), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=True),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("state", sa.String(length=20), nullable=False, server_default="open"),
        sa.Column("settled_by", sa.String(length=60), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("tries", sa.JSON(), nullable=True),
    ]


def upgrade() -> None:
    for column in _new():
        op.add_column("refused_message", column)
    op.create_index("ix_refused_message_fingerprint", "refused_message", ["fingerprint"])
    op.create_index("ix_refused_message_open", "refused_message", ["at"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_index("ix_refused_message_open", table_name="refused_message")
    op.drop_index("ix_refused_message_fingerprint", table_name="refused_message")
    for column in reversed(_new()):
        op.drop_column("refused_message", column.name)
