"""Definitions: deploying versions, finding the one in force, and parsed processes shared by all instances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from processes.errors import BihuanError
from processes.failpoints import hit
from processes.kernel.compiler import compile_process
from processes.kernel.evaluation import Evaluator
from processes.kernel.plan import Process, Start
from processes.notation import bundle
from processes.store.database import Database, signal
from processes.store.lookup import ask_all
from processes.store.tables import Definition, InForce, ModelFile, PastForce, StartTimer

TIMERS = "timers"
"""What ``Database.on_commit`` listeners are called for when timers were planned."""


def _event(start: Start) -> str:
    return start.name if start.kind == "message" else f"{start.kind}:{start.name}"


class NoDefinition(BihuanError):
    """No version of this process is in force here."""

    def __init__(self, process_id: str, place: str) -> None:
        super().__init__(
            f"流程“{process_id}”在“{place or '全部地区'}”没有生效的版本,请先部署",
            f"no definition of {process_id!r} is in force at {place!r}",
        )


class NothingToDeploy(BihuanError):
    """No process among the files may run: there is nothing to put into force."""

    def __init__(self, files: Iterable[str]) -> None:
        names = ", ".join(list(files)[:5]) or "—"
        super().__init__(
            f"所给的文件（{names}）里没有可执行的流程，什么也没有部署；请部署带有可执行流程的流程图",
            f"no executable process in the files ({names}): nothing was deployed",
        )


Superior = Callable[[str], str | None]


class Force:
    """Which definitions are in force where, at one moment. A place takes its own, else its nearest superior's, else everywhere's."""

    def __init__(self, rows: Sequence[tuple[str, str, str, Sequence[str]]], superior: Superior) -> None:
        self._superior = superior
        self._places: dict[str, dict[str, str]] = {}
        self._starts: dict[str, list[tuple[str, str]]] = {}
        for process_id, place, definition_id, starts_on in rows:
            self._places.setdefault(process_id, {})[place] = definition_id
            for name in starts_on:
                self._starts.setdefault(name, []).append((process_id, definition_id))

    def definition(self, process_id: str, place: str) -> str:
        """The id of the definition that new instances take here. Raises :class:`NoDefinition`."""
        found = self._nearest(self._places.get(process_id, {}), place)
        if found is None:
            raise NoDefinition(process_id, place)
        return found

    def started_by(self, event: str, place: str) -> list[tuple[str, str]]:
        """The processes, and their definitions in force at ``place``, that a message of this name, or ``signal:NAME``, starts."""
        return [
            (process, definition)
            for process, definition in dict.fromkeys(self._starts.get(event, ()))
            if self._nearest(self._places[process], place) == definition
        ]

    def _nearest(self, by_place: Mapping[str, str], place: str) -> str | None:
        at: str | None = place
        while at:
            if at in by_place:
                return by_place[at]
            at = self._superior(at)
        return by_place.get("")


_IN_FORCE = "SELECT process_id, place, definition_id FROM in_force ORDER BY process_id, place"
_STARTS = select(Definition.id, Definition.starts_on).join(InForce, Definition.id == InForce.definition_id)


class Definitions:
    """The definitions of one database. Parsed processes are immutable and shared by the whole program, by their content hash."""

    _parsed: ClassVar[dict[str, Process]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, database: Database, superior: Superior, evaluator: Evaluator) -> None:
        self._database = database
        self._superior = superior
        self._evaluator = evaluator
        self._force: tuple[Sequence[Sequence[str]], Force] | None = None

    def deploy(
        self,
        connection: Connection,
        files: Mapping[str, bytes],
        place: str,
        now: datetime,
        only: Collection[str] | None = None,
    ) -> Sequence[bundle.Version]:
        """Put every executable process of ``files``, or ``only`` these, into force at ``place`` ("" = everywhere). Old versions stay for their
        instances.

        Raises :class:`NothingToDeploy` when there is none.
        """
        found = [each for each in bundle.versions(files) if only is None or each.process_id in only]
        if not found:
            raise NothingToDeploy(files)
        parsed = {each.id: self._parse({name: files[name] for name in each.files}, each) for each in found}
        for name, body in files.items():
            row = {
                "hash": bundle.content_hash(body),
                "name": name,
                "kind": bundle.kind_of_file(name, body),
                "body": body,
            }
            statement = self._database.insert(ModelFile).values(row)
            # Earlier releases went by the ending of the name.
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[ModelFile.hash],
                    set_={"kind": row["kind"]},
                    where=ModelFile.kind != row["kind"],
                )
            )
        hit("deploy.files-written")
        for each in found:
            definition = {
                "id": each.id,
                "process_id": each.process_id,
                "name": each.name,
                "files": dict(each.files),
                "starts_on": [_event(start) for start in parsed[each.id].starts if start.kind != "timer"],
                "created_at": now,
            }
            connection.execute(self._database.insert(Definition).values(definition).on_conflict_do_nothing())
            before = self._planned(connection, each.process_id, place)
            self._remember(connection, each.process_id, place, each.id, now)
            force = {"process_id": each.process_id, "place": place, "definition_id": each.id, "since": now}
            statement = self._database.insert(InForce).values(force)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[InForce.process_id, InForce.place],
                    set_={"definition_id": each.id, "since": now},
                    where=InForce.definition_id != each.id,
                )
            )
            hit("deploy.in-force")
            self._plan_starts(connection, parsed[each.id], each.id, place, now, before)
            hit("deploy.planned")
        return found

    def give_up(self, connection: Connection, process_id: str, place: str, now: datetime) -> None:
        """A place has no version of its own any more: its nearest superior's holds again. Instances stay on theirs."""
        self._remember(connection, process_id, place, "", now)
        for table in (InForce, StartTimer):
            connection.execute(delete(table).where(table.process_id == process_id, table.place == place))

    def _remember(self, connection: Connection, process_id: str, place: str, fresh: str, now: datetime) -> None:
        """Note the version that ceases to be in force, unless it is the ``fresh`` one itself."""
        own = (InForce.process_id == process_id, InForce.place == place, InForce.definition_id != fresh)
        found = connection.execute(select(InForce.definition_id).where(*own)).scalar_one_or_none()
        if found is None:
            return
        past = {"process_id": process_id, "place": place, "definition_id": found, "until": now}
        statement = self._database.insert(PastForce).values(past)
        keys = [PastForce.process_id, PastForce.place, PastForce.definition_id]
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={"until": now}))

    def _planned(self, connection: Connection, process_id: str, place: str) -> Mapping[str, str]:
        """The timer start events of the version in force so far, and their times as they are written."""
        own = (InForce.process_id == process_id, InForce.place == place)
        found = connection.execute(select(InForce.definition_id).where(*own)).scalar_one_or_none()
        try:
            starts = () if found is None else self.process(found, connection).starts
        except BihuanError:  # what an earlier version of the engine let through
            return {}
        return {start.node_id: start.text for start in starts if start.kind == "timer"}

    def _plan_starts(
        self,
        connection: Connection,
        process: Process,
        definition_id: str,
        place: str,
        now: datetime,
        before: Mapping[str, str],
    ) -> None:
        """Plan the timer start events of a definition that comes into force; those of the one before it are no more.

        A start whose time is written as in the version before goes by its plan: it is not begun anew, and one that is over stays so. What
        lies before ``now`` is not fired."""
        own = (StartTimer.process_id == process.id, StartTimer.place == place)
        wanted = {start.node_id: start.text for start in process.starts if start.kind == "timer"}
        kept = [node for node, text in wanted.items() if before.get(node) == text]
        connection.execute(delete(StartTimer).where(*own, StartTimer.node_id.not_in(kept)))
        connection.execute(update(StartTimer).where(*own).values(definition_id=definition_id))
        for node, text in wanted.items():
            if node in kept:
                continue
            time = self._evaluator.timer(text, {}, node)
            if time.due < now:
                continue
            row = {
                "process_id": process.id,
                "place": place,
                "node_id": node,
                "definition_id": definition_id,
                "due_at": time.due,
                "cycles": time.cycles,
                "period": time.period,
            }
            connection.execute(insert(StartTimer).values(row))
            signal(connection, TIMERS)

    def in_force(self, connection: Connection) -> Force:
        """What is in force now; made anew only when something has been put into force since the last look."""
        return self.ask(connection)()

    def ask(self, connection: Connection) -> Callable[[], Force]:
        """Like :meth:`in_force`; the answer is to be called for after ``bulk.together``."""
        asked = ask_all(connection, _IN_FORCE)

        def answer() -> Force:
            rows, known = asked(), self._force
            if known is None or known[0] != rows:
                starts = {row.id: row.starts_on for row in connection.execute(_STARTS)}
                known = self._force = (rows, Force([(*row, starts[row[2]]) for row in rows], self._superior))
            return known[1]

        return answer

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

    def forget(self, definitions: Iterable[str]) -> None:
        """Keep their parsed processes no longer: whoever needs one parses it anew."""
        with self._lock:
            for each in definitions:
                self._parsed.pop(each, None)

    def _parse(self, files: Mapping[str, bytes], version: bundle.Version) -> Process:
        with self._lock:
            if version.id not in self._parsed:
                self._parsed[version.id] = compile_process(files, version.process_id)
            return self._parsed[version.id]
