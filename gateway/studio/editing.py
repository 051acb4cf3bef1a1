"""The editor's page, with what its fields offer: what there is in force, the catalogue of jobs, roles and stages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, url_for

from gateway.context import services
from gateway.languages import language, translated
from gateway.staff.pages import show, snapshot
from gateway.studio.pages import blueprint, name_of, own, path, place_name
from processes.casework import draft_files, models_in_force
from processes.casework.draft_files import FORM
from processes.casework.model_drafts import Draft
from processes.casework.reference import KIND_BOARD, KIND_DEPARTMENT, Reference
from processes.casework.views.models import models
from processes.messaging.contracts import CONTRACTS
from processes.messaging.jobs import CATALOGUE
from processes.messaging.schema import describe
from processes.notation.models import read_models

Option = tuple[str, str]
"""a value, and what it is called"""


@blueprint.get("/drafts/<draft_id>")
def edit(draft_id: str) -> Response:
    """The diagram in its editor."""
    with services().database.read() as connection:
        draft = own(connection, draft_id)
        held = models_in_force.at(connection, path(draft.place))
        bodies = models_in_force.bodies(connection, held.values())
        parts = draft_files.parts(draft, bodies, language())
        drawn = {each.process: models(connection, each.definition, language()) for each in held.values()}
        name = name_of(connection, draft)
    names = {process: each.process(process) or process for process, each in drawn.items()}
    forms = {name: str(form.get("title") or "") for each in drawn.values() for name, form in each.forms.items()}
    reference = snapshot().reference
    offered = {
        "forms": _options({**forms, **{each.name: each.title for each in parts if each.kind == FORM}}),
        "decisions": _options(_decisions({**bodies, **draft.sent})),
        "files": _addresses(draft, {**bodies, **draft.sent}),
        "processes": _options(names),
        "roles": _options(reference.roles),
        "organisations": _organisations(reference, draft.place),
        "stages": [(each.code, each.name) for each in reference.stages],
        "messages": sorted({*_messages(bodies), *(kind for kind, _version in CONTRACTS)}),
        "jobs": [_job(topic) for topic in sorted(CATALOGUE)],
    }
    current = held.get(draft.process)
    return show(
        "studio/editor.html",
        here="studio",
        draft=draft,
        name=name,
        where=place_name(draft.place),
        offered=offered,
        played=[url_for("studio.played", draft_id=draft.id, file=each) for each in draft.scenarios],
        superseded=(current.definition if current is not None else "") != draft.base,
    )


def _options(named: Mapping[str, str]) -> Sequence[Option]:
    return sorted(named.items())


def _organisations(reference: Reference, place: str) -> Sequence[Option]:
    """Boards and departments of the place where a problem is, whichever that will be; named as those of ``place``."""
    here = place or next((each for each in reference.places if reference.superior(each) is None), "")
    known = [one for kind in (KIND_BOARD, KIND_DEPARTMENT) for one in reference.of_kind(here, kind)]
    codes = [(each.id.removeprefix(f"{here}."), each.name) for each in known]
    return [(f'= organisation(case.place, "{code}")', name) for code, name in codes]


def _decisions(bodies: Mapping[str, bytes]) -> Mapping[str, str]:
    roots = read_models({name: body for name, body in bodies.items() if name.endswith(".dmn")}).decisions
    return {
        str(each.get("id")): str(each.get("name") or "") for root in roots.values() for each in root.iter("{*}decision")
    }


def _addresses(draft: Draft, bodies: Mapping[str, bytes]) -> Mapping[str, str]:
    """Where files are edited within a draft: by their names, and decisions by their ids too."""
    found: dict[str, str] = {}
    for name, body in bodies.items():
        if draft_files.kind_of(name, body):
            address = url_for("studio.edit_file", draft_id=draft.id, name=name)
            found |= dict.fromkeys((name, *models_in_force.decisions_in(name, body)), address)
    return found


_MESSAGE = re.compile(rb'<(?:\w+:)?message [^>]*\bname="([^"&]+)"')


def _messages(bodies: Mapping[str, bytes]) -> Sequence[str]:
    """The names of messages that diagrams in force speak of: suggestions, so what is written in an unusual way may be missed."""
    return [each.decode() for name, body in bodies.items() if name.endswith(".bpmn") for each in _MESSAGE.findall(body)]


def _job(topic: str) -> Mapping[str, Any]:
    job = CATALOGUE[topic]
    return {
        "topic": topic,
        "title": translated(job.title),
        "parameters": [
            {"name": each.name, "title": translated(each.title), "required": each.required}
            for each in describe(job.arguments)
        ],
        "errors": {code: translated(meaning) for code, meaning in job.errors.items()},
    }
