"""职责管理, the system administrator's: who there is, and who does what where. The same rules as for the files that ``load`` takes."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.accounts import giving
from gateway.accounts.giving import PAGE
from gateway.accounts.pages import blueprint
from gateway.accounts.reach import duty_line, duty_lines, named, search
from gateway.languages import said
from gateway.staff.pages import show, snapshot, viewer
from processes.casework import records
from processes.casework.edits import EditRefused
from processes.casework.reference import Reference


@blueprint.get("/duties")
def duties() -> Response:
    """Whose duties are it about?"""
    text = request.args.get("q", "").strip()[:60]
    found, more = search(PAGE, text)
    reference = snapshot().reference
    lines = [(each, duty_lines(reference, each.id)) for each in found]
    return show("accounts/duties.html", here=PAGE, text=text, lines=lines, more=more)


@blueprint.get("/duties/new")
def newcomer() -> Response:
    """Somebody new: who, and what does he or she do?"""
    return _form()


@blueprint.post("/duties/new")
def enrol() -> AnyResponse:
    """Make the account. Nobody gets in by it before the security administrator has handed out a password."""
    given = request.form
    person = records.Person(given.get("account", "").strip(), given.get("name", "").strip(), active=True)
    try:
        giving.enrol(person, _duty(person.id))
    except EditRefused as error:
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
    try:
        giving.give(_duty(person))
    except EditRefused as error:
        return _page(person, said(error))
    flash(_("已增加职责，马上生效。"))
    return redirect(url_for("accounts.duties_of", person=person))


@blueprint.post("/duties/of/<person>/end")
def end_duty(person: str) -> AnyResponse:
    """Take a duty from somebody."""
    giving.end(_duty(person))
    flash(_("已结束职责，马上生效。"))
    return redirect(url_for("accounts.duties_of", person=person))


@blueprint.get("/duties/<name>.csv")
def duties_file(name: str) -> Response:
    """The data as a file."""
    return giving.file(name)


def _duty(person: str) -> records.Duty:
    """The duty that the form asks for."""
    given = request.form.get
    return records.Duty(person, given("role", ""), given("place", ""), given("organisation", "") or None)


def _page(person: str, error: str = "") -> Response:
    reference, found = snapshot().reference, named(PAGE, person)
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
    places, listed = giving.places(), giving.organisations()
    return {
        "roles": reference.roles,
        "places": [(place, reference.place_name(place)) for place in places],
        "organisations": [
            (reference.place_name(place), [each for each in listed if each.place == place]) for place in places
        ],
        "given": request.form,
    }
