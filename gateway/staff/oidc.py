"""Logging in by somebody who vouches: there, and back."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from flask import Response, abort, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.languages import said
from gateway.staff.account import go_on, login_page
from gateway.staff.pages import blueprint, snapshot
from gateway.staff.session import origin
from processes.casework.accounts import login as logins
from processes.casework.accounts import sessions
from processes.casework.accounts.vouching import NotVouched

if TYPE_CHECKING:
    from gateway.oidc import Provider

KEPT = "oidc"
"""Key of what the browser's cookie holds between there and back: it is good for one way back."""


@blueprint.get("/login/oidc")
def oidc() -> AnyResponse:
    """There."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
    try:
        address = _provider().address(state, nonce, verifier)
    except NotVouched as refused:
        return _refused(said(refused))
    session[KEPT] = {"state": state, "nonce": nonce, "verifier": verifier, "next": request.args.get("next", "")}
    return redirect(address)


@blueprint.get("/login/oidc/back")
def oidc_back() -> AnyResponse:
    """And back, with a code that the provider gives a token for."""
    here, kept = services(), session.pop(KEPT, None)
    provider, now = _provider(), here.clock.now()
    try:
        # Whoever did not set out from this browser does not come back to it: a code of somebody else's would log that one in.
        if kept is None or not hmac.compare_digest(kept["state"].encode(), request.args.get("state", "").encode()):
            raise NotVouched
        if "code" not in request.args:
            raise NotVouched
        account = provider.account(request.args["code"], kept["nonce"], kept["verifier"], now)
        with here.database.write() as connection:
            rules = snapshot().reference.account_rules
            entered = logins.vouched(connection, rules, account, now, origin(request), sessions.OIDC)
    except (NotVouched, logins.Refused) as refused:
        auditing.refuse("login", why=type(refused).__name__)
        return _refused(said(refused))
    return go_on(entered, kept["next"])


def _provider() -> Provider:
    found = services().settings.oidc
    if found is None:
        abort(404)
    return found


def _refused(words: str) -> Response:
    return login_page(401, error=words)
