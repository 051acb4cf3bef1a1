"""The decision files and forms of a draft: their editors' pages, new ones, and those that are left as they were."""

from __future__ import annotations

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import language
from gateway.staff.pages import show
from gateway.studio.pages import blueprint, name_of, own, path, place_name
from processes.casework import draft_files, model_drafts, models_in_force
from processes.casework.draft_files import DECISION, ENDINGS, FORM
from processes.casework.model_drafts import Draft, Outdated
from processes.casework.views.models import models
from processes.notation.decisions.hit_policies import AGGREGATIONS, POLICIES

TITLE_ROOM = 60
"""signs of what a new file is called"""


@blueprint.get("/drafts/<draft_id>/files/<name>")
def edit_file(draft_id: str, name: str) -> Response:
    """A decision file or form in its editor."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        bodies = draft_files.in_force(connection, draft, path(draft.place))
        parts = {each.name: each for each in draft_files.parts(draft, bodies, language())}
        if name not in parts:
            abort(404)
        held = models_in_force.at(connection, path(draft.place)).get(draft.process)
        process = name_of(connection, draft)
        users = _users(connection, draft, name)
    text = draft.files.get(name) or bodies[name].decode("utf-8-sig")
    return show(
        "studio/decision.html" if parts[name].kind == DECISION else "studio/form.html",
        here="studio",
        draft=draft,
        part=parts[name],
        text=text,
        process=process,
        where=place_name(draft.place),
        users=users,
        offered={"policies": POLICIES, "aggregations": sorted(AGGREGATIONS)},
        superseded=(held.definition if held is not None else "") != draft.base,
    )


@blueprint.post("/drafts/<draft_id>/files")
def add(draft_id: str) -> AnyResponse:
    """A new decision table or form; a script learns its name, anybody else comes to its editor."""
    kind, title = request.form.get("kind", ""), " ".join(request.form.get("title", "").split())
    if kind not in ENDINGS:
        abort(400)
    title = title[:TITLE_ROOM] or (_("新表单") if kind == FORM else _("新决策表"))
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        bodies = draft_files.in_force(connection, draft, path(draft.place))
        name, text = draft_files.fresh(kind, title, draft.process, {**bodies, **draft.sent})
        model_drafts.keep(connection, draft, name, text, draft.revision, services().clock.now())
    address = url_for("studio.edit_file", draft_id=draft_id, name=name)
    if "application/json" in request.headers.get("Accept", ""):
        return jsonify({"name": name, "decision": name.removesuffix(ENDINGS[kind]), "title": title, "address": address})
    return redirect(address)


@blueprint.post("/drafts/<draft_id>/files/<name>/leave")
def leave(draft_id: str, name: str) -> AnyResponse:
    """Take a file's changes back, or a new file away; the diagram's stay."""
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        if name not in draft.sent or name == draft.file:
            abort(404)
        try:
            model_drafts.keep(connection, draft, name, None, draft.revision, services().clock.now())
        except Outdated:
            abort(409)
    flash(_("这个文件的改动已放弃，草稿的其他内容没有变化。"))
    return redirect(url_for("studio.models", place=draft.place or None))


def _users(connection: Connection, draft: Draft, name: str) -> list[str]:
    """The other processes in force there that have the same file, and so get a new version with it."""
    held = models_in_force.at(connection, path(draft.place))
    return [
        models(connection, each.definition, language()).process(process) or each.name
        for process, each in held.items()
        if name in each.files and process != draft.process
    ]
