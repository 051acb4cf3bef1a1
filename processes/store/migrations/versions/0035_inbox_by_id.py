"""The inbox by id first: what a case's commands leave stands together, and the newest at the end. By sender first, each kind of command had an end
of its own in the middle of the tree, where SQLite moves three full pages for every row that is added."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None
kind = "expand"

_BY_ID, _BY_SENDER = ("id", "partner", "source"), ("partner", "source", "id")


def upgrade() -> None:
    _arrange(_BY_ID)


def downgrade() -> None:
    _arrange(_BY_SENDER)


def _arrange(key: Sequence[str]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("inbox_pkey", "inbox", type_="primary")
        op.create_primary_key("inbox_pkey", "inbox", list(key))
        return
    op.rename_table("inbox", "inbox_before")
    op.create_table(
        "inbox",
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
        sqlite_with_rowid=False,
    )
    columns = "partner, source, id, received_at, result"
    op.execute(f"INSERT INTO inbox ({columns}) SELECT {columns} FROM inbox_before ORDER BY {', '.join(key)}")
    op.drop_table("inbox_before")
