"""From a draft into force: what it changes, what is wrong with it, whether its scenarios hold, and the one button."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.instances.versions import shown
from gateway.languages import language, pick, said
from gateway.staff.pages import show, snapshot
from gateway.studio.failure_words import in_words
from gateway.studio.pages import blueprint, findings, name_of, own, path, place_name
from gateway.studio.scenarios import models_of
from gateway.studio.step_words import Words
from gateway.text import HERE, moment
from processes.casework import model_changes, model_drafts, model_trials, models_in_force
from processes.casework.model_changes import ASKED, PLANNED, Change, NotAhead
from processes.casework.model_drafts import Draft, Outdated, Superseded
from processes.casework.model_review import Hindered, Review, review_of
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
    chosen = None if language() == CHINESE else language()
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        seen = reviewed(connection, draft)
        page = shown_in(connection, seen, url_for("studio.drawing", draft_id=draft.id, language=chosen))
        going = model_changes.of_draft(connection, draft)
    second = snapshot().reference.four_eyes(draft.place)
    return show("studio/force.html", here="studio", going=going, second=second, **page)


def shown_in(connection: Connection, seen: Review, address: str) -> dict[str, Any]:
    """What a page that shows a review takes. ``address``: where the draft's drawing is."""
    draft = seen.draft
    found = versions.changed_by(connection, seen.current, draft.sent, language())
    also = [seen.change.held[each.process_id] for each in seen.change.touched if each.process_id in seen.change.held]
    words = Words([*models_of(connection, draft), *(models(connection, each.definition, language()) for each in also)])
    return {
        "who": snapshot().reference.person_name,
        "draft": draft,
        "name": name_of(connection, draft),
        "where": place_name(draft.place),
        "review": seen,
        "longest": LONGEST_REASON,
        "failure": lambda wrong: in_words(pick(wrong["zh"], wrong["en"]), words),
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
        change = subject(connection, path(draft.place), draft.sent, draft.kept)
    with here.database.write() as connection:
        if change.count:
            model_trials.ask(connection, change, here.clock.now())
    return redirect(url_for("studio.review", draft_id=draft.id))


@blueprint.post("/drafts/<draft_id>/force")
def put(draft_id: str) -> AnyResponse:
    """Put the draft into force as it was shown, at once or at a time; or ask for approval where that takes a second person. Refused when it has
    errors, or anything in force there has changed since its base."""
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        seen = reviewed(connection, draft)
    try:
        told = _put(seen, reason, chosen_time())
    except Outdated:
        flash(_("没有放入生效：草稿在您确认之前又改过。请再看一遍差异。"), "error")
    except (Superseded, Hindered, NotAhead) as error:
        flash(said(error), "error")
    else:
        flash(told)
        return redirect(url_for("studio.models", place=draft.place or None))
    return redirect(url_for("studio.review", draft_id=draft.id))


def _put(seen: Review, reason: str, at: datetime | None) -> str:
    hindrance = seen.hindrance(reason)
    if hindrance is not None:
        raise hindrance
    here, draft = services(), seen.draft
    with here.database.write() as connection:
        # What is looked at here and what is put into force are one transaction: so the engine's own, and not one inside of it.
        still = own(connection, draft.id)
        if str(still.revision) != request.form.get("revision"):
            raise Outdated(still.revision, still.changed_at)
        if snapshot().reference.four_eyes(draft.place):
            remark = request.form.get("remark", "").strip()[:LONGEST_REASON]
            change = model_changes.put(connection, still, ASKED, here.clock.now(), remark=remark, reason=reason, at=at)
            note(connection, "model.ask", change)
            return _("已请另一位流程负责人批准。批准以后才会生效。")
        if at is not None:
            change = model_changes.put(connection, still, PLANNED, here.clock.now(), reason=reason, at=at)
            note(connection, "model.plan", change, at=moment(at), reason=reason if seen.failed else None)
            return _("已排定：%(at)s 生效。在那之前可以撤回。", at=moment(at))
        into_force(connection, seen, reason)
    return _("已生效：新办的问题按新版本走，在办的留在原来的版本上。")


def into_force(connection: Connection, seen: Review, reason: str, author: str | None = None) -> None:
    """Put it into force, with an entry in the audit log. ``author``: whose change it is, if not the viewer's."""
    here, draft = services(), seen.draft
    put_in_force(connection, here.engine.definitions, seen.change, here.clock.now())
    model_drafts.discard(connection, draft)
    for each in seen.change.touched:
        auditing.note(
            connection,
            "model.deploy",
            f"definition:{each.id}",
            process=each.process_id,
            place=draft.place or None,
            draft=draft.id,
            person=author,
            failed=seen.failed or None,
            reason=reason if seen.failed else None,
        )


def note(connection: Connection, act: str, change: Change, **detail: str | None) -> None:
    """An entry in the audit log of what somebody does with a change that is on its way."""
    about = f"process:{change.process}"
    auditing.note(connection, act, about, place=change.place or None, draft=change.draft, **detail)


def chosen_time() -> datetime | None:
    """When it is to come into force, as the form says in Beijing's time; None: at once. Raises :class:`Hindered`."""
    given = request.form.get("at", "").strip()
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given).replace(tzinfo=HERE)
    except ValueError:
        found = None
    if found is None or found <= services().clock.now():
        raise NotAhead
    return found
