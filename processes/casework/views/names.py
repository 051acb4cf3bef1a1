"""Names for the codes that cases carry."""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, literal, or_

from processes.casework.reference import Reference
from processes.messaging.contracts import CONTRACTS
from processes.messaging.incoming import RATING_LEVELS
from processes.messaging.schema import describe
from processes.store.tables import Case


def boards(reference: Reference, place: str, board: str | None) -> str:
    """The boards of a case in words: its diagrams record one code or id, or several with commas between them."""
    if not board:
        return ""
    found = (reference.organisation(place, each) or each for each in board.split(","))
    return "、".join(reference.organisation_name(each) for each in found)


def has_board(code: str) -> ColumnElement[bool]:
    """The condition on ``Case`` that it is with the board of that code: see :func:`boards`."""
    listed = literal(",") + Case.board + literal(",")
    return or_(listed.contains(f",{code},", autoescape=True), listed.contains(f".{code},", autoescape=True))


def rating(level: str | None) -> str:
    """A rating in words; its diagrams record the number of the level."""
    if not level:
        return ""
    return RATING_LEVELS.get(int(level), level) if level.isdecimal() else level


def label(where: str, name: str) -> str:
    """What a text is: the title of a form's field, or that of a message's field (``where`` is the message's type)."""
    return _titles(where).get(name, name)


@cache
def _titles(message: str) -> dict[str, str]:
    versions = [contract for (kind, _), contract in CONTRACTS.items() if kind == message]
    return {field.name: field.title for contract in versions for field in describe(contract.schema)}
