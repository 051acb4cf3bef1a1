"""A number is verified: it is sent a code, and the code is typed in."""

from __future__ import annotations

from flask import Response, redirect, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.paths import is_ours
from gateway.portal.pages import PHONE, address, blueprint, rules, show
from gateway.text import masked
from processes.casework.portal import verifying

ASKED = "portal_code"
"""What a browser waits for: the message with its code."""


@blueprint.get("/phone")
def phone() -> Response:
    """Which number?"""
    return _page(next=request.args.get("next", ""))


@blueprint.post("/phone")
def send_code() -> AnyResponse:
    """Send it a code."""
    typed, wanted = request.form.get("phone", ""), request.form.get("next", "")
    number = verifying.mobile(typed)
    if number is None:
        return _page(422, typed=typed, next=wanted, error=_("手机号不对：应为 11 位，例如 13812345678"))
    message = verifying.ask(services().engine, rules(), number, address())
    session[ASKED] = {"message": message, "phone": masked(number), "next": wanted[:200]}
    return redirect(url_for("portal.code"))


@blueprint.get("/code")
def code() -> AnyResponse:
    """Which code has come?"""
    asked = session.get(ASKED)
    return redirect(url_for("portal.phone")) if asked is None else _code_page(asked["phone"])


@blueprint.post("/code")
def check_code() -> AnyResponse:
    """Go on, if it is the right one."""
    asked = session.get(ASKED)
    if asked is None:
        return redirect(url_for("portal.phone"))
    here = services()
    token = verifying.check(here.database, rules(), asked["message"], request.form.get("code", ""), here.clock.now())
    if token is None:
        return _code_page(asked["phone"], 422, _("验证码不对或已失效。请核对短信，或重新获取。"))
    session.pop(ASKED)
    session[PHONE] = token
    wanted = asked["next"]
    ours = is_ours(wanted) and wanted.startswith(url_for("portal.home"))
    return redirect(wanted if ours else url_for("portal.mine"))


def _page(status: int = 200, *, typed: str = "", next: str = "", error: str = "") -> Response:
    return show("portal/phone.html", status, typed=typed[:20], next=next[:200], error=error)


def _code_page(phone: str, status: int = 200, error: str = "") -> Response:
    return show("portal/code.html", status, phone=phone, error=error, minutes=rules().code_minutes)
