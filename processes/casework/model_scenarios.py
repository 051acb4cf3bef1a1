"""The scenarios of what is in force: kept beside the versions, by process and place, and never run by the engine.

They are part of no version: whoever adds a scenario changes nothing that runs. A place that has a version of its own has its own scenarios from
then on; else its nearest superior's hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from processes.notation.bundle import content_hash
from processes.store.tables import ModelFile, ModelScenarios

KIND = "scenario"
"""of a ``ModelFile``"""

Named = Mapping[str, str]
"""file → content hash"""

Bodies = Mapping[str, Mapping[str, bytes]]
"""process → file → content"""


def at(connection: Connection, path: Sequence[str]) -> Mapping[str, Named]:
    """Each process's scenarios at a place (see ``models_in_force.at``)."""
    rank = {code: number for number, code in enumerate(path)}
    rows = connection.execute(select(ModelScenarios.__table__).where(ModelScenarios.place.in_(path))).all()
    return {row.process_id: row.files for row in sorted(rows, key=lambda each: rank[each.place], reverse=True)}


def bodies(connection: Connection, named: Mapping[str, Named]) -> Bodies:
    """The same with their contents."""
    hashes = [digest for each in named.values() for digest in each.values()]
    rows = connection.execute(select(ModelFile.hash, ModelFile.body).where(ModelFile.hash.in_(hashes)))
    found = {row.hash: row.body for row in rows}
    return {
        process: {name: found[digest] for name, digest in sorted(files.items()) if digest in found}
        for process, files in named.items()
    }


def keep(connection: Connection, place: str, process: str, files: Mapping[str, bytes]) -> None:
    """These are the scenarios of a process at a place from now on, and no others."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = [{"hash": content_hash(body), "name": name, "kind": KIND, "body": body} for name, body in files.items()]
    for row in rows:
        connection.execute(dialect.insert(ModelFile).values(row).on_conflict_do_nothing())
    forget(connection, place, process)
    kept = {row["name"]: row["hash"] for row in rows}
    connection.execute(insert(ModelScenarios).values(process_id=process, place=place, files=kept))


def forget(connection: Connection, place: str, process: str) -> None:
    """A place has none of its own for a process."""
    own = (ModelScenarios.process_id == process, ModelScenarios.place == place)
    connection.execute(delete(ModelScenarios).where(*own))


def inherit(connection: Connection, path: Sequence[str], process: str) -> None:
    """A place (the first of ``path``) gets a version of its own: what holds there now is its own from now on."""
    place, *_above = path
    own = select(ModelScenarios.process_id).where(ModelScenarios.place == place, ModelScenarios.process_id == process)
    files = at(connection, path).get(process)
    if files is not None and connection.execute(own).first() is None:
        connection.execute(insert(ModelScenarios).values(process_id=process, place=place, files=dict(files)))
