"""督办: what burns, by place and board, and urging it on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.paths import is_ours
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import places_for
from processes.casework import supervision
from processes.casework.reference import Reference
from processes.casework.tally import COLOURS, PERIODS, RED
from processes.casework.views import supervision as view
from processes.casework.views.names import boards
from processes.casework.views.supervision import Overseer
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting

PAGE = "supervision"


@dataclass(frozen=True)
class Result:
    """What became of a case of a list that was urged."""

    number: str
    error: str = ""


@blueprint.get("/supervision")
def oversee() -> Response:
    """How it stands: this place, those below, its boards."""
    here, now = snapshot(), services().clock.now()
    days = request.args.get("days", PERIODS[0], type=int)
    days = days if days in PERIODS else PERIODS[0]
    with services().database.read() as connection:
        place = place_of(here.reference, request.args.get("place"))
        board = view.board(connection, here.reference, overseer(), place, now)
        period = view.period(connection, here.reference, overseer(), place, days, now)
    return show(
        "supervision/board.html",
        here=PAGE,
        place=place,
        path=_path(here.reference, place),
        board=board,
        period=period,
        days=days,
        periods=PERIODS,
        most=max((each.red + each.yellow for each in (*board.places, *board.boards)), default=0),
    )


@blueprint.get("/supervision/counts")
def overseen_counts() -> AnyResponse:
    """The numbers of a page that stays open; unchanged ones are told by the tag alone."""
    here, now = snapshot(), services().clock.now()
    with services().database.read() as connection:
        place = place_of(here.reference, request.args.get("place"))
        board = view.board(connection, here.reference, overseer(), place, now)
    rows = {"whole": board.whole, **{f"place:{each.code}": each for each in board.places}}
    rows |= {f"board:{each.code}": each for each in board.boards}
    answer = jsonify({key: {"open": each.open, "red": each.red, "yellow": each.yellow} for key, each in rows.items()})
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.get("/supervision/cases")
def overseen_cases() -> Response:
    """The cases of a light, to be urged on singly or together."""
    here, now = snapshot(), services().clock.now()
    colour = request.args.get("light", "")
    colour = colour if colour in COLOURS else RED
    place, of_board = place_of(here.reference, request.args.get("place")), request.args.get("board")
    with services().database.read() as connection:
        lines, more = view.lines(connection, here.reference, here.calendar, overseer(), place, colour, of_board, now)
    return show(
        "supervision/cases.html",
        here=PAGE,
        place=place,
        path=_path(here.reference, place),
        board=of_board,
        board_name=boards(here.reference, place, of_board) if of_board else _("尚未分派"),
        colour=colour,
        lines=lines,
        more=more,
        kinds=_kinds(here.reference),
        at=request.full_path.rstrip("?"),
    )


@blueprint.get("/supervision/urge")
def urging() -> Response:
    """Which words?"""
    here, kind = snapshot(), request.args.get("kind", "")
    numbers = request.args.getlist("case")[: view.PAGE]
    if kind not in supervision.NAMES:
        abort(404)
    return show(
        "supervision/urging.html",
        here=PAGE,
        kind=kind,
        name=supervision.name(kind, here.reference),
        numbers=numbers,
        words=words_for(kind),
        longest=supervision.LONGEST,
        command=secrets.token_hex(8),
        at=_back(request.args.get("back", "")),
    )


@blueprint.post("/supervision/urge")
def urge() -> AnyResponse:
    """Urge on the cases that were chosen; each is answered, whatever became of the others."""
    kind, words = request.form.get("kind", ""), request.form.get("words", "")
    numbers = list(dict.fromkeys(request.form.getlist("case")))[: view.PAGE]
    if kind not in supervision.NAMES or not numbers:
        abort(400)
    back, name = _back(request.form.get("back", "")), supervision.name(kind, snapshot().reference)
    command = request.form.get("command", "")[:32]
    results = [urged(number, kind, words, command) for number in numbers]
    if len(results) == 1:
        told = results[0].error or _("已%(what)s，对方收到后见“往来消息”。", what=name)
        flash(told, "error" if results[0].error else "message")
        return redirect(back)
    return show("supervision/urged.html", here=PAGE, name=name, results=results, at=back)


def urged(number: str, kind: str, words: str, command: str) -> Result:
    """Urge a case on in these words, and say what became of it."""
    try:
        places = places_for(PAGE, viewer().authority)
        known = f"urge:{kind}:{number}:{viewer().id}:{command}"
        supervision.urge(services().engine, number, kind, words, viewer().id, places, known)
    except (BihuanError, NotWaiting) as refused:
        if services().database.was_away(refused):
            raise
        return Result(number, said(refused))
    return Result(number)


def words_for(kind: str) -> str:
    """What is said unless somebody writes other words: the owners' words, or ours."""
    with services().database.read() as connection:
        return supervision.words(connection, kind) or _usual(kind)


def overseer() -> Overseer:
    """The viewer, as somebody who supervises."""
    return Overseer(viewer().authority, places_for(PAGE, viewer().authority))


def place_of(reference: Reference, asked: str | None) -> str:
    """The place that is asked for, one of the viewer's or below; without one, the highest of the viewer's."""
    own = places_for(PAGE, viewer().authority)
    if asked is None:
        return min(own, key=lambda each: len(reference.path(each)))
    if asked not in {under for place in own for under in reference.under(place)}:
        abort(404)
    return asked


def _path(reference: Reference, place: str) -> list[tuple[str, str]]:
    """From the viewer's own place down to this one."""
    own = {under for each in places_for(PAGE, viewer().authority) for under in reference.under(each)}
    return [(each, reference.place_name(each)) for each in reversed(reference.path(place)) if each in own]


def _kinds(reference: Reference) -> list[tuple[str, str]]:
    return [(kind, supervision.name(kind, reference)) for kind in supervision.NAMES]


def _usual(kind: str) -> str:
    """What is said when the owners have no words for it."""
    usual: dict[str, Any] = {
        "reminder": _("{case}号问题请抓紧办理，并按时答复企业。"),
        "supervision": _("{case}号问题已列入督办，请说明进展，并尽快办结。"),
        "notice": _("{case}号问题未按时办结，现予通报，请分管领导过问。"),
    }
    return str(usual[kind])


def _back(path: str) -> str:
    return path if is_ours(path) else url_for("staff.oversee")
