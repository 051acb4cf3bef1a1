"""Giant instances, timer starts. A break: software of before can't read the states that the kernel writes, nor writes prefixes."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
kind = "break"
lowest = 3


def upgrade() -> None:
    op.create_table(
        "instance_part",
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "name"),
    )
    op.create_table(
        "start_timer",
        sa.Column("process_id", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("node_id", sa.String(length=120), nullable=False),
        sa.Column("definition_id", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cycles", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("process_id", "place", "node_id"),
    )
    with op.batch_alter_table("start_timer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_start_timer_due_at"), ["due_at"], unique=False)

    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parts", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("prefix", sa.String(length=24), nullable=True))
        batch_op.create_index(batch_op.f("ix_instance_prefix"), ["prefix"], unique=False)

    _set_prefixes(op.get_bind())


def _set_prefixes(connection: sa.Connection) -> None:
    """Tasks' ids begin with a hash of their instance's id: running instances of before are found by it too."""
    instance = sa.table("instance", sa.column("id"), sa.column("prefix"), sa.column("status"))
    running = sa.select(instance.c.id).where(instance.c.status.in_(["active", "suspended"]))
    rows = [
        {"of": each, "to": hashlib.blake2b(each.encode(), digest_size=12).hexdigest()}
        for each in connection.execute(running).scalars()
    ]
    if rows:
        change = sa.update(instance).where(instance.c.id == sa.bindparam("of")).values(prefix=sa.bindparam("to"))
        connection.execute(change, rows)


def downgrade() -> None:
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instance_prefix"))
        batch_op.drop_column("prefix")
        batch_op.drop_column("parts")

    with op.batch_alter_table("start_timer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_start_timer_due_at"))

    op.drop_table("start_timer")
    op.drop_table("instance_part")
