"""What waits lies by its instance: one index instead of two, and on SQLite the rows themselves are in it.

Software of before looks such rows up by their task alone: it still finds them, on PostgreSQL by reading through the index. Where hundreds of
thousands of timers wait, let the upgrade not take hours.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
kind = "expand"

_KEYS = {
    "deadline": ["instance_id", "task_id"],
    "timer": ["instance_id", "task_id"],
    "subscription": ["instance_id", "task_id", "message"],
}


def upgrade() -> None:
    for table, key in _KEYS.items():
        op.drop_index(f"ix_{table}_instance_id", table_name=table)
        _rekey(table, key, rowid=False)


def downgrade() -> None:
    for table, key in _KEYS.items():
        _rekey(table, key[1:], rowid=True)
        op.create_index(f"ix_{table}_instance_id", table, ["instance_id"])


def _rekey(table: str, key: list[str], rowid: bool) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(f"{table}_pkey", table, type_="primary")
        op.create_primary_key(f"{table}_pkey", table, key)
        return
    # SQLite's tables are made anew; what they are called by their key depends on the order of the columns.
    found = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind())
    columns = [
        sa.Column(column.name, column.type, nullable=column.nullable, primary_key=column.name in key)
        for column in found.columns
    ]
    columns.sort(key=lambda column: key.index(column.name) if column.name in key else len(key))
    fresh = sa.Table(f"{table}_fresh", sa.MetaData(), *columns, sqlite_with_rowid=rowid)
    indexes = [(index.name, [column.name for column in index.columns]) for index in found.indexes]
    op.get_bind().execute(sa.schema.CreateTable(fresh))
    names = [column.name for column in columns]
    op.get_bind().execute(sa.insert(fresh).from_select(names, sa.select(*(found.c[name] for name in names))))
    op.drop_table(table)
    op.rename_table(fresh.name, table)
    for name, indexed in indexes:
        op.create_index(name, table, indexed)
