"""One's own problems are followed: by number and code, or all that a verified number has reported."""

from __future__ import annotations

from flask import Response, abort, redirect, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import pick
from gateway.portal import files
from gateway.portal.pages import PHONE, PROBLEM, address, blueprint, held, rules, show, snapshot, to_phone, verified
from gateway.web import to_be_saved
from processes.casework import attachments
from processes.casework.portal import following, reports
from processes.casework.portal.following import Problem
from processes.messaging.incoming import RATING_LEVELS, RATING_LEVELS_IN_ENGLISH


@blueprint.get("/follow")
def follow() -> Response:
    """Which problem, and its code?"""
    return show("portal/follow.html", number=request.args.get("number", "")[:40])


@blueprint.post("/follow")
def open_problem() -> AnyResponse:
    """Show it, if the code is right."""
    number, code = request.form.get("number", ""), request.form.get("code", "")
    found = reports.follow(services().engine, rules(), number, code, address())
    if found is None:
        error = _("编号或查询码不对。请核对短信；忘记查询码的，可以用手机号查看“我的问题”。")
        return show("portal/follow.html", 422, number=number[:40], error=error)
    known, session[PROBLEM] = found
    return redirect(url_for("portal.problem", number=known))


@blueprint.get("/problems")
def mine() -> AnyResponse:
    """What was reported from the verified number."""
    phone = verified()
    if phone is None:
        return to_phone(url_for("portal.mine"))
    with services().database.read() as connection:
        found = following.mine(connection, snapshot().reference, phone)
    return show("portal/mine.html", problems=found, most=following.MOST)


@blueprint.get("/problems/<number>")
def problem(number: str) -> AnyResponse:
    """One problem: where it stands, and what there is to do."""
    if held(PHONE) is None and held(PROBLEM) is None:
        return redirect(url_for("portal.follow", number=number[:40]))
    return page(number)


@blueprint.get("/problems/<number>/files/<attachment_id>")
def attachment(number: str, attachment_id: str) -> Response:
    """A file that the enterprise has sent itself: to be saved, never shown, for nobody knows what is in it."""
    with services().database.read() as connection:
        found = next((each for each in own(connection, number).files if each.id == attachment_id), None)
        if found is None:
            abort(404)
        body = b"".join(attachments.read(connection, found.id))
    return to_be_saved(body, found.name)


def own(connection: Connection, number: str) -> Problem:
    """A problem that this browser may see; 404 for all others, whether there are such or not."""
    found = following.report_of(connection, number)
    if found is None:
        abort(404)
    report_id, phone = found
    by_phone, by_code = held(PHONE), held(PROBLEM)
    if not (by_phone and by_phone.phone == phone) and not (by_code and by_code.report_id == report_id):
        abort(404)
    here = snapshot()
    return following.problem(connection, here.reference, here.calendar, rules(), report_id, services().clock.now())


def page(number: str, status: int = 200, *, wrong: str = "", at: str = "", typed: str = "") -> Response:
    """The page of a problem. ``wrong``: what is the matter with the form ``at``."""
    with services().database.read() as connection:
        found = own(connection, number)
    form = files.form_number()
    return show(
        "portal/problem.html",
        status,
        problem=found,
        form=form,
        kept=files.kept(form, found.report_id),
        levels={
            level: pick(RATING_LEVELS[level], RATING_LEVELS_IN_ENGLISH[level].capitalize()) for level in RATING_LEVELS
        },
        rules=rules(),
        wrong=wrong,
        at=at,
        typed=typed,
        SUPPLEMENT=following.SUPPLEMENT,
        RATE=following.RATE,
        WITHDRAW=following.WITHDRAW,
        REOPEN=following.REOPEN,
    )
