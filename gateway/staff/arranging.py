"""Who does a task: take it, give it back, ask a colleague, hand several out; and when to be reminded of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, Row, delete, select
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.paths import is_ours
from gateway.staff.inbox import handed_out
from gateway.staff.opened import opened, words_of
from gateway.staff.pages import blueprint, show, snapshot, viewer
from processes.casework import access, assignment
from processes.casework.views.head import Head
from processes.casework.views.head import head as find
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.runtime.assigning import AssignedMeanwhile
from processes.runtime.commands import Outcome
from processes.store.tables import Case, FollowUp, ReportText, UserTask

AT_ONCE = 100
"""Tasks handed out together: each is a transaction of its own, and the person waits for all."""


@dataclass(frozen=True)
class Arranging:
    """What may be done about who does a task. ``others``: outcomes beside the first, each with its verb; ``day``: when to be reminded."""

    row: Row[Any]
    head: Head | None
    may_claim: bool
    may_release: bool
    may_delegate: bool
    may_assign: bool
    colleagues: list[tuple[str, str]]
    others: list[tuple[str, str]]
    day: date | None


@dataclass(frozen=True)
class Result:
    """What became of a task of several. ``error``: why it was not handed out."""

    name: str
    number: str
    title: str
    error: str = ""


@blueprint.get("/tasks/<task_id>/arrange")
def arrange(task_id: str) -> Response:
    """Who is to do it, and when do I look again."""
    with services().database.read() as connection:
        found = arranging(connection, task_id)
    row, reference = found.row, snapshot().reference
    return show(
        "arrange.html",
        task=row,
        says=words_of(row),
        head=found.head,
        holder=reference.person_name(row.assignee) if row.assignee else "",
        owner=reference.person_name(row.owner) if row.owner else "",
        may_claim=found.may_claim,
        may_release=found.may_release,
        may_delegate=found.may_delegate,
        may_assign=found.may_assign,
        colleagues=found.colleagues,
        others=found.others,
        day=found.day,
        command=secrets.token_hex(8),
        at=request.args.get("back", "/"),
    )


def arranging(connection: Connection, task_id: str) -> Arranging:
    """What the viewer may do about who does an open task; 404 when that is nothing."""
    row = _open_task(connection, task_id)
    here, authority = snapshot(), viewer().authority
    head = find(connection, here.reference, case_id=row.case_id) if row.case_id else None
    day = connection.scalar(select(FollowUp.day).where(FollowUp.task_id == task_id, FollowUp.person_id == viewer().id))
    able = assignment.colleagues(here.reference, here.calendar, services().clock.now(), row)
    may_do = access.may_do(authority, here.reference, row)
    mine = row.assignee in authority.principals
    return Arranging(
        row,
        head,
        may_claim=not mine and (access.may_take(authority, here.reference, row) or row.owner == viewer().id),
        may_release=mine and bool(row.taken or row.owner),
        may_delegate=may_do,
        may_assign=_may_assign(row) and (row.assignee is None or bool(row.taken)),
        colleagues=[
            (each, here.reference.person_name(each)) for each in able if each not in (viewer().id, row.assignee)
        ],
        others=[(each.value, each.title) for each in opened(connection, row).view({}).verbs[1:]] if may_do else [],
        day=day,
    )


@blueprint.post("/tasks/<task_id>/claim")
def claim(task_id: str) -> AnyResponse:
    """Take it."""
    told = _("已领取，现在由您办理。")
    return _arranged(task_id, told, lambda *given: assignment.claim(services().engine, *given))


@blueprint.post("/tasks/<task_id>/release")
def release(task_id: str) -> AnyResponse:
    """Give it back."""
    return _arranged(task_id, _("已退回。"), lambda *given: assignment.release(services().engine, *given))


@blueprint.post("/tasks/<task_id>/delegate")
def delegate(task_id: str) -> AnyResponse:
    """Ask a colleague."""
    to = request.form.get("to", "")
    told = _("已转交%(name)s，您仍可以随时办理或者收回。", name=snapshot().reference.person_name(to))

    def work(task: str, person: str, seen: str | None, command: str) -> Outcome:
        return assignment.delegate(services().engine, task, person, to, seen, command)

    return _arranged(task_id, told, work)


@blueprint.post("/tasks/<task_id>/follow-up")
def follow_up(task_id: str) -> AnyResponse:
    """Be reminded on a day, or (without one) not any more. Nobody else sees it."""
    try:
        day = date.fromisoformat(request.form["day"]) if request.form.get("day") else None
    except ValueError:
        abort(400)
    remind(task_id, day)
    flash(_("已记下提醒日期，到那一天会在待办里标出来。") if day else _("已取消提醒。"))
    return redirect(_back())


def remind(task_id: str, day: date | None) -> None:
    """Let the viewer be reminded of an open task on a day, or not any more; 404 when it is none of his."""
    with services().database.read() as connection:
        _open_task(connection, task_id)
    database, person = services().database, viewer().id
    with database.write() as connection:
        connection.execute(delete(FollowUp).where(FollowUp.task_id == task_id, FollowUp.person_id == person))
        if day is not None:
            connection.execute(database.insert(FollowUp).values(task_id=task_id, person_id=person, day=day))


@blueprint.post("/inbox/assign")
def assign() -> Response:
    """Hand several tasks out to one person; each is answered, whatever became of the others."""
    to, command = request.form.get("to", ""), request.form.get("command", "")[:32]
    chosen = [value.partition("|") for value in request.form.getlist("task")[:AT_ONCE]]
    rows = to_be_assigned([task for task, _bar, _seen in chosen])
    found = [
        assigned(rows[task], seen or None, to, f"assign:{task}:{to}:{viewer().id}:{command}")
        for task, _bar, seen in chosen
    ]
    return show(
        "assigned.html",
        here="inbox",
        results=found,
        to=snapshot().reference.person_name(to),
        at=_back(),
    )


def to_be_assigned(task_ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    """The tasks, by id; 404 when the work of one of them is not the viewer's to hand out, before any is."""
    with services().database.read() as connection:
        rows = {row.id: row for row in connection.execute(_TASK.where(UserTask.id.in_(task_ids)))}
    if rows.keys() != set(task_ids) or not all(map(_may_assign, rows.values())):
        abort(404)
    return rows


def assigned(row: Row[Any], seen: str | None, to: str, command: str) -> Result:
    """Hand a task out. What is in the way, the result says."""
    error = ""
    try:
        assignment.assign(services().engine, row.id, viewer().id, handed_out(snapshot()), to, seen, command)
    except NotWaiting:
        error = _("已经办完或者撤回，不再需要指派。")
    except BihuanError as refused:
        if services().database.was_away(refused):
            raise
        error = said(refused)
    return Result(words_of(row).name, row.number or "", row.title or "", error)


_TASK = (
    select(UserTask.__table__, Case.number, Case.confidential, Case.excluded.label("case_excluded"), ReportText.title)
    .outerjoin(Case, Case.id == UserTask.case_id)
    .outerjoin(ReportText, ReportText.report_id == Case.report_id)
)


def _arranged(task_id: str, told: str, work: Callable[[str, str, str | None, str], Outcome]) -> AnyResponse:
    """Do it, and tell; who came too late is told whose it is."""
    require_concern(task_id)
    kind = (request.endpoint or "").rpartition(".")[2]
    command = f"{kind}:{task_id}:{viewer().id}:{request.form.get('command', '')[:32]}"
    try:
        work(task_id, viewer().id, request.form.get("seen") or None, command)
        flash(told)
    except AssignedMeanwhile as late:
        name = snapshot().reference.person_name(late.assignee) if late.assignee else ""
        flash(_("晚了一步：这项任务刚刚由%(name)s领走。", name=name) if name else said(late), "error")
    except NotWaiting:
        flash(_("这项任务已经办完或者撤回。"), "error")
    except access.Forbidden as refused:
        flash(said(refused), "error")
    return redirect(_back())


def require_concern(task_id: str) -> None:
    """404 for a task that is none of the viewer's; one that is over may be told of."""
    with services().database.read() as connection:
        row = connection.execute(_TASK.where(UserTask.id == task_id)).first()
        if row is None or not (_concerns(row) or row.state != "open"):
            abort(404)


def _open_task(connection: Connection, task_id: str) -> Row[Any]:
    """A task that the viewer may do something about."""
    row = connection.execute(_TASK.where(UserTask.id == task_id)).first()
    if row is None or row.state != "open" or not (_concerns(row) or _may_assign(row)):
        abort(404)
    return row


def _concerns(row: Row[Any]) -> bool:
    authority, reference = viewer().authority, snapshot().reference
    return access.may_do(authority, reference, row) or access.may_take(authority, reference, row)


def _may_assign(row: Row[Any]) -> bool:
    authority, reference = viewer().authority, snapshot().reference
    excluded = any(access.is_excluded(authority, reference, each or ()) for each in (row.excluded, row.case_excluded))
    return row.place in handed_out(snapshot()) and not excluded and not row.confidential


def _back() -> str:
    back = request.form.get("back", "")
    return back if is_ours(back) else url_for("staff.inbox")
