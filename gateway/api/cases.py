"""Cases over the API."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify, request
from sqlalchemy import Connection, select

from gateway.api.access import blueprint, limit, plain
from gateway.context import services
from processes.casework import numbers
from processes.casework.views import case as view
from processes.casework.views import search
from processes.casework.views.head import head as find
from processes.casework.views.record import record
from processes.store import history
from processes.store.tables import Case


@blueprint.get("/cases")
def cases() -> Response:
    """The cases opened last; ``place``, ``stage`` and ``limit`` narrow them."""
    place = request.args.get("place", "")
    with services().database.read() as connection:
        found = search.cases(
            connection,
            services().snapshots.now().reference,
            places=(place,) if place else None,
            stage=request.args.get("stage", ""),
            limit=limit(),
        )
    return jsonify({"cases": plain(found)})


@blueprint.get("/cases/<case>")
def case(case: str) -> Response:
    """A case by number or id: where it stands, what it waits for, and every step it took."""
    with services().database.read() as connection:
        here = services().snapshots.now()
        number = numbers.normalise(case, here.reference.places) or case
        head = find(connection, here.reference, number=number) or find(connection, here.reference, case_id=case)
        if head is None:
            abort(404)
        now = services().clock.now()
        page = view.page(connection, here.reference, here.calendar, head, now)
        rows = {row.id: row for row in page.tasks}
        whole = record(connection, here.reference, here.calendar, head, now)
        answer = {
            **{name: value for name, value in plain(head).items() if name != "problem"},
            "title": head.problem.title,
            "channel": head.problem.channel,
            "original": head.problem.original,
            "light": page.light.colour,
            "parent_number": whole.parent,
            "children": list(whole.children),
            "relatives": plain(page.relatives),
            "stages": plain(whole.stages),
            "tasks": [{**task_json(rows[each.id]), **plain(each)} for each in whole.tasks],
            "jobs": plain(whole.jobs),
            "notices": plain(whole.notices),
            "waits": plain(whole.waits),
            "events": plain(page.events),
            "timeline": plain(whole.events),
            "incidents": plain(whole.incidents),
            "trace": _trace(connection, head.instance_id),
        }
    return jsonify(answer)


def task_json(row: Any) -> dict[str, Any]:
    """A row of ``UserTask`` as JSON."""
    names = ("id", "name", "role", "organisation", "place", "assignee", "state", "form", "next", "completed_by")
    times = ("created_at", "due_at", "warn_at", "ended_at", "provisional")
    found = {name: getattr(row, name) for name in (*names, *times)}
    return {**plain(found), "element": row.element_id, "process": row.process_id, "case": row.case_id}


def _trace(connection: Connection, instance_id: str) -> list[dict[str, Any]]:
    """Every command with its steps: (element, process, what happened)."""
    return [
        {
            "at": plain(entry.at),
            "command": entry.kind,
            "actor": entry.actor,
            "steps": [{"element": step[0], "process": step[1], "what": step[2]} for step in entry.steps],
        }
        for entry in history.read(connection, instance_id)
    ]


def number_of(connection: Connection, case_id: str | None) -> str | None:
    """The number of a case."""
    return connection.scalar(select(Case.number).where(Case.id == case_id)) if case_id else None
