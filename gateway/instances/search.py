"""Finding instances by anything."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from sqlalchemy import Connection, select

from gateway.context import services
from gateway.instances.pages import OPERATE, allowed, blueprint, places, states
from gateway.languages import language
from gateway.staff.pages import show, snapshot, viewer
from processes.casework.views.instances import search as view
from processes.casework.views.instances.criteria import Criteria
from processes.casework.views.models import models
from processes.store.tables import Definition, InForce

WAITING = ("userTask", "serviceTask", "receiveTask", "intermediateCatchEvent", "boundaryEvent", "manualTask")
"""Elements at which instances stand."""


@blueprint.get("/")
def search() -> Response:
    """A page of what is asked for; the newest when nothing is."""
    criteria = Criteria.of(request.args)
    with services().database.read() as connection:
        reference = snapshot().reference
        found = view.find(connection, reference, criteria, allowed(), position(request.args.get("from", "")))
        processes = processes_of(connection)
        elements = elements_of(connection, criteria.process)
    return show(
        "instances/search.html",
        here="instances",
        criteria=criteria,
        found=found,
        following=json.dumps(found.position) if found.position else "",
        processes=processes,
        elements=elements,
        places={code: reference.place_name(code) for code in sorted(places())},
        states=states(),
        asked=criteria.to_json(),
        operates=OPERATE in viewer().may,
    )


def position(text: str) -> list[Any] | None:
    """From where a list goes on; None from the beginning, and for what is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    fits = isinstance(found, list) and 2 <= len(found) <= 4 and isinstance(found[0], int)
    return found if fits and all(isinstance(each, str) for each in found[1:]) else None


def processes_of(connection: Connection) -> dict[str, str]:
    """The processes that are or were in force, with their names."""
    columns = Definition.id, Definition.process_id, Definition.name
    statement = select(*columns).join(InForce, InForce.definition_id == Definition.id).order_by(Definition.process_id)
    return {
        row.process_id: models(connection, row.id, language()).process(row.process_id) or row.name
        for row in connection.execute(statement).all()
    }


def elements_of(connection: Connection, process: str) -> dict[str, str]:
    """The elements of a process at which instances stand, those of what it calls included."""
    statement = select(Definition.id).where(Definition.process_id == process)
    newest = connection.execute(statement.order_by(Definition.created_at.desc()).limit(1)).scalar() if process else None
    if newest is None:
        return {}
    drawings = models(connection, newest, snapshot().reference.language).drawings.values()
    return {
        element: each.names.get(element, element)
        for each in drawings
        for element, tag in each.tags.items()
        if tag in WAITING
    }
