"""What a case is found by: the words of its report, its enterprise, where it belongs, and (hashed) its numbers.

A Chinese word of two signs or more is found by its pairs of signs, for nobody knows where words end; letters and digits are found as whole
words. Each case has one row of tokens in ``case_search``, written with the case. Its ``seq`` is made of the time it was opened, so that it
does not matter when the row is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from processes.casework.reference import Reference
from processes.store.tables import Case, CaseSearch, PersonalData, ReportText
from processes.store.word_index import UNIQUE_BITS

LONGEST = 5000
"""Signs of a report's words that are looked at: what is meant has been said by then."""

BATCH = 500
"""Cases whose rows are written anew in one transaction."""

_PARTS = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_NUMBER = re.compile(r"[0-9a-z]+")

SHORTEST_NUMBER = 7
"""Digits of a phone number at least; a credit code has 18 signs."""


def tokens_of(text: str) -> list[str]:
    """The tokens of a text, each once, in their order.

    >>> tokens_of("供电增容，5G基站")
    ['供电', '电增', '增容', '5g', '基站']
    """
    found: dict[str, None] = {}
    for part in _PARTS.findall(unicodedata.normalize("NFKC", text).lower()):
        if part[0].isascii() or len(part) == 1:
            found[part[:40]] = None
        else:
            found |= dict.fromkeys(part[at : at + 2] for at in range(len(part) - 1))
    return list(found)


def key(number: str) -> str | None:
    """The token of a phone number or credit code: only who knows all of it finds it. None when it is no such number.

    >>> key("138 1234 5678") == key("13812345678"), key("供电")
    (True, None)
    """
    plain = re.sub(r"[\s\-()+]", "", unicodedata.normalize("NFKC", number).lower())
    if not _NUMBER.fullmatch(plain) or sum(sign.isdecimal() for sign in plain) < SHORTEST_NUMBER:
        return None
    return "~" + blake2b(plain.encode(), digest_size=8).hexdigest()


def here(place: str) -> str:
    """The token of the cases of a place."""
    return f"={place}"


def at_or_below(place: str) -> str:
    """The token of the cases of a place and of all below it."""
    return f"@{place}"


def seq_of(opened_at: datetime, case_id: str) -> int:
    """A case's place in the order of time."""
    unique = int.from_bytes(blake2b(case_id.encode(), digest_size=8).digest()) & ((1 << UNIQUE_BITS) - 1)
    return first_seq(opened_at) | unique


def first_seq(at: datetime) -> int:
    """The first ``seq`` of cases that are opened at this time or later."""
    return int(at.timestamp() * 1000) << UNIQUE_BITS


def time_of(seq: int) -> datetime:
    """When cases of this ``seq`` were opened."""
    return datetime.fromtimestamp((seq >> UNIQUE_BITS) / 1000, UTC)


class Said(Protocol):
    """A report, or a row of one, as far as it is found by that."""

    @property
    def title(self) -> Any: ...
    @property
    def body(self) -> Any: ...
    @property
    def enterprise(self) -> Any: ...
    @property
    def uscc(self) -> Any: ...
    @property
    def phone(self) -> Any: ...


def row(case_id: str, opened_at: datetime, path: Sequence[str], said: Said) -> dict[str, Any]:
    """The row of a case. ``path``: its place and those above."""
    keys = {found for each in (said.uscc, said.phone) if (found := key(each)) is not None}
    tokens = [
        *tokens_of(f"{said.title}\n{said.enterprise}\n{said.body}"[:LONGEST]),
        *(at_or_below(each) for each in path),
        here(path[0]),
        *sorted(keys),
    ]
    return {"seq": seq_of(opened_at, case_id), "case_id": case_id, "words": " ".join(tokens)}


def remember(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows; what is there already stays."""
    if rows:
        connection.execute(_REMEMBER[connection.dialect.name], rows)


def reindex(connection: Connection, after: str) -> tuple[int, str | None]:
    """Write the rows of the next ``BATCH`` cases behind the id ``after`` anew; returns how many, and the last id (None: that was all).

    For cases of before there were such rows, and when places have got other superiors.
    """
    found = connection.execute(_CASES, {"after": after}).all()
    reference = Reference.read(connection)
    connection.execute(delete(CaseSearch).where(CaseSearch.case_id.in_([each.id for each in found])))
    remember(
        connection,
        [
            row(each.id, each.opened_at, reference.path(each.place), each)
            for each in found
            if each.title or each.body or each.enterprise
        ],
    )
    return len(found), found[-1].id if len(found) == BATCH else None


def renew(connection: Connection, report_id: str) -> None:
    """Write the rows of a report's cases anew, when what is said of it has changed."""
    found = connection.execute(_OF_REPORT, {"report": report_id}).all()
    connection.execute(delete(CaseSearch).where(CaseSearch.case_id.in_([each.id for each in found])))
    reference = Reference.read(connection)
    remember(connection, [row(each.id, each.opened_at, reference.path(each.place), each) for each in found])


_REMEMBER: Mapping[str, Any] = {
    "sqlite": sqlite.insert(CaseSearch).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(CaseSearch).on_conflict_do_nothing(),
}
_SAID = (
    select(
        Case.id,
        Case.opened_at,
        Case.place,
        ReportText.title,
        ReportText.body,
        PersonalData.enterprise,
        PersonalData.uscc,
        PersonalData.phone,
    )
    .join(ReportText, ReportText.report_id == Case.report_id)
    .join(PersonalData, PersonalData.report_id == Case.report_id)
)
_CASES = _SAID.where(Case.id > bindparam("after")).order_by(Case.id).limit(BATCH)
_OF_REPORT = _SAID.where(Case.report_id == bindparam("report"))
