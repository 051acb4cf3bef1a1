"""账号与安全: one's own password and logins."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.accounts import ending
from gateway.accounts.devices import device
from gateway.accounts.pages import blueprint, own_session, rules
from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import show, viewer
from processes.casework.accounts import attempts, passwords, sessions


@blueprint.get("/account")
def own() -> Response:
    """How safe is my account, and where am I logged in?"""
    limits, now, mine = rules(), services().clock.now(), own_session()
    with services().database.read() as connection:
        found = sessions.of(connection, viewer().id, now, limits)
    days = limits.password_days
    return show(
        "accounts/own.html",
        sessions=found,
        current=mine.id,
        device=device,
        changed_at=mine.changed_at,
        expires_at=mine.changed_at + timedelta(days=days) if days and mine.changed_at else None,
        by_password=mine.way == sessions.PASSWORD,
        has_second=mine.has_second,
        idle=limits.idle_minutes,
    )


@blueprint.get("/account/password")
def password() -> Response:
    """Where the password is changed."""
    return _password_page()


@blueprint.post("/account/password")
def change_password() -> AnyResponse:
    """Change it; every other login of the person ends."""
    here, limits, now, mine = services(), rules(), services().clock.now(), own_session()
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _password_page(again=_("两次输入的新密码不一样，请重新输入。"))
    subject = attempts.account(limits, viewer().id)
    with here.database.write() as connection:
        admitted = attempts.admit(connection, [subject], now, limits)
        hashed = passwords.kept(connection, viewer().id)
    if not admitted:
        return _password_page(
            429, old=_("连续输错次数过多，请 %(minutes)d 分钟后再试。", minutes=limits.locked_minutes)
        )
    if not passwords.fits(hashed, old):
        return _password_page(old=_("当前密码不对，请核对后再输入。"))
    with here.database.write() as connection:
        attempts.was_right(connection, [subject])
    try:
        passwords.change(here.database, limits, viewer().id, new, now, keep=mine.id)
    except passwords.PasswordError as error:
        return _password_page(new=said(error))
    flash(_("密码已更换，其他地方的登录已全部退出。"))
    return redirect(url_for("staff.inbox" if viewer().must else "accounts.own"))


@blueprint.post("/account/sessions/<session_id>/end")
def end_session(session_id: str) -> AnyResponse:
    """Log out somewhere else."""
    if ending.end_session(viewer().id, session_id):
        flash(_("已退出所选的登录。"))
    return redirect(url_for("accounts.own"))


@blueprint.post("/account/sessions/end")
def end_others() -> AnyResponse:
    """Log out everywhere else."""
    ending.log_out(viewer().id, keep=own_session().id)
    flash(_("其他地方的登录已全部退出。"))
    return redirect(url_for("accounts.own"))


def _password_page(status: int = 422, **errors: str) -> Response:
    return show(
        "accounts/password.html",
        status if errors else 200,
        rules=rules(),
        errors=errors,
        must=viewer().must == "password",
    )
