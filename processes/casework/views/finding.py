"""Cases found by their words, by who reported them, and by where they stand: the newest first.

However many cases there are, a page looks at a bounded number of them: see processes/store/word_index.py. Where that was not enough to fill it,
it says from where on to go on looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection

from processes.casework import words
from processes.casework.people import Authority
from processes.casework.records import SEES_BELOW, SEES_NONE
from processes.casework.reference import Reference
from processes.casework.views.names import has_board
from processes.casework.views.search import LIMIT, CaseLine, lines_of, rows_of
from processes.store import word_index
from processes.store.tables import Case

EXAMINED = 2000
"""Cases looked at for a page at most."""

FEWEST = 20
"""Cases read at once, at least; more when a page lacks more, and ever more where few of them fit."""

FIRST_LEVEL = 1
"""The span that is looked through first: some hours."""

WIDER = 400
"""A wider span is taken when no more than so many cases are likely to be found in it."""

OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True)
class Wanted:
    """What is looked for. ``place``: with all below it; ``state``: ``open`` or ``closed``; ``since`` and ``until``: when it was opened."""

    text: str = ""
    place: str = ""
    board: str = ""
    stage: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is looked for."""
        return self == Wanted()


@dataclass(frozen=True)
class Found:
    """A page. ``older``: where the next one begins; ``back_to``: since when all have been looked at, when there may be older ones."""

    lines: tuple[CaseLine, ...]
    older: int | None = None
    back_to: datetime | None = None


def tokens_for(text: str) -> list[str]:
    """What a text is looked for by; none when it is too short to say anything."""
    number = words.key(text)
    if number is not None:
        return [number]
    found = words.tokens_of(text)
    return [each for each in found if len(each) > 1 or (len(found) == 1 and each.isascii())]


def find(
    connection: Connection,
    reference: Reference,
    authority: Authority,
    wanted: Wanted,
    seen: ColumnElement[bool],
    now: datetime,
    before: int | None = None,
) -> Found:
    """A page of cases, of those ``seen`` (``access.cases_of``). ``before``: ``older`` of the page before.

    Beyond the places of a person's duties only cases' numbers lead to them.
    """
    tokens = tokens_for(wanted.text)
    if wanted.text and not tokens:
        return Found(())
    if wanted.place:
        tokens.append(words.at_or_below(wanted.place))
    one_of = _places(reference, authority)
    if one_of == ():
        return Found(())
    conditions = [seen, *_conditions(wanted)]
    upper = before or words.first_seq(wanted.until or now + timedelta(days=1))
    floor = words.first_seq(wanted.since) if wanted.since else 0
    found: list[tuple[int, Any]] = []
    level, examined = FIRST_LEVEL, 0
    while upper > floor and examined < EXAMINED and len(found) <= LIMIT:
        hits = word_index.find(connection, tokens, one_of or (), level, upper, floor, EXAMINED)
        upper = hits[-1].seq if len(hits) == EXAMINED else word_index.span_begin(level, upper)
        level = _next(level, len(hits))
        at = 0
        while at < len(hits):
            together = max(LIMIT + 1 - len(found), FEWEST, examined)
            some = {each.case_id: each.seq for each in hits[at : at + together]}
            at += together
            rows = rows_of(connection, list(some), conditions)
            found += sorted(((some[row.id], row) for row in rows), key=lambda each: -each[0])
            examined += len(some)
            if len(found) > LIMIT or examined >= EXAMINED:
                upper = max(upper, min(some.values()))
                break
    lines = lines_of([row for _, row in found[:LIMIT]], reference)
    if len(found) > LIMIT:
        return Found(lines, found[LIMIT - 1][0])
    return Found(lines, upper, words.time_of(upper)) if upper > floor else Found(lines)


def _next(level: int, hits: int) -> int:
    """The level of the next span: wider while little is found."""
    if hits > WIDER:
        return max(0, level - 1)
    return min(word_index.ALL, level + 1) if hits * 16 <= WIDER else level


def _places(reference: Reference, authority: Authority) -> Sequence[str] | None:
    """The tokens of the places whose cases a person may be shown; None: of all."""
    found: dict[str, None] = {}
    for acting in authority.acting:
        place, sees = acting.duty.place, reference.sight.get(acting.duty.role, SEES_NONE)
        if sees == SEES_NONE:
            continue
        below = sees == SEES_BELOW
        if below and len(reference.under(place)) == len(reference.places):
            return None
        found[words.at_or_below(place) if below else words.here(place)] = None
    return tuple(found)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.stage:
        found.append(Case.stage == wanted.stage)
    if wanted.state:
        found.append(Case.closed_at.is_(None) if wanted.state == OPEN else Case.closed_at.is_not(None))
    if wanted.board:
        found.append(has_board(wanted.board))
    return found
