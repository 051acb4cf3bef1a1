"""The scenarios of a draft: whether they pass, what of the drawing none of them passes, and the table in which each can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.languages import language, said
from gateway.staff.pages import show
from gateway.studio import scenario_table as table
from gateway.studio.failure_words import in_words
from gateway.studio.pages import blueprint, name_of, own, place_name
from gateway.studio.stages import house
from gateway.studio.step_words import Words
from processes.casework import draft_scenarios, model_drafts, model_walks
from processes.casework.draft_scenarios import AnothersScenario
from processes.casework.model_drafts import Draft
from processes.casework.views.models import Models, models, read_drawings
from processes.errors import BihuanError
from processes.languages import CHINESE
from processes.messaging.json_text import from_json
from processes.notation.models import ParseError
from processes.scenarios import coverage, files, recording

# -- all of them -----------------------------------------------------------------------------------------------------------


@blueprint.get("/drafts/<draft_id>/scenarios")
def scenarios(draft_id: str) -> Response:
    """Every scenario, to be played by the page's script one after the other; and the drawing, to be painted with what they pass."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        name = name_of(connection, draft)
    chosen = None if language() == CHINESE else language()
    try:
        drawn = next(
            each for each in coverage.of_files({draft.file: draft.text.encode()}, ()) if each.process == draft.process
        )
        names = _drawn_names(draft)
        flows = {
            each.id: [names.get(each.source, each.source), names.get(each.target, each.target), each.name]
            for each in drawn.drawn
        }
        nodes = {each: names.get(each, "") for each in drawn.nodes}
    except (ParseError, StopIteration):
        flows, nodes = {}, {}
    return show(
        "studio/scenarios.html",
        here="studio",
        draft=draft,
        name=name,
        where=place_name(draft.place),
        scenarios=[(file, _head(text)) for file, text in draft.scenarios.items()],
        flows=flows,
        nodes=nodes,
        drawing={"process_id": draft.process, "name": name},
        address=url_for("studio.drawing", draft_id=draft.id, language=chosen),
    )


@blueprint.get("/drafts/<draft_id>/scenarios/<file>/played")
def played(draft_id: str, file: str) -> Response:
    """What comes of a scenario on the draft as it is now. 422: nothing can be played."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        text = _text(draft, file)
        try:
            scenario = files.parse(Path(file), text)
            with house(connection, draft) as found:
                one = found.walker.play(scenario)
            words = Words(models_of(connection, draft))
        except BihuanError as error:
            answer = jsonify({"error": said(error)})
            answer.status_code = 422
            return answer
    passed = next(
        each for each in coverage.of_files({draft.file: draft.text.encode()}, [one]) if each.process == draft.process
    )
    return jsonify(
        {
            "passed": one.failure is None,
            "told": "" if one.failure is None else in_words(said(one.failure), words),
            "flows": [each for each, count in passed.flows.items() if count],
            "nodes": [each for each, count in passed.nodes.items() if count],
        }
    )


@blueprint.post("/drafts/<draft_id>/scenarios/upload")
def upload_scenario(draft_id: str) -> AnyResponse:
    """Take files of scenarios in; one of a name that is there already takes its place."""
    taken = 0
    for sent in request.files.getlist("file"):
        body = sent.read(draft_scenarios.LARGEST + 1)
        name = Path(sent.filename or "").name[:120]
        name = name if name.endswith(model_drafts.SCENARIO) else ""
        try:
            text = body.decode("utf-8-sig")
            with services().database.write() as connection:
                draft = own(connection, draft_id)
                _checked(draft, name, text)
                draft_scenarios.keep(
                    connection, draft, name or draft_scenarios.fresh_name(draft), text, services().clock.now()
                )
            taken += 1
        except UnicodeDecodeError:
            flash(_("“%(name)s”不是 UTF-8 文字，没有保存。", name=sent.filename), "error")
        except BihuanError as error:
            flash(said(error), "error")
    if taken:
        flash(_("已保存 %(count)s 份情景。", count=taken))
    return redirect(url_for("studio.scenarios", draft_id=draft_id))


# -- one -------------------------------------------------------------------------------------------------------------------


@blueprint.get("/drafts/<draft_id>/scenarios/<file>")
def scenario(draft_id: str, file: str) -> Response:
    """A scenario as a table: given, when, then."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        return _table(connection, draft, file, _data(_text(draft, file)))


@blueprint.post("/drafts/<draft_id>/scenarios/<file>")
def change_scenario(draft_id: str, file: str) -> AnyResponse:
    """Keep what was typed in the table, and do what its button says."""
    act = request.form.get("do", "save")
    now = services().clock.now()
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        before = _data(_text(draft, file))
    data, told = before, ""
    try:
        if act == "delete":
            with services().database.write() as connection:
                draft_scenarios.drop(connection, own(connection, draft_id), file, now)
            flash(_("情景“%(name)s”已删除。", name=str(before.get("name", file))))
            return redirect(url_for("studio.scenarios", draft_id=draft_id))
        if act == "text":
            text = request.form.get("text", "").replace("\r\n", "\n")
        else:
            data = table.edited(before, request.form)
            data = table.acted(data, act, request.form)
            text = recording.written(data)
        with services().database.write() as connection:
            draft = own(connection, draft_id)
            _checked(draft, file, text)
            draft_scenarios.keep(connection, draft, file, text, now)
    except BihuanError as error:
        told = said(error)
    if not told:
        if act in ("save", "text"):
            flash(_("情景已保存。"))
        return redirect(url_for("studio.scenario", draft_id=draft_id, file=file, _anchor=table.anchor(act)))
    with services().database.read() as connection:
        typed = request.form.get("text") if act == "text" else None
        return _table(connection, own(connection, draft_id), file, data, told, typed)


@blueprint.get("/drafts/<draft_id>/scenarios/<file>/file")
def scenario_file(draft_id: str, file: str) -> Response:
    """The scenario's file."""
    with services().database.read() as connection:
        text = _text(own(connection, draft_id), file)
    answer = Response(text, mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=file)
    return answer


@blueprint.post("/drafts/<draft_id>/scenarios/<file>/walk")
def walk_scenario(draft_id: str, file: str) -> AnyResponse:
    """Go a scenario's steps in a walk, to see where they lead or to go on from there."""
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        data = _data(_text(draft, file))
        try:
            _checked(draft, file, _text(draft, file))
            steps = [each for each in data["when"] if "then" not in each]
            new = model_walks.begun(draft.process, data.get("given", {}), steps)
            model_walks.keep(connection, draft_id, model_walks.of(connection, draft_id).revision, new)
        except BihuanError as error:
            flash(said(error), "error")
    return redirect(url_for("studio.try_out", draft_id=draft_id))


def _table(
    connection: Connection, draft: Draft, file: str, data: Mapping[str, Any], told: str = "", typed: str | None = None
) -> Response:
    known = models_of(connection, draft)
    words = Words(known)
    return show(
        "studio/scenario.html",
        422 if told else 200,
        here="studio",
        draft=draft,
        file=file,
        where=place_name(draft.place),
        data=data,
        told=told,
        given=table.given(data),
        when=table.when(data, words),
        then=table.then(data.get("then", {}), "then", words),
        offered=table.offered(known),
        expectable=table.expectable(data),
        text=recording.written(data) if typed is None else typed,
    )


def models_of(connection: Connection, draft: Draft) -> Sequence[Models]:
    """Names: the draft's own first, then those of what it rests on."""
    spoken = language()
    base = models(connection, draft.base, spoken)
    try:
        own_drawings = {each.process_id: each for each in read_drawings(draft.text.encode(), draft.file, spoken)}
    except ParseError:
        return [base]
    return [Models(draft.process, own_drawings, base.forms, spoken, base.titles), base]


def _drawn_names(draft: Draft) -> Mapping[str, str]:
    return {
        id: name
        for each in read_drawings(draft.text.encode(), draft.file, language())
        for id, name in each.names.items()
    }


def _text(draft: Draft, file: str) -> str:
    if file not in draft.scenarios:
        abort(404)
    return draft.scenarios[file]


def _checked(draft: Draft, name: str, text: str) -> None:
    if files.parse(Path(name or _("这份文件")), text).process != draft.process:
        raise AnothersScenario


def _data(text: str) -> dict[str, Any]:
    """What a file says that was checked when it was kept, or came into force."""
    try:
        found = from_json(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _head(text: str) -> Mapping[str, str]:
    data = _data(text)
    return {"name": str(data.get("name", "")), "about": str(data.get("about", ""))}
