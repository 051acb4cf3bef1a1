"""Definitions: deploying versions, finding the one in force, and parsed processes shared by all instances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.engine import Connection

from processes import failpoints
from processes.errors import BihuanError
from processes.notation import bundle
from processes.spiff.parser import Process, parse_process
from processes.store.database import Database
from processes.store.tables import Definition, InForce, ModelFile


class NoDefinition(BihuanError):
    """No version of this process is in force here."""

    def __init__(self, process_id: str, place: str) -> None:
        super().__init__(
            f"流程“{process_id}”在“{place or '全部地区'}”没有生效的版本,请先部署",
            f"no definition of {process_id!r} is in force at {place!r}",
        )


Superior = Callable[[str], str | None]


class Definitions:
    """The definitions of one database. Parsed processes are immutable and shared by the whole program, by their content hash."""

    _parsed: ClassVar[dict[str, Process]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, database: Database, superior: Superior) -> None:
        self._database = database
        self._superior = superior

    def deploy(
        self, connection: Connection, files: Mapping[str, bytes], place: str, now: datetime
    ) -> Sequence[bundle.Version]:
        """Put every executable process of ``files`` into force at ``place`` ("" = everywhere). Old versions stay for their instances."""
        found = bundle.versions(files)
        parsed = {each.id: self._parse({name: files[name] for name in each.files}, each) for each in found}
        for name, body in files.items():
            row = {
                "hash": bundle.content_hash(body),
                "name": name,
                "kind": name.rsplit(".", 1)[-1],
                "body": body,
            }
            connection.execute(self._database.insert(ModelFile).values(row).on_conflict_do_nothing())
        failpoints.hit("deploy.files-written")
        for each in found:
            definition = {
                "id": each.id,
                "process_id": each.process_id,
                "name": each.name,
                "files": dict(each.files),
                "starts_on": list(parsed[each.id].starts_on),
                "created_at": now,
            }
            connection.execute(self._database.insert(Definition).values(definition).on_conflict_do_nothing())
            force = {"process_id": each.process_id, "place": place, "definition_id": each.id, "since": now}
            statement = self._database.insert(InForce).values(force)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[InForce.process_id, InForce.place],
                    set_={"definition_id": each.id, "since": now},
                    where=InForce.definition_id != each.id,
                )
            )
            failpoints.hit("deploy.in-force")
        return found

    def in_force(self, connection: Connection, process_id: str, place: str) -> str:
        """The id of the definition new instances take here: the place's own, else its nearest superior's, else everywhere's."""
        rows = connection.execute(
            select(InForce.place, InForce.definition_id).where(InForce.process_id == process_id)
        ).all()
        found = self._nearest({row.place: row.definition_id for row in rows}, place)
        if found is None:
            raise NoDefinition(process_id, place)
        return found

    def started_by(self, connection: Connection, message: str, place: str) -> list[str]:
        """The definitions in force at ``place`` that a message of this name starts."""
        rows = connection.execute(
            select(InForce.process_id, InForce.place, InForce.definition_id, Definition.starts_on).join(
                Definition, Definition.id == InForce.definition_id
            )
        ).all()
        by_process: dict[str, dict[str, str]] = {}
        for row in rows:
            by_process.setdefault(row.process_id, {})[row.place] = row.definition_id
        starts = {row.definition_id for row in rows if message in row.starts_on}
        nearest = (self._nearest(places, place) for places in by_process.values())
        return [each for each in nearest if each is not None and each in starts]

    def _nearest(self, by_place: Mapping[str, str], place: str) -> str | None:
        at: str | None = place
        while at:
            if at in by_place:
                return by_place[at]
            at = self._superior(at)
        return by_place.get("")

    def process(self, definition_id: str, connection: Connection | None = None) -> Process:
        """The parsed process of a definition."""
        parsed = self._parsed.get(definition_id)
        if parsed is not None:
            return parsed
        if connection is None:
            with self._database.read() as reading:
                return self.process(definition_id, reading)
        row = connection.execute(
            select(Definition.process_id, Definition.name, Definition.files).where(Definition.id == definition_id)
        ).one()
        bodies = self.files(connection, definition_id)
        return self._parse(bodies, bundle.Version(definition_id, row.process_id, row.name, row.files))

    def files(self, connection: Connection, definition_id: str) -> dict[str, bytes]:
        """The files of a definition, by name."""
        names = connection.execute(select(Definition.files).where(Definition.id == definition_id)).scalar_one()
        rows = connection.execute(
            select(ModelFile.hash, ModelFile.body).where(ModelFile.hash.in_(list(names.values())))
        ).all()
        bodies = {row.hash: row.body for row in rows}
        return {name: bodies[digest] for name, digest in names.items()}

    def _parse(self, files: Mapping[str, bytes], version: bundle.Version) -> Process:
        with self._lock:
            if version.id not in self._parsed:
                self._parsed[version.id] = parse_process(files, version.process_id)
            return self._parsed[version.id]
