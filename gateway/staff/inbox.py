"""我的待办."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.staff import filters
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import places_for
from processes.casework import access
from processes.casework.functions import Snapshot
from processes.casework.views import desk as desks
from processes.casework.views import inbox as view
from processes.casework.views.desk import Desk
from processes.casework.views.inbox import Counts, Inbox, Narrowed, TaskLine
from processes.casework.views.lights import Light, light

PAGES = 30
"""Pages that can be leafed through; who has more looks for it by text."""

DONE = "done"


@dataclass(frozen=True)
class Line:
    """A row with its light, where it leads, and who has it. ``mine``: the viewer may give it back; ``free``: he may take it."""

    task: TaskLine
    light: Light
    path: str
    holder: str = ""
    owner: str = ""
    mine: bool = False
    free: bool = False
    due_reminder: bool = False


@blueprint.get("/")
def inbox() -> AnyResponse:
    """What is mine and what burns: the lists of ``tab``, narrowed down as the address says."""
    here, today = snapshot(), _today()
    with services().database.read() as connection:
        saved = filters.of(connection, viewer().id)
        if not request.args and (first := next((each for each in saved if each.preferred), None)) is not None:
            return redirect(f"{url_for('staff.inbox')}?{first.query}")
        desk = desk_of(here)
        tab = _one_of("tab", tabs(desk), desks.TODO)
        narrowed = _narrowed(here, tab)
        order = _one_of("order", view.ORDERS, view.DUE)
        page = min(PAGES, max(1, request.args.get("page", 1, type=int)))
        found = listed(connection, here, desk, tab, narrowed, order, page)
        counted = counted_lists(connection, here, desk)
    given: dict[str, Any] = {name: value for name, value in request.args.items() if name in filters.FIELDS and value}
    return show(
        "inbox.html",
        here="inbox",
        tab=tab,
        tabs=[(each, _titles()[each], counted.get(each)) for each in tabs(desk)],
        narrowed=narrowed,
        order=order,
        given=given,
        query=filters.query_of(given),
        page=page,
        more=found.more,
        beyond=view.SEARCHED if found.beyond else None,
        counts=found.counts,
        lines=list(_lines(here, desk, tab, found.lines, today)),
        saved=saved,
        stages=[(stage.code, stage.name) for stage in here.reference.stages],
        boards=_boards(here),
        people=_people(here, desk) if desk.places and tab in (desks.PLACE, desks.TODO, desks.BOARD) else [],
        tasks=url_for("staff.task", task_id="-")[:-1],
        command=secrets.token_hex(8),
        at=request.full_path.rstrip("?"),
    )


@blueprint.get("/inbox/counts")
def counts() -> AnyResponse:
    """How many tasks each list has, for a page that stays open; unchanged ones are told by the tag alone."""
    with services().database.read() as connection:
        here = snapshot()
        found = counted_lists(connection, here, desk_of(here))
    answer = jsonify({tab: {"text": _number(each), "red": each.red} for tab, each in found.items()})
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


def desk_of(here: Snapshot) -> Desk:
    """The viewer's desk."""
    return Desk.of(viewer().authority, here.reference, handed_out(here))


def handed_out(here: Snapshot) -> list[str]:
    """The places whose work the viewer hands out: he has to see their cases for that."""
    authority = viewer().authority
    return [each for each in places_for("assign", authority) if access.sees_all_of(authority, here.reference, each)]


def listed(
    connection: Connection, here: Snapshot, desk: Desk, tab: str, narrowed: Narrowed, order: str, page: int
) -> Inbox:
    """A page of a list. Of what is done there are no counts, nor another order than that of time."""
    if tab == DONE:
        found = view.done(connection, here.reference, viewer().id, narrowed=narrowed, page=page)
    else:
        now = services().clock.now()
        found = view.inbox(connection, here.reference, desk, now, of=tab, narrowed=narrowed, order=order, page=page)
    return replace(found, more=found.more and page < PAGES)


def tabs(desk: Desk) -> tuple[str, ...]:
    """The lists that there are for somebody."""
    return (*(each for each in desks.LISTS if each != desks.PLACE or desk.places), DONE)


def _titles() -> Mapping[str, str]:
    return {
        desks.TODO: _("待办"),
        desks.MINE: _("我名下"),
        desks.BOARD: _("本岗位"),
        desks.DELEGATED: _("我转交的"),
        desks.PLACE: _("本地全部"),
        DONE: _("已办"),
    }


def counted_lists(connection: Connection, here: Snapshot, desk: Desk) -> dict[str, Counts]:
    """How many open tasks each list has."""
    now = services().clock.now()
    return {each: view.counts(connection, here.reference, desk, now, each) for each in tabs(desk) if each != DONE}


def _number(counts: Counts) -> str:
    return f"{counts.all}{'+' if counts.more else ''}"


def _today() -> date:
    return snapshot().calendar.local_date(services().clock.now())


def _one_of(name: str, known: tuple[str, ...], usual: str) -> str:
    asked = request.args.get(name, "")
    return asked if asked in known else usual


def _narrowed(here: Snapshot, tab: str) -> Narrowed:
    """What the address asks for; what nobody knows is left out."""
    stages, boards = [stage.code for stage in here.reference.stages], [code for code, _name in _boards(here)]
    found = Narrowed(
        text=request.args.get("q", "").strip()[:60],
        stage=_one_of("stage", tuple(stages), ""),
        board=_one_of("board", tuple(boards), ""),
        urgent=request.args.get("urgent") == "1",
    )
    if tab == DONE:
        return found
    return narrowed_further(found, _one_of("light", ("red", "yellow"), ""), request.args.get("reminded") == "1")


def narrowed_further(narrowed: Narrowed, light: str, reminded: bool) -> Narrowed:
    """To what burns, and to what the viewer is to be reminded of today: of open tasks alone."""
    return replace(narrowed, light=light, reminded=_today() if reminded else None)


def _boards(here: Snapshot) -> list[tuple[str, str]]:
    """The boards at the places of the viewer's duties, each code once."""
    places, reference = viewer().authority.places, here.reference
    return list({each.code: each.name for place in places for each in reference.boards(place)}.items())


def _people(here: Snapshot, desk: Desk) -> list[tuple[str, str]]:
    """Who may be given work at the places of a desk, with what they are."""
    found: dict[str, str] = {}
    for duty in here.reference.duties:
        person = here.reference.people.get(duty.person)
        if duty.place in desk.places and person is not None and person.active:
            where = here.reference.organisation_name(duty.organisation) if duty.organisation else ""
            role = here.reference.role_name(duty.role)
            found.setdefault(duty.person, " · ".join(each for each in (person.name, where, role) if each))
    return list(found.items())


def _lines(here: Snapshot, desk: Desk, tab: str, tasks: tuple[TaskLine, ...], today: date) -> Any:
    # One address is built and used for all rows: building one costs as much as showing a row does.
    task = url_for("staff.task", task_id="-")[:-1]
    case = url_for("staff.case", number="-")[:-1]
    name = here.reference.person_name
    for each in tasks:
        mine = each.assignee in desk.people
        doing = mine or each.owner in desk.people or (each.assignee is None and tab != desks.PLACE)
        yield Line(
            each,
            light(here.calendar, services().clock.now(), each.due_at, each.warn_at, each.provisional),
            f"{task}{each.id}" if tab != DONE and doing else f"{case}{each.number}",
            holder=name(each.assignee) if each.assignee and not mine else "",
            owner=name(each.owner) if each.owner and each.owner not in desk.people else "",
            mine=mine and (each.taken or each.owner is not None),
            free=tab in (desks.TODO, desks.BOARD) and each.assignee is None,
            due_reminder=each.follow_up is not None and each.follow_up <= today,
        )
