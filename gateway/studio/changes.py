"""Four eyes: what others ask the viewer to approve, and what becomes of a draft that is on its way into force."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import language, said
from gateway.staff.pages import show, viewer
from gateway.studio.force import LONGEST_REASON, into_force, note, reviewed, shown_in
from gateway.studio.pages import approves, blueprint, own
from gateway.text import moment
from processes.casework import model_changes, model_drafts
from processes.casework.model_changes import ASKED, PLANNED, RETURNED, Change
from processes.casework.model_drafts import Draft, Superseded
from processes.languages import CHINESE
from processes.notation.english import named_in


@blueprint.get("/changes/<change_id>")
def change(change_id: str) -> Response:
    """What somebody else asks the viewer to approve: the difference, the check and the scenarios."""
    chosen = None if language() == CHINESE else language()
    with services().database.read() as connection:
        asked, draft = _asked(connection, change_id)
        page = shown_in(
            connection, reviewed(connection, draft), url_for("studio.changed", change_id=change_id, language=chosen)
        )
    return show("studio/change.html", here="studio", asked=asked, **page)


@blueprint.get("/changes/<change_id>.bpmn")
def changed(change_id: str) -> Response:
    """Its diagram."""
    with services().database.read() as connection:
        _change, draft = _asked(connection, change_id)
    body = named_in(draft.text.encode(), draft.file, request.args.get("language", CHINESE))
    return Response(body, mimetype="application/xml")


@blueprint.post("/changes/<change_id>/approve")
def approve(change_id: str) -> AnyResponse:
    """It may come into force: now, or at its time."""
    here = services()
    with here.database.read() as connection:
        asked, draft = _asked(connection, change_id)
        seen = reviewed(connection, draft)
    hindrance = seen.hindrance(asked.reason)
    if hindrance is not None:
        flash(said(hindrance), "error")
        return redirect(url_for("studio.change", change_id=change_id))
    try:
        with here.database.write() as connection:
            _asked(connection, change_id)
            later = asked.at is not None and asked.at > here.clock.now()
            if later:
                model_changes.decide(connection, asked, PLANNED, viewer().id)
            else:
                into_force(connection, seen, asked.reason, asked.person)
            note(connection, "model.approve", asked, person=asked.person, at=moment(asked.at) or None)
    except Superseded as error:
        flash(said(error), "error")
        return redirect(url_for("studio.change", change_id=change_id))
    flash(_("已批准，%(at)s 生效。", at=moment(asked.at)) if later else _("已批准，并已生效。"))
    return redirect(url_for("studio.models"))


@blueprint.post("/changes/<change_id>/return")
def send_back(change_id: str) -> AnyResponse:
    """It may not, and why."""
    answer = request.form.get("answer", "").strip()[:LONGEST_REASON]
    with services().database.write() as connection:
        asked, _draft = _asked(connection, change_id)
        if answer:
            model_changes.decide(connection, asked, RETURNED, viewer().id, answer)
            note(connection, "model.return", asked, person=asked.person, reason=answer)
    if not answer:
        flash(_("请写明为什么退回。"), "error")
        return redirect(url_for("studio.change", change_id=change_id))
    flash(_("已退回，对方会看到您的意见。"))
    return redirect(url_for("studio.models"))


@blueprint.post("/drafts/<draft_id>/withdraw")
def withdraw(draft_id: str) -> AnyResponse:
    """The draft is on its way no more: it is a draft as before."""
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        going = model_changes.of_draft(connection, draft)
        if going is not None:
            model_changes.drop(connection, draft.id)
            note(connection, "model.withdraw", going)
    flash(_("已撤回，草稿还在。"))
    return redirect(url_for("studio.review", draft_id=draft_id))


def _asked(connection: Connection, change_id: str) -> tuple[Change, Draft]:
    """What the viewer is asked to approve, and its draft as it was shown; anything else is not found."""
    found = model_changes.one(connection, change_id)
    if found is None or found.state != ASKED or not found.holds:
        abort(404)
    if found.person == viewer().id or found.place not in approves():
        abort(404)
    draft = model_drafts.one(connection, found.draft)
    if draft is None:
        abort(404)
    return found, draft
