"""Contact data on pages of a case: masked, until somebody says what it is needed for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.paths import is_ours
from gateway.staff.pages import blueprint, seen, snapshot, viewer
from gateway.text import masked, masked_address, masked_name
from processes.casework import access
from processes.casework.audit import unmasking
from processes.casework.erasing.reports import needles_of
from processes.casework.views.head import Head
from processes.casework.views.head import head as find
from processes.store.tables import TASK_IS_OPEN, Case, UserTask

CALL = "call"
"""The reason that whoever has the case in hand needs no words for."""

LONGEST = 200


@dataclass(frozen=True)
class Contact:
    """What a page shows. ``until``: whole, so long; ``in_hand``: the viewer has a task of this case to do."""

    name: str
    phone: str
    address: str
    until: datetime | None
    in_hand: bool = False


def reasons() -> Mapping[str, str]:
    """What contact data may be needed for."""
    return {
        CALL: _("联系企业核实或反馈"),
        "visit": _("上门走访"),
        "deliver": _("送达文书"),
        "other": _("其他"),
    }


def contact_of(head: Head) -> Contact:
    """The contact data of a case, as this viewer sees it now."""
    problem = head.problem
    with services().database.read() as connection:
        until = unmasking.shown_until(connection, viewer().id, head.id, services().clock.now())
        if until is not None:
            return Contact(problem.contact, problem.phone, problem.address, until)
        in_hand = _has_in_hand(connection, head.id)
    address = masked_address(problem.address)
    return Contact(masked_name(problem.contact), masked(problem.phone), address, None, in_hand)


@blueprint.app_context_processor
def _on_pages() -> dict[str, Callable[..., object]]:
    return {"contact_of": contact_of, "unmasking_reasons": reasons}


@blueprint.post("/cases/<number>/contact")
def unmask(number: str) -> AnyResponse:
    """Show it for ten minutes, to this person."""
    reason, words = request.form.get("reason", ""), request.form.get("words", "").strip()[:LONGEST]
    asked_from = request.form.get("back", "")
    if wrong := unmask_for(number, reason, words):
        flash(str(wrong), "error")
    return redirect(asked_from if is_ours(asked_from) else url_for("staff.case", number=number))


def unmask_for(number: str, reason: str, words: str) -> Any:
    """Show the contact data of a case to the viewer for a while; returns what is wrong with the reason, empty when they are shown. 404 when he
    may not see the case."""
    here = services()
    with here.database.write() as connection:
        head = find(connection, snapshot().reference, number=number, seen=seen())
        if head is None:
            abort(404)
        if _tells_of(connection, head.id, words):
            return _l("“为什么需要”里不要写姓名、电话、地址或企业名称：它会留在不能删改的审计日志里。")
        enough = bool(words) or (reason == CALL and _has_in_hand(connection, head.id))
        if reason in reasons() and enough:
            unmasking.unmask(connection, here.clock.now(), viewer().id, head.id, reason, words)
            return ""
    return _l("请选择用途，并写明为什么需要：它会留在审计日志里。")


def _tells_of(connection: Connection, case_id: str, words: str) -> bool:
    """Whether words say who it is about."""
    report = connection.scalar(select(Case.report_id).where(Case.id == case_id))
    return needles_of(connection, str(report)).are_in(words)


def _has_in_hand(connection: Connection, case_id: str) -> bool:
    rows = connection.execute(select(UserTask.__table__).where(UserTask.case_id == case_id, TASK_IS_OPEN))
    return any(access.may_do(viewer().authority, snapshot().reference, row) for row in rows)
