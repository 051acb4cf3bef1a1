"""From edited files to versions in force: what they touch, putting them into force, and the way back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from processes.casework import model_scenarios, models_in_force
from processes.casework.model_drafts import Superseded
from processes.casework.model_scenarios import Bodies
from processes.casework.models_in_force import Held
from processes.notation import bundle
from processes.notation.bundle import content_hash
from processes.notation.models import ParseError
from processes.runtime.definitions import Definitions


@dataclass(frozen=True)
class Subject:
    """Edited files at a place, with all that is in force beside them (``held``). ``path``: the place and those above it, "" last; ``touched``: the
    processes that get another version; ``scenarios``: those of the touched ones, and those that are sent (``kept``)."""

    path: Sequence[str]
    sent: Mapping[str, bytes]
    held: Mapping[str, Held]
    files: Mapping[str, bytes]
    touched: Sequence[bundle.Version]
    scenarios: Bodies
    kept: Bodies = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it is to come into force; empty: everywhere."""
        return self.path[0]

    @property
    def count(self) -> int:
        """How many scenarios there are."""
        return sum(map(len, self.scenarios.values()))

    @property
    def id(self) -> str:
        """The same for the same versions and scenarios at the same place."""
        digest = hashlib.sha256(self.place.encode())
        for version in sorted(each.id for each in self.touched):
            digest.update(f"\n{version}".encode())
        for process, files in sorted(self.scenarios.items()):
            for name, body in sorted(files.items()):
                digest.update(f"\n{process} {name} {content_hash(body)}".encode())
        return digest.hexdigest()


def subject(
    connection: Connection, path: Sequence[str], sent: Mapping[str, bytes], kept: Bodies | None = None
) -> Subject:
    """What these files, and the scenarios that come with them (``kept``: process → all of its), would change at the place."""
    held, kept = models_in_force.at(connection, path), kept or {}
    files = {**models_in_force.bodies(connection, held.values(), sent), **sent}
    touched = touched_by(files, sent)
    named = model_scenarios.at(connection, path)
    wanted = {each.process_id for each in touched} - set(kept)
    own = model_scenarios.bodies(connection, {process: named[process] for process in wanted if process in named})
    return Subject(path, sent, held, files, touched, {**own, **kept}, kept)


def touched_by(files: Mapping[str, bytes], sent: Mapping[str, bytes]) -> list[bundle.Version]:
    """The processes that get another version: those that need an edited file. Nothing while files can't be read."""
    try:
        return [each for each in bundle.versions(files) if set(each.files) & set(sent)]
    except ParseError:
        return []


def put_in_force(connection: Connection, definitions: Definitions, change: Subject, now: datetime) -> None:
    """Put it into force as it was checked. Raises :class:`Superseded` when anything in force there has changed since."""
    if models_in_force.at(connection, change.path, locked=True) != change.held:
        raise Superseded
    if change.touched:
        needed = {name: change.files[name] for each in change.touched for name in each.files}
        only = {each.process_id for each in change.touched}
        definitions.deploy(connection, needed, change.place, now, only)
    for each in change.touched:
        model_scenarios.inherit(connection, change.path, each.process_id)
    for process, files in change.kept.items():
        model_scenarios.keep(connection, change.place, process, files)
