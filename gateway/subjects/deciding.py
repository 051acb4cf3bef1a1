"""个人信息审批, the security administrator's: may it be done? Whom it is about is not shown: what was asked, by whom, and on what it rests."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import show, snapshot, viewer
from gateway.subjects.pages import DECIDING, blueprint, kinds, reached, states
from processes.casework.subjects import requests
from processes.errors import BihuanError

APPROVE, REFUSE = VERDICTS = ("approve", "refuse")


@blueprint.get("/approvals")
def approvals() -> Response:
    """What waits for a decision?"""
    return _page()


@blueprint.post("/<request_id>/decide")
def decide(request_id: str) -> AnyResponse:
    """Let it be done, or not."""
    verdict = request.form.get("verdict", "")
    if verdict not in VERDICTS:
        abort(400)
    approved = verdict == APPROVE
    try:
        decided(request_id, approved, request.form.get("words", ""))
    except BihuanError as error:
        return _page(request_id, said(error))
    flash(_("已批准，马上开始办理。") if approved else _("已退回，没有批准。"))
    return redirect(url_for("subjects.approvals"))


def decided(request_id: str, approved: bool, words: str) -> requests.Request:
    """Let it be done, or not; returns the request as it is then. 404 when it is none that the viewer decides.

    :raises BihuanError: when it can't be decided like this
    """
    here = services()
    with here.database.write() as connection:
        found = requests.get(connection, request_id, reached(DECIDING))
        if found is None:
            abort(404)
        requests.decide(connection, found, approved, words, here.clock.now(), by=viewer().id)
        return requests.one(connection, found.id)


def to_decide() -> Sequence[requests.Request]:
    """The requests that the viewer decides, or that have been decided, the newest first."""
    with services().database.read() as connection:
        return requests.listed(connection, reached(DECIDING))


def _page(at: str = "", error: str = "") -> Response:
    listed = to_decide()
    return show(
        "subjects/approvals.html",
        422 if error else 200,
        here=DECIDING,
        waiting=[each for each in listed if each.state == requests.ASKED],
        decided=[each for each in listed if each.state != requests.ASKED],
        kinds=kinds(),
        states=states(),
        at=at,
        error=error,
        typed=request.form,
        name_of=snapshot().reference.person_name,
    )
