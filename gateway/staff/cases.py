"""The case page, and the drawings it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, request
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, exists, select

from gateway.context import services
from gateway.languages import NAMES
from gateway.staff.pages import blueprint, seen, show, snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.text import lasting
from gateway.web import to_be_saved
from processes.casework import access, attachments, supervision
from processes.casework.views import case as view
from processes.casework.views import models
from processes.casework.views.case import CasePage
from processes.casework.views.diagram import Diagram
from processes.casework.views.head import head as find
from processes.casework.views.spent import Spent
from processes.languages import CHINESE
from processes.store.tables import Case

STATES: Mapping[str, Any] = {
    "open": _l("等待对方答复"),
    "held_up": _l("对方系统暂时不通，会自动重发"),
    "done": _l("已答复"),
    "failed": _l("没有办成，等人处理"),
    "cancelled": _l("已撤回"),
}
"""how a message that went out stands"""


@blueprint.get("/cases/<number>")
def case(number: str) -> Response:
    """What it is and where it stands."""
    with services().database.read() as connection:
        page = seen_case(connection, number)
        mine = own_tasks(page)
        may_urge = not page.head.closed_at and _may_urge(connection, page.head.id)
    return show(
        "case.html",
        head=page.head,
        case=page,
        mine=mine,
        marks=marks,
        states_of_exchange=STATES,
        urges=[(kind, supervision.name(kind, snapshot().reference)) for kind in supervision.NAMES] if may_urge else [],
    )


def seen_case(connection: Connection, number: str) -> CasePage:
    """A case with all that its page tells; 404 when the viewer may not see it."""
    here = snapshot()
    head = find(connection, here.reference, number=number, seen=seen())
    if head is None:
        abort(404)
    return view.page(connection, here.reference, here.calendar, head, services().clock.now())


def own_tasks(page: CasePage) -> set[str]:
    """The open tasks of a case that are the viewer's to do."""
    authority, reference = viewer().authority, snapshot().reference
    return {row.id for row in page.tasks if row.state == "open" and access.may_do(authority, reference, row)}


@blueprint.get("/cases/<number>/file.pdf")
def case_file(number: str) -> Response:
    """The case to print and keep: to be saved, with nothing in it that the page does not show."""
    with services().database.read() as connection:
        page = seen_case(connection, number)
    # Imported where used, as in few processes it ever is: it takes 0.1 s.
    from gateway.staff import printed

    response = Response(printed.case_file(page, STATES, services().clock.now()), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{page.head.number}.pdf")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _may_urge(connection: Connection, case_id: str) -> bool:
    places = places_for("supervision", viewer().authority)
    overseen = access.overseen(viewer().authority, snapshot().reference, places)
    return bool(places) and connection.scalar(select(exists().where(Case.id == case_id, overseen))) is True


@blueprint.get("/cases/<number>/attachments/<attachment_id>")
def attachment(number: str, attachment_id: str) -> Response:
    """A file of a case that the viewer may see: to be saved, never shown, for nobody knows what is in it."""
    with services().database.read() as connection:
        head = find(connection, snapshot().reference, number=number, seen=seen())
        kept = attachments.of_case(connection, head.id) if head is not None else []
        found = next((each for each in kept if each.id == attachment_id and each.sha256), None)
        if found is None:
            abort(404)
        body = b"".join(attachments.read(connection, found.id))
    return to_be_saved(body, found.name)


@blueprint.get("/models/<digest>.bpmn")
def drawing(digest: str) -> Response:
    """A diagram file, by the hash of its bytes: it never changes. ``language``: that of its names."""
    asked = request.args.get("language", CHINESE)
    response = drawing_in(digest, asked if asked in NAMES else CHINESE)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def drawing_in(digest: str, language: str) -> Response:
    """A diagram file with its names in a language; 404 when there is none."""
    with services().database.read() as connection:
        body = models.drawing_file(connection, digest, language)
    if body is None:
        abort(404)
    return Response(body, mimetype="application/xml")


def marks(diagram: Diagram, spent: Sequence[Spent]) -> dict[str, dict[str, str]]:
    """The marks of a diagram as its script takes them, with the time spent at each element in words."""
    times = {each.element: lasting(each.whole) for each in spent if each.process_id == diagram.process_id}
    return {
        element: {"state": mark.state, "note": mark.note, "time": times.get(element, "")}
        for element, mark in diagram.marks.items()
    }
