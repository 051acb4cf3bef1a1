"""The blueprint of the staff's pages: nobody gets past it without having logged in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement
from werkzeug.wrappers import Response as AnyResponse

from gateway import permissions
from gateway.context import services
from gateway.languages import language
from gateway.staff import session
from gateway.staff.menu import menu
from gateway.staff.viewer import Viewer
from processes.casework import access
from processes.casework.functions import Snapshot

blueprint = Blueprint("staff", __name__)

MUST: Mapping[str, Sequence[str]] = {
    "password": ("accounts.password", "accounts.change_password"),
    "second": ("accounts.second", "accounts.set_up_second"),
}
"""What has to be done before anything else → the endpoints by which it is done, the page first."""

ALWAYS = frozenset({"staff.logout"})
"""what may be done even then"""


@blueprint.before_request
def require_login() -> AnyResponse | None:
    """Find out who asks, and whether the page is one of theirs. A page that only reads does so in one transaction, from here to its end."""
    g.viewer = None
    g.open = ExitStack()
    database = services().database
    if permissions.EVERYBODY in permissions.audiences(request.endpoint):
        return None
    if request.method in ("GET", "HEAD"):
        g.open.enter_context(database.read())
    with database.read() as connection:
        g.viewer = session.logged_in(services(), connection)
    if g.viewer is not None and g.viewer.must:
        steps = MUST[g.viewer.must]
        return None if request.endpoint in (*steps, *ALWAYS) else redirect(url_for(steps[0]))
    if g.viewer is not None:
        wanted = permissions.pages(request.endpoint)
        if wanted and not wanted & g.viewer.may:
            abort(403)
        return None
    if request.method != "GET":
        abort(401)
    here = request.full_path.rstrip("?")
    return redirect(url_for("staff.login", next=None if here == "/" else here))


@blueprint.teardown_request
def close_reading(error: BaseException | None) -> None:
    """End the transaction that a page has read in; note that somebody is there, which is a transaction of its own."""
    if "open" in g:
        g.open.close()
    found = g.get("viewer")
    if error is None and found is not None and found.session is not None and session.BACKGROUND not in request.headers:
        session.note(services(), found.session)


@blueprint.app_context_processor
def _common() -> dict[str, Any]:
    """What every page's frame needs."""
    found = g.get("viewer")
    return {"viewer": found, "now": services().clock.now(), "menu": lambda: menu(found)}


def viewer() -> Viewer:
    """Who asks."""
    found: Viewer = g.viewer
    return found


def snapshot() -> Snapshot:
    """The reference data and calendar that this request sees, with names in its language."""
    here = services().snapshots.now()
    return replace(here, reference=here.reference.in_language(language()))


def seen() -> ColumnElement[bool]:
    """The cases that the viewer may see."""
    return access.cases_of(viewer().authority, snapshot().reference)


def show(template: str, status: int = 200, **values: Any) -> Response:
    """A page."""
    return Response(render_template(template, **values), status=status)
