"""What is held about whoever has shown a number to be his or her own, of what was reported here from it: to see, to have, to put right, to have
deleted."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, flash, redirect, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.portal.pages import blueprint, show, snapshot, to_phone, verified
from gateway.subjects import archive
from processes.casework.audit.log import record as note
from processes.casework.subjects import correcting, finding, record, requests
from processes.casework.subjects.correcting import BadValue
from processes.casework.subjects.finding import Held
from processes.casework.subjects.identity import Identity
from processes.errors import BihuanError
from processes.store.tables import PortalReport, SubjectRequest

BY = "portal"
"""Who did it, as the audit log says it: a number is no account."""

CORRECTED = ("contact", "email", "address", "enterprise")
"""What may be put right here; another number would have to be verified."""


@blueprint.get("/personal")
def personal() -> AnyResponse:
    """What is held?"""
    phone = verified()
    return to_phone(url_for("portal.personal")) if phone is None else _page(phone)


@blueprint.post("/personal/copy")
def personal_copy() -> AnyResponse:
    """All of it as one file."""
    phone, here = verified(), services()
    if phone is None:
        return to_phone(url_for("portal.personal"))
    now = here.clock.now()
    with here.database.write() as connection:
        found = _held(connection, phone)
        note(connection, now, BY, "subject.export", "", reports=len(found))
    with here.database.read() as connection:
        ids = [each.report_id for each in found]
        whole = record.of(connection, snapshot().reference, Identity(phone=phone), ids, now)
        body = archive.write(connection, whole)
    return send_file(body, "application/zip", as_attachment=True, download_name="personal-data.zip")


@blueprint.post("/personal/correct")
def personal_correct() -> AnyResponse:
    """Put it right, at once."""
    phone, here = verified(), services()
    if phone is None:
        return to_phone(url_for("portal.personal"))
    try:
        given = correcting.checked({name: request.form.get(name, "") for name in CORRECTED})
    except BadValue as error:
        return _page(phone, {error.field: said(error)})
    with here.database.write() as connection:
        for each in _held(connection, phone):
            if changed := correcting.correct(connection, each.report_id, given):
                fields = " ".join(changed)
                note(connection, here.clock.now(), BY, "subject.correct", f"report:{each.report_id}", fields=fields)
    flash(_("已更正。"))
    return redirect(url_for("portal.personal"))


@blueprint.post("/personal/delete")
def personal_delete() -> AnyResponse:
    """Ask for it to be deleted; an administrator decides."""
    phone, here = verified(), services()
    if phone is None:
        return to_phone(url_for("portal.personal"))
    if request.form.get("sure") != "yes":
        return _page(phone, {"sure": _("请先勾选")})
    try:
        with here.database.write() as connection:
            found, now = _held(connection, phone), here.clock.now()
            if found:
                ids, place = [each.report_id for each in found], found[0].place
                requests.ask(connection, requests.DELETE, Identity(phone=phone), ids, REASON, place, now, by=BY)
    except BihuanError as error:
        return _page(phone, {"sure": said(error)})
    flash(_("已收到，审批后删除。"))
    return redirect(url_for("portal.personal"))


REASON = "本人在企业服务门户申请，手机号已经核验"


def _page(phone: str, wrong: Mapping[str, str] | None = None) -> Response:
    with services().database.read() as connection:
        found = _held(connection, phone)
        asked = connection.execute(
            select(SubjectRequest.state, SubjectRequest.subject).where(SubjectRequest.asked_by == BY, _OPEN)
        )
        waits = any(row.subject.get("phone") == phone for row in asked)
    return show(
        "portal/personal.html",
        422 if wrong else 200,
        phone=phone,
        found=found,
        waits=waits,
        wrong=wrong or {},
        typed=request.form,
        fields={
            "contact": _("联系人"),
            "email": _("电子邮箱"),
            "address": _("地址"),
            "enterprise": _("企业名称"),
        },
    )


_OPEN = SubjectRequest.ended_at.is_(None)


def _held(connection: Connection, phone: str) -> list[Held]:
    mine = connection.scalars(select(PortalReport.report_id).where(PortalReport.phone == phone)).all()
    return finding.of_reports(connection, mine)
