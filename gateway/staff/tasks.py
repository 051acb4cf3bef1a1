"""A task: the problem beside its form, drafts, and what completing it leads to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from sqlalchemy import Connection, Row, select
from werkzeug.wrappers import Response as AnyResponse

from gateway import text
from gateway.context import services
from gateway.staff import forms as faces
from gateway.staff.pages import blueprint, seen, show, snapshot, viewer
from processes.casework import access, doors
from processes.casework import forms as casework_forms
from processes.casework.views import case as view
from processes.casework.views.head import head as find
from processes.casework.views.lights import light
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.store.tables import Case, TaskDraft, UserTask

NO_FORM = casework_forms.Form("", {"type": "object", "properties": {}})

RECENT = 5
"""Events shown beside the form."""


@dataclass(frozen=True)
class Opened:
    """A task that the viewer may do, with its form and the variables that the form's expressions see."""

    task: Row[Any]
    form: casework_forms.Form
    variables: Mapping[str, Any]

    def view(self, data: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> faces.View:
        """The form filled in with ``data``."""
        engine = services().engine
        evaluate = casework_forms.evaluator(engine.functions, engine.clock.now)
        return faces.view(self.form, data, self.variables, evaluate, errors)


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> Response:
    """What do I do now."""
    with services().database.read() as connection:
        row = _row(connection, task_id)
        if row.state != "open":
            return _gone(connection, row)
        opened = _open(connection, row)
        draft = _draft(connection, task_id)
        return _page(connection, opened, draft.data if draft else {}, draft_at=draft.saved_at if draft else None)


@blueprint.post("/tasks/<task_id>")
def complete(task_id: str) -> AnyResponse:
    """Complete the task, or keep a draft of it (which scripts do by themselves)."""
    with services().database.read() as connection:
        row = _row(connection, task_id)
        if row.state != "open" and row.completed_by != viewer().id:
            return _gone(connection, row, casework_form(connection, row))
        form = casework_form(connection, row)
    data = faces.typed(form, request.form)
    if request.form.get("save"):
        _keep(task_id, data)
        flash("草稿已保存。")
        return redirect(url_for("staff.task", task_id=task_id))
    command = f"task:{task_id}:{viewer().id}:{request.form.get('command', '')[:32]}"
    try:
        outcome = doors.complete_form(services().engine, task_id, data, viewer().id, command_id=command)
    except casework_forms.FormErrors as error:
        with services().database.read() as connection:
            whole = error.fields.get("", "")
            return _page(connection, _open(connection, row), data, errors=error.fields, conflict=whole, status=422)
    except NotWaiting:
        with services().database.read() as connection:
            return _gone(connection, _row(connection, task_id), form)
    except access.Forbidden:
        abort(403)
    except BihuanError as error:
        if services().database.was_away(error):
            raise
        with services().database.read() as connection:
            return _page(connection, _open(connection, row), data, conflict=error.zh, status=409)
    if outcome.incident:
        flash(f"“{row.name}”已提交，但后续步骤出现异常，已报告给中心协调员。", "error")
    else:
        flash(f"已提交“{row.name}”。{row.next}")
    return redirect(url_for("staff.inbox"))


@blueprint.post("/tasks/<task_id>/draft")
def draft(task_id: str) -> Response:
    """Keep what has been typed so far; answers which fields each outcome asks for now."""
    with services().database.read() as connection:
        row = _row(connection, task_id)
        if row.state != "open":
            abort(409)
        opened = _open(connection, row)
        data = faces.typed(opened.form, request.form)
        shown = opened.view(data).shown
    _keep(task_id, data)
    return jsonify({"saved": text.short(services().clock.now(), services().clock.now()), "shown": shown})


def casework_form(connection: Connection, row: Row[Any]) -> casework_forms.Form:
    """The task's form; a task without one gets a form without fields."""
    return casework_forms.read(connection, row.definition_id, row.form) if row.form else NO_FORM


def _row(connection: Connection, task_id: str) -> Row[Any]:
    row = connection.execute(select(UserTask.__table__).where(UserTask.id == task_id)).first()
    if row is None:
        abort(404)
    return row


def _open(connection: Connection, row: Row[Any]) -> Opened:
    if not access.may_do(viewer().authority, snapshot().reference, row):
        abort(403)
    form = casework_form(connection, row)
    variables = doors.variables_of(services().engine, connection, row) if form.properties else {}
    return Opened(row, form, variables)


def _page(
    connection: Connection,
    opened: Opened,
    data: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    conflict: str = "",
    draft_at: datetime | None = None,
    status: int = 200,
) -> Response:
    here, now, row = snapshot(), services().clock.now(), opened.task
    # Who may do the task may read what it is about, whatever else he or she may not see.
    head = find(connection, here.reference, case_id=row.case_id) if row.case_id else None
    recent = view.recent(connection, here.reference, head, RECENT) if head else ()
    return show(
        "task.html",
        status,
        task=row,
        task_light=light(here.calendar, now, row.due_at, row.warn_at, row.provisional),
        head=head,
        recent=recent,
        form=opened.view(data, errors),
        conflict=conflict,
        draft_at=draft_at,
        command=secrets.token_hex(8),
    )


def _gone(connection: Connection, row: Row[Any], form: casework_forms.Form | None = None) -> Response:
    """The task was done or withdrawn meanwhile; what was typed is shown, so that it can be copied."""
    reference = snapshot().reference
    number = connection.scalar(select(Case.number).where(Case.id == row.case_id, seen()))
    if number is None and row.completed_by != viewer().id:
        abort(404)
    typed = faces.lines(form, faces.typed(form, request.form)) if form else []
    by = reference.person_name(row.completed_by) if row.completed_by else ""
    return show("task_gone.html", 409 if typed else 200, task=row, number=number, by=by, draft=typed)


def _draft(connection: Connection, task_id: str) -> Row[Any] | None:
    return connection.execute(
        select(TaskDraft.data, TaskDraft.saved_at).where(
            TaskDraft.task_id == task_id, TaskDraft.person_id == viewer().id
        )
    ).first()


def _keep(task_id: str, data: Mapping[str, Any]) -> None:
    database, now = services().database, services().clock.now()
    row = {"task_id": task_id, "person_id": viewer().id, "data": dict(data), "saved_at": now}
    with database.write() as connection:
        statement = database.insert(TaskDraft).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[TaskDraft.task_id, TaskDraft.person_id], set_={"data": row["data"], "saved_at": now}
            )
        )
