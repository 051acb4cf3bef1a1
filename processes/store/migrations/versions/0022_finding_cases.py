"""Cases found by their words. Those of before are, once ``app.py reindex`` has been run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None
kind = "expand"


def _words(row: str) -> str:
    spans = (f" || ' #{level}~' || CAST({row}seq / {1 << 41 + 4 * level} AS TEXT)" for level in range(5))
    return f"{row}words{''.join(spans)}"


def upgrade() -> None:
    op.create_table(
        "case_search",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("case_id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE INDEX ix_case_search_words ON case_search USING gin ((string_to_array({_words('')}, ' '))) "
            "WITH (gin_pending_list_limit = 256)"
        )
        return
    forget = f"INSERT INTO word_index (word_index, rowid, words) VALUES ('delete', old.seq, {_words('old.')});"
    keep = f"INSERT INTO word_index (rowid, words) VALUES (new.seq, {_words('new.')});"
    connection = op.get_bind()
    for statement in (
        "DROP TABLE IF EXISTS word_index",
        "CREATE VIRTUAL TABLE word_index USING fts5 (words, content = '', detail = 'none', columnsize = 0, "
        "tokenize = \"unicode61 remove_diacritics 0 tokenchars '#@=~'\")",
        f"CREATE TRIGGER case_search_insert AFTER INSERT ON case_search BEGIN {keep} END",
        f"CREATE TRIGGER case_search_delete AFTER DELETE ON case_search BEGIN {forget} END",
        f"CREATE TRIGGER case_search_update AFTER UPDATE ON case_search BEGIN {forget} {keep} END",
    ):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_table("case_search")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE word_index")
