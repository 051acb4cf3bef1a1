"""From a draft into force: what it changes, what is wrong with it, whether its scenarios hold, and the one button."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.versions import shown
from gateway.languages import language, said
from gateway.staff.pages import show
from gateway.studio.pages import blueprint, findings, own, path, place_name
from processes.casework import model_drafts, model_trials, models_in_force
from processes.casework.model_drafts import Draft, Outdated, Superseded
from processes.casework.model_review import Review, review_of
from processes.casework.model_versions import put_in_force, subject
from processes.casework.views.instances import versions
from processes.casework.views.models import models
from processes.languages import CHINESE
from processes.notation.check.findings import ERROR

LONGEST_REASON = 500
"""characters"""


def reviewed(connection: Connection, draft: Draft) -> Review:
    """A draft as it is now, checked."""
    return review_of(connection, draft, path(draft.place), findings)


@blueprint.get("/drafts/<draft_id>/force")
def review(draft_id: str) -> Response:
    """What the draft changes of the version in force, and what speaks against it."""
    with services().database.read() as connection:
        seen = reviewed(connection, own(connection, draft_id))
        return show("studio/force.html", here="studio", **shown_in(connection, seen))


def shown_in(connection: Connection, seen: Review) -> dict[str, Any]:
    """What the page of a review takes."""
    draft = seen.draft
    found = versions.changed_by(connection, seen.current, draft.sent, language())
    chosen = None if language() == CHINESE else language()
    address = url_for("studio.drawing", draft_id=draft.id, language=chosen)
    return {
        "draft": draft,
        "name": models(connection, seen.current, language()).process(draft.process) or draft.process,
        "where": place_name(draft.place),
        "review": seen,
        "longest": LONGEST_REASON,
        "hints": [each for each in seen.wrong if each.severity != ERROR],
        "also": [each for each in seen.change.touched if each.process_id != draft.process],
        **shown(found, dict.fromkeys(model_drafts.hashes(draft).values(), address)),
    }


@blueprint.post("/drafts/<draft_id>/adopt")
def adopt(draft_id: str) -> AnyResponse:
    """From now on the draft is a change of what is in force."""
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        held = models_in_force.at(connection, path(draft.place)).get(draft.process)
        if held is not None and held.definition == request.form.get("current"):
            model_drafts.adopt(connection, draft, held)
    return redirect(url_for("studio.review", draft_id=draft.id))


@blueprint.post("/drafts/<draft_id>/play")
def play(draft_id: str) -> AnyResponse:
    """Let the scenarios of the processes that would change be played."""
    here = services()
    with here.database.read() as connection:
        draft = own(connection, draft_id)
        change = subject(connection, path(draft.place), draft.sent)
    with here.database.write() as connection:
        if change.count:
            model_trials.ask(connection, change, here.clock.now())
    return redirect(url_for("studio.review", draft_id=draft.id))


@blueprint.post("/drafts/<draft_id>/force")
def put(draft_id: str) -> AnyResponse:
    """Put the draft into force as it was shown; refused when it has errors, or anything in force there has changed since its base."""
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        seen = reviewed(connection, draft)
    again = redirect(url_for("studio.review", draft_id=draft.id))
    hindrance = seen.hindrance(reason)
    if hindrance is not None:
        flash(said(hindrance), "error")
        return again
    try:
        _put(seen, reason)
    except Superseded as error:
        flash(said(error), "error")
        return again
    except Outdated:
        flash(_("没有放入生效：草稿在您确认之前又改过。请再看一遍差异。"), "error")
        return again
    flash(_("已生效：新办的问题按新版本走，在办的留在原来的版本上。"))
    return redirect(url_for("studio.models", place=draft.place or None))


def _put(seen: Review, reason: str) -> None:
    here, draft = services(), seen.draft
    with here.database.write() as connection:
        # What is looked at here and what is put into force are one transaction: so the engine's own, and not one inside of it.
        still = own(connection, draft.id)
        if str(still.revision) != request.form.get("revision"):
            raise Outdated(still.revision, still.changed_at)
        put_in_force(connection, here.engine.definitions, seen.change, here.clock.now())
        failed = seen.trial.failed if seen.trial is not None else ()
        for each in seen.change.touched:
            auditing.note(
                connection,
                "model.deploy",
                f"definition:{each.id}",
                process=each.process_id,
                place=draft.place or None,
                draft=draft.id,
                failed=len(failed) or None,
                reason=reason if failed else None,
            )
        model_drafts.discard(connection, draft)
