"""The blueprint of the portal: its frame, its errors, and what a browser has shown to be its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import EXTENSION, services
from gateway.languages import language, said
from gateway.services import Services
from processes.casework.functions import Snapshot
from processes.casework.portal import passes
from processes.casework.portal.limits import TooOften
from processes.casework.portal.passes import Pass
from processes.casework.records import PortalRules

blueprint = Blueprint("portal", __name__, url_prefix="/portal")

PHONE, PROBLEM = "portal_phone", "portal_problem"
"""Where a browser keeps the token of its number's pass, and of the one for a problem."""

WITH_FILES = frozenset({"portal.file", "portal.supplement"})
KILOBYTE, MEGABYTE = 1024, 1024 * 1024
BESIDE = 256 * KILOBYTE
"""bytes of a request beside the files in it"""

ERRORS = {
    400: (_l("请求有误"), _l("刚才提交的内容没有读懂。请返回上一页核对后再试。")),
    404: (_l("没有找到"), _l("没有这一页，或者需要重新核验。请从“查询进展”进入。")),
    413: (_l("内容过大"), _l("附件太大。请压缩或减少附件后再提交。")),
    429: (_l("操作过于频繁"), _l("请稍等片刻再试。")),
}


@blueprint.url_value_preprocessor
def _limit(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Before anybody reads the request."""
    found: Services = current_app.extensions[EXTENSION]
    rules = found.snapshots.now().reference.portal_rules
    files = rules.files * rules.file_megabytes * MEGABYTE if endpoint in WITH_FILES else 0
    request.max_content_length = files + BESIDE


@blueprint.errorhandler(HTTPException)
def _http(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    title, text = ERRORS.get(error.code, ERRORS[400])
    return show("portal/error.html", error.code, title=title, text=text)


@blueprint.errorhandler(CSRFError)
def _expired(error: CSRFError) -> AnyResponse:
    return show("portal/error.html", 400, title=_("页面已过期"), text=_("页面停留太久。请返回上一页，刷新后再提交。"))


@blueprint.errorhandler(TooOften)
def _too_often(error: TooOften) -> AnyResponse:
    return show("portal/error.html", 429, title=_("操作过于频繁"), text=said(error))


@blueprint.get("/")
def home() -> Response:
    """Two ways: to report, to follow."""
    return show("portal/home.html")


@blueprint.post("/leave")
def leave() -> AnyResponse:
    """Forget in this browser whose it was."""
    with services().database.write() as connection:
        for name in (PHONE, PROBLEM):
            if token := session.pop(name, None):
                passes.end(connection, token)
    session.pop("portal_filed", None)
    return redirect(url_for("portal.home"))


def show(template: str, status: int = 200, **values: Any) -> Response:
    """A page. ``known``: whether there is something to leave."""
    known = bool(session.get(PHONE) or session.get(PROBLEM))
    here: Mapping[str, Any] = {"known": known, "now": services().clock.now(), **values}
    return Response(render_template(template, **here), status=status)


def snapshot() -> Snapshot:
    """The reference data and calendar that this request sees, with names in its language."""
    here = services().snapshots.now()
    return replace(here, reference=here.reference.in_language(language()))


def rules() -> PortalRules:
    """What may be done here, how often, and for how long."""
    return services().snapshots.now().reference.portal_rules


def address() -> str:
    """Where a request comes from."""
    return request.remote_addr or ""


def held(name: str) -> Pass | None:
    """A pass of this browser: ``PHONE`` or ``PROBLEM``."""
    token = session.get(name)
    if not token:
        return None
    with services().database.read() as connection:
        return passes.find(connection, token, services().clock.now())


def verified() -> str | None:
    """The number that is this browser's."""
    found = held(PHONE)
    return found.phone if found is not None else None


def to_phone(wanted: str) -> AnyResponse:
    """First the number has to be verified."""
    return redirect(url_for("portal.phone", next=wanted))
