"""What process owners see of the models in force at a place: their files, who put them there, and who is changing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from processes.casework import draft_files, model_drafts, models_in_force
from processes.casework.draft_files import Part
from processes.casework.model_drafts import Draft
from processes.casework.models_in_force import Held
from processes.casework.views.instances.versions import deployed_by
from processes.casework.views.models import models
from processes.notation.bundle import named_files


@dataclass(frozen=True)
class Model:
    """A process in force. ``by``: who put it there first, as far as the audit log still says; ``files``: those that it names itself, its
    diagram first; ``parts``: its decision files and forms, and those of the draft; ``others``: who else has a draft of it."""

    held: Held
    name: str
    by: str
    files: Sequence[str]
    parts: Sequence[Part]
    draft: Draft | None
    others: Sequence[tuple[str, datetime]]


def at(connection: Connection, path: Sequence[str], place: str, person: str, language: str) -> Sequence[Model]:
    """The processes in force at a place (see ``models_in_force.at``), those that somebody is changing first."""
    held = models_in_force.at(connection, path)
    bodies = models_in_force.bodies(connection, held.values())
    files = named_files(bodies)
    by = deployed_by(connection, [each.definition for each in held.values()])
    drafts: dict[str, list[Draft]] = {}
    for draft in model_drafts.at(connection, place):
        drafts.setdefault(draft.process, []).append(draft)
    found = []
    for each in held.values():
        names, there = files.get(each.process, ()), drafts.get(each.process, ())
        mine = next((one for one in there if one.person == person), None)
        model = Model(
            each,
            models(connection, each.definition, language).process(each.process) or each.name,
            by.get(each.definition, ""),
            names,
            draft_files.parts(mine, bodies, language)
            if mine
            else [draft_files.part_in_force(name, bodies[name], language) for name in names[1:]],
            mine,
            [(one.person, one.changed_at) for one in there if one.person != person],
        )
        found.append(model)
    return sorted(found, key=lambda each: each.draft is None)
