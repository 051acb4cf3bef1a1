"""Logging in and out."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.paths import is_ours
from gateway.staff import session
from gateway.staff.pages import blueprint, show, snapshot
from processes.casework.accounts import login as logins


@blueprint.get("/login")
def login() -> Response:
    """The login page."""
    return _page(next=request.args.get("next", ""))


@blueprint.post("/login")
def log_in() -> AnyResponse:
    """Check account and password; go where the person wanted to."""
    account, password = request.form.get("account", "").strip(), request.form.get("password", "")
    wanted, here = request.form.get("next", ""), services()
    rules, now, origin = snapshot().reference.account_rules, here.clock.now(), session.origin(request)
    try:
        token = logins.by_password(here.database, rules, account, password, now, origin)
    except logins.Refused as refused:
        status = 429 if isinstance(refused, logins.TooOften) else 401
        return _page(status, error=said(refused), account=account, next=wanted)
    session.take(token)
    return redirect(wanted if is_ours(wanted) else url_for("staff.inbox"))


@blueprint.post("/logout")
def logout() -> AnyResponse:
    """End the login."""
    session.log_out(services())
    return redirect(url_for("staff.login"))


def _page(status: int = 200, *, error: str = "", account: str = "", next: str = "") -> Response:
    return show("login.html", status, error=error, account=account, next=next)
