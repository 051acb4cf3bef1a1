"""异常 for programs."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.shapes import DoneShape, Shape, many, moment, string, whole, yes
from gateway.rest.tags import INCIDENTS
from gateway.staff import incidents as page
from gateway.staff.pages import snapshot
from processes.casework.views import incidents as view


class IncidentShape(Shape):
    """What could not be done and waits for a person."""

    id = string()
    kind = string()
    detail = string()
    element = string(_l("在哪一步"))
    number = string(_l("问题编号"))
    place = string()
    instance_id = string(allow_none=True)
    attempts = whole()
    at = moment(none=False)


class IncidentsShape(Shape):
    """The latest first."""

    incidents = many(IncidentShape)
    more = yes()


@operation("GET", "/incidents", tag=INCIDENTS, summary=_l("未处理的异常"), answer=IncidentsShape)
def incidents() -> Any:
    """What is stuck."""
    reference = snapshot().reference
    with services().database.read() as connection:
        found = view.open_incidents(connection, reference, page.places(reference), view.LOOKED_AT)
    return {"incidents": found, "more": len(found) == view.LOOKED_AT}


@operation("POST", "/incidents/<incident_id>/retry", tag=INCIDENTS, summary=_l("重试"), answer=DoneShape)
def retry(incident_id: str) -> Any:
    """Try it again. ``incident`` is named in the answer when it is still there."""
    return page.retried(incident_id, f"resolve:{command()}")
