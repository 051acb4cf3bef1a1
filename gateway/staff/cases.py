"""The case page, and the drawings it shows."""

from __future__ import annotations

from flask import Response, abort, request

from gateway.context import services
from gateway.languages import NAMES
from gateway.staff.pages import blueprint, seen, show, snapshot, viewer
from processes.casework import access, attachments
from processes.casework.views import case as view
from processes.casework.views import models
from processes.casework.views.diagram import Diagram
from processes.casework.views.head import head as find
from processes.languages import CHINESE


@blueprint.get("/cases/<number>")
def case(number: str) -> Response:
    """What it is and where it stands."""
    now = services().clock.now()
    with services().database.read() as connection:
        here = snapshot()
        head = find(connection, here.reference, number=number, seen=seen())
        if head is None:
            abort(404)
        page = view.page(connection, here.reference, here.calendar, head, now)
        mine = {
            row.id
            for row in page.tasks
            if row.state == "open" and access.may_do(viewer().authority, here.reference, row)
        }
    return show("case.html", head=head, case=page, mine=mine, marks=marks)


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
    response = Response(body, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/models/<digest>.bpmn")
def drawing(digest: str) -> Response:
    """A diagram file, by the hash of its bytes: it never changes. ``language``: that of its names."""
    asked = request.args.get("language", CHINESE)
    with services().database.read() as connection:
        body = models.drawing_file(connection, digest, asked if asked in NAMES else CHINESE)
    if body is None:
        abort(404)
    response = Response(body, mimetype="application/xml")
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def marks(diagram: Diagram) -> dict[str, dict[str, str]]:
    """The marks of a diagram as its script takes them."""
    return {element: {"state": mark.state, "note": mark.note} for element, mark in diagram.marks.items()}
