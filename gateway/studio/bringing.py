"""A diagram drawn with another tool, made ready for the editor of a draft. Nothing is kept before the editor saves it."""

from __future__ import annotations

from flask import Response, jsonify, request

from gateway.context import services
from gateway.languages import pick
from gateway.studio.drafts import refused
from gateway.studio.pages import blueprint, diagram, name_of, own
from processes.languages import CHINESE
from processes.notation.foreign.bringing import NotBrought, Several
from processes.notation.foreign.bringing import bring as brought
from processes.notation.models import ParseError


@blueprint.post("/drafts/<draft_id>/bring")
def bring(draft_id: str) -> Response:
    """The text that the editor opens, and what was changed in it; 422: what is in the way, and of several processes which there are."""
    body, file, chosen = diagram(), request.form.get("file", ""), request.form.get("process", "")
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        name = name_of(connection, draft, CHINESE)
    try:
        found = brought(file, body, draft.process, name, chosen)
    except Several as error:
        return refused(422, error, processes=error.processes)
    except (NotBrought, ParseError) as error:
        return refused(422, error)
    told = [pick(each.zh, each.en) for each in found.told]
    return jsonify({"text": found.text, "told": told, "drawn": found.drawn, "process": draft.process})
