"""Looking for inputs that rows of a decision table match together, or that none of them matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from processes.notation.check.table_space import Piece, TooLarge
from processes.notation.feel import Budget
from processes.notation.feel.json_values import to_text

MOST_STEPS = 1_000_000
"""Pieces looked at in one search: a second."""


@dataclass(frozen=True)
class Dimension:
    """What one input expression brings: its pieces, and for each row which of them it matches, as bits.

    ``sure`` has no bits where a cell can't be decided, ``possible`` has all of them; ``domain`` are the pieces that should
    be covered, ``space`` those that can occur.
    """

    text: str
    pieces: Sequence[Piece]
    sure: Sequence[int]
    possible: Sequence[int]
    domain: int
    space: int


@dataclass(frozen=True)
class Case:
    """An input by the text of its expression; expressions that do not matter are left out."""

    values: tuple[tuple[str, Any], ...]
    fractional: bool = False

    def __str__(self) -> str:
        return "，".join(f"{text} = {_written(value)}" for text, value in self.values) or "任何输入"


@dataclass(frozen=True)
class Overlap:
    """Two rows, from 1, and an input both match."""

    rows: tuple[int, int]
    case: Case


Chosen = tuple[tuple[Dimension, int], ...]
"""For each dimension so far the pieces it is narrowed down to, as bits."""


def _written(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else to_text(value, Budget())


def best(dimension: Dimension, bits: int) -> Piece:
    """The piece among these that people recognise best."""
    among = [piece for place, piece in enumerate(dimension.pieces) if bits >> place & 1]
    return min(among, key=lambda piece: (piece.sample is None, piece.fractional, not piece.likely))


def gaps(space: Sequence[Dimension]) -> Iterator[Case]:
    """Inputs that no row matches, those with whole numbers first. Raises when the search is too long."""
    if not space:
        return
    count = len(space[0].possible)
    rows_of = [_by_piece(dimension.possible, dimension) for dimension in space]
    later: list[Case] = []
    for chosen in _uncovered([dimension.domain for dimension in space], rows_of, space, (1 << count) - 1, [MOST_STEPS]):
        pieces = [(each, best(each, bits)) for each, bits in chosen if bits]
        case = Case(
            tuple((each.text, piece.sample) for each, piece in pieces), any(piece.fractional for _, piece in pieces)
        )
        if case.fractional:
            later.append(case)
        else:
            yield case
    yield from later[:1]


def unreachable(space: Sequence[Dimension]) -> Iterator[int]:
    """Rows, from 1, of a table where the first match counts, that come too late whatever the input is."""
    if not space:
        return
    rows_of = [_by_piece(dimension.sure, dimension) for dimension in space]
    left = [MOST_STEPS]
    for row in range(1, len(space[0].sure)):
        own = [dimension.possible[row] for dimension in space]
        if all(own) and next(_uncovered(own, rows_of, space, (1 << row) - 1, left), None) is None:
            yield row + 1


def _uncovered(
    domains: Sequence[int], rows_of: Sequence[Sequence[int]], space: Sequence[Dimension], rows: int, left: list[int]
) -> Iterator[Chosen]:
    """The parts of the domains that none of the rows covers. ``left``: the steps that may still be taken, counted down."""
    covered: set[tuple[int, int]] = set()

    def search(at: int, rows: int, chosen: Chosen) -> Iterator[Chosen]:
        if not rows:
            yield chosen
            return
        if at == len(space) or (at, rows) in covered:
            return
        left[0] -= 1 + len(space[at].pieces)
        if left[0] < 0:
            raise TooLarge
        found = False
        for remaining, bits in _split(space[at], domains[at], rows_of[at], rows):
            for each in search(at + 1, remaining, (*chosen, (space[at], bits))):
                found = True
                yield each
        if not found:
            covered.add((at, rows))

    yield from search(0, rows, ())


def _by_piece(rows: Sequence[int], dimension: Dimension) -> list[int]:
    """For each piece the rows that match it, as bits."""
    return [
        sum(1 << row for row, bits in enumerate(rows) if bits >> place & 1) for place in range(len(dimension.pieces))
    ]


def _split(dimension: Dimension, domain: int, rows_of: Sequence[int], rows: int) -> list[tuple[int, int]]:
    """The rows that still match, and for which pieces: pieces with the same rows are one. A column that tells nothing apart
    takes no rows away."""
    if not domain:
        return [(rows, 0)]
    groups: dict[tuple[int, bool], int] = {}
    for place, piece in enumerate(dimension.pieces):
        if domain >> place & 1:
            key = (rows & rows_of[place], piece.fractional)
            groups[key] = groups.get(key, 0) | 1 << place
    return [(remaining, bits) for (remaining, _), bits in groups.items()]
