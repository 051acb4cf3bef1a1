"""Who looks at a page: the person, his or her duties today, and the pages these open."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask_babel import gettext as _

from processes.casework.accounts.sessions import Session
from processes.casework.people import Authority
from processes.casework.records import Duty
from processes.casework.reference import Reference

PAGES = Path(__file__).parent / "pages.csv"
"""Which roles a page is for; a page that is not listed is everybody's."""


SHEETS = Path(__file__).parent / "sheets.csv"
"""Which roles may hand in a filled-in sheet of problems, and over which channel."""


@dataclass(frozen=True)
class Viewer:
    """A person at work. ``lines`` say the duties in words; ``may``: the pages that are not everybody's and are this person's.

    ``session``: the login; ``must``: what has to be done before anything else (``password``, ``second``), if anything.
    """

    id: str
    name: str
    authority: Authority
    lines: tuple[str, ...]
    may: frozenset[str]
    session: Session | None = None
    must: str = ""


def viewer(reference: Reference, authority: Authority) -> Viewer:
    """The viewer for a person's authority of today."""
    return Viewer(
        authority.person,
        reference.person_name(authority.person),
        authority,
        tuple(dict.fromkeys(_line(reference, authority, at) for at in range(len(authority.acting)))),
        _may(authority),
    )


def _may(authority: Authority) -> frozenset[str]:
    found = {page for page in _roles() if places_for(page, authority)}
    return frozenset(found | {"sheets"} if sheet_channels(authority) else found)


def duties_for(page: str, authority: Authority) -> tuple[Duty, ...]:
    """The duties of a person that a page is for."""
    roles = _roles()[page]
    return tuple(each.duty for each in authority.acting if each.duty.role in roles)


def places_for(page: str, authority: Authority) -> tuple[str, ...]:
    """The places at which a person has a duty that a page is for."""
    return tuple(dict.fromkeys(duty.place for duty in duties_for(page, authority)))


def sheet_channels(authority: Authority) -> Mapping[str, tuple[str, ...]]:
    """The channels over which a person may hand in sheets, each with the places of the duties that allow it."""
    found: dict[str, dict[str, None]] = {}
    for row in _sheets():
        for each in authority.acting:
            if each.duty.role == row["role"]:
                found.setdefault(row["channel"], {})[each.duty.place] = None
    return {channel: tuple(places) for channel, places in found.items()}


def _line(reference: Reference, authority: Authority, at: int) -> str:
    acting = authority.acting[at]
    duty = acting.duty
    where = reference.organisation_name(duty.organisation) if duty.organisation else reference.place_name(duty.place)
    instead = (
        "" if acting.person == authority.person else _("（代%(person)s）", person=reference.person_name(acting.person))
    )
    return f"{where} {reference.role_name(duty.role)}{instead}"


@cache
def _roles() -> Mapping[str, frozenset[str]]:
    with PAGES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        page: frozenset(row["role"] for row in rows if row["page"] == page) for page in {row["page"] for row in rows}
    }


@cache
def _sheets() -> tuple[Mapping[str, str], ...]:
    with SHEETS.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
