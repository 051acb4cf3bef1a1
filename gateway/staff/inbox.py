"""我的待办."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, url_for

from gateway.context import services
from gateway.staff.pages import blueprint, show, snapshot, viewer
from processes.casework.views import inbox as view
from processes.casework.views.inbox import TaskLine
from processes.casework.views.lights import Light, light

PAGES = 30
"""Pages that can be leafed through; who has more looks for it by text."""


@dataclass(frozen=True)
class Line:
    """A row with its light, and where it leads."""

    task: TaskLine
    light: Light
    path: str


@blueprint.get("/")
def inbox() -> Response:
    """What is mine and what burns; with ``tab=done`` what I have done."""
    text, tab = request.args.get("q", "").strip()[:60], "done" if request.args.get("tab") == "done" else "open"
    colour = request.args.get("light", "")
    colour = colour if colour in ("red", "yellow") and tab == "open" else ""
    page = min(PAGES, max(1, request.args.get("page", 1, type=int)))
    now = services().clock.now()
    with services().database.read() as connection:
        here = snapshot()
        desk = view.Desk.of(viewer().authority, here.reference)
        if tab == "open":
            found = view.inbox(connection, here.reference, desk, now, text=text, light=colour, page=page)
            lines, counts, more = found.lines, found.counts, found.more
        else:
            lines, more = view.done(connection, here.reference, viewer().id, text=text, page=page)
            counts = view.counts(connection, here.reference, desk, now)
    # One address is built and used for all rows: building one costs as much as showing a row does.
    root = url_for("staff.task", task_id="-")[:-1] if tab == "open" else url_for("staff.case", number="-")[:-1]
    return show(
        "inbox.html",
        here="inbox",
        tab=tab,
        text=text,
        colour=colour,
        page=page,
        more=more and page < PAGES,
        counts=counts,
        lines=[
            Line(
                each, light(here.calendar, now, each.due_at, each.warn_at, each.provisional), f"{root}{_key(each, tab)}"
            )
            for each in lines
        ],
    )


def _key(task: TaskLine, tab: str) -> str:
    return task.id if tab == "open" else task.number
