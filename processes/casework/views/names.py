"""Names for the codes that cases carry."""

from __future__ import annotations

from processes.casework.reference import Reference


def boards(reference: Reference, place: str, board: str | None) -> str:
    """The boards of a case in words: its diagrams record one code or id, or several with commas between them."""
    if not board:
        return ""
    found = (reference.organisation(place, each) or each for each in board.split(","))
    return "、".join(reference.organisation_name(each) for each in found)
