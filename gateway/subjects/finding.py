"""Somebody stands at the counter: what is held about him or her, and what is to be done?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response, abort, flash, redirect, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.languages import said
from gateway.staff.pages import show, snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.subjects import archive
from gateway.subjects.pages import PAGE, blueprint, kinds, reached, states
from gateway.text import masked_name
from processes.casework.subjects import correcting, finding, record, requests
from processes.casework.subjects.correcting import BadValue
from processes.casework.subjects.finding import Held
from processes.casework.subjects.identity import BadIdentity, Identity
from processes.casework.subjects.requests import NothingChosen
from processes.errors import BihuanError


@blueprint.get("/")
def home() -> Response:
    """Whom is it about? And how do the requests stand?"""
    return _home({})


@blueprint.post("/find")
def find() -> Response:
    """What is held. That somebody looked is in the audit log."""
    try:
        who = Identity.of(request.form)
    except BadIdentity as error:
        return _home(request.form, {error.field: said(error)}, 422)
    with services().database.write() as connection:
        found, elsewhere = _held(connection, who)
        told = {"phone": who.phone or None, "email": who.email or None, "name": masked_name(who.name) or None}
        auditing.note(connection, "subject.find", "", found=len(found), **told)
    return _found(who, found, elsewhere)


@blueprint.post("/ask")
def ask() -> AnyResponse:
    """Ask for a copy, or for deletion; somebody else decides."""
    who, kind = _who(), request.form.get("kind", "")
    if kind not in requests.KINDS:
        abort(400)
    here = services()
    try:
        with here.database.write() as connection:
            found, _elsewhere = _held(connection, who)
            chosen = _chosen(found)
            reason, now = request.form.get("reason", ""), here.clock.now()
            requests.ask(connection, kind, who, chosen, reason, _place(), now, by=viewer().id)
    except BihuanError as error:
        return _again(who, {"reason": said(error)})
    flash(_("已提交，等安全管理员审批。"))
    return redirect(url_for("subjects.home"))


@blueprint.post("/correct")
def correct() -> AnyResponse:
    """Put contact data of the chosen reports right; which fields is in the audit log, and not what stood there."""
    who, why = _who(), request.form.get("why", "").strip()[: requests.LONGEST]
    here = services()
    try:
        given = correcting.checked({name: request.form.get(f"new_{name}", "") for name in correcting.FIELDS})
        with here.database.write() as connection:
            found, _elsewhere = _held(connection, who)
            correcting.check_reason(connection, who, [each.report_id for each in found], given, why)
            for report in _chosen(found):
                changed = correcting.correct(connection, report, given)
                if changed:
                    fields = " ".join(changed)
                    auditing.note(connection, "subject.correct", f"report:{report}", fields=fields, reason=why)
    except BadValue as error:
        return _again(who, {f"new_{error.field}": said(error)})
    except BihuanError as error:
        return _again(who, {"why": said(error)})
    flash(_("已更正。原来的内容不再显示，也查不到。"))
    return redirect(url_for("subjects.home"))


@blueprint.post("/<request_id>/copy")
def copy(request_id: str) -> Response:
    """The copy, to be handed over. Each fetching is in the audit log."""
    here, now = services(), services().clock.now()
    with here.database.write() as connection:
        requests.expire(connection, now)
        found = requests.get(connection, request_id, reached(PAGE))
        if found is None or found.asked_by != viewer().id:
            abort(404)
        if found.kind != requests.EXPORT or found.state != requests.APPROVED:
            abort(409)
        auditing.note(connection, "subject.export", found.about)
    with here.database.read() as connection:
        whole = record.of(connection, snapshot().reference, found.who, found.reports, now)
        body = archive.write(connection, whole)
    return send_file(body, "application/zip", as_attachment=True, download_name=f"personal-data-{found.id[:8]}.zip")


# ---- what is shown -----------------------------------------------------------------------------------------------------


def _home(typed: Mapping[str, str], wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    with services().database.read() as connection:
        listed = requests.listed(connection, reached(PAGE), by=viewer().id)
    return show(
        "subjects/home.html",
        status,
        here=PAGE,
        typed=typed,
        wrong=wrong or {},
        listed=listed,
        kinds=kinds(),
        states=states(),
        lasts=requests.AVAILABLE.days,
        name_of=snapshot().reference.person_name,
    )


def _again(who: Identity, wrong: Mapping[str, str]) -> Response:
    with services().database.read() as connection:
        return _found(who, *_held(connection, who), wrong, 422)


def _found(
    who: Identity,
    found: Sequence[Held],
    elsewhere: Sequence[Held],
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    reference = snapshot().reference
    with services().database.read() as connection:
        staff = finding.staff(connection, who)
    return show(
        "subjects/found.html",
        status,
        here=PAGE,
        who=who,
        found=found,
        elsewhere=[reference.place_name(each.place) for each in elsewhere],
        staff=staff,
        wrong=wrong or {},
        typed=request.form,
        chosen=request.form.getlist("report") or [each.report_id for each in found],
        place_name=reference.place_name,
        fields=_fields(),
    )


def _fields() -> Mapping[str, str]:
    return {
        "contact": _("联系人"),
        "phone": _("电话"),
        "email": _("电子邮箱"),
        "address": _("地址"),
        "enterprise": _("企业名称"),
        "uscc": _("统一社会信用代码"),
    }


def _held(connection: Connection, who: Identity) -> tuple[list[Held], list[Held]]:
    """What is held at the places that the viewer answers for, and at others."""
    mine, found = reached(PAGE), finding.held(connection, who)
    return [each for each in found if each.place in mine], [each for each in found if each.place not in mine]


def _who() -> Identity:
    try:
        return Identity.of(request.form)
    except BadIdentity:
        abort(400)


def _chosen(found: Sequence[Held]) -> list[str]:
    wanted = request.form.getlist("report")
    chosen = [each.report_id for each in found if each.report_id in wanted]
    if not chosen and found:
        raise NothingChosen
    return chosen


def _place() -> str:
    return places_for(PAGE, viewer().authority)[0]
