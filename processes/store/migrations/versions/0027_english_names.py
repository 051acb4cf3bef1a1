"""English: the names of the reference data, and what a case's status says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None
kind = "expand"

NAMES = (("level", 40), ("place", 80), ("organisation", 160), ("role", 80), ("channel", 80), ("stage", 40))


def upgrade() -> None:
    for table, length in NAMES:
        op.add_column(table, sa.Column("name_en", sa.String(length=length)))
    op.add_column("case", sa.Column("status_en", sa.String(length=160)))


def downgrade() -> None:
    with op.batch_alter_table("case") as batch:
        batch.drop_column("status_en")
    for table, _ in NAMES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("name_en")
