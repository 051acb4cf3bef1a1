"""职责管理, the system administrator's: who there is, and who does what where. The same rules as for the files that ``load`` takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.accounts.pages import blueprint
from gateway.accounts.people import SHOWN, duty_line, duty_lines, matches, within_reach
from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import show, snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.text import in_a_cell
from processes.casework import edits, records
from processes.casework.edits import EditRefused
from processes.casework.reference import Reference

PAGE = "duties"


@blueprint.get("/duties")
def duties() -> Response:
    """Whose duties are it about?"""
    text = request.args.get("q", "").strip()[:60]
    reference = snapshot().reference
    found = [each for each in within_reach(reference, PAGE) if matches(reference, each, text)]
    lines = [(each, duty_lines(reference, each.id)) for each in found[:SHOWN]]
    return show("accounts/duties.html", here=PAGE, text=text, lines=lines, more=len(found) > SHOWN)


@blueprint.get("/duties/new")
def newcomer() -> Response:
    """Somebody new: who, and what does he or she do?"""
    return _form()


@blueprint.post("/duties/new")
def enrol() -> AnyResponse:
    """Make the account. Nobody gets in by it before the security administrator has handed out a password."""
    given = request.form
    person = records.Person(given.get("account", "").strip(), given.get("name", "").strip(), active=True)
    if (duty := _asked(person.id)) is None:
        return _form(_no_place())
    details: dict[str, Any] = {
        "name": person.name,
        "role": duty.role,
        "place": duty.place,
        "organisation": duty.organisation,
    }
    try:
        with services().database.write() as connection:
            edits.enrol(connection, person, duty, by=viewer().id)
            auditing.note(connection, "account.enrol", f"person:{person.id}", **details)
    except EditRefused as error:
        auditing.refuse("account.enrol", f"person:{person.id[:60]}", **details)
        return _form(said(error))
    flash(_("账号已建立。请安全管理员在“账号管理”里给出初始密码，之后本人就能登录。"))
    return redirect(url_for("accounts.duties_of", person=person.id))


@blueprint.get("/duties/of/<person>")
def duties_of(person: str) -> Response:
    """What does somebody do, and what is to be added or ended?"""
    return _page(person)


@blueprint.post("/duties/of/<person>")
def add_duty(person: str) -> AnyResponse:
    """Give somebody a duty."""
    _reached(person)
    if (record := _asked(person)) is None:
        return _page(person, _no_place())
    try:
        with services().database.write() as connection:
            edits.add(connection, record, by=viewer().id)
            auditing.note(
                connection,
                "duty.add",
                f"person:{record.person}",
                role=record.role,
                place=record.place,
                organisation=record.organisation,
            )
    except EditRefused as error:
        about, where = f"person:{record.person}", record.organisation
        auditing.refuse("duty.add", about, role=record.role, place=record.place, organisation=where)
        return _page(person, said(error))
    flash(_("已增加职责，马上生效。"))
    return redirect(url_for("accounts.duties_of", person=person))


@blueprint.post("/duties/of/<person>/end")
def end_duty(person: str) -> AnyResponse:
    """Take a duty from somebody."""
    _reached(person)
    role, place = request.form.get("role", ""), request.form.get("place", "")
    record = records.Duty(person, role, place, request.form.get("organisation", "") or None)
    if record not in snapshot().reference.duties_of(person):
        abort(404)
    with services().database.write() as connection:
        edits.end(connection, record, by=viewer().id)
        auditing.note(
            connection,
            "duty.end",
            f"person:{record.person}",
            role=record.role,
            place=record.place,
            organisation=record.organisation,
        )
    flash(_("已结束职责，马上生效。"))
    return redirect(url_for("accounts.duties_of", person=person))


@blueprint.get("/duties/<name>.csv")
def duties_file(name: str) -> Response:
    """The data as the folder's file says it: what ``load`` takes again. The whole platform's, so for those at the top."""
    reference = services().snapshots.now().reference
    if not any(reference.superior(place) is None for place in places_for(PAGE, viewer().authority)):
        abort(403)
    kinds: dict[str, tuple[type[records.Person | records.Duty | records.Substitute], Iterable[object]]] = {
        "people": (records.Person, reference.people.values()),
        "duties": (records.Duty, reference.duties),
        "substitutes": (records.Substitute, reference.substitutes),
    }
    if name not in kinds:
        abort(404)
    kind, rows = kinds[name]
    body = io.StringIO()
    lines = csv.writer(body, lineterminator="\n")
    lines.writerow([each.name for each in fields(kind)])
    lines.writerows([_cell(value) for value in astuple(row)] for row in rows)  # type: ignore[call-overload]
    answer = Response(body.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return answer


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else in_a_cell(value)


def _reached(person: str) -> records.Person:
    """Somebody whom the viewer looks after, and not the viewer: nobody gives himself duties."""
    if person == viewer().id:
        abort(403)
    return _named(person)


def _named(person: str) -> records.Person:
    found = next((each for each in within_reach(snapshot().reference, PAGE) if each.id == person), None)
    if found is None:
        abort(404)
    return found


def _no_place() -> str:
    return _("请选择地区，只能是本地或下级。")


def _asked(person: str) -> records.Duty | None:
    """The duty that the form asks for; None when its place is none of the viewer's."""
    form = request.form
    place = form.get("place", "")
    if place not in _places():
        return None
    return records.Duty(person, form.get("role", ""), place, form.get("organisation", "") or None)


def _places() -> Sequence[str]:
    reference = snapshot().reference
    own = places_for(PAGE, viewer().authority)
    return tuple(dict.fromkeys(under for place in own for under in reference.under(place)))


def _page(person: str, error: str = "") -> Response:
    reference, found = snapshot().reference, _named(person)
    return show(
        "accounts/duties_of.html",
        422 if error else 200,
        here=PAGE,
        person=found,
        duties=[(each, duty_line(reference, each)) for each in reference.duties_of(person)],
        error=error,
        oneself=person == viewer().id,
        **_choices(reference),
    )


def _form(error: str = "") -> Response:
    return show(
        "accounts/newcomer.html",
        422 if error else 200,
        here=PAGE,
        error=error,
        **_choices(snapshot().reference),
    )


def _choices(reference: Reference) -> dict[str, object]:
    """What a duty can be made of, and what has been typed."""
    places = _places()
    return {
        "roles": reference.roles,
        "places": [(place, reference.place_name(place)) for place in places],
        "organisations": _organisations(reference, places),
        "given": request.form,
    }


def _organisations(reference: Reference, places: Sequence[str]) -> Sequence[tuple[str, Sequence[records.Organisation]]]:
    """Those that are not dissolved, by place."""
    listed = [each for each in reference.organisations.values() if each.successor is None]
    return [(reference.place_name(place), [each for each in listed if each.place == place]) for place in places]
