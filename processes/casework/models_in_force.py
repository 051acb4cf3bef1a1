"""The models in force at a place: its own, else its nearest superior's, else everywhere's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from processes.notation.models import ParseError, is_passed_over, read_xml
from processes.store.tables import Definition, InForce, ModelFile


@dataclass(frozen=True)
class Held:
    """A process as it is in force: ``place`` is where that version was put into force ("" = everywhere), ``rank`` how far above that is;
    ``files``: name → content hash."""

    process: str
    definition: str
    name: str
    place: str
    since: datetime
    files: Mapping[str, str]
    rank: int = 0


def at(connection: Connection, path: Sequence[str], *, locked: bool = False) -> Mapping[str, Held]:
    """What is in force at a place, by process. ``path``: the place and those above it, the nearest first, "" last. ``locked``: until the
    transaction ends nobody else puts anything else into force there."""
    rank = {code: number for number, code in enumerate(path)}
    statement = select(
        InForce.process_id, InForce.place, InForce.since, Definition.id, Definition.name, Definition.files
    ).join(Definition, Definition.id == InForce.definition_id)
    statement = statement.where(InForce.place.in_(path)).order_by(InForce.process_id, InForce.place)
    rows = connection.execute(statement.with_for_update(of=InForce) if locked else statement).all()
    found: dict[str, Held] = {}
    for row in sorted(rows, key=lambda each: rank[each.place], reverse=True):
        found[row.process_id] = Held(row.process_id, row.id, row.name, row.place, row.since, row.files, rank[row.place])
    return dict(sorted(found.items()))


def bodies(connection: Connection, held: Collection[Held], sent: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The files of what is in force, by name, without those whose processes or decisions the ``sent`` ones bring.

    A version is pinned with all it calls, so versions of different places may hold different contents of a file: the one in force is that of
    the process which the file defines, else the nearest place's."""
    sent = sent or {}
    near = sorted(held, key=lambda each: (each.rank, each.process))
    names = {
        name: dict.fromkeys(each.files[name] for each in near if name in each.files)
        for each in near
        for name in each.files
    }
    statement = select(ModelFile.hash, ModelFile.body).where(
        ModelFile.hash.in_([digest for digests in names.values() for digest in digests])
    )
    found = {row.hash: row.body for row in connection.execute(statement)}
    own = {(each.process, name): digest for each in near for name, digest in each.files.items()}
    chosen = {
        name: found[digest]
        for name, digests in names.items()
        if (digest := _in_force(name, [each for each in digests if each in found], found, own))
    }
    brought = {each for name, body in sent.items() for each in _ids(name, body)}
    return {
        name: body for name, body in chosen.items() if not brought.intersection(_ids(name, body) if brought else ())
    }


def _in_force(
    name: str, digests: Sequence[str], bodies: Mapping[str, bytes], own: Mapping[tuple[str, str], str]
) -> str | None:
    """Which content of a file is in force, of those that versions hold, the nearest place's first."""
    for each in digests if len(digests) > 1 else ():
        defined = [process for kind, process in _ids(name, bodies[each]) if kind == "process"]
        if any(own.get((process, name)) == each for process in defined):
            return each
    return next(iter(digests), None)


def decisions_in(name: str, body: bytes) -> set[str]:
    """The decisions that a file defines."""
    return {each for kind, each in _ids(name, body) if kind == "decision"}


def _ids(name: str, body: bytes) -> Iterator[tuple[str, str]]:
    """The processes and decisions that a file defines; none when it can't be read (the check says so then)."""
    if is_passed_over(name):
        return
    try:
        root = read_xml(name, body).root
    except ParseError:
        return
    for kind in ("process", "decision"):
        for element in root.iter(f"{{*}}{kind}"):
            yield kind, str(element.get("id"))
