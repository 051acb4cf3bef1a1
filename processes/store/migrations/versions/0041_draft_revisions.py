"""Of each file of a draft the revision that changed it last: two files of one draft are edited side by side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
kind = "expand"


def upgrade() -> None:
    op.add_column("model_draft", sa.Column("revisions", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("model_draft", "revisions")
