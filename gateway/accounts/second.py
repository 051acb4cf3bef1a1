"""第二因素: an app's six digits, set up by oneself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta

import segno
from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.accounts.pages import blueprint, own_session, rules
from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import show, viewer
from processes.casework.accounts import attempts, second_factor
from processes.casework.accounts.second_factor import WrongCode
from processes.casework.accounts.vault import Unreadable

OPEN = timedelta(minutes=30)
"""How long the page with the picture is good."""


@blueprint.get("/account/second-factor")
def second() -> Response:
    """Set it up; where there is one, codes and ending it."""
    return _set_up_page() if not own_session().has_second else _page()


@blueprint.post("/account/second-factor")
def set_up_second() -> AnyResponse:
    """Keep the secret, now that a code has shown that the app has it; the recovery codes are shown this once."""
    here = services()
    if own_session().has_second:
        return redirect(url_for("accounts.second"))
    try:
        person, _space, secret = here.settings.vault.open(request.form.get("sealed", ""), OPEN).partition(" ")
    except Unreadable:
        return _set_up_page(_("页面停留太久，请用下面新的二维码再扫一次。"))
    if person != viewer().id:
        return _set_up_page(_("页面停留太久，请用下面新的二维码再扫一次。"))
    try:
        with here.database.write() as connection:
            codes = second_factor.set_up(connection, here.settings.vault, person, secret, _code(), here.clock.now())
            auditing.note(connection, "account.set_up_second", f"person:{person}")
    except WrongCode as error:
        return _set_up_page(said(error), secret)
    return _codes_page(codes)


@blueprint.post("/account/second-factor/codes")
def renew_codes() -> AnyResponse:
    """New recovery codes, for a code of the app."""
    if (refused := _checked()) is not None:
        return refused
    with services().database.write() as connection:
        codes = second_factor.renew_codes(connection, viewer().id)
        auditing.note(connection, "account.renew_codes", f"person:{viewer().id}")
    return _codes_page(codes)


@blueprint.post("/account/second-factor/end")
def drop_second() -> AnyResponse:
    """Without it from now on, for a code of the app."""
    if (refused := _checked()) is not None:
        return refused
    with services().database.write() as connection:
        second_factor.drop(connection, viewer().id, by=viewer().id)
        auditing.note(connection, "account.drop_second", f"person:{viewer().id}")
    flash(_("第二因素已停用，登录只需密码。"))
    return redirect(url_for("accounts.own"))


def picture(address: str) -> Markup:
    """The picture that an app takes the secret from, as SVG."""
    body = io.BytesIO()
    segno.make(address, error="m").save(
        body, kind="svg", xmldecl=False, svgns=True, scale=5, border=4, light="#fff", omitsize=True
    )
    return Markup(body.getvalue().decode())  # nothing in it is anybody's words


def _checked() -> Response | None:
    """What is answered to somebody whose code is not good."""
    here, now, limits = services(), services().clock.now(), rules()
    subject = attempts.code(limits, viewer().id)
    with here.database.write() as connection:
        admitted = attempts.admit(connection, [subject], now, limits)
    if not admitted:
        return _page(_("连续输错次数过多，请 %(minutes)d 分钟后再试。", minutes=limits.locked_minutes), status=429)
    try:
        with here.database.write() as connection:
            second_factor.use(connection, here.settings.vault, viewer().id, _code(), now)
            attempts.was_right(connection, [subject])
    except (WrongCode, Unreadable) as error:
        return _page(said(error), status=422)
    return None


def _code() -> str:
    return request.form.get("code", "")[:60]


def _page(error: str = "", status: int = 200) -> Response:
    with services().database.read() as connection:
        left = second_factor.codes_left(connection, viewer().id)
    return show("accounts/second.html", status, left=left, error=error)


def _set_up_page(error: str = "", secret: str = "") -> Response:
    secret = secret or second_factor.fresh_secret()
    return show(
        "accounts/set_up_second.html",
        422 if error else 200,
        picture=picture(second_factor.address(viewer().id, secret)),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        sealed=services().settings.vault.seal(f"{viewer().id} {secret}"),
        error=error,
        must=viewer().must == "second",
    )


def _codes_page(codes: Sequence[str]) -> Response:
    return show("accounts/codes.html", codes=codes)
