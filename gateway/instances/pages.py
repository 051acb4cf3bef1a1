"""The blueprint of these pages, and whose instances somebody sees."""

from __future__ import annotations

from flask import Blueprint, abort
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Row

from gateway.staff import pages
from gateway.staff.viewer import places_for
from processes.casework import access
from processes.casework.views.instances import detail

PAGE, OPERATE = "instances", "operate"
"""Pages of ``staff/pages.csv``: looking, and putting a hand in."""

blueprint = Blueprint("instances", __name__, url_prefix="/instances")
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)


def places(page: str = PAGE) -> set[str]:
    """The places whose instances the viewer looks after."""
    reference = pages.snapshot().reference
    return {below for place in places_for(page, pages.viewer().authority) for below in reference.under(place)}


def allowed(page: str = PAGE) -> ColumnElement[bool]:
    """The instances that the viewer looks after, as a condition."""
    return access.instances_of(pages.viewer().authority, pages.snapshot().reference, places(page))


def found(connection: Connection, instance_id: str, page: str = PAGE) -> Row[object]:
    """An instance that the viewer looks after; anything else is not found."""
    row = detail.head(connection, instance_id, allowed(page))
    if row is None:
        abort(404)
    return row


def states() -> dict[str, str]:
    """What the states of instances are called."""
    return {
        "active": _("运行中"),
        "suspended": _("已暂停"),
        "incident": _("有异常"),
        "completed": _("已完成"),
        "cancelled": _("已取消"),
    }
