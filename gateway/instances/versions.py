"""流程版本: which version of a process is in force where, who put it there, and what has changed from one to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from gateway.context import services
from gateway.instances import difference_words as words
from gateway.instances.pages import blueprint
from gateway.instances.search import processes_of
from gateway.languages import language
from gateway.staff.pages import show, snapshot
from processes.casework import model_back
from processes.casework.views.instances import versions as view
from processes.casework.views.models import Drawing
from processes.notation.difference import Change


@dataclass(frozen=True)
class Tab:
    """A side of a diagram, and what has changed on it as its script takes it. ``address``: where the drawing is, if it is of no version."""

    title: str
    drawing: Drawing
    marks: Mapping[str, Mapping[str, str]]
    address: str = ""


@blueprint.get("/versions")
def versions() -> Response:
    """The versions of a process; and, of the two newest unless others are asked for, what they differ in."""
    with services().database.read() as connection:
        processes = processes_of(connection)
        process = request.args.get("process", "")
        process = process if process in processes else next(iter(processes), "")
        listed = view.of(connection, process)
        old, new = two_of([each.id for each in listed], request.args.get("old", ""), request.args.get("new", ""))
        found = difference(connection, old, new)
        running = model_back.running(connection, [each.id for each in listed])
    return show(
        "instances/versions.html",
        here="instances",
        processes=processes,
        process=process,
        versions=listed,
        running=running,
        old=old,
        new=new,
        who=snapshot().reference.person_name,
        **shown(found),
        place_name=snapshot().reference.place_name,
    )


def two_of(ids: Sequence[str], old: str, new: str) -> tuple[str, str]:
    """Those of the versions (the newest first) that are compared: the two newest unless others are asked for; one alone with itself."""
    new = new if new in ids else next(iter(ids), "")
    older = ids[ids.index(new) + 1 :] if new else ()
    return old if old in ids else next(iter(older), new), new


def difference(connection: Connection, old: str, new: str) -> view.Difference:
    """What two versions differ in: nothing when they are the same."""
    return view.differing(connection, old, new, language()) if old != new else view.Difference((), (), ())


def shown(found: view.Difference, edited: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """What ``instances/difference.html`` takes. ``edited``: content hashes → addresses of drawings that are of no version."""
    addresses = edited or {}
    tabs = (tab for each in found.diagrams for tab in _tabs(each))
    return {
        "found": found,
        "tabs": [replace(each, address=addresses.get(each.drawing.hash, "")) for each in tabs],
        "kinds": words.kinds(),
        "words": words,
    }


def _tabs(each: view.DiagramChange) -> Sequence[Tab]:
    sides = (
        (each.new, _("%(name)s（新）", name=each.name), "removed"),
        (each.old, _("%(name)s（旧）", name=each.name), "added"),
    )
    return [
        Tab(title, drawing, _marks(each.changes, absent)) for drawing, title, absent in sides if drawing is not None
    ]


def _marks(changes: Sequence[Change], absent: str) -> dict[str, Any]:
    said = words.kinds()
    return {each.id: {"state": each.kind, "note": said[each.kind]} for each in changes if each.kind != absent}
