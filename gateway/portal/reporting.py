"""A problem is reported: one short form, after the number is verified."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response, abort, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import language
from gateway.portal import files
from gateway.portal.pages import blueprint, rules, show, snapshot, to_phone, verified
from gateway.staff import forms as faces
from gateway.text import masked
from processes.casework.forms import Form, FormErrors, check
from processes.casework.portal import reports
from processes.messaging.incoming import ReportMessage

FORM = Form("portal", json.loads((Path(__file__).parent / "report.form.json").read_text(encoding="utf-8")))

FILED = "portal_filed"
"""What a browser shows after a report: number, code, and what became of it."""

BAIT = "website"
"""A field that people do not see; what fills in everything fills it in."""

TOLD = {
    "pool": _l("已受理，正在交给有关部门办理。"),
    "person": _l("已收到，工作人员看过后会尽快交办。"),
    "duplicate": _l("与正在办理的问题相同，已一并办理。"),
    "refused": _l("这件事不在涉企问题的受理范围内，原文已留存。"),
    "known": _l("此前已经收到，没有重复受理。"),
}


@blueprint.get("/report")
def report() -> AnyResponse:
    """An empty form."""
    phone = verified()
    return to_phone(url_for("portal.report")) if phone is None else _page(phone, {})


@blueprint.post("/report")
def file() -> AnyResponse:
    """File the problem; the same form sent again files nothing."""
    phone = verified()
    if phone is None:
        return to_phone(url_for("portal.report"))
    if request.form.get(BAIT):
        abort(400)
    data, form = faces.typed(FORM, request.form), files.form_number()
    refused = files.take(form, reports.owner(phone))
    errors = _errors(data) if "detach" not in request.form else {}
    if refused or errors or "detach" in request.form:
        return _page(phone, data, errors, refused, form)
    said: dict[str, Any] = {name: str(data.get(name) or "").strip() for name in FORM.properties}
    said["uscc"] = uscc.compact(said["uscc"])
    raw = {**said, "consent": True, "language": language()}
    message = ReportMessage(reports.CHANNEL, form, raw=raw, submitted_at=services().clock.now(), **said)
    done = reports.file(services().engine, rules(), message, phone, form)
    session[FILED] = {"number": done.number, "code": done.code, "outcome": done.outcome, "reason": done.reason[:300]}
    return redirect(url_for("portal.filed"))


@blueprint.get("/filed")
def filed() -> AnyResponse:
    """Number and code, to be kept."""
    told = session.get(FILED)
    if told is None:
        return redirect(url_for("portal.home"))
    reason = told["reason"] if told["outcome"] in ("refused", "duplicate") else ""
    return show("portal/filed.html", told=told, words=TOLD[told["outcome"]], reason=reason)


def _page(
    phone: str,
    data: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    refused: Sequence[str] = (),
    form: str = "",
) -> Response:
    face = faces.view(FORM.in_language(language()), data, {"places": _places()}, _evaluate, errors)
    form = form or files.form_number()
    return show(
        "portal/report.html",
        422 if errors or refused else 200,
        fields=face.fields,
        errors=face.errors,
        consent=bool(request.form.get("consent")),
        no_consent=(errors or {}).get("consent", ""),
        refused=refused,
        form=form,
        files=files.kept(form, reports.owner(phone)),
        rules=rules(),
        phone=masked(phone),
        bait=BAIT,
    )


def _errors(data: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        check(FORM, data, {"places": _places()}, _evaluate)
    except FormErrors as error:
        found = dict(error.told(language()))
    if code := str(data.get("uscc", "")).strip():
        try:
            uscc.validate(code)
        except ValidationError:
            found["uscc"] = _("统一社会信用代码不对：应为 18 位，请对照营业执照逐位核对；不清楚可以不填")
    if not request.form.get("consent"):
        found["consent"] = _("请阅读并同意个人信息的用途")
    return found


def _places() -> list[dict[str, str]]:
    """The places that have a service centre, as options."""
    reference = snapshot().reference
    return [{"const": code, "title": place.name} for code, place in reference.places.items() if reference.centre(code)]


def _evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """The form's one expression: the places to choose from."""
    return variables["places"]
