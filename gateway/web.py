"""What every answer of the gateway has in common: headers, the session's key, error pages, static files by hash."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request, send_from_directory, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from gateway import problems
from gateway.context import services
from gateway.languages import said
from gateway.paths import is_rest
from processes.errors import BihuanError

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static" / "vendor"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # The diagram viewer sets style attributes; no script can come in by a style.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

FORM_ROOM = 1024 * 1024
"""bytes of a request beside the file in it"""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

ERRORS = {
    400: (_l("请求有误"), _l("这个页面没有读懂刚才提交的内容。请返回上一页核对后再试，已填的内容还在。")),
    401: (_l("请先登录"), _l("请登录后再试。")),
    403: (_l("没有权限"), _l("您的职责不包括这一页。如确需查看，请联系本地中心协调员。")),
    404: (_l("没有找到"), _l("没有这一页，或者它不在您的职责范围内。请核对编号，或从“我的待办”进入。")),
    405: (_l("请求有误"), _l("请从页面上的按钮操作。")),
    409: (_l("已有变化"), _l("这件事刚刚有了变化。请返回查看最新情况。")),
    413: (_l("内容过大"), _l("提交的内容太大。请删减后再试。")),
    429: (_l("操作过于频繁"), _l("请稍等片刻再试。")),
    503: (_l("暂时不能办理"), _l("数据库正在恢复，刚才的操作没有完成。请稍等片刻再试。")),
    500: (_l("系统出错"), _l("刚才的操作没有完成，已记录下来。请稍后再试；仍不行时，请把下面的错误编号告诉管理员。")),
}

csrf: Any = CSRFProtect()  # type: ignore[no-untyped-call]


def protect(app: Flask, data: Path, secure: bool) -> None:
    """Set up the session's cookie, its key (kept in ``data`` so that a restart logs nobody out), CSRF and headers."""
    app.config.update(
        SECRET_KEY=session_key(data),
        SESSION_COOKIE_NAME="bihuan",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        # A form may stay open all day; the token lives as long as the session does.
        WTF_CSRF_TIME_LIMIT=None,
        # No page of ours sends a referrer, so it can't be asked for.
        WTF_CSRF_SSL_STRICT=False,
    )
    csrf.init_app(app)
    app.after_request(_with_headers)
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(BihuanError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)


def session_key(data: Path) -> bytes:
    """The key that signs sessions, made once and kept in ``data/session.key``, readable by its owner alone."""
    path = data / "session.key"
    data.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"session.key.{secrets.token_hex(4)}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(32))
        try:
            os.link(fresh, path)  # Of two processes that start at once, one wins and both read the winner's.
        except FileExistsError:
            log.info("another process made the session key first")
        finally:
            fresh.unlink()
    return path.read_bytes()


def to_be_saved(body: bytes, name: str) -> Response:
    """A file of somebody's: saved, never shown, for nobody knows what is in it. Signs that no name has are left out of its name."""
    response = Response(body, mimetype="application/octet-stream")
    plain = "".join(each for each in name if unicodedata.category(each)[0] != "C")
    response.headers.set("Content-Disposition", "attachment", filename=plain)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def wants_json() -> bool:
    """Whether the caller is a program: the API, or a script of ours."""
    return request.path.startswith(("/api/", "/open311/")) or request.accept_mimetypes.best == "application/json"


def error_page(status: int, zh: str | None = None, en: str | None = None, error_id: str | None = None) -> Response:
    """An error as a page for people or JSON for programs; never with a stack trace."""
    if is_rest(request.path):
        return problems.problem(status, error_id=error_id)
    title, advice = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
    text = str(zh or advice)
    if wants_json():
        answer = jsonify({"error": text, "en": en or str(title), **({"id": error_id} if error_id else {})})
    else:
        answer = Response(render_template("error.html", title=title, text=text, error_id=error_id))
    answer.status_code = status
    return answer


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _expired(error: CSRFError) -> Response:
    log.info("refused without a valid token: %s", error.description)
    return error_page(
        400, _("页面停留太久或登录已变更，刚才的提交没有生效。请返回上一页，刷新后再提交；草稿仍在。"), "CSRF token"
    )


def _refused(error: BihuanError) -> Response:
    if services().database.was_away(error):
        return _failed(error)
    if is_rest(request.path):
        return problems.of(error)
    return error_page(409, said(error), error.en)


def _http_error(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    answer = error_page(error.code, en=error.name)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _failed(error: Exception) -> Response:
    error_id = secrets.token_hex(4)
    log.error("error %s at %s %s", error_id, request.method, request.path, exc_info=error)
    if services().database.was_away(error):
        return error_page(503, en="the database is away", error_id=error_id)
    return error_page(500, en="internal error", error_id=error_id)


# ---- static files ------------------------------------------------------------------------------------------------

assets = Blueprint("assets", __name__)
_digests: dict[str, tuple[float, str]] = {}


def asset(name: str) -> str:
    """The address of a bundle, with the hash of its bytes in it, so that it can be cached for ever."""
    path = STATIC / name
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        log.warning("%s is not built: run `python gateway/frontend/hatch_build.py`", name)
        return url_for("assets.serve", digest="missing", name=name)
    known = _digests.get(name)
    if known is None or known[0] != changed:
        known = _digests[name] = (changed, hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    return url_for("assets.serve", digest=known[1], name=name)


@assets.get("/assets/<digest>/<path:name>")
def serve(digest: str, name: str) -> Response:
    """A bundle of the frontend; ``digest`` only names the version."""
    if name.startswith("."):
        abort(404)
    response = send_from_directory(STATIC, name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@assets.get("/favicon.ico")
def icon() -> Response:
    """The mark of the loop."""
    response = Response(_ICON, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#1668dc" stroke-width="3">'
    '<path d="M20 12a8 8 0 1 1-3-6.2"/><path d="M12 12l3 3 6-7"/></svg>'
)
