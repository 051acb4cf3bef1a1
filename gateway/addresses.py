"""Rules for addresses that cost little to make, and numbers of rows in them that a database can count to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import IntegerConverter, Map, Rule

LARGEST = 2**63 - 1


def row_number(text: str) -> int:
    """A row's number in a query, as a ``type`` of ``args.get``: what no row can have counts as not given."""
    number = int(text)
    if abs(number) > LARGEST:
        raise ValueError(text[:40])
    return number


class RowNumber(IntegerConverter):
    """``<int:…>`` of an address: one that no row can have is not found."""

    def __init__(self, of: Map, **given: Any) -> None:
        super().__init__(of, **{"max": LARGEST, **given})


class LazyRule(Rule):
    """What builds its addresses is compiled when the first is built: for most rules never, and for all of them together it would take a
    tenth of a second at each start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: Callable[..., tuple[str, str]] | None = None

        def builder(*bound: Any, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            if compiled is None:
                compiled = Rule._compile_builder(self, append_unknown)
            return compiled(*bound, **values)

        return builder
