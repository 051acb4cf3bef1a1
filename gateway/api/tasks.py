"""User tasks over the API: for tools and tests that act in a person's name."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify, request
from sqlalchemy import Connection, or_, select

from gateway.api.access import BadRequest, blueprint, body, field, limit, plain
from gateway.api.cases import number_of, task_json
from gateway.context import services
from gateway.web import error_page
from processes.casework import access, doors, people
from processes.casework.forms import FormErrors
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting
from processes.store.tables import TASK_IS_OPEN, Case, UserTask


@blueprint.get("/tasks")
def tasks() -> Response:
    """Open tasks, the most urgent first; ``role``, ``place``, ``case`` (number or id) and ``limit`` narrow them."""
    statement = select(UserTask.__table__, Case.number).outerjoin(Case, Case.id == UserTask.case_id).where(TASK_IS_OPEN)
    for name, column in (("role", UserTask.role), ("place", UserTask.place), ("organisation", UserTask.organisation)):
        if request.args.get(name):
            statement = statement.where(column == request.args[name])
    if wanted := request.args.get("case"):
        statement = statement.where(or_(UserTask.case_id == wanted, Case.number == wanted))
    with services().database.read() as connection:
        rows = connection.execute(statement.order_by(UserTask.due_at, UserTask.created_at).limit(limit(100))).all()
    return jsonify({"tasks": [{**task_json(row), "number": row.number} for row in rows]})


@blueprint.post("/tasks/<task_id>/complete")
def complete(task_id: str) -> Response:
    """Complete a task with ``data`` in the name of ``person``; without one, of the first person whose task it is."""
    asked = body()
    data = field(asked, "data", dict, default={})
    command_id = asked.get("command_id")
    with services().database.read() as connection:
        row = connection.execute(select(UserTask.__table__).where(UserTask.id == task_id)).first()
        if row is None:
            abort(404)
        person = asked.get("person") or row.completed_by or _anyone(connection, row)
        number = number_of(connection, row.case_id)
    try:
        command = f"api:{task_id}:{command_id}" if command_id else None
        outcome = doors.complete_form(services().engine, task_id, data, str(person), command_id=command)
        hit("gateway.completed")
    except FormErrors as error:
        answer = jsonify({"error": error.zh, "en": error.en, "fields": error.fields})
        answer.status_code = 422
        return answer
    except access.Forbidden as error:
        return error_page(403, error.zh, error.en)
    except NotWaiting as error:
        return error_page(409, error.zh, error.en)
    return jsonify(
        plain({"duplicate": outcome.duplicate, "incident": outcome.incident, "person": person, "case": number})
    )


def _anyone(connection: Connection, row: Any) -> str:
    """Somebody whose duties reach the task."""
    here = services().snapshots.now()
    today = here.calendar.local_date(services().clock.now())
    holders = [each.person for each in here.reference.duties if each.role == row.role and each.place == row.place]
    for person in dict.fromkeys([row.assignee] if row.assignee else holders):
        if access.may_do(people.authority(here.reference, person, today), here.reference, row):
            return str(person)
    raise BadRequest(
        "没有人的职责包括这项任务，请指明办理人（person）。", "nobody's duties reach this task; name a person"
    )
