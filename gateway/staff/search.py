"""Finding a case: by number, by words, by enterprise, by a phone number or credit code, and by where it stands."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.addresses import row_number
from gateway.context import services
from gateway.staff.pages import blueprint, seen, show, snapshot, viewer
from processes.casework.functions import Snapshot
from processes.casework.reference import Reference
from processes.casework.views import finding
from processes.casework.views import search as finder
from processes.casework.views.finding import Found, Wanted
from processes.casework.views.search import CaseLine

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
"""There are no cases from before or after; days beyond are taken for these."""

_DIGIT = re.compile(r"\d")


@blueprint.get("/search")
def search() -> AnyResponse:
    """The cases looked for, the newest first. A number that only one has leads straight to it."""
    here = snapshot()
    wanted = _wanted(here)
    before = request.args.get("before", type=row_number)
    with services().database.read() as connection:
        numbered = numbered_so(connection, here, wanted) if before is None else ()
        if len(numbered) == 1:
            return redirect(url_for("staff.case", number=numbered[0].number))
        found = Found(numbered) if numbered else looked_for(connection, here, wanted, before)
    given: dict[str, Any] = {name: value for name, value in request.args.items() if name in _FIELDS and value}
    return _page(wanted, found, given, full=len(numbered) == finder.LIMIT)


def numbered_so(connection: Connection, here: Snapshot, wanted: Wanted) -> tuple[CaseLine, ...]:
    """The cases that what is typed, and nothing else, names by a number."""
    if wanted != Wanted(wanted.text) or not _DIGIT.search(wanted.text):
        return ()
    return finder.by_number(connection, here.reference, wanted.text, seen())


def looked_for(connection: Connection, here: Snapshot, wanted: Wanted, before: int | None) -> Found:
    """A page of the cases that are looked for; none when nothing is."""
    if wanted.is_empty:
        return Found(())
    now = services().clock.now()
    return finding.find(connection, here.reference, viewer().authority, wanted, seen(), now, before)


_FIELDS = ("q", "place", "board", "stage", "state", "since", "until")
"""What stands in the address."""


def _page(wanted: Wanted, found: Found, given: dict[str, Any], full: bool) -> Response:
    listed: dict[str, Any] = choices(snapshot().reference)
    return show(
        "search.html",
        search=wanted.text,
        wanted=wanted,
        given=given,
        lines=found.lines,
        full=full,
        older=url_for("staff.search", **given, before=found.older) if found.older else None,
        back_to=found.back_to,
        later=request.args.get("before", type=row_number) is not None,
        too_short=bool(wanted.text) and not finding.tokens_for(wanted.text) and not found.lines,
        **listed,
    )


def choices(reference: Reference) -> dict[str, list[tuple[str, str]]]:
    """What the viewer may choose from, by field: codes with their names."""
    return {
        "places": _places(reference),
        "boards": _boards(reference),
        "stages": [(stage.code, stage.name) for stage in reference.stages],
        "states": [(finding.OPEN, _("正在办理")), (finding.CLOSED, _("已办结"))],
    }


def _wanted(here: Snapshot) -> Wanted:
    """What the address asks for; what nobody knows is left out."""
    given: Any = request.args.get
    reference = here.reference
    return wanted_of(
        here,
        text=given("q", "").strip()[:60],
        place=_known(given("place", ""), _places(reference)),
        board=_known(given("board", ""), _boards(reference)),
        stage=_known(given("stage", ""), [(stage.code, stage.name) for stage in reference.stages]),
        state=given("state", "") if given("state", "") in (finding.OPEN, finding.CLOSED) else "",
        since=_day(given("since", "")),
        until=_day(given("until", "")),
    )


def wanted_of(here: Snapshot, *, since: date | None, until: date | None, **wanted: str) -> Wanted:
    """What is looked for; days are those of the place, and both of them included."""
    begin = _midnight(here, _clipped(since)) if since else None
    end = _midnight(here, _clipped(until) + timedelta(days=1)) if until else None
    return Wanted(**wanted, since=begin, until=end)


def _known(code: str, choices: list[tuple[str, str]]) -> str:
    return code if any(code == each for each, _name in choices) else ""


def _midnight(here: Snapshot, day: date) -> datetime:
    """The beginning of a day at the place."""
    return datetime.combine(day, time(), tzinfo=here.calendar.zone)


def _clipped(day: date) -> date:
    return min(max(day, EARLIEST), LATEST)


def _day(day: str) -> date | None:
    try:
        return datetime.strptime(day, "%Y-%m-%d").date()
    except ValueError:
        return None


def _places(reference: Reference) -> list[tuple[str, str]]:
    """The places of the viewer's duties and those below, as far as there is a choice."""
    found = dict.fromkeys(code for place in viewer().authority.places for code in reference.under(place))
    return [(code, reference.place_name(code)) for code in found] if len(found) > 1 else []


def _boards(reference: Reference) -> list[tuple[str, str]]:
    """The boards at the places of the viewer's duties, each code once."""
    found = {each.code: each.name for place in viewer().authority.places for each in reference.boards(place)}
    return list(found.items())
