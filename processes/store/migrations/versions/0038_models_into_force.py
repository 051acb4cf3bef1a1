"""Changes of models on their way into force: scenarios, approval, a time, and the way back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
kind = "expand"

_INSTANT = sa.DateTime(timezone=True)
_SOME = (
    ("model_trial", "ix_model_trial_open", ["asked_at"], "state = 'open'"),
    ("model_change", "ix_model_change_planned", ["at"], "state = 'planned'"),
    ("instance", "ix_instance_running", ["definition_id", "id"], "ended_at IS NULL"),
)


def upgrade() -> None:
    op.create_table(
        "model_scenarios",
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("process_id", "place"),
    )
    op.create_table(
        "model_trial",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("sent", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("leased_until", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_model_trial_asked_at", "model_trial", ["asked_at"])
    op.create_table(
        "model_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=60), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=True),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("draft_id"),
    )
    op.create_index("ix_model_change_place", "model_change", ["place"])
    op.create_table(
        "past_force",
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("definition_id", sa.String(length=64), nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"]),
        sa.PrimaryKeyConstraint("process_id", "place", "definition_id"),
    )
    op.add_column("place", sa.Column("four_eyes", sa.Boolean(), nullable=True))
    for table, name, columns, where in _SOME:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for table, name, _columns, _where in reversed(_SOME):
        op.drop_index(name, table)
    op.drop_column("place", "four_eyes")
    for table in ("past_force", "model_change", "model_trial", "model_scenarios"):
        op.drop_table(table)
