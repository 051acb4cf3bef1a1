"""兜底专窗: a problem entered for an enterprise at the counter."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
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
from gateway.staff import forms as faces
from gateway.staff.pages import blueprint, show, snapshot, viewer
from gateway.staff.viewer import places_for
from gateway.text import HERE
from processes.casework import doors
from processes.casework.doors import ReportOutcome
from processes.casework.forms import Form, FormErrors, check
from processes.casework.functions import Snapshot
from processes.messaging.incoming import ReportMessage

FORM = Form("counter", json.loads((Path(__file__).parent / "counter.form.json").read_text(encoding="utf-8")))

_OWN_NUMBER = re.compile(r"\d{12}-[0-9a-f]{6}\Z")

TOLD = {
    "pool": _l("已纳入问题池，按规则分派并开始计时。"),
    "person": _l("已受理，需要人工研判后再分派，请留意进展。"),
    "duplicate": _l("与正在办理的问题重复，已并案办理。"),
    "refused": _l("按归集标准未纳入问题池，原文已留存。"),
    "known": _l("这个问题此前已经登记，没有重复受理。"),
}
"""What became of the report, for the clerk to tell the enterprise."""


@blueprint.get("/counter")
def counter() -> Response:
    """An empty form."""
    return _page({})


@blueprint.post("/counter")
def register() -> AnyResponse:
    """Enter the problem; the same form sent again enters nothing."""
    data = faces.typed(FORM, request.form)
    try:
        outcome = enter(data, _own_number())
    except FormErrors as error:
        return _page(data, error.told(language()))
    session["registered"] = {"number": outcome.number, "outcome": outcome.outcome, "reason": outcome.reason or ""}
    return redirect(url_for("staff.registered", number=outcome.number))


def enter(data: Mapping[str, Any], original: str) -> ReportOutcome:
    """Report what was filled in, under the counter's own number. Who serves at one place need not name it.

    :raises FormErrors: with every field that is not right
    """
    here = snapshot()
    places = _places(here)["places"]
    given = {**data, "place": places[0]["const"]} if len(places) == 1 else data
    return doors.report(services().engine, _message(_checked(given, here), original), actor=viewer().id)


@blueprint.get("/counter/<number>")
def registered(number: str) -> Response:
    """The number to tell the enterprise. From the session: a clerk who is recused can't look at the case itself."""
    told = session.get("registered") or {}
    if told.get("number") != number:
        abort(404)
    words = TOLD.get(told["outcome"], TOLD["person"])
    reason = _("原因：%(reason)s", reason=told["reason"]) if told["reason"] and told["outcome"] != "pool" else ""
    return show(
        "registered.html",
        here="counter",
        number=number,
        known=told["outcome"] == "known",
        text=f"{words}{reason}",
    )


def _page(data: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> Response:
    here = snapshot()
    places = _places(here)["places"]
    only = places[0] if len(places) == 1 else None
    # Who serves at one place is not asked for it: the only field that is decided already goes along unseen.
    form = faces.view(FORM.in_language(language()), data, {"places": places}, _evaluate, errors)
    channel = here.reference.channels.get(services().settings.counter)
    return show(
        "counter.html",
        422 if errors else 200,
        here="counter",
        fields=[each for each in form.fields if only is None or each.name != "place"],
        place=only["title"] if only else "",
        errors=form.errors,
        command=_own_number(),
        channel=channel.name if channel else "",
    )


def _checked(data: Mapping[str, Any], here: Snapshot) -> dict[str, Any]:
    """The values as they are reported. Raises :class:`FormErrors` with every field that is not right."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    try:
        values = check(FORM, data, _places(here), _evaluate)
    except FormErrors as error:
        errors = dict(error.told(language()))
        if "phone" in errors and str(data.get("phone", "")).strip():
            errors["phone"] = _("联系电话不对：请填手机号，或区号加座机号，例如 0572-2030405")
    if code := str(data.get("uscc", "")).strip():
        try:
            values["uscc"] = uscc.validate(code)
        except ValidationError:
            errors["uscc"] = _("统一社会信用代码不对：应为 18 位，请对照营业执照逐位核对；不清楚可以不填")
    if errors:
        raise FormErrors({name: errors[name] for name in FORM.properties if name in errors})
    return values


def served() -> dict[str, str]:
    """The places at whose counter the viewer serves, with their names."""
    return {each["const"]: each["title"] for each in _places(snapshot())["places"]}


def _places(here: Snapshot) -> dict[str, Any]:
    """The places at whose counter the viewer serves, as options."""
    places = places_for("counter", viewer().authority)
    return {"places": [{"const": place, "title": here.reference.place_name(place)} for place in places]}


def _evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """The form's one expression: the places to choose from."""
    return variables["places"]


def _own_number() -> str:
    """The counter's own number of the report: made with the page, so that sending it twice reports it once."""
    given = request.form.get("command", "")
    return given if _OWN_NUMBER.match(given) else fresh_number(secrets.token_hex(3))


def fresh_number(mark: str) -> str:
    """A number of the counter's: the minute, and six hexadecimal digits that tell it from others."""
    return f"{services().clock.now().astimezone(HERE):%Y%m%d%H%M}-{mark}"


def _message(values: Mapping[str, Any], original: str) -> ReportMessage:
    said: dict[str, Any] = {name: str(values.get(name, "")) for name in FORM.properties}
    return ReportMessage(
        channel=services().settings.counter,
        original=original,
        raw=dict(values),
        submitted_at=services().clock.now(),
        **said,
    )
