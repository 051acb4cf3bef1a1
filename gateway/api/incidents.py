"""Incidents over the API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, abort, jsonify
from sqlalchemy import select

from gateway import auditing
from gateway.api.access import BadRequest, blueprint, body, caller, field, limit, plain
from gateway.context import services
from gateway.web import error_page
from processes.casework.views import incidents as view
from processes.failpoints import hit
from processes.runtime.commands import Resolve
from processes.runtime.incidents import NoIncident
from processes.store.tables import Incident

ACTIONS = ("retry", "skip")


@blueprint.get("/incidents")
def incidents() -> Response:
    """Open incidents, the latest first."""
    with services().database.read() as connection:
        found = view.open_incidents(connection, services().snapshots.now().reference, limit=limit(view.LIMIT))
    return jsonify({"incidents": plain(found)})


@blueprint.post("/incidents/<incident_id>/resolve")
def resolve(incident_id: str) -> Response:
    """Retry or skip (``action``), with ``variables`` merged first."""
    asked: dict[str, Any] = body()
    action = field(asked, "action", str, default="retry")
    if action not in ACTIONS:
        raise BadRequest("action 应为 retry 或 skip。", "action is retry or skip")
    with services().database.read() as connection:
        if connection.scalar(select(Incident.id).where(Incident.id == incident_id)) is None:
            abort(404)
    command_id = f"resolve:{incident_id}:{asked.get('command_id') or uuid4()}"
    variables = field(asked, "variables", dict, default={})
    try:
        resolve = Resolve(command_id, incident_id, action, variables, actor=caller())
        before = auditing.before(f"incident.{action}", f"incident:{incident_id}")
        outcome = services().engine.execute(resolve, before=before)
        hit("gateway.resolved")
    except NoIncident as error:
        return error_page(409, error.zh, error.en)
    return jsonify({"resolved": outcome.incident is None, "duplicate": outcome.duplicate})
