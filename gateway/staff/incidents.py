"""异常: what stopped, and trying it again."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import places_for
from processes.casework.reference import Reference
from processes.casework.views import incidents as view
from processes.errors import BihuanError
from processes.runtime.commands import Resolve

KINDS = {
    "step-failed": _l("流程步骤"),
    "stalled": _l("引擎停住"),
    "job-failed": _l("发送给外部系统"),
    "business-error": _l("外部系统的答复"),
    "ambiguous-message": _l("收到的消息"),
}


@blueprint.get("/incidents")
def incidents() -> Response:
    """What is stuck."""
    with services().database.read() as connection:
        reference = snapshot().reference
        lines = view.open_incidents(connection, reference, _places(reference))
    return show("incidents.html", here="incidents", lines=lines, kinds=KINDS, full=len(lines) == view.LIMIT)


@blueprint.post("/incidents/<incident_id>/retry")
def retry(incident_id: str) -> AnyResponse:
    """Try it again; the history says who did."""
    with services().database.read() as connection:
        reference = snapshot().reference
        if not view.is_within(connection, incident_id, _places(reference)):
            abort(404)
    try:
        outcome = services().engine.execute(Resolve(f"resolve:{uuid4()}", incident_id, actor=viewer().id))
    except BihuanError as error:
        flash(said(error), "error")
    else:
        if outcome.incident:
            flash(_("重试没有成功，异常仍在，原因已更新。"), "error")
        else:
            flash(_("已重试，流程继续。"))
    back = request.form.get("back", "")
    return redirect(url_for("staff.case", number=back) if back else url_for("staff.incidents"))


def _places(reference: Reference) -> set[str]:
    """The places whose incidents the viewer looks after."""
    places = places_for("incidents", viewer().authority)
    if not places:
        abort(403)
    return {under for place in places for under in reference.under(place)}
