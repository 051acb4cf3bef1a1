"""Names for the codes that cases carry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, literal, or_

from processes.casework.reference import Reference
from processes.languages import CHINESE, ENGLISH
from processes.messaging.contracts import CONTRACTS
from processes.messaging.incoming import RATING_LEVELS, RATING_LEVELS_IN_ENGLISH
from processes.messaging.schema import describe
from processes.store.tables import Case


def boards(reference: Reference, place: str, board: str | None) -> str:
    """The boards of a case in words: its diagrams record one code or id, or several with commas between them."""
    if not board:
        return ""
    found = (reference.organisation(place, each) or each for each in board.split(","))
    return reference.say("、", ", ").join(reference.organisation_name(each) for each in found)


def has_board(code: str) -> ColumnElement[bool]:
    """The condition on ``Case`` that it is with the board of that code: see :func:`boards`."""
    listed = literal(",") + Case.board + literal(",")
    return or_(listed.contains(f",{code},", autoescape=True), listed.contains(f".{code},", autoescape=True))


def status(reference: Reference, row: Any) -> str:
    """What a case's status says, in the language of the names; in Chinese where its diagram says no other."""
    return str(row.status_en or row.status) if reference.language == ENGLISH else str(row.status)


def holder_of(to: Any, reference: Reference) -> str:
    """Whom ``{person}``, ``{role, organisation, place}`` or a person's id means, in words."""
    if not isinstance(to, Mapping):
        return reference.person_name(str(to))
    if to.get("person"):
        return reference.person_name(str(to["person"]))
    where = reference.organisation_name(str(to["organisation"])) if to.get("organisation") else ""
    where = where or (reference.place_name(str(to["place"])) if to.get("place") else "")
    return f"{where} {reference.role_name(str(to['role']))}".strip() if to.get("role") else where


def rating(level: str | None, language: str = CHINESE) -> str:
    """A rating in words; its diagrams record the number of the level."""
    if not level:
        return ""
    levels = RATING_LEVELS_IN_ENGLISH if language == ENGLISH else RATING_LEVELS
    return levels.get(int(level), level) if level.isdecimal() else level


def label(where: str, name: str) -> str:
    """What a text is: the title of a form's field, or that of a message's field (``where`` is the message's type)."""
    return _titles(where).get(name, name)


@cache
def _titles(message: str) -> dict[str, str]:
    versions = [contract for (kind, _), contract in CONTRACTS.items() if kind == message]
    return {field.name: field.title for contract in versions for field in describe(contract.schema)}
