"""Logging in and out."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.languages import said
from gateway.paths import is_ours
from gateway.staff import session
from gateway.staff.pages import blueprint, show, snapshot
from processes.casework.accounts import attempts
from processes.casework.accounts import login as logins
from processes.casework.accounts.second_factor import WrongCode
from processes.casework.accounts.sessions import Session
from processes.casework.accounts.vault import Unreadable
from processes.errors import BihuanError


@blueprint.get("/login")
def login() -> Response:
    """The login page."""
    return login_page(next=request.args.get("next", ""))


@blueprint.post("/login")
def log_in() -> AnyResponse:
    """Check account and password; go where the person wanted to."""
    account, password = request.form.get("account", "").strip(), request.form.get("password", "")
    wanted, here = request.form.get("next", ""), services()
    rules, now, origin = snapshot().reference.account_rules, here.clock.now(), session.origin(request)
    try:
        entered = logins.by_password(here.database, rules, account, password, now, origin)
    except logins.Refused as refused:
        _tell("login", refused, account, attempts.account(rules, account))
        return login_page(_status(refused), error=said(refused), account=account, next=wanted)
    return go_on(entered, wanted)


@blueprint.get("/login/code")
def code() -> AnyResponse:
    """Where the second factor is asked for."""
    if _half() is None:
        return redirect(url_for("staff.login"))
    return show("code.html", next=request.args.get("next", ""))


@blueprint.post("/login/code")
def check_code() -> AnyResponse:
    """Check the code; go where the person wanted to."""
    half, wanted, here = _half(), request.form.get("next", ""), services()
    if half is None:
        return redirect(url_for("staff.login", next=wanted or None))
    rules, now, origin = snapshot().reference.account_rules, here.clock.now(), session.origin(request)
    given = request.form.get("code", "")[:60]
    try:
        entered = logins.by_code(here.database, here.settings.vault, rules, half, given, now, origin)
    except (logins.Refused, WrongCode, Unreadable) as refused:
        _tell("login.code", refused, half.person, attempts.code(rules, half.person))
        return show("code.html", _status(refused), error=said(refused), next=wanted)
    return go_on(entered, wanted)


def go_on(entered: logins.Entered, wanted: str) -> AnyResponse:
    """On to the page that was wanted, or to the second factor first."""
    session.take(entered.token)
    if not entered.whole:
        return redirect(url_for("staff.code", next=wanted or None))
    return redirect(wanted if is_ours(wanted) else url_for("staff.inbox"))


def _half() -> Session | None:
    """The login of this browser, if its second factor is still to come."""
    with services().database.read() as connection:
        found = session.current(services(), connection)
    return found if found is not None and not found.whole else None


def _tell(act: str, refused: BihuanError, account: str, subject: attempts.Subject) -> None:
    """A try that failed, and whether it was the one that locks the account; what is turned away while it is locked adds nothing.

    A name that is nobody's is not kept: it may be a password that was typed in the wrong field.
    """
    if isinstance(refused, logins.TooOften):
        return
    here = services()
    person = account if account in snapshot().reference.people else ""
    with here.database.read() as connection:
        until = attempts.all_locked(connection, {account: subject}, here.clock.now()).get(account)
    locked = until.isoformat() if until else None
    about = f"person:{person}" if person else ""
    auditing.refuse(act, about, by=person, why=type(refused).__name__, locked_until=locked)


def _status(refused: BihuanError) -> int:
    return 429 if isinstance(refused, logins.TooOften) else 401


@blueprint.post("/logout")
def logout() -> AnyResponse:
    """End the login."""
    session.log_out(services())
    return redirect(url_for("staff.login"))


def login_page(status: int = 200, *, error: str = "", account: str = "", next: str = "") -> Response:
    """The login page, with what went wrong."""
    provider = services().settings.oidc
    vouching = (provider.configuration.name or _("统一身份认证")) if provider is not None else ""
    return show("login.html", status, error=error, account=account, next=next, vouching=vouching)
