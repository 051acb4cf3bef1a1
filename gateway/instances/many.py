"""批量处理: the same in many instances, chosen one by one or by a search; its progress can be left and come back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.acts import Mistake
from gateway.instances.pages import OPERATE, allowed, blueprint, places
from gateway.instances.search import elements_of
from gateway.staff.pages import show, snapshot, viewer
from processes.casework import bulk
from processes.casework.views.instances import operations as view
from processes.casework.views.instances import search as finder
from processes.casework.views.instances.criteria import Criteria

LONGEST_REASON = 500


def acts() -> Mapping[str, str]:
    """What can be done."""
    return {
        "retry": _("重试异常"),
        "pass": _("异常不再重试"),
        "suspend": _("暂停流程"),
        "resume": _("恢复流程"),
        "cancel": _("取消流程"),
        "move": _("移动到另一步"),
    }


def states() -> Mapping[str, str]:
    """How far an operation is."""
    return {
        "collecting": _("正在查找"),
        "running": _("正在办理"),
        "done": _("已办完"),
        "stopped": _("已停止"),
    }


@blueprint.get("/bulk")
def bulk_list() -> Response:
    """What the viewer has had done to many."""
    with services().database.read() as connection:
        rows = view.of_person(connection, viewer().id)
    return show("instances/operations.html", here="instances", rows=rows, acts=acts(), states=states())


@blueprint.get("/bulk/new")
def bulk_ask() -> Response:
    """What is to be done, and why?"""
    return _asked(request.args)


@blueprint.post("/bulk")
def bulk_begin() -> AnyResponse:
    """Let it be done."""
    form = request.form
    criteria, chosen = _meant(form)
    said = {"element": form.get("element", ""), "target": form.get("target", "")}
    try:
        identity = begun(form.get("act", ""), form.get("reason", ""), criteria, chosen, said)
    except Mistake as mistake:
        return _asked(form, str(mistake))
    return redirect(url_for("instances.bulk_show", operation_id=identity))


def begun(act: str, reason: str, criteria: Criteria | None, chosen: Sequence[str], said: Mapping[str, str]) -> str:
    """Let it be done to all that are found, or to those that were chosen; returns the operation's id. ``said``: ``element`` and ``target``
    of a move. Raises :class:`Mistake`."""
    reason = reason.strip()[:LONGEST_REASON]
    if act not in bulk.ACTS:
        raise Mistake(_l("请选择要办什么。"))
    if act == "move" and not (said.get("element") and said.get("target")):
        raise Mistake(_l("移动要先按“停在哪一步”查找，再选择移到哪一步。"))
    if not reason:
        raise Mistake(_l("请写明原因：它会留在办理记录里。"))
    if criteria is None and not chosen:
        raise Mistake(_l("请先勾选流程，或给出查找条件。"))
    here, told = services(), said if act == "move" else {}
    with here.database.write() as connection:
        mine = _within(connection, chosen)
        if chosen and not mine:
            raise Mistake(_l("所选的流程都不在您的职责范围内，或者已经没有了。请重新查找、勾选。"))
        now = here.clock.now()
        identity = bulk.begin(
            connection, act, reason, viewer().id, places(OPERATE), now, criteria=criteria, chosen=mine, said=told
        )
        auditing.note(connection, f"bulk.{act}", f"operation:{identity}", reason=reason)
    return identity


@blueprint.get("/bulk/<operation_id>")
def bulk_show(operation_id: str) -> Response:
    """How far it is, and what became of each."""
    state = request.args.get("state", "")
    with services().database.read() as connection:
        row = view.one(connection, operation_id, places(OPERATE))
        if row is None:
            abort(404)
        state = state if state in ("open", "done", "failed") else "failed" if row.failed else "done"
        items = view.items(connection, operation_id, state)
    return show(
        "instances/operation.html",
        here="instances",
        row=row,
        items=items,
        state=state,
        acts=acts(),
        states=states(),
        who=snapshot().reference.person_name,
        most=view.ITEMS,
    )


@blueprint.post("/bulk/<operation_id>/stop")
def bulk_stop(operation_id: str) -> AnyResponse:
    """Leave the rest as it is."""
    stopped(operation_id)
    flash(_("已停止：还没有办的不再办理。"))
    return redirect(url_for("instances.bulk_show", operation_id=operation_id))


def stopped(operation_id: str) -> None:
    """Leave the rest as it is; 404 when it is none that the viewer looks after."""
    here = services()
    with here.database.write() as connection:
        if view.one(connection, operation_id, places(OPERATE)) is None:
            abort(404)
        bulk.stop(connection, operation_id, here.clock.now())
        auditing.note(connection, "bulk.stop", f"operation:{operation_id}")


def _asked(given: Any, wrong: str = "") -> Response:
    criteria, chosen = _meant(given)
    with services().database.read() as connection:
        mine = _within(connection, chosen)
        found, more = [], False
        if criteria is not None:
            rows, position = finder.page(connection, snapshot().reference, criteria, allowed(OPERATE))
            found, more = rows, position is not None
        targets = elements_of(connection, criteria.process) if criteria and criteria.element else {}
    return show(
        "instances/bulk.html",
        422 if wrong else 200,
        here="instances",
        wrong=wrong,
        criteria=criteria,
        asked=criteria.to_json() if criteria else {},
        chosen=mine,
        count=len(mine) or len(found),
        more=more,
        targets=targets,
        form=given,
        acts=acts(),
        longest=LONGEST_REASON,
    )


def _meant(given: Any) -> tuple[Criteria | None, list[str]]:
    """A search, or the instances that were ticked."""
    chosen = [str(each)[:36] for each in given.getlist("id")][: bulk.MOST_CHOSEN]
    criteria = Criteria.of(given)
    if given.get("which") == "chosen" or criteria.is_empty:
        return None, chosen
    return criteria, []


def _within(connection: Connection, chosen: Sequence[str]) -> list[str]:
    """Those of them that the viewer looks after."""
    known = finder.rows_of(connection, chosen, allowed(OPERATE))
    return [each for each in chosen if each in known]
