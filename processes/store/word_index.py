"""Finding cases by their words: an inverted index over ``case_search.words``, kept by the database itself.

``words`` holds tokens with blanks between them (processes/casework/words.py says which). PostgreSQL finds them by a GIN index over the array
they make; SQLite by a table of its full text engine (FTS5), which triggers keep in step. To both, each row has further tokens, one a level of
``SPANS``: the span of time that its ``seq`` lies in. A search looks through span after span, the newest first, so that a word that stands
in half of all cases costs no more than one that stands in few.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

UNIQUE_BITS = 21
"""Of ``seq``, the lower bits tell cases of one millisecond apart; the upper ones are the milliseconds since 1970."""

SPANS = (41, 45, 49, 53, 57)
"""The levels, as bits of ``seq``: 17 minutes, 4.7 hours, 3.1 days, 50 days, 2.2 years. Each is 16 of the one before."""

NAME = "word_index"
"""SQLite's table; its shadow tables' names begin so."""


GIN = "ix_case_search_words"
"""PostgreSQL's index."""


def is_part(table: str) -> bool:
    """Whether a table of SQLite's belongs to the index: no table of ours, and never written by us."""
    return table == NAME or table.startswith(f"{NAME}_")


ALL = len(SPANS)
"""The level of one span that holds everything."""


def span_begin(level: int, upper: int) -> int:
    """The first ``seq`` of the span that ends with, or holds, what lies just below ``upper``."""
    return 0 if level == ALL else (upper - 1) >> SPANS[level] << SPANS[level]


def find(
    connection: Connection, tokens: Sequence[str], one_of: Sequence[str], level: int, upper: int, lower: int, limit: int
) -> Sequence[Row[Any]]:
    """``seq`` and ``case_id`` of the rows with all of ``tokens`` and, unless it is empty, ``one_of`` those, in the span below ``upper`` but
    not below ``lower``: the newest ones, the newest first."""
    wanted = list(tokens) if level == ALL else [*tokens, f"#{level}~{(upper - 1) >> SPANS[level]}"]
    given: dict[str, Any] = {"upper": upper, "lower": max(lower, span_begin(level, upper)), "limit": limit}
    if not wanted and not one_of:
        return connection.execute(_ANY, given).all()
    if connection.dialect.name == "sqlite":
        groups = [" AND ".join(map(_quoted, wanted)), " OR ".join(map(_quoted, one_of))]
        given["tokens"] = " AND ".join(f"({each})" for each in groups if each)
        return connection.execute(_IN_SQLITE, given).all()
    given |= {"tokens": wanted, "one_of": list(one_of)} if one_of else {"tokens": wanted}
    return connection.execute(_OF_SOME if one_of else _IN_POSTGRESQL, given).all()


def merge(connection: Connection) -> None:
    """Forget what was deleted, in SQLite's index too: until its parts are merged, they hold the words along with a mark that they are gone."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"INSERT INTO {NAME} ({NAME}) VALUES ('optimize')"))


def _quoted(token: str) -> str:
    """As FTS5 takes it: letters, digits and the signs of tokens are all there is in one."""
    return f'"{token}"'


def _spans(row: str) -> str:
    """The tokens of the spans, as SQL of both databases."""
    return "".join(f" || ' #{level}~' || CAST({row}seq / {1 << bits} AS TEXT)" for level, bits in enumerate(SPANS))


ARRAY = f"string_to_array(words{_spans('')}, ' ')"
"""What PostgreSQL's index is over. A statement has to say it word for word."""

_RANGE = "seq >= :lower AND seq < :upper"
_NEWEST = "ORDER BY seq DESC LIMIT :limit"
_ANY = text(f"SELECT seq, case_id FROM case_search WHERE {_RANGE} {_NEWEST}")
# Of its own, so that nobody reads all rows in their order instead, until enough have the tokens.
_FOUND = f"WITH found AS MATERIALIZED (SELECT seq, case_id FROM case_search WHERE {_RANGE} AND {ARRAY} @> :tokens"
_IN_POSTGRESQL = text(f"{_FOUND}) SELECT seq, case_id FROM found {_NEWEST}")
_OF_SOME = text(f"{_FOUND} AND {ARRAY} && :one_of) SELECT seq, case_id FROM found {_NEWEST}")
_IN_SQLITE = text(
    f"SELECT c.seq, c.case_id FROM {NAME} CROSS JOIN case_search c ON c.seq = {NAME}.rowid "
    f"WHERE {NAME} MATCH :tokens AND {NAME}.rowid >= :lower AND {NAME}.rowid < :upper "
    f"ORDER BY {NAME}.rowid DESC LIMIT :limit"
)

POSTGRESQL = (
    # Few entries wait for being sorted in: each search reads them all.
    f"CREATE INDEX {GIN} ON case_search USING gin (({ARRAY})) WITH (gin_pending_list_limit = 256)",
)

_NEW = "new.words" + _spans("new.")
_OLD = "old.words" + _spans("old.")
_FORGET = f"INSERT INTO {NAME} ({NAME}, rowid, words) VALUES ('delete', old.seq, {_OLD});"
_KEEP = f"INSERT INTO {NAME} (rowid, words) VALUES (new.seq, {_NEW});"

SQLITE = (
    # Left over where a backup takes the place of everything.
    f"DROP TABLE IF EXISTS {NAME}",
    f"CREATE VIRTUAL TABLE {NAME} USING fts5 (words, content = '', detail = 'none', columnsize = 0, "
    "tokenize = \"unicode61 remove_diacritics 0 tokenchars '#@=~'\")",
    f"CREATE TRIGGER case_search_insert AFTER INSERT ON case_search BEGIN {_KEEP} END",
    f"CREATE TRIGGER case_search_delete AFTER DELETE ON case_search BEGIN {_FORGET} END",
    f"CREATE TRIGGER case_search_update AFTER UPDATE ON case_search BEGIN {_FORGET} {_KEEP} END",
)

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
"""What makes the index, by dialect, once ``case_search`` is there."""
