"""The models in force at a place, and the viewer's drafts of them."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import language
from gateway.staff.pages import show, snapshot, viewer
from gateway.studio.pages import blueprint, own, path, place_name, places
from processes.casework import model_drafts, models_in_force
from processes.casework.views import studio as view


@blueprint.get("/")
def models() -> Response:
    """Every process in force, its files, and what is being changed."""
    mine = places()
    asked = request.args.get("place", "")
    place = asked if asked in mine else mine[0]
    with services().database.read() as connection:
        found = view.at(connection, path(place), place, viewer().id, language())
    return show(
        "studio/models.html",
        here="studio",
        place=place,
        places={each: place_name(each) for each in mine},
        models=found,
        place_name=place_name,
        who=snapshot().reference.person_name,
    )


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
        draft = model_drafts.begin(connection, viewer().id, place, held, bodies, services().clock.now())
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
