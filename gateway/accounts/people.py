"""账号管理, the security administrator's: who gets in, and who no longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.accounts.devices import device
from gateway.accounts.pages import blueprint, rules
from gateway.context import services
from gateway.staff.pages import show, snapshot, viewer
from gateway.staff.viewer import places_for
from processes.casework import edits, records
from processes.casework.accounts import administration, passwords, second_factor, sessions, tokens
from processes.casework.accounts.administration import State
from processes.casework.reference import Reference

SHOWN = 50
"""People on a page; who looks for another types more of the name."""


@dataclass(frozen=True)
class Line:
    """A person with what he or she does, and how the account stands."""

    person: records.Person
    duties: tuple[str, ...]
    state: State


@blueprint.get("/accounts")
def people() -> Response:
    """Whose account is it about?"""
    text = request.args.get("q", "").strip()[:60]
    reference = snapshot().reference
    found = [each for each in within_reach(reference, "accounts") if matches(reference, each, text)]
    states = _states([each.id for each in found[:SHOWN]])
    lines = [Line(each, duty_lines(reference, each.id), states.get(each.id, State())) for each in found[:SHOWN]]
    return show("accounts/people.html", here="accounts", text=text, lines=lines, more=len(found) > SHOWN)


@blueprint.get("/accounts/<person>")
def person(person: str) -> Response:
    """How does this account stand, and what is to be done about it?"""
    return _page(person)


@blueprint.post("/accounts/<person>/lock")
def lock(person: str) -> AnyResponse:
    """Let nobody in by this account until further notice."""
    _reached(person)
    with services().database.write() as connection:
        administration.lock(connection, person, services().clock.now(), by=viewer().id)
        auditing.note(connection, "account.lock", f"person:{person}")
    return _done(person, _("已锁定，登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/unlock")
def unlock(person: str) -> AnyResponse:
    """Undo it, or what wrong tries have done."""
    _reached(person)
    with services().database.write() as connection:
        administration.unlock(connection, rules(), person, services().clock.now(), by=viewer().id)
        auditing.note(connection, "account.unlock", f"person:{person}")
    return _done(person, _("已解锁。"))


@blueprint.post("/accounts/<person>/deactivate")
def deactivate(person: str) -> AnyResponse:
    """Somebody has left."""
    _reached(person)
    with services().database.write() as connection:
        edits.set_active(connection, person, False, by=viewer().id)
        administration.log_out(connection, person, by=viewer().id)
        tokens.revoke_all(connection, person, services().clock.now(), by=viewer().id)
        auditing.note(connection, "account.deactivate", f"person:{person}")
    return _done(person, _("已停用，登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/reactivate")
def reactivate(person: str) -> AnyResponse:
    """Somebody has come back."""
    _reached(person)
    with services().database.write() as connection:
        edits.set_active(connection, person, True, by=viewer().id)
        auditing.note(connection, "account.reactivate", f"person:{person}")
    return _done(person, _("已恢复使用。"))


@blueprint.post("/accounts/<person>/reset")
def reset(person: str) -> AnyResponse:
    """A password to begin with, shown this once."""
    _reached(person)
    now = services().clock.now()
    given = passwords.hand_out(services().database, rules(), person, now, by=viewer().id)
    return show("accounts/reset.html", here="accounts", person=_named(person), given=given, rules=rules())


@blueprint.post("/accounts/<person>/reset-second-factor")
def reset_second(person: str) -> AnyResponse:
    """The phone is lost."""
    _reached(person)
    with services().database.write() as connection:
        second_factor.drop(connection, person, by=viewer().id)
        administration.log_out(connection, person, by=viewer().id)
        auditing.note(connection, "account.drop_second", f"person:{person}")
    return _done(person, _("第二因素已重置，登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/log-out")
def log_out(person: str) -> AnyResponse:
    """Log somebody out everywhere."""
    _reached(person)
    with services().database.write() as connection:
        administration.log_out(connection, person, by=viewer().id)
        auditing.note(connection, "account.log_out", f"person:{person}")
    return _done(person, _("登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/sessions/<session_id>/end")
def end_session_of(person: str, session_id: str) -> AnyResponse:
    """Log somebody out somewhere."""
    _reached(person)
    with services().database.write() as connection:
        if sessions.end(connection, person, session_id):
            auditing.note(connection, "account.end_session", f"person:{person}", session=session_id)
    return _done(person, _("已退出所选的登录。"))


@blueprint.post("/accounts/<person>/tokens/<token_id>/revoke")
def revoke_token_of(person: str, token_id: str) -> AnyResponse:
    """End an access token of somebody's."""
    _reached(person)
    with services().database.write() as connection:
        if tokens.revoke(connection, person, token_id, services().clock.now(), by=viewer().id):
            auditing.note(connection, "token.revoke", f"token:{token_id}", person=person)
    return _done(person, _("已撤销所选的令牌。"))


# ---- who is whose ----------------------------------------------------------------------------------------------------


def within_reach(reference: Reference, page: str) -> Iterator[records.Person]:
    """The people that the viewer looks after: all of their duties are at the viewer's places or below. Who has none is the top's."""
    places = places_for(page, viewer().authority)
    under = {each for place in places for each in reference.under(place)}
    top = any(reference.superior(place) is None for place in places)
    for each in sorted(reference.people.values(), key=lambda person: person.id):
        own = reference.duties_of(each.id)
        if all(duty.place in under for duty in own) and (own or top):
            yield each


def duty_lines(reference: Reference, person: str) -> tuple[str, ...]:
    """What somebody does, in words."""
    return tuple(duty_line(reference, each) for each in reference.duties_of(person))


def duty_line(reference: Reference, duty: records.Duty) -> str:
    """A duty in words."""
    where = reference.organisation_name(duty.organisation) if duty.organisation else reference.place_name(duty.place)
    return f"{where} {reference.role_name(duty.role)}"


def matches(reference: Reference, person: records.Person, text: str) -> bool:
    """Whether somebody is meant by words that were typed."""
    words = (person.id, person.name, *duty_lines(reference, person.id))
    return any(text.lower() in each.lower() for each in words)


def _reached(person: str) -> None:
    """Somebody whom the viewer looks after, and not the viewer: nobody resets, unlocks or deactivates himself."""
    if person == viewer().id:
        abort(403)
    _named(person)


def _named(person: str) -> records.Person:
    found = next((each for each in within_reach(snapshot().reference, "accounts") if each.id == person), None)
    if found is None:
        abort(404)
    return found


def _states(people: list[str]) -> Mapping[str, State]:
    with services().database.read() as connection:
        return administration.states(connection, people, services().clock.now(), rules())


def _page(person: str) -> Response:
    reference, now, found = snapshot().reference, services().clock.now(), _named(person)
    with services().database.read() as connection:
        logins = sessions.of(connection, person, now, rules())
        held = tokens.of(connection, person, now)
    return show(
        "accounts/person.html",
        here="accounts",
        person=found,
        duties=duty_lines(reference, person),
        state=_states([person]).get(person, State()),
        sessions=logins,
        tokens=held,
        device=device,
        oneself=person == viewer().id,
    )


def _done(person: str, told: str) -> AnyResponse:
    flash(told)
    return redirect(url_for("accounts.person", person=person))
