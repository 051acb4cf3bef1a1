"""From a draft into force: what it changes, what is wrong with it, and the one button."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.versions import shown
from gateway.languages import language, said
from gateway.staff.pages import show
from gateway.studio.pages import blueprint, findings, own, path, place_name, together
from processes.casework import model_drafts, models_in_force
from processes.casework.model_drafts import Outdated, Superseded
from processes.casework.views.instances import versions
from processes.casework.views.models import models
from processes.languages import CHINESE
from processes.notation import bundle
from processes.notation.check.findings import ERROR
from processes.notation.models import ParseError


@blueprint.get("/drafts/<draft_id>/force")
def review(draft_id: str) -> Response:
    """What the draft changes of the version in force, and what speaks against it."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        held = models_in_force.at(connection, path(draft.place)).get(draft.process)
        current = held.definition if held is not None else draft.base
        found = versions.changed_by(connection, current, draft.sent, language())
        name = models(connection, current, language()).process(draft.process) or draft.process
        files = together(connection, draft.place, draft.sent)
    wrong = findings(files)
    chosen = None if language() == CHINESE else language()
    address = url_for("studio.drawing", draft_id=draft.id, language=chosen)
    return show(
        "studio/force.html",
        here="studio",
        draft=draft,
        name=name,
        where=place_name(draft.place),
        current=current,
        errors=[each for each in wrong if each.severity == ERROR],
        hints=[each for each in wrong if each.severity != ERROR],
        superseded=current != draft.base,
        also=[each for each in _touched(files, draft.sent) if each.process_id != draft.process],
        **shown(found, dict.fromkeys(model_drafts.hashes(draft).values(), address)),
    )


@blueprint.post("/drafts/<draft_id>/adopt")
def adopt(draft_id: str) -> AnyResponse:
    """From now on the draft is a change of what is in force."""
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        held = models_in_force.at(connection, path(draft.place)).get(draft.process)
        if held is not None and held.definition == request.form.get("current"):
            model_drafts.adopt(connection, draft, held)
    return redirect(url_for("studio.review", draft_id=draft.id))


@blueprint.post("/drafts/<draft_id>/force")
def put(draft_id: str) -> AnyResponse:
    """Put the draft into force as it was shown; refused when it has errors, or anything in force there has changed since its base."""
    here = services()
    with here.database.read() as connection:
        draft = own(connection, draft_id)
        before = models_in_force.at(connection, path(draft.place))
        files = together(connection, draft.place, draft.sent)
    again = redirect(url_for("studio.review", draft_id=draft.id))
    if any(each.severity == ERROR for each in findings(files)):
        flash(_("没有放入生效：还有错误要改正。"), "error")
        return again
    touched = _touched(files, draft.sent)
    needed = {name: files[name] for each in touched for name in each.files}
    try:
        with here.database.write() as connection:
            # What is looked at here and what is put into force are one transaction: so the engine's own, and not one inside of it.
            now = models_in_force.at(connection, path(draft.place), locked=True)
            if now != before or draft.process not in now or now[draft.process].definition != draft.base:
                raise Superseded
            still = own(connection, draft_id)
            if str(still.revision) != request.form.get("revision"):
                raise Outdated(still.revision, still.changed_at)
            here.engine.definitions.deploy(connection, needed, draft.place, here.clock.now())
            for each in touched:
                auditing.note(
                    connection,
                    "model.deploy",
                    f"definition:{each.id}",
                    process=each.process_id,
                    place=draft.place or None,
                    draft=draft.id,
                )
            model_drafts.discard(connection, draft)
    except Superseded as error:
        flash(said(error), "error")
        return again
    except Outdated:
        flash(_("没有放入生效：草稿在您确认之前又改过。请再看一遍差异。"), "error")
        return again
    flash(_("已生效：新办的问题按新版本走，在办的留在原来的版本上。"))
    return redirect(url_for("studio.models", place=draft.place or None))


def _touched(files: Mapping[str, bytes], sent: Mapping[str, bytes]) -> list[bundle.Version]:
    """The processes that get another version: those that need an edited file. Nothing while files can't be read."""
    try:
        return [each for each in bundle.versions(files) if set(each.files) & set(sent)]
    except ParseError:
        return []
