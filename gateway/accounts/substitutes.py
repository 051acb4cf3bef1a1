"""代理人: while one is away, somebody of the same place does one's work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.accounts.pages import blueprint
from gateway.context import services
from gateway.languages import said
from gateway.problems import both
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
    try:
        name(request.form.get("substitute", ""), _day("since"), _day("until"))
    except EditRefused as error:
        return _page(said(error))
    flash(_("已指定代理人。代理期间，对方看得到、也办得了您的事项；您自己照常可以办理。"))
    return redirect(url_for("accounts.substitutes"))


@blueprint.post("/account/substitutes/end")
def end_substitute() -> AnyResponse:
    """From today on nobody stands in."""
    end(request.form.get("substitute", ""), _day("since"))
    flash(_("代理已结束。"))
    return redirect(url_for("accounts.substitutes"))


def name(who: str, since: date | None, until: date | None) -> records.Substitute:
    """Have a colleague stand in for the viewer.

    :raises EditRefused: when that is no colleague, these are no days to come, or it is not accepted
    """
    if who not in {each.id for each in colleagues()}:
        raise EditRefused(*both(_l("请选择一位同事。")), "substitute")
    if since is None or until is None or until < _today():
        wrong = "since" if since is None else "until"
        raise EditRefused(*both(_l("请填写起止日期，结束日期不早于今天。")), wrong)
    record = records.Substitute(viewer().id, who, since, until)
    try:
        with services().database.write() as connection:
            edits.add(connection, record, by=viewer().id)
            auditing.note(connection, "substitute.add", f"person:{record.person}", substitute=record.substitute)
    except EditRefused:
        auditing.refuse("substitute.add", f"person:{record.person}", substitute=record.substitute)
        raise
    return record


def end(who: str, since: date | None) -> None:
    """Have somebody stand in no more; 404 when he or she does not."""
    found = next((each for each in mine() if (each.substitute, each.since) == (who, since)), None)
    if found is None:
        abort(404)
    with services().database.write() as connection:
        edits.end(connection, found, by=viewer().id)
        auditing.note(connection, "substitute.end", f"person:{found.person}", substitute=found.substitute)


def mine() -> Sequence[records.Substitute]:
    """Who stands in for the viewer, and will: those whose time is not over."""
    return [each for each in _not_over() if each.person == viewer().id]


def others() -> Sequence[records.Substitute]:
    """For whom the viewer stands in, and will."""
    return [each for each in _not_over() if each.substitute == viewer().id]


def colleagues() -> Sequence[records.Person]:
    """Whom one may name: those who work at a place of one's own duties."""
    reference = snapshot().reference
    places = {duty.place for duty in reference.duties_of(viewer().id)}
    there = {duty.person for duty in reference.duties if duty.place in places} - {viewer().id}
    found = (reference.people[each] for each in there if each in reference.people)
    return sorted((each for each in found if each.active), key=lambda person: person.id)


def _page(error: str = "") -> Response:
    return show(
        "accounts/substitutes.html",
        422 if error else 200,
        mine=mine(),
        others=others(),
        name_of=snapshot().reference.person_name,
        colleagues=colleagues(),
        today=_today(),
        given=request.form,
        error=error,
    )


def _not_over() -> Sequence[records.Substitute]:
    return [each for each in snapshot().reference.substitutes if each.until >= _today()]


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _today() -> date:
    return snapshot().calendar.local_date(services().clock.now())
