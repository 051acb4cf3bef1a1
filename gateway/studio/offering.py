"""What of another tool's settings can be put in our way for certain: told beside the drawing, and done there by one press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from gateway.languages import language, pick
from gateway.staff.pages import snapshot
from gateway.studio.pages import path
from processes.casework import models_in_force
from processes.casework.model_drafts import Draft
from processes.casework.views.models import models
from processes.messaging.jobs import CATALOGUE
from processes.messaging.schema import describe
from processes.notation.foreign.known import Known
from processes.notation.foreign.offers import is_foreign, offers
from processes.notation.models import read_xml


def told(connection: Connection, draft: Draft, body: bytes, files: Mapping[str, bytes]) -> Sequence[Mapping[str, Any]]:
    """The offers for a draft's diagram, for the editor's script; ``files``: all that is in force or edited beside it."""
    root = read_xml(draft.file, body).root
    if not is_foreign(root):
        return []
    known = _known(connection, draft, files)
    return [
        {
            "element": each.element,
            "text": pick(each.said.zh, each.said.en),
            "changes": [asdict(one) for one in each.changes],
        }
        for each in offers(root, known)
    ]


def _known(connection: Connection, draft: Draft, files: Mapping[str, bytes]) -> Known:
    held = models_in_force.at(connection, path(draft.place))
    return Known(
        roles=snapshot().reference.roles,
        forms=[name for name in files if name.endswith(".form.json")],
        jobs={topic: [each.name for each in describe(job.arguments)] for topic, job in CATALOGUE.items()},
        decisions=[each for name, body in files.items() for each in models_in_force.decisions_in(name, body)],
        processes={
            process: models(connection, each.definition, language()).process(process) or process
            for process, each in held.items()
        },
    )
