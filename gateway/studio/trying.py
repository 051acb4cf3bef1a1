"""试走: a draft, step by step, on a stage in memory. Nothing outside is called, and no case is touched.

A walk is kept as the list of its steps (``model_walks``), which are taken anew by whichever process of the gateway shows the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import said
from gateway.staff import forms as faces
from gateway.staff.pages import show, snapshot
from gateway.studio import waits as at
from gateway.studio import walk_page as page
from gateway.studio.pages import blueprint, name_of, own, place_name
from gateway.studio.stages import House, house
from gateway.studio.waits import NotTaken, Step, Wait
from processes.casework import draft_scenarios, model_walks
from processes.casework.draft_scenarios import NotSound
from processes.casework.model_drafts import Draft
from processes.casework.model_walks import SteppedElsewhere, Walk
from processes.errors import BihuanError
from processes.notation.civil_time import CIVIL_TIME
from processes.scenarios import files, recording
from processes.scenarios.standing import Standing, standing
from processes.scenarios.walking import Walked


@blueprint.get("/drafts/<draft_id>/try")
def try_out(draft_id: str) -> Response:
    """Where the walk stands, what waits, and what came of it."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        walk = model_walks.of(connection, draft_id)
        return _shown(connection, draft, walk)


@blueprint.post("/drafts/<draft_id>/try")
def step(draft_id: str) -> AnyResponse:
    """Begin, take a step, or take some back."""
    act, seen = request.form.get("act", ""), request.form.get("revision", -1, type=int)
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        walk = model_walks.of(connection, draft_id)
        if walk.revision != seen:
            flash(said(SteppedElsewhere()), "error")
            return _again(draft_id)
        try:
            new = _changed(connection, draft, walk, act)
        except NotTaken as error:
            return _shown(connection, draft, walk, error.fields)
        except BihuanError as error:
            flash(said(error), "error")
            return _again(draft_id)
    try:
        with services().database.write() as connection:
            own(connection, draft_id)
            model_walks.keep(connection, draft_id, seen, new)
    except BihuanError as error:
        flash(said(error), "error")
    return _again(draft_id)


@blueprint.post("/drafts/<draft_id>/try/asked")
def asked(draft_id: str) -> Response:
    """Which fields each outcome of a task's form asks for now."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        walk = model_walks.of(connection, draft_id)
        if not walk.scenario:
            return jsonify({"saved": "", "shown": {}})
        with house(connection, draft) as found:
            _done, now = _walked(found, walk)
            wait = _chosen(found, now)
            if wait is None or wait.kind != at.TASK:
                return jsonify({"saved": "", "shown": {}})
            stage = found.walker.stage
            with stage.database.read() as inside:
                form = at.asked(inside, stage, wait.row)
                shown = form.view(faces.typed(form.form, request.form)).shown
    return jsonify({"saved": "", "shown": shown})


def _again(draft_id: str) -> AnyResponse:
    return redirect(url_for("studio.try_out", draft_id=draft_id, _anchor="now"))


# -- steps -----------------------------------------------------------------------------------------------------------------


def _changed(connection: Connection, draft: Draft, walk: Walk, act: str) -> Mapping[str, Any]:
    """The walk after what was asked for. Raises what speaks against it."""
    if act == "begin":
        given = page.given_of(request.form)
        return _playable(connection, draft, model_walks.begun(draft.process, given))
    if act == "anew":
        return {}
    if act == "restart":
        return {**walk.scenario, "when": []}
    if act == "back":
        count = request.form.get("to", len(walk.steps) - 1, type=int)
        return {**walk.scenario, "when": walk.steps[: max(0, count)]}
    if not walk.scenario:
        raise SteppedElsewhere
    with house(connection, draft) as found:
        walked, now = _walked(found, walk)
        if walked.failure is not None:
            raise walked.failure
        longer = {**walk.scenario, "when": [*walk.steps, _step(found, now, act)]}
        after = found.walker.walk(_scenario(longer))
        if after.failure is not None:
            raise after.failure
    return longer


def _playable(connection: Connection, draft: Draft, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, when it can begin."""
    scenario = _scenario(data)
    with house(connection, draft) as found:
        walked = found.walker.walk(scenario)
    if not walked.parts and walked.failure is not None:
        raise walked.failure
    return data


def _step(found: House, now: Standing, act: str) -> Step:
    if act == "wait":
        return _waited(now)
    wait = _chosen(found, now)
    if wait is None or wait.kind != act:
        raise SteppedElsewhere
    typed = {name: value.replace("\r\n", "\n") for name, value in request.form.items()}
    if act == at.JOB:
        return at.answering(wait, now, request.form.get("how", "done"), typed)
    if act in (at.MESSAGE, at.BROADCAST):
        return at.telling(wait, typed)
    stage = found.walker.stage
    with stage.database.read() as inside:
        form = at.asked(inside, stage, wait.row)
        given = faces.typed(form.form, request.form)
        return at.completing(wait, now, form, given, request.form.getlist("file"))


def _waited(now: Standing) -> Step:
    by, until = request.form.get("by", ""), request.form.get("until", "")
    if by == "P1WD":
        calendar = snapshot().calendar
        due, _provisional = calendar.add_working_days(now.now, 1)
        local = now.now.astimezone(CIVIL_TIME)
        return at.until(due.astimezone(CIVIL_TIME).replace(hour=local.hour, minute=local.minute, second=local.second))
    if by in ("PT1H", "P1D"):
        return {"wait": by}
    try:
        return at.until(files.moment(until))
    except ValueError as error:
        raise NotTaken({"until": _("请写一个时间，例如 2026-01-05 17:30")}) from error


def _scenario(data: Mapping[str, Any]) -> files.Scenario:
    return files.of_data(Path(_("试走")), data)


def _walked(found: House, walk: Walk) -> tuple[Walked, Standing]:
    walked = found.walker.walk(_scenario(walk.scenario))
    return walked, standing(found.walker.stage)


def _chosen(found: House, now: Standing) -> Wait | None:
    """What the page is about: what was asked for, else what waits first."""
    stage = found.walker.stage
    with stage.database.read() as inside:
        waiting = at.waits(now, at.of_instances(inside, now))
    key = request.form.get("at") or request.args.get("at", "")
    return next((each for each in waiting if each.key == key), waiting[0] if waiting else None)


# -- the page --------------------------------------------------------------------------------------------------------------


def _shown(connection: Connection, draft: Draft, walk: Walk, errors: Mapping[str, str] | None = None) -> Response:
    common = {
        "here": "studio",
        "draft": draft,
        "name": name_of(connection, draft),
        "where": place_name(draft.place),
        "walk": walk,
        "errors": errors or {},
    }
    status = 422 if errors else 200
    try:
        with house(connection, draft) as found:
            stage = found.walker.stage
            if not walk.scenario:
                return show("studio/try_begin.html", status, **common, **page.beginning(draft, stage))
            walked, now = _walked(found, walk)
            wait = _chosen(found, now)
            return show(
                "studio/try.html", status, **common, **page.standing_at(found, draft, walk, walked, now, wait, errors)
            )
    except NotSound as error:
        return show("studio/try_errors.html", status, **common, findings=found.errors, told=said(error))
    except BihuanError as error:
        return show("studio/try_errors.html", status, **common, findings=(), told=said(error))


# -- recording -------------------------------------------------------------------------------------------------------------


@blueprint.post("/drafts/<draft_id>/scenarios")
def record(draft_id: str) -> AnyResponse:
    """Keep the walk as a scenario: what has come of it must come of it from now on."""
    called = {name: " ".join(request.form.get(name, "").split())[:200] for name in ("name", "about")}
    seen = request.form.get("revision", -1, type=int)
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        walk = model_walks.of(connection, draft_id)
        if not called["name"] or not walk.scenario or walk.revision != seen:
            flash(
                said(SteppedElsewhere()) if called["name"] else _("请给情景起个名字，一句话说清是怎样一件事。"), "error"
            )
            return _again(draft_id)
        data = {**walk.scenario, "name": called["name"], "about": called["about"] or called["name"]}
        try:
            with house(connection, draft) as found:
                text = recording.written(recording.recorded(data, _scenario(data), found.walker))
        except BihuanError as error:
            flash(said(error), "error")
            return _again(draft_id)
    try:
        with services().database.write() as connection:
            draft = own(connection, draft_id)
            file = draft_scenarios.fresh_name(draft)
            draft_scenarios.keep(connection, draft, file, text, services().clock.now())
    except BihuanError as error:
        flash(said(error), "error")
        return _again(draft_id)
    flash(_("已记成情景“%(name)s”。", name=called["name"]))
    return redirect(url_for("studio.scenarios", draft_id=draft_id))
