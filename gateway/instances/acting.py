"""Putting a hand into an instance: one question a page, always with a reason, each answer a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.acts import ACTS, Given, Mistake, Question, check_incident
from gateway.instances.pages import OPERATE, blueprint, found
from gateway.languages import said
from gateway.staff.pages import show, viewer
from gateway.text import HERE
from processes.errors import BihuanError
from processes.kernel.errors import NotWaiting
from processes.runtime.commands import Outcome

LONGEST_REASON = 500
LONGEST_JSON = 200_000
"""Characters."""

LONGEST_NAME = 100


@blueprint.get("/<instance_id>/<act>")
def ask(instance_id: str, act: str) -> Response:
    """What exactly, and why?"""
    question = question_of(instance_id, act, request.args.get("at", ""))
    return _page(
        instance_id, act, request.args.get("at", ""), question, {"json": question.value, "due": question.value}
    )


@blueprint.post("/<instance_id>/<act>")
def act(instance_id: str, act: str) -> AnyResponse:
    """Do it; whatever cannot be done is said on the same page."""
    form, at = request.form, request.form.get("at", "")
    require(instance_id, act)
    try:
        perform(act, _typed(instance_id, act, form))
    except Mistake as mistake:
        question = question_of(instance_id, act, at)
        return _page(instance_id, act, at, question, form, str(mistake), 422)
    except NotWaiting:
        flash(_("没有生效：这一步刚刚有了变化，请看最新情况。"), "error")
    except BihuanError as error:
        question = question_of(instance_id, act, at)
        return _page(instance_id, act, at, question, form, said(error), 409)
    else:
        flash(_("已办理，原因记在办理记录里。"))
    return redirect(url_for("instances.detail", instance_id=instance_id))


def require(instance_id: str, act: str) -> None:
    """404 for an instance that the viewer does not put a hand into, and for an act that there is not."""
    with services().database.read() as connection:
        found(connection, instance_id, OPERATE)
    if act not in ACTS:
        abort(404)


def perform(act: str, given: Given) -> Outcome:
    """Do it.

    :raises NotWaiting: when what it was for is not there any more
    """
    about = f"instance:{given.instance}"
    before = auditing.before(f"instance.{act}", about, reason=given.reason, at=given.at or None)
    return services().engine.execute(ACTS[act].command(given, viewer().id), before=before)


def checked(act: str, given: Given) -> Given:
    """What was answered, as the act needs it. Raises :class:`Mistake`."""
    asks = ACTS[act].asks
    given = replace(given, reason=given.reason.strip()[:LONGEST_REASON], name=(given.name or given.at).strip())
    if not given.reason:
        raise Mistake(_l("请写明原因：它会留在办理记录里。"))
    if "json" in asks and act != "set" and not isinstance(given.json, dict):
        raise Mistake(_l('这里应是一个 JSON 对象，例如 {"outcome": "accept"}；没有就写 {}。'))
    if "target" in asks and not given.target:
        raise Mistake(_l("请选择移到哪一步。"))
    if "due" in asks and given.due is None:
        raise Mistake(_l("请选择日期和时间。"))
    if act == "set" and not (given.name and len(given.name) <= LONGEST_NAME and given.name.isprintable()):
        raise Mistake(_l("请填写变量名，最多 100 个字。"))
    return given


def _page(
    instance_id: str, act: str, at: str, question: Question, form: Mapping[str, Any], wrong: str = "", status: int = 200
) -> Response:
    return show(
        "instances/act.html",
        status,
        here="instances",
        instance_id=instance_id,
        act=act,
        at=at,
        question=question,
        form=form,
        wrong=wrong,
        command=form.get("command") or f"op:{uuid4()}",
        longest=LONGEST_REASON,
    )


def question_of(instance_id: str, act: str, at: str) -> Question:
    """What an act asks; 404 when it cannot be done there."""
    known = ACTS.get(act)
    if known is None:
        abort(404)
    with services().database.read() as connection:
        found(connection, instance_id, OPERATE)
        running = services().engine.look(connection, instance_id)
        if running is None:
            abort(404)
        try:
            if known.of_incident:
                check_incident(at, instance_id)
            return known.ask(running, at)
        except NotWaiting:
            abort(404)


def _typed(instance_id: str, act: str, form: Mapping[str, str]) -> Given:
    """What was typed. Raises :class:`Mistake`."""
    command = form.get("command", "")[:80]
    if not command.startswith("op:"):
        abort(400)
    if not form.get("reason", "").strip():
        raise Mistake(_l("请写明原因：它会留在办理记录里。"))
    body = _json(form.get("json", "")) if "json" in ACTS[act].asks else None
    due = _moment(form.get("due", "")) if "due" in ACTS[act].asks else None
    at, target, name = (form.get(each, "") for each in ("at", "target", "name"))
    return checked(act, Given(command, instance_id, at, form["reason"], body, target, due, name))


def _json(text: str) -> Any:
    if len(text) > LONGEST_JSON:
        raise Mistake(_l("值太长，最多 20 万字。"))
    try:
        return orjson.loads(text.strip() or "{}")
    except orjson.JSONDecodeError as error:
        raise Mistake(
            _l(
                "这不是正确的 JSON（第 %(line)s 行第 %(column)s 列附近）：文字要用英文双引号括起来。",
                line=error.lineno,
                column=error.colno,
            )
        ) from error


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=HERE)
    except ValueError:
        raise Mistake(_l("请选择日期和时间。")) from None
