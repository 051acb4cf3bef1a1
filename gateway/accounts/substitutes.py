"""代理人: while one is away, somebody of the same place does one's work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.accounts.pages import blueprint
from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import show, snapshot, viewer
from processes.casework import edits, records
from processes.casework.edits import EditRefused


@blueprint.get("/account/substitutes")
def substitutes() -> Response:
    """Who stands in for me, and for whom do I?"""
    return _page()


@blueprint.post("/account/substitutes")
def name_substitute() -> AnyResponse:
    """Name somebody for some days."""
    who = request.form.get("substitute", "")
    since, until = _day("since"), _day("until")
    if who not in {each.id for each in _colleagues()}:
        return _page(_("请选择一位同事。"))
    if since is None or until is None or until < _today():
        return _page(_("请填写起止日期，结束日期不早于今天。"))
    record = records.Substitute(viewer().id, who, since, until)
    try:
        with services().database.write() as connection:
            edits.add(connection, record, by=viewer().id)
            auditing.note(connection, "substitute.add", f"person:{record.person}", substitute=record.substitute)
    except EditRefused as error:
        auditing.refuse("substitute.add", f"person:{record.person}", substitute=record.substitute)
        return _page(said(error))
    flash(_("已指定代理人。代理期间，对方看得到、也办得了您的事项；您自己照常可以办理。"))
    return redirect(url_for("accounts.substitutes"))


@blueprint.post("/account/substitutes/end")
def end_substitute() -> AnyResponse:
    """From today on nobody stands in."""
    wanted = request.form.get("substitute", ""), request.form.get("since", "")
    found = next((each for each in _mine() if (each.substitute, each.since.isoformat()) == wanted), None)
    if found is None:
        abort(404)
    with services().database.write() as connection:
        edits.end(connection, found, by=viewer().id)
        auditing.note(connection, "substitute.end", f"person:{found.person}", substitute=found.substitute)
    flash(_("代理已结束。"))
    return redirect(url_for("accounts.substitutes"))


def _page(error: str = "") -> Response:
    reference, today = snapshot().reference, _today()
    return show(
        "accounts/substitutes.html",
        422 if error else 200,
        mine=_mine(),
        others=[each for each in reference.substitutes if each.substitute == viewer().id and each.until >= today],
        name_of=reference.person_name,
        colleagues=_colleagues(),
        today=today,
        given=request.form,
        error=error,
    )


def _mine() -> Sequence[records.Substitute]:
    """Those whose time is not over."""
    listed = snapshot().reference.substitutes
    return [each for each in listed if each.person == viewer().id and each.until >= _today()]


def _colleagues() -> Sequence[records.Person]:
    """Whom one may name: those who work at a place of one's own duties."""
    reference = snapshot().reference
    places = {duty.place for duty in reference.duties_of(viewer().id)}
    there = {duty.person for duty in reference.duties if duty.place in places} - {viewer().id}
    found = (reference.people[each] for each in there if each in reference.people)
    return sorted((each for each in found if each.active), key=lambda person: person.id)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _today() -> date:
    return snapshot().calendar.local_date(services().clock.now())
