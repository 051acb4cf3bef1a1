"""Somebody stands at the counter: what is held about him or her, and what is to be done?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from processes.casework.subjects.requests import NotHeld, NothingChosen
from processes.errors import BihuanError

ZIP = "application/zip"


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
    return _found(looked_up(who))


@blueprint.post("/ask")
def ask() -> AnyResponse:
    """Ask for a copy, or for deletion; somebody else decides."""
    who, kind = _who(), request.form.get("kind", "")
    if kind not in requests.KINDS:
        abort(400)
    try:
        asked(who, kind, request.form.getlist("report"), request.form.get("reason", ""))
    except BihuanError as error:
        return _again(who, {"reason": said(error)})
    flash(_("已提交，等安全管理员审批。"))
    return redirect(url_for("subjects.home"))


@blueprint.post("/correct")
def correct() -> AnyResponse:
    """Put contact data of the chosen reports right."""
    who = _who()
    typed = {name: request.form.get(f"new_{name}", "") for name in correcting.FIELDS}
    try:
        corrected(who, request.form.getlist("report"), typed, request.form.get("why", ""))
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
    return send_file(body, ZIP, as_attachment=True, download_name=f"personal-data-{found.id[:8]}.zip")


# ---- what is done ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """What is held about a person: at the places that the viewer answers for, and at others; the members of staff that this is."""

    who: Identity
    found: Sequence[Held]
    elsewhere: Sequence[Held]
    staff: Sequence[Any]


def looked_up(who: Identity) -> About:
    """What is held. That somebody looked is in the audit log."""
    with services().database.write() as connection:
        about = _about(connection, who)
        told = {"phone": who.phone or None, "email": who.email or None, "name": masked_name(who.name) or None}
        auditing.note(connection, "subject.find", "", found=len(about.found), **told)
    return about


def asked(who: Identity, kind: str, wanted: Collection[str], reason: str) -> requests.Request:
    """Ask for a copy of what is held in the wanted reports, or for its deletion.

    :raises BihuanError: when it can't be asked for like this
    """
    here = services()
    with here.database.write() as connection:
        chosen = _chosen(_about(connection, who).found, wanted)
        place, now = places_for(PAGE, viewer().authority)[0], here.clock.now()
        made = requests.ask(connection, kind, who, chosen, reason, place, now, by=viewer().id)
        return requests.one(connection, made)


def corrected(
    who: Identity, wanted: Collection[str], typed: Mapping[str, str], why: str
) -> Mapping[str, Sequence[str]]:
    """Put contact data of the wanted reports right; returns the fields that have changed, by report. Which fields is in the audit log, and not
    what stood there.

    :raises BadValue: when something can't stand there
    :raises BihuanError: when there is nothing to put right, or no reason that will do
    """
    given, why, found = correcting.checked(typed), why.strip()[: requests.LONGEST], dict[str, Sequence[str]]()
    with services().database.write() as connection:
        held = _about(connection, who).found
        correcting.check_reason(connection, who, [each.report_id for each in held], given, why)
        for report in _chosen(held, wanted):
            if changed := correcting.correct(connection, report, given):
                fields = " ".join(changed)
                auditing.note(connection, "subject.correct", f"report:{report}", fields=fields, reason=why)
                found[report] = changed
    return found


def own_requests() -> Sequence[requests.Request]:
    """What the viewer has asked for, the newest first."""
    with services().database.read() as connection:
        return requests.listed(connection, reached(PAGE), by=viewer().id)


# ---- what is shown -----------------------------------------------------------------------------------------------------


def _home(typed: Mapping[str, str], wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    return show(
        "subjects/home.html",
        status,
        here=PAGE,
        typed=typed,
        wrong=wrong or {},
        listed=own_requests(),
        kinds=kinds(),
        states=states(),
        lasts=requests.AVAILABLE.days,
        name_of=snapshot().reference.person_name,
    )


def _again(who: Identity, wrong: Mapping[str, str]) -> Response:
    with services().database.read() as connection:
        about = _about(connection, who)
    return _found(about, wrong, 422)


def _found(about: About, wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    reference = snapshot().reference
    return show(
        "subjects/found.html",
        status,
        here=PAGE,
        who=about.who,
        found=about.found,
        elsewhere=[reference.place_name(each.place) for each in about.elsewhere],
        staff=about.staff,
        wrong=wrong or {},
        typed=request.form,
        chosen=request.form.getlist("report") or [each.report_id for each in about.found],
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


def _about(connection: Connection, who: Identity) -> About:
    mine, held = reached(PAGE), finding.held(connection, who)
    elsewhere = [each for each in held if each.place not in mine]
    return About(who, [each for each in held if each.place in mine], elsewhere, finding.staff(connection, who))


def _who() -> Identity:
    try:
        return Identity.of(request.form)
    except BadIdentity:
        abort(400)


def _chosen(found: Sequence[Held], wanted: Collection[str]) -> list[str]:
    chosen = [each.report_id for each in found if each.report_id in wanted]
    if not wanted and found:
        raise NothingChosen
    if len(chosen) < len(set(wanted)):
        raise NotHeld
    return chosen
