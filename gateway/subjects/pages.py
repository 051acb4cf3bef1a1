"""The blueprint of these pages."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint
from flask_babel import gettext as _

from gateway.staff import pages
from gateway.staff.pages import snapshot, viewer
from gateway.staff.viewer import places_for

PAGE, DECIDING = "subjects", "approvals"

blueprint = Blueprint("subjects", __name__, url_prefix="/subjects")
blueprint.before_request(pages.require_login)
blueprint.teardown_request(pages.close_reading)


def reached(page: str) -> tuple[str, ...]:
    """The places that the viewer answers for on a page: those of the duties that open it, and below."""
    reference = snapshot().reference
    return tuple(
        dict.fromkeys(under for place in places_for(page, viewer().authority) for under in reference.under(place))
    )


def kinds() -> Mapping[str, str]:
    """What may be asked for."""
    return {"export": _("提供副本"), "delete": _("删除")}


def states() -> Mapping[str, str]:
    """How a request may stand."""
    return {
        "asked": _("等待审批"),
        "refused": _("未批准"),
        "approved": _("已批准"),
        "done": _("已完成"),
        "stopped": _("没有完成"),
    }
