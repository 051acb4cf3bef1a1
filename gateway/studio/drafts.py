"""A draft as the editor's script sees it: its diagram, saving it, and what ``check`` says of it. They answer JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from gateway import text
from gateway.context import services
from gateway.languages import language as spoken
from gateway.languages import pick, said
from gateway.studio.pages import blueprint, diagram, findings, own, together
from processes.casework import model_drafts
from processes.casework.model_drafts import Draft, NotThisDiagram, Outdated
from processes.casework.views.models import drawing_in
from processes.errors import BihuanError
from processes.languages import CHINESE
from processes.notation.check.findings import Finding
from processes.notation.models import ParseError


@blueprint.get("/drafts/<draft_id>.bpmn")
def drawing(draft_id: str) -> Response:
    """The diagram; with ``language``, its names in it. It changes as it is edited."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
    asked = request.args.get("language", CHINESE)
    body = drawing_in(draft.text.encode(), draft.file, spoken() if asked == spoken() else CHINESE)
    return Response(body, mimetype="application/xml")


@blueprint.post("/drafts/<draft_id>")
def save(draft_id: str) -> Response:
    """Keep the diagram as it is now. 409: it was saved elsewhere meanwhile; 422: it is none of this process."""
    seen, body, now = request.form.get("revision", -1, type=int), diagram(), services().clock.now()
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        try:
            revision = model_drafts.save(connection, draft, seen, body, now)
        except Outdated as error:
            return _refused(409, error, **_state(draft))
        except (NotThisDiagram, ParseError) as error:
            return _refused(422, error)
    return jsonify({"revision": revision, "saved": text.short(now, now)})


@blueprint.post("/drafts/<draft_id>/check")
def check(draft_id: str) -> Response:
    """What is wrong with the diagram as it is now, beside all that is in force; and whether it was saved elsewhere meanwhile."""
    body = diagram()
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        try:
            model_drafts.diagram_of(draft, body)
        except (NotThisDiagram, ParseError) as error:
            return _refused(422, error)
        files = together(connection, draft.place, {**draft.sent, draft.file: body})
    found = [_told(each, draft.file) for each in findings(files)]
    return jsonify({"findings": found, **_state(draft)})


def _state(draft: Draft) -> dict[str, Any]:
    return {"revision": draft.revision, "saved": text.short(draft.changed_at, services().clock.now())}


def _told(finding: Finding, file: str) -> dict[str, Any]:
    """``file``: only of what stands in another file."""
    return {
        "element": finding.element,
        "file": "" if finding.file == file else finding.file,
        "severity": finding.severity,
        "text": pick(finding.zh, finding.en),
        "remedy": pick(finding.remedy_zh, finding.remedy_en),
        "witness": finding.witness,
    }


def _refused(status: int, error: BihuanError, **more: Any) -> Response:
    answer = jsonify({"error": said(error), "en": error.en, **more})
    answer.status_code = status
    return answer
