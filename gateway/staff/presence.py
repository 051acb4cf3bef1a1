"""Who else has a task's page open: said on the page, and to its script, which asks now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, abort, jsonify, request
from flask_babel import gettext as _
from sqlalchemy import Connection, and_, delete, select

from gateway import text
from gateway.context import services
from gateway.staff.opened import task_row
from gateway.staff.pages import blueprint, snapshot, viewer
from processes.casework import access
from processes.store.tables import Presence

EVERY = timedelta(seconds=20)
"""how often a page asks"""

LASTS = timedelta(seconds=60)
"""After this long without a word a page counts as closed."""


@blueprint.post("/tasks/<task_id>/presence")
def present(task_id: str) -> Response:
    """The page is open (or, with ``leaving``, is closed); answers who else has it open, and whether the task is done."""
    found = noted(task_id, leaving=bool(request.form.get("leaving")))
    if found.open:
        return jsonify({"others": _words(found.others), "ended": ""})
    by = snapshot().reference.person_name(found.completed_by) if found.completed_by else ""
    words = (
        _("这项任务已由%(by)s办结，您填写的内容仍保留。", by=by)
        if by
        else _("这项任务已不需要办理，您填写的内容仍保留。")
    )
    return jsonify({"others": "", "ended": words})


@dataclass(frozen=True)
class Other:
    """Somebody else who has the page open."""

    person: str
    since: datetime


@dataclass(frozen=True)
class Noted:
    """Whether the task is still to be done, by whom it was if not, and who else has it open."""

    open: bool
    completed_by: str | None
    others: Sequence[Other]


def noted(task_id: str, *, leaving: bool = False) -> Noted:
    """The viewer has the task open, or (``leaving``) has it no longer; 403 for who may not do it."""
    now = services().clock.now()
    with services().database.read() as connection:
        row = task_row(connection, task_id)
        if not access.may_do(viewer().authority, snapshot().reference, row):
            abort(403)
        known = _own(connection, task_id)
        others = _others(connection, task_id)
    if row.state != "open":
        return Noted(False, row.completed_by, ())
    if leaving:
        _leave(task_id)
    elif known is None or now - known >= EVERY / 2:
        _stay(task_id, now, fresh=known is None or now - known > LASTS)
    return Noted(True, None, others)


def told(connection: Connection, task_id: str) -> str:
    """Who else has the page open, and since when, in words; empty when nobody has."""
    return _words(_others(connection, task_id))


def _others(connection: Connection, task_id: str) -> Sequence[Other]:
    now = services().clock.now()
    found = connection.execute(
        select(Presence.person_id, Presence.opened_at)
        .where(Presence.task_id == task_id, Presence.person_id != viewer().id, Presence.seen_at > now - LASTS)
        .order_by(Presence.opened_at)
    )
    return [Other(row.person_id, row.opened_at) for row in found]


def _words(others: Sequence[Other]) -> str:
    now, reference = services().clock.now(), snapshot().reference
    who = _names([(reference.person_name(each.person), text.short(each.since, now)) for each in others])
    return _("%(who)s也打开了这项任务，请先商量由谁办理。", who=who) if who else ""


def _names(found: Sequence[tuple[str, str]]) -> str:
    return _("、").join(_("%(name)s（%(at)s起）", name=name, at=at) for name, at in found)


def _own(connection: Connection, task_id: str) -> datetime | None:
    own = and_(Presence.task_id == task_id, Presence.person_id == viewer().id)
    return connection.scalar(select(Presence.seen_at).where(own))


def _stay(task_id: str, now: datetime, fresh: bool) -> None:
    database = services().database
    row = {"task_id": task_id, "person_id": viewer().id, "opened_at": now, "seen_at": now}
    with database.write() as connection:
        statement = database.insert(Presence).values(row)
        changed = {"seen_at": now, **({"opened_at": now} if fresh else {})}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[Presence.task_id, Presence.person_id], set_=changed)
        )


def _leave(task_id: str) -> None:
    with services().database.write() as connection:
        own = and_(Presence.task_id == task_id, Presence.person_id == viewer().id)
        connection.execute(delete(Presence).where(own))
