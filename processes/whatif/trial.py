"""A draft on trial: cases are read in batches, played twice and compared. Reads only; what it needs of the database it reads before it plays."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from processes.casework import functions, texts
from processes.casework.functions import Snapshot, Snapshots
from processes.errors import BihuanError
from processes.kernel.compiler import compile_process
from processes.kernel.plan import Process
from processes.runtime.definitions import Definitions
from processes.store.database import Database
from processes.whatif import record
from processes.whatif.comparison import UNFAITHFUL, Verdict, compare
from processes.whatif.matching import Matching
from processes.whatif.past import Past, past_of
from processes.whatif.player import House
from processes.whatif.record import Record
from processes.whatif.replay import Replayed, replay

log = logging.getLogger(__name__)


class Frozen(Snapshots):
    """Reference data and texts as they were read before: plays ask the database for nothing."""

    def __init__(self, database: Database, snapshot: Snapshot) -> None:
        super().__init__(database)
        self._snapshot = snapshot
        self.words: Mapping[str, str] = {}

    def now(self) -> Snapshot:
        """What was in force when the trial began."""
        return self._snapshot

    def text(self, reference: Any) -> str:
        """The words behind a reference; those that have been deleted are empty."""
        if not texts.is_reference(reference):
            return reference if isinstance(reference, str) else ""
        return self.words.get(str(reference[texts.KEY]), "")


@dataclass(frozen=True)
class Judged:
    """What the trial says of a case. ``past`` and ``played``: None when it could not be played at all."""

    record: Record
    verdict: Verdict
    past: Past | None = None
    played: Replayed | None = None


class Trial:
    """See above. ``files``: the draft with all that is in force beside it; ``until``: what came after counts as not known."""

    def __init__(
        self, definitions: Definitions, snapshots: Snapshots, files: Mapping[str, bytes], until: datetime
    ) -> None:
        self._definitions = definitions
        self._frozen = Frozen(snapshots.database, snapshots.now())
        self._house = House(functions.build(self._frozen))
        self._files = files
        self._until = until
        self._drafts: dict[str, Process] = {}
        self._matchings: dict[str, Matching] = {}

    def judge(self, connection: Connection, ids: Collection[str]) -> list[Judged]:
        """What becomes of these instances. Raises ``ParseError`` when the draft can't run."""
        records = record.read(connection, ids, self._until)
        for process in {each.process for each in records}:
            self.draft(process)
        self._frozen.words = texts.read_all(connection, [[each.input for each in one.entries] for one in records])
        return [self._judge(connection, each) for each in records]

    def draft(self, process: str) -> Process:
        """The draft of a process. Raises ``ParseError`` when it can't run."""
        if process not in self._drafts:
            self._drafts[process] = compile_process(self._files, process)
        return self._drafts[process]

    def matching(self, definition: str, process: Process) -> Matching:
        """Which element of the draft is which of a version."""
        if definition not in self._matchings:
            self._matchings[definition] = Matching(process, self.draft(process.id))
        return self._matchings[definition]

    def _judge(self, connection: Connection, each: Record) -> Judged:
        try:
            return self._judged(connection, each)
        except BihuanError as error:  # unfaithful, or a version that this release can't run any more
            return Judged(each, Verdict(UNFAITHFUL, why=error))
        except Exception as error:  # one case must not hold up all others
            log.exception("instance %s could not be played", each.id)
            why = BihuanError("重放这一件时程序出错，已记入日志", f"playing it failed: {error!r:.200}")
            return Judged(each, Verdict(UNFAITHFUL, why=why))

    def _judged(self, connection: Connection, each: Record) -> Judged:
        process = self._definitions.process(each.definition, connection)
        past = past_of(each, process, self._house)
        played = replay(past, self.matching(each.definition, process), self._house, self._until)
        return Judged(each, compare(past.trace, played), past, played)
