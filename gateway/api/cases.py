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
from processes.store import history
from processes.store.tables import Case, CaseStage, Job


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
        head = view.head(connection, here.reference, number=number) or view.head(
            connection, here.reference, case_id=case
        )
        if head is None:
            abort(404)
        page = view.page(connection, here.reference, here.calendar, head, services().clock.now())
        answer = {
            **{name: value for name, value in plain(head).items() if name != "problem"},
            "title": head.problem.title,
            "channel": head.problem.channel,
            "original": head.problem.original,
            "light": page.light.colour,
            "stages": _stages(connection, head.id),
            "relatives": plain(page.relatives),
            "tasks": [task_json(row) for row in page.tasks],
            "jobs": _jobs(connection, head.instance_id),
            "events": plain(page.events),
            "incidents": plain(page.troubles),
            "trace": _trace(connection, head.instance_id),
        }
    return jsonify(answer)


def task_json(row: Any) -> dict[str, Any]:
    """A row of ``UserTask`` as JSON."""
    names = ("id", "name", "role", "organisation", "place", "assignee", "state", "form", "next", "completed_by")
    times = ("created_at", "due_at", "warn_at", "ended_at", "provisional")
    found = {name: getattr(row, name) for name in (*names, *times)}
    return {**plain(found), "element": row.element_id, "process": row.process_id, "case": row.case_id}


def _stages(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    statement = select(CaseStage.stage, CaseStage.at).where(CaseStage.case_id == case_id).order_by(CaseStage.id)
    return [{"stage": row.stage, "at": plain(row.at)} for row in connection.execute(statement)]


def _jobs(connection: Connection, instance_id: str) -> list[dict[str, Any]]:
    columns = (Job.id, Job.topic, Job.element_id, Job.state, Job.attempts, Job.error, Job.created_at, Job.ended_at)
    statement = select(*columns).where(Job.instance_id == instance_id).order_by(Job.created_at)
    return [plain(dict(row._mapping)) for row in connection.execute(statement)]


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
