"""People's words in a payload, on their way between deployments: ``{"$words": text}`` in place of our references (ARCHITECTURE rule 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from processes.casework import texts
from processes.messaging.between_levels import WORDS

MOST = 200
"""words of a message; whoever says more is no diagram"""


def told(connection: Connection, payload: Any) -> Any:
    """A payload with the words themselves in place of references to them."""
    references: dict[str, str] = {}

    def tell(value: Any) -> Any | None:
        if not texts.is_reference(value):
            return None
        text_id = str(value[texts.KEY])
        if text_id not in references:
            references[text_id] = texts.read(connection, value)
        return {WORDS: references[text_id]}

    return _replaced(payload, tell)


def taken(payload: Any, name: Callable[[int], str]) -> tuple[Any, list[tuple[str, str]]]:
    """A payload with references in place of words, and the words as (id, text); ``name`` gives the id of the nth.

    What looks like a reference of ours is a stranger's, and means nothing here.
    """
    kept: list[tuple[str, str]] = []

    def take(value: Any) -> Any | None:
        if texts.is_reference(value):
            return ""
        if not (isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get(WORDS), str)):
            return None
        if len(kept) == MOST:
            return ""
        kept.append((name(len(kept)), value[WORDS]))
        return texts.reference(kept[-1][0])

    return _replaced(payload, take), kept


def _replaced(value: Any, replace: Callable[[Any], Any | None]) -> Any:
    """A copy in which ``replace`` has had its say on every object; None from it: go on within."""
    found = replace(value) if isinstance(value, Mapping) else None
    if found is not None:
        return found
    if isinstance(value, Mapping):
        return {key: _replaced(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, replace) for item in value]
    return value
