"""The way back: an earlier version of a place in force again, or the superior's in place of its own. Cases stay on their versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from processes.casework import model_scenarios, models_in_force
from processes.casework.model_drafts import Superseded
from processes.casework.model_versions import Subject, subject
from processes.casework.models_in_force import Held
from processes.notation.bundle import content_hash
from processes.runtime.definitions import Definitions
from processes.store.tables import Definition, Instance, PastForce

SHOWN = 50
"""Earlier versions that are listed."""


@dataclass(frozen=True)
class Past:
    """A version that was in force at a place, and until when."""

    definition: str
    until: datetime


def earlier(connection: Connection, process: str, place: str) -> Sequence[Past]:
    """The versions that a place had of a process, the last first; not the one in force."""
    own = (PastForce.process_id == process, PastForce.place == place)
    statement = (
        select(PastForce.definition_id, PastForce.until).where(*own).order_by(PastForce.until.desc()).limit(SHOWN)
    )
    held = models_in_force.at(connection, (place,)).get(process)
    return [Past(*row) for row in connection.execute(statement) if held is None or row.definition_id != held.definition]


def running(connection: Connection, definitions: Collection[str]) -> Mapping[str, int]:
    """How many instances run on each version: those that run are counted, and no others are looked at."""
    statement = select(Instance.definition_id, func.count()).where(
        Instance.ended_at.is_(None), Instance.definition_id.in_(list(definitions))
    )
    return {row[0]: row[1] for row in connection.execute(statement.group_by(Instance.definition_id))}


def behind(
    connection: Connection, held: Mapping[str, Held], process: str, places: Collection[str]
) -> Mapping[str, int]:
    """How many cases of these places still take an earlier version of a process, by the process that they are instances of: this one, or one that
    calls it. ``held``: what is in force."""
    own = held[process].files.items()
    carriers = {each.process: each.definition for each in held.values() if own <= each.files.items()}
    statement = select(Instance.process_id, func.count()).where(
        Instance.ended_at.is_(None),
        Instance.process_id.in_(sorted(carriers)),
        Instance.definition_id.not_in(sorted(carriers.values())),
        Instance.place.in_(sorted(places)),
    )
    return {row[0]: row[1] for row in connection.execute(statement.group_by(Instance.process_id))}


def superior(connection: Connection, process: str, path: Sequence[str]) -> Held | None:
    """What would hold at a place if it gave up its own version; None when it has none of its own, or nothing would hold."""
    held = models_in_force.at(connection, path).get(process)
    if held is None or held.place != path[0] or len(path) == 1:
        return None
    return models_in_force.at(connection, path[1:]).get(process)


def back_to(connection: Connection, path: Sequence[str], definition: str) -> Subject:
    """What it would change to have a version in force again: its files come back, those of the processes that it calls among them."""
    names = connection.execute(select(Definition.files).where(Definition.id == definition)).scalar_one()
    held = models_in_force.at(connection, path)
    now = models_in_force.bodies(connection, held.values())
    other = {name: digest for name, digest in names.items() if name not in now or content_hash(now[name]) != digest}
    bodies = model_scenarios.bodies(connection, {"": other})[""]
    return subject(connection, path, bodies)


def put_back(connection: Connection, definitions: Definitions, change: Subject, now: datetime) -> None:
    """Let it be so. Where that makes a place's version the superior's, the place has none of its own any more. Raises :class:`Superseded` when
    anything in force there has changed since."""
    if models_in_force.at(connection, change.path, locked=True) != change.held:
        raise Superseded
    above = models_in_force.at(connection, change.path[1:]) if change.place else {}
    same = {each.process_id for each in change.touched if _is_held(above, each.process_id, each.id)}
    for process in same:
        if change.held[process].place == change.place:
            definitions.give_up(connection, process, change.place, now)
            model_scenarios.forget(connection, change.place, process)
    needed = {name: change.files[name] for each in change.touched for name in each.files}
    own = {each.process_id for each in change.touched} - same
    if own:
        definitions.deploy(connection, needed, change.place, now, own)
    for process in own:
        model_scenarios.inherit(connection, change.path, process)


def _is_held(held: Mapping[str, Held], process: str, definition: str) -> bool:
    return process in held and held[process].definition == definition
