"""A draft as the editors' scripts see it: its diagram, saving a file, and what ``check`` says of it. They answer JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify, request
from sqlalchemy import Connection

from gateway import text
from gateway.context import services
from gateway.languages import language as spoken
from gateway.languages import said
from gateway.studio import finding_words, offering
from gateway.studio.pages import blueprint, diagram, findings, own, path, together
from processes.casework import draft_files, model_drafts
from processes.casework.model_drafts import Draft, NotThisDiagram, Outdated
from processes.errors import BihuanError
from processes.languages import CHINESE
from processes.notation.check.findings import Finding
from processes.notation.english import named_in
from processes.notation.models import ParseError


@blueprint.get("/drafts/<draft_id>.bpmn")
def drawing(draft_id: str) -> Response:
    """The diagram; with ``language``, its names in it. It changes as it is edited."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
    asked = request.args.get("language", CHINESE)
    body = named_in(draft.text.encode(), draft.file, spoken() if asked == spoken() else CHINESE)
    return Response(body, mimetype="application/xml")


@blueprint.post("/drafts/<draft_id>")
def save(draft_id: str) -> Response:
    """Keep a file as it is now: ``file``, else the diagram. 409: it was saved elsewhere meanwhile; 422: it is none of this process."""
    seen, body, now = request.form.get("revision", -1, type=int), diagram(), services().clock.now()
    with services().database.write() as connection:
        draft = own(connection, draft_id)
        file = part(connection, draft, request.form.get("file", draft.file))
        try:
            revision = model_drafts.keep(connection, draft, file, text_of(draft, file, body), seen, now)
        except Outdated as error:
            return refused(409, error, **_state(draft, file))
        except (NotThisDiagram, ParseError) as error:
            return refused(422, error)
    return jsonify({"revision": revision, "saved": text.short(now, now)})


@blueprint.post("/drafts/<draft_id>/check")
def check(draft_id: str) -> Response:
    """What is wrong with a file as it is now (``file``, else the diagram), beside all that is in force; and whether it was saved elsewhere
    meanwhile."""
    body = diagram()
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        file = part(connection, draft, request.form.get("file", draft.file))
        try:
            text_of(draft, file, body)
        except (NotThisDiagram, ParseError) as error:
            return refused(422, error)
        files = together(connection, draft.place, {**draft.sent, file: body})
        offers = offering.told(connection, draft, body, files) if file == draft.file else []
    found = [_told(each, file) for each in findings(files)]
    return jsonify({"findings": found, "offers": offers, **_state(draft, file)})


def text_of(draft: Draft, file: str, body: bytes) -> str:
    """The text of one of the draft's files. Raises :class:`NotThisDiagram`, or ``ParseError`` for what can't be read."""
    return model_drafts.diagram_of(draft, body) if file == draft.file else draft_files.checked(file, body)


def part(connection: Connection, draft: Draft, name: str) -> str:
    """The name of the draft's diagram, or of one of its decision files and forms; anything else is not found."""
    if name not in draft.files:
        bodies = draft_files.in_force(connection, draft, path(draft.place))
        if name not in {each.name for each in draft_files.parts(draft, bodies)}:
            abort(404)
    return name


def _state(draft: Draft, file: str) -> dict[str, Any]:
    """``revision``: the one that changed the file last."""
    revision = draft.revisions.get(file, 0)
    return {"revision": revision, "saved": text.short(draft.changed_at, services().clock.now())}


def _told(finding: Finding, file: str) -> dict[str, Any]:
    """``file``: only of what stands in another file."""
    return {
        "element": finding.element,
        "file": "" if finding.file == file else finding.file,
        "severity": finding.severity,
        "rows": finding.witness,
        "text": finding_words.text_of(finding),
        "remedy": finding_words.remedy_of(finding),
        "witness": finding.witness,
    }


def refused(status: int, error: BihuanError, **more: Any) -> Response:
    """What a script shows to the person."""
    answer = jsonify({"error": said(error), "en": error.en, **more})
    answer.status_code = status
    return answer
