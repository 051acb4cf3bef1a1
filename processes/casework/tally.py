"""Open cases as they were counted last (see ``counting``), by place, board and light: where there are so many that no page could count them while
somebody waits for it. It lies in a few ``Setting`` rows: the numbers in one, and for each place the cases that burn the most in another.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_

from processes.casework.versions import setting
from processes.store.tables import Case

LASTS = timedelta(minutes=5)
"""What is older is not believed: the engine is away, and pages count by themselves, however long it takes."""

PERIODS = (7, 30, 90)
"""Days of which it is counted how many cases came, and how many of these are closed."""

KEPT = 100
"""Cases kept of a place, and of each board there, of each colour."""

NUMBERS = "tally"
"""Key of the ``Setting`` row with the numbers; those of places are this, a colon and the place's code."""

RED, YELLOW = COLOURS = ("red", "yellow")


class Open(NamedTuple):
    """Open cases of a place, with one board (or boards, or none yet), of which the same must know nothing."""

    place: str
    board: str | None
    excluded: Sequence[str]
    open: int
    red: int
    yellow: int


class Came(NamedTuple):
    """Cases that came to a place in a period, and how many of these are closed."""

    place: str
    excluded: Sequence[str]
    opened: int
    closed: int


class Burning(NamedTuple):
    """A case that burns."""

    due_at: str
    id: str


@dataclass(frozen=True)
class Tally:
    """What was counted. ``came``: by the days of the period."""

    at: datetime
    open: Sequence[Open]
    came: Mapping[int, Sequence[Came]]


def red(now: datetime) -> ColumnElement[bool]:
    """Overdue."""
    return Case.due_at < now


def yellow(now: datetime) -> ColumnElement[bool]:
    """Due soon."""
    return and_(Case.due_at >= now, Case.warn_at <= now)


def read(connection: Connection, now: datetime) -> Tally | None:
    """The last count, if there is one that is new enough."""
    kept = setting(connection, NUMBERS)
    if not kept or now - (at := datetime.fromisoformat(kept["at"])) > LASTS:
        return None
    came = {int(days): [Came(*row) for row in rows] for days, rows in kept["came"].items()}
    return Tally(at, [Open(*row) for row in kept["open"]], came)


def burning(connection: Connection, place: str, colour: str, board: str | None) -> Sequence[Burning]:
    """The cases of a colour that burned the most when it was counted last, the worst first: of a place and all below it, or of one ``board`` at the
    place alone ("": of none yet). Of each board no more than ``KEPT``."""
    kept = setting(connection, f"{NUMBERS}:{place}").get(colour, {"below": [], "boards": []})
    if board is None:
        return [Burning(*each) for each in kept["below"]]
    found = [[Burning(*each) for each in listed] for recorded, listed in kept["boards"] if board in codes(recorded)]
    return list(heapq.merge(*found))


def codes(recorded: str | None) -> Sequence[str]:
    """The boards that a case records, "" for none."""
    return (recorded or "").split(",")
