"""The models in force at a place, and the viewer's drafts of them."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import language
from gateway.staff.pages import show, snapshot, viewer
from gateway.studio.pages import approves, blueprint, name_of, own, path, place_name, places
from processes.casework import model_changes, model_drafts, model_new, model_scenarios, models_in_force
from processes.casework.model_changes import Change
from processes.casework.views import studio as view


@blueprint.get("/")
def models() -> Response:
    """Every process in force, its files, and what is being changed."""
    mine = places()
    asked = request.args.get("place", "")
    place = asked if asked in mine else mine[0]
    with services().database.read() as connection:
        found = view.at(connection, path(place), place, viewer().id, language())
        held = {each.held.process for each in found}
        begun = [each for each in model_drafts.at(connection, place) if each.process not in held]
        fresh = [(each, name_of(connection, each)) for each in begun]
        waiting = model_changes.asked_of(connection, viewer().id, approves())
        titled = [(one, _title(connection, one)) for one in waiting]
        going: dict[str, list[Change]] = {}
        for one in model_changes.at(connection, place):
            going.setdefault(one.process, []).append(one)
    return show(
        "studio/models.html",
        here="studio",
        place=place,
        places={each: place_name(each) for each in mine},
        models=found,
        fresh=fresh,
        longest=model_new.LONGEST_NAME,
        asked=titled,
        going=going,
        place_name=place_name,
        who=snapshot().reference.person_name,
    )


def _title(connection: Connection, change: Change) -> str:
    draft = model_drafts.one(connection, change.draft)
    return name_of(connection, draft) if draft is not None else change.process


@blueprint.post("/processes")
def create() -> AnyResponse:
    """Begin a draft of a process that there is not yet."""
    place = request.form.get("place", "")
    name, english = (" ".join(request.form.get(each, "").split()) for each in ("name", "name_en"))
    if place not in places():
        abort(404)
    if not name or max(len(name), len(english)) > model_new.LONGEST_NAME or not (name + english).isprintable():
        flash(_("没有新建：请写上流程的名称，不超过 %(most)s 个字。", most=model_new.LONGEST_NAME), "error")
        return redirect(url_for("studio.models", place=place or None))
    with services().database.write() as connection:
        process, file, text = model_new.fresh(name, english, model_new.taken(connection))
        now = services().clock.now()
        draft = model_drafts.create(connection, viewer().id, place, process, "", {file: text}, now)
    return redirect(url_for("studio.edit", draft_id=draft))


@blueprint.post("/drafts")
def begin() -> AnyResponse:
    """Open the viewer's draft of a process, at one of its files; begin one if there is none."""
    place, process = request.form.get("place", ""), request.form.get("process", "")
    if place not in places():
        abort(404)
    with services().database.write() as connection:
        held = models_in_force.at(connection, path(place)).get(process)
        if held is None:
            abort(404)
        bodies = models_in_force.bodies(connection, [held])
        own_scenarios = model_scenarios.bodies(connection, model_scenarios.at(connection, path(place))).get(process, {})
        now = services().clock.now()
        draft = model_drafts.begin(connection, viewer().id, place, held, bodies, now, own_scenarios)
    if file := request.form.get("file"):
        return redirect(url_for("studio.edit_file", draft_id=draft, name=file))
    return redirect(url_for("studio.edit", draft_id=draft))


@blueprint.post("/drafts/<draft_id>/discard")
def discard(draft_id: str) -> AnyResponse:
    """Give a draft up."""
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        model_drafts.discard(connection, draft)
    flash(_("草稿已放弃，生效的版本没有变化。"))
    return redirect(url_for("studio.models", place=draft.place or None))
