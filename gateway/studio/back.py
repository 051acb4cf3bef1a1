"""The versions that a place has had of a process, and the way back to one of them."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.versions import shown
from gateway.languages import language, said
from gateway.staff.pages import show, snapshot
from gateway.studio.pages import below, blueprint, findings, path, place_name, places
from processes.casework import model_back, models_in_force
from processes.casework.model_drafts import Superseded
from processes.casework.model_versions import Subject
from processes.casework.models_in_force import Held
from processes.casework.views.instances import versions as view
from processes.casework.views.models import models
from processes.notation.check.findings import ERROR


@blueprint.get("/versions")
def past() -> Response:
    """What is in force at a place, what was, and how many cases run on each."""
    place, process = _place(), request.args.get("process", "")
    with services().database.read() as connection:
        held = _held(connection, place, process)
        earlier = model_back.earlier(connection, process, place)
        above = model_back.superior(connection, process, path(place))
        in_force = models_in_force.at(connection, path(place))
        behind = model_back.behind(connection, in_force, process, below(place))
        ids = [held.definition, *(each.definition for each in earlier)]
        return show(
            "studio/versions.html",
            here="studio",
            place=place,
            where=place_name(place),
            place_name=place_name,
            name=_called(connection, held),
            held=held,
            earlier=earlier,
            above=above,
            running=model_back.running(connection, ids),
            behind=[(each, _called(connection, in_force[each]), count) for each, count in behind.items()],
            by=view.deployed_by(connection, ids),
            who=snapshot().reference.person_name,
        )


@blueprint.get("/versions/back")
def back_ask() -> Response:
    """What would change by it?"""
    place, process, version = _place(), request.args.get("process", ""), request.args.get("version", "")
    with services().database.read() as connection:
        held = _held(connection, place, process)
        change = _change(connection, place, process, version)
        found = view.differing(connection, held.definition, version, language())
        return show(
            "studio/back.html",
            here="studio",
            place=place,
            where=place_name(place),
            place_name=place_name,
            name=models(connection, held.definition, language()).process(process) or process,
            held=held,
            version=version,
            above=_is_superiors(connection, place, process, version),
            also=[each for each in change.touched if each.process_id != process],
            errors=[each for each in findings(change.files) if each.severity == ERROR],
            running=model_back.running(connection, [held.definition]).get(held.definition, 0),
            **shown(found),
        )


@blueprint.post("/versions/back")
def back() -> AnyResponse:
    """Let it be in force again, as it was shown."""
    here, form = services(), request.form
    place, process, version = _place(), form.get("process", ""), form.get("version", "")
    again = redirect(url_for("studio.past", place=place, process=process))
    with here.database.read() as connection:
        change = _change(connection, place, process, version)
        current = change.held[process].definition
    if any(each.severity == ERROR for each in findings(change.files)):
        flash(_("没有恢复：与现在生效的其他流程放在一起有错误。"), "error")
        return again
    try:
        with here.database.write() as connection:
            if current != form.get("current"):
                raise Superseded
            model_back.put_back(connection, here.engine.definitions, change, here.clock.now())
            for each in change.touched:
                about = f"definition:{each.id}"
                auditing.note(
                    connection, "model.back", about, process=each.process_id, place=place or None, instead=current
                )
    except Superseded as error:
        flash(said(error), "error")
        return again
    flash(_("已恢复：新办的问题按这个版本走，在办的留在原来的版本上。"))
    return again


def _place() -> str:
    """The place that is asked for, one of the viewer's."""
    found = request.values.get("place", "")
    if found not in places():
        abort(404)
    return found


def _called(connection: Connection, held: Held) -> str:
    """What a process is called."""
    return models(connection, held.definition, language()).process(held.process) or held.process


def _held(connection: Connection, place: str, process: str) -> Held:
    found = models_in_force.at(connection, path(place)).get(process)
    if found is None:
        abort(404)
    return found


def _change(connection: Connection, place: str, process: str, version: str) -> Subject:
    """The way back to a version that the place had, or to its superior's; any other is not found."""
    held = _held(connection, place, process)
    had = {each.definition for each in model_back.earlier(connection, process, place)}
    if version == held.definition or not (version in had or _is_superiors(connection, place, process, version)):
        abort(404)
    return model_back.back_to(connection, path(place), version)


def _is_superiors(connection: Connection, place: str, process: str, version: str) -> bool:
    above = model_back.superior(connection, process, path(place))
    return above is not None and above.definition == version
