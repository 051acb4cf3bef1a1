"""账号管理, the security administrator's: who gets in, and who no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.accounts import keeping
from gateway.accounts.devices import device
from gateway.accounts.keeping import PAGE
from gateway.accounts.pages import blueprint, rules
from gateway.accounts.reach import duty_lines, named, search
from gateway.context import services
from gateway.staff.pages import show, snapshot, viewer
from processes.casework import records
from processes.casework.accounts import administration, sessions, tokens
from processes.casework.accounts.administration import State
from processes.casework.accounts.sessions import Session
from processes.casework.accounts.tokens import Token


@dataclass(frozen=True)
class Line:
    """A person with what he or she does, and how the account stands."""

    person: records.Person
    duties: tuple[str, ...]
    state: State


@dataclass(frozen=True)
class Opened:
    """An account looked at closely: where its person is logged in, and the tokens."""

    line: Line
    sessions: Sequence[Session]
    tokens: Sequence[Token]


@blueprint.get("/accounts")
def people() -> Response:
    """Whose account is it about?"""
    text = request.args.get("q", "").strip()[:60]
    found, more = search(PAGE, text)
    return show("accounts/people.html", here=PAGE, text=text, lines=lines(found), more=more)


@blueprint.get("/accounts/<person>")
def person(person: str) -> Response:
    """How does this account stand, and what is to be done about it?"""
    found = opened(person)
    return show(
        "accounts/person.html",
        here=PAGE,
        person=found.line.person,
        duties=found.line.duties,
        state=found.line.state,
        sessions=found.sessions,
        tokens=found.tokens,
        device=device,
        oneself=person == viewer().id,
    )


@blueprint.post("/accounts/<person>/lock")
def lock(person: str) -> AnyResponse:
    """Let nobody in by this account until further notice."""
    keeping.lock(person)
    return _done(person, _("已锁定，登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/unlock")
def unlock(person: str) -> AnyResponse:
    """Undo it, or what wrong tries have done."""
    keeping.unlock(person)
    return _done(person, _("已解锁。"))


@blueprint.post("/accounts/<person>/deactivate")
def deactivate(person: str) -> AnyResponse:
    """Somebody has left."""
    keeping.deactivate(person)
    return _done(person, _("已停用，登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/reactivate")
def reactivate(person: str) -> AnyResponse:
    """Somebody has come back."""
    keeping.reactivate(person)
    return _done(person, _("已恢复使用。"))


@blueprint.post("/accounts/<person>/reset")
def reset(person: str) -> AnyResponse:
    """A password to begin with, shown this once."""
    given = keeping.reset(person)
    return show("accounts/reset.html", here=PAGE, person=named(PAGE, person), given=given, rules=rules())


@blueprint.post("/accounts/<person>/reset-second-factor")
def reset_second(person: str) -> AnyResponse:
    """The phone is lost."""
    keeping.reset_second(person)
    return _done(person, _("第二因素已重置，登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/log-out")
def log_out(person: str) -> AnyResponse:
    """Log somebody out everywhere."""
    keeping.log_out(person)
    return _done(person, _("登录中的设备已全部退出。"))


@blueprint.post("/accounts/<person>/sessions/<session_id>/end")
def end_session_of(person: str, session_id: str) -> AnyResponse:
    """Log somebody out somewhere."""
    keeping.end_session(person, session_id)
    return _done(person, _("已退出所选的登录。"))


@blueprint.post("/accounts/<person>/tokens/<token_id>/revoke")
def revoke_token_of(person: str, token_id: str) -> AnyResponse:
    """End an access token of somebody's."""
    keeping.revoke(person, token_id)
    return _done(person, _("已撤销所选的令牌。"))


def lines(found: Sequence[records.Person]) -> list[Line]:
    """How the accounts of these people stand."""
    reference = snapshot().reference
    with services().database.read() as connection:
        states = administration.states(connection, [each.id for each in found], services().clock.now(), rules())
    return [Line(each, duty_lines(reference, each.id), states.get(each.id, State())) for each in found]


def opened(person: str) -> Opened:
    """The account of somebody whom the viewer looks after; 404 for any other."""
    now = services().clock.now()
    [line] = lines([named(PAGE, person)])
    with services().database.read() as connection:
        return Opened(line, sessions.of(connection, person, now, rules()), tokens.of(connection, person, now))


def _done(person: str, told: str) -> AnyResponse:
    flash(told)
    return redirect(url_for("accounts.person", person=person))
