"""The index of cases by parent, of those that have one: where few have, SQLite took it for the way to those that have none, which are nearly all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None
kind = "expand"

_SOME = sa.text("parent IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_case_parent", "case")
    op.create_index("ix_case_parent", "case", ["parent"], sqlite_where=_SOME, postgresql_where=_SOME)


def downgrade() -> None:
    op.drop_index("ix_case_parent", "case")
    op.create_index("ix_case_parent", "case", ["parent"])
