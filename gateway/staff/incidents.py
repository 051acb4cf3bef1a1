"""异常: what stopped, and trying it again."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import places_for
from processes.casework.reference import Reference
from processes.casework.views import incidents as view
from processes.errors import BihuanError
from processes.runtime.commands import Outcome, Resolve

KINDS = {
    "step-failed": _l("流程步骤"),
    "stalled": _l("引擎停住"),
    "job-failed": _l("发送给外部系统"),
    "business-error": _l("外部系统的答复"),
    "ambiguous-message": _l("收到的消息"),
}

REMEDIES = {
    "step-failed": _l("流程走到这一步时，数据或规则不合用。看原因：改正变量后重试；是流程图的问题，请流程负责人改。"),
    "stalled": _l("引擎在这一步算得太久，被强制结束了两次。请流程负责人检查这一步的表达式，改正后重试。"),
    "job-failed": _l("外部系统多次没有办成。等它恢复后重试；不需要它的结果时，可以跳过。"),
    "business-error": _l("外部系统说这件事办不了，流程图没有画出怎么办。改参数后重试，或跳过，并请流程负责人补画。"),
    "ambiguous-message": _l("收到的消息不知道该给哪个流程。核对编号后重试。"),
}
"""What somebody can do about each kind."""


@blueprint.get("/incidents")
def incidents() -> Response:
    """What is stuck."""
    with services().database.read() as connection:
        reference = snapshot().reference
        known = view.open_incidents(connection, reference, places(reference), view.LOOKED_AT)
    causes = view.causes(known)
    return show(
        "incidents.html",
        here="incidents",
        lines=known[: view.LIMIT],
        causes=causes[: view.LIMIT],
        rarer=len(causes[view.LIMIT :]),
        remedies=REMEDIES,
        kinds=KINDS,
        full=len(known) > view.LIMIT,
        more=len(known) == view.LOOKED_AT,
    )


@blueprint.post("/incidents/<incident_id>/retry")
def retry(incident_id: str) -> AnyResponse:
    """Try it again; the history says who did."""
    try:
        outcome = retried(incident_id, f"resolve:{uuid4()}")
    except BihuanError as error:
        flash(said(error), "error")
    else:
        if outcome.incident:
            flash(_("重试没有成功，异常仍在，原因已更新。"), "error")
        else:
            flash(_("已重试，流程继续。"))
    back = request.form.get("back", "")
    return redirect(url_for("staff.case", number=back) if back else url_for("staff.incidents"))


def retried(incident_id: str, command: str) -> Outcome:
    """Try it again; 404 when it is none that the viewer looks after. The outcome names the incident when it is still there."""
    with services().database.read() as connection:
        if not view.is_within(connection, incident_id, places(snapshot().reference)):
            abort(404)
    resolve = Resolve(command, incident_id, actor=viewer().id)
    return services().engine.execute(resolve, before=auditing.before("incident.retry", f"incident:{incident_id}"))


def places(reference: Reference) -> set[str]:
    """The places whose incidents the viewer looks after."""
    own = places_for("incidents", viewer().authority)
    if not own:
        abort(403)
    return {under for place in own for under in reference.under(place)}
