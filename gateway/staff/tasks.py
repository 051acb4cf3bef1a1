"""A task: the problem beside its form, drafts, and what completing it leads to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, Row, select
from werkzeug.wrappers import Response as AnyResponse

from gateway import text
from gateway.context import services
from gateway.languages import language, said
from gateway.staff import beside, drafts, presence, uploads
from gateway.staff import forms as faces
from gateway.staff.opened import Opened, form_of, open_task, opened, task_row, words_of
from gateway.staff.pages import blueprint, seen, show, snapshot, viewer
from processes.casework import access, attachments, doors, file_types
from processes.casework import forms as casework_forms
from processes.casework.views import case as view
from processes.casework.views.head import head as find
from processes.casework.views.lights import light
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.store.tables import Case

RECENT = 5
"""Events shown beside the form."""


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> Response:
    """What do I do now."""
    with services().database.read() as connection:
        row = task_row(connection, task_id)
        if row.state != "open":
            return _gone(connection, row)
        draft = drafts.draft_of(connection, task_id)
        at = draft.saved_at if draft else None
        wanted = request.args.get("outcome", "")
        return _page(connection, opened(connection, row), draft.data if draft else {}, draft_at=at, wanted=wanted)


@blueprint.post("/tasks/<task_id>")
def complete(task_id: str) -> AnyResponse:
    """Complete the task; or keep a draft of it, or take files in and out (which scripts do by themselves)."""
    with services().database.read() as connection:
        row = task_row(connection, task_id)
        if row.state != "open":
            if row.completed_by != viewer().id:
                return _gone(connection, row)
            here = Opened(row, form_of(connection, row), {})
        else:
            here = opened(connection, row)
    data = faces.typed(here.form, request.form)
    taken = uploads.take(here) if request.files and row.state == "open" else uploads.Taken()
    if taken.refused or not request.form.keys().isdisjoint(("save", "attach", "detach", "row")):
        group = faces.changed_rows(here.form, data, request.form.get("row", ""))
        return _kept(task_id, data, taken, f"at-f-{group}" if group else None)
    data = faces.without_empty_rows(here.form, data)
    command = f"task:{task_id}:{viewer().id}:{request.form.get('command', '')[:32]}"
    try:
        outcome = doors.complete_form(services().engine, task_id, data, viewer().id, command_id=command)
    except casework_forms.FormErrors as error:
        with services().database.read() as connection:
            wrong, whole = error.told(language()), error.told(language()).get("", "")
            return _page(connection, opened(connection, row), data, errors=wrong, conflict=whole, status=422)
    except NotWaiting:
        with services().database.read() as connection:
            return _gone(connection, task_row(connection, task_id))
    except access.Forbidden:
        abort(403)
    except BihuanError as error:
        if services().database.was_away(error):
            raise
        with services().database.read() as connection:
            return _page(connection, opened(connection, row), data, conflict=said(error), status=409)
    words = words_of(row)
    if outcome.incident:
        flash(_("“%(task)s”已提交，但后续步骤出现异常，已报告给中心协调员。", task=words.name), "error")
    else:
        flash(_("已提交“%(task)s”。", task=words.name) + words.next)
    return redirect(url_for("staff.inbox"))


@blueprint.post("/tasks/<task_id>/draft")
def draft(task_id: str) -> Response:
    """Keep what has been typed so far; answers which fields each outcome asks for now."""
    with services().database.read() as connection:
        here = open_task(connection, task_id)
        data = faces.typed(here.form, request.form)
        shown = here.view(data).shown
    drafts.keep(task_id, data)
    return jsonify({"saved": text.short(services().clock.now(), services().clock.now()), "shown": shown})


def _kept(task_id: str, data: Mapping[str, Any], taken: uploads.Taken, at: str | None) -> AnyResponse:
    """Nothing is sent: what was typed is a draft, and the page is shown again (``at``: where on it)."""
    drafts.keep(task_id, data)
    if "detach" in request.form:
        uploads.take_out(task_id, request.form["detach"])
    uploads.tell(taken)
    if "save" in request.form:
        flash(_("草稿已保存。"))
    return redirect(url_for("staff.task", task_id=task_id, _anchor=at))


def _page(
    connection: Connection,
    here: Opened,
    data: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    conflict: str = "",
    draft_at: datetime | None = None,
    status: int = 200,
    wanted: str = "",
) -> Response:
    """The page; ``wanted``: the outcome that is chosen at first, when the form has it."""
    known, now, row = snapshot(), services().clock.now(), here.task
    # Who may do the task may read what it is about, whatever else he or she may not see.
    head = find(connection, known.reference, case_id=row.case_id) if row.case_id else None
    recent = view.recent(connection, known.reference, head, RECENT) if head else ()
    files = uploads.waiting(connection, row.id)
    form = here.view(data, errors, files)
    if wanted in {verb.value for verb in form.verbs}:
        form = replace(form, chosen=wanted)
    return show(
        "task.html",
        status,
        task=row,
        says=words_of(row),
        task_light=light(known.calendar, now, row.due_at, row.warn_at, row.provisional),
        head=head,
        recent=recent,
        attachments=[each for each in attachments.of_case(connection, head.id) if each.sha256] if head else [],
        form=form,
        others=presence.told(connection, row.id),
        every=int(presence.EVERY.total_seconds()),
        beside=beside.beside(connection, here, head) if head else None,
        ahead=beside.ahead(connection, here, data, form),
        loose=[each for each in files if not each.field] if here.takes_files else None,
        kinds=file_types.titles(),
        suffixes=file_types.suffixes(),
        largest=services().settings.largest_upload,
        conflict=conflict,
        draft_at=draft_at,
        command=secrets.token_hex(8),
    )


def told_of(connection: Connection, row: Row[Any]) -> str | None:
    """The number of the case of a task that is over, if the viewer sees the case; 404 for who has nothing to do with either."""
    number: str | None = connection.scalar(select(Case.number).where(Case.id == row.case_id, seen()))
    concerned = row.completed_by == viewer().id or access.may_do(viewer().authority, snapshot().reference, row)
    if number is None and not concerned:
        abort(404)
    return number


def _gone(connection: Connection, row: Row[Any]) -> Response:
    """The task was done or withdrawn meanwhile; what was typed, now or in a draft, is shown, so that it can be copied."""
    reference, number = snapshot().reference, told_of(connection, row)
    form, left = form_of(connection, row), drafts.draft_of(connection, row.id)
    sent = faces.typed(form, request.form) if request.method == "POST" else {}
    typed = faces.lines(form, sent) or faces.lines(form, left.data if left else {})
    by = reference.person_name(row.completed_by) if row.completed_by else ""
    files = uploads.waiting(connection, row.id)
    return show(
        "task_gone.html",
        409 if request.method == "POST" else 200,
        task=row,
        says=words_of(row),
        number=number,
        by=by,
        draft=typed,
        files=files,
    )
