"""访问令牌: what programs act in one's name with."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.accounts import ending
from gateway.accounts.pages import blueprint, own_session
from gateway.context import services
from gateway.languages import said
from gateway.scopes import SCOPES
from gateway.staff.pages import show, viewer
from processes.casework.accounts import tokens as store

LONGEST_NAME = 60

DAYS = (30, 90, 180, store.LONGEST.days)
"""For how long a token may be good."""


@blueprint.get("/account/tokens")
def tokens() -> Response:
    """Which programs act in my name?"""
    return _page()


@blueprint.post("/account/tokens")
def make_token() -> Response:
    """Make one; it is shown this once."""
    form = request.form
    name, scopes = form.get("name", "").strip(), [each for each in SCOPES if each in form.getlist("scope")]
    days = form.get("days", type=int)
    wrong = {}
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        wrong["name"] = _("请填写名称，最多%(most)s个字", most=LONGEST_NAME)
    if not scopes:
        wrong["scope"] = _("请至少选一项用途")
    if days not in DAYS:
        wrong["days"] = _("请选择有效期")
    if wrong or days is None:
        return _page(wrong)
    now, person = services().clock.now(), viewer().id
    ends_at = now + timedelta(days=days)
    try:
        with services().database.write() as connection:
            made, token = store.make(connection, person, name, scopes, ends_at, now, own_session().way)
            detail = {"name": name, "scopes": " ".join(scopes), "until": ends_at.isoformat()}
            auditing.note(connection, "token.make", f"token:{made}", **detail)
    except store.TooMany as error:
        return _page({"name": said(error)})
    return show("accounts/token.html", name=name, token=token, ends_at=ends_at)


@blueprint.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> AnyResponse:
    """End one; the program that holds it is out at once."""
    if ending.revoke(viewer().id, token_id):
        flash(_("已撤销所选的令牌。"))
    return redirect(url_for("accounts.tokens"))


def _page(wrong: dict[str, str] | None = None) -> Response:
    with services().database.read() as connection:
        found = store.of(connection, viewer().id, services().clock.now())
    return show(
        "accounts/tokens.html",
        422 if wrong else 200,
        tokens=found,
        scopes=SCOPES,
        days=DAYS,
        given=request.form,
        chosen=request.form.getlist("scope"),
        wrong=wrong or {},
        longest=LONGEST_NAME,
    )
