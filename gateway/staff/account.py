"""Logging in and out."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.paths import is_ours
from gateway.staff import session
from gateway.staff.pages import blueprint, show
from processes.casework import people

ATTEMPTS = session.Attempts()

WRONG = "账号或密码不对，请核对后再试。"
TOO_OFTEN = "连续输错次数过多，请一分钟后再试。忘记密码请联系管理员重置。"


@blueprint.get("/login")
def login() -> Response:
    """The login page."""
    return _page(next=request.args.get("next", ""))


@blueprint.post("/login")
def log_in() -> AnyResponse:
    """Check account and password; go where the person wanted to."""
    account, password = request.form.get("account", "").strip(), request.form.get("password", "")
    wanted, address, now = request.form.get("next", ""), request.remote_addr or "", services().clock.now()
    if ATTEMPTS.must_wait(account, address, now):
        return _page(429, error=TOO_OFTEN, account=account, next=wanted)
    with services().database.read() as connection:
        if not people.verify_password(connection, account, password):
            ATTEMPTS.wrong(account, address, now)
            return _page(401, error=WRONG, account=account, next=wanted)
        session.log_in(services(), connection, account)
    ATTEMPTS.right(account, address)
    return redirect(wanted if is_ours(wanted) else url_for("staff.inbox"))


@blueprint.post("/logout")
def logout() -> AnyResponse:
    """End the session."""
    session.log_out()
    return redirect(url_for("staff.login"))


def _page(status: int = 200, *, error: str = "", account: str = "", next: str = "") -> Response:
    return show("login.html", status, error=error, account=account, next=next)
