"""Deletions that were approved, carried out bit by bit by a thread of an engine process.

Each report is one transaction, and so is each batch of rows; how far it is stands in the request. A process that dies in the middle leaves all that
it has done, and another goes on: whatever is done twice is the same as done once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from processes.casework.erasing import reports
from processes.casework.erasing.needles import Needles
from processes.casework.federation import blanking
from processes.casework.subjects import finding, requests, sweeping
from processes.casework.subjects.requests import DELETE, Request
from processes.clock import Clock
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.messaging.bus import BusAway, DeadLetter, Upkeep
from processes.runtime.rounds import Rounds
from processes.store.database import Database
from processes.store.tables import Case, SubjectRequest

log = logging.getLogger("bihuan.subjects")

GAP = 5.0
"""Seconds between two looks."""

RESTS = 1.0
"""Times as long as a step took, before the next: people's own commands come first."""

LEASE = timedelta(minutes=5)
"""For so long a request is one process's after each of its steps."""

BATCH = 50
"""Rows of one transaction."""

LETTERS = 10_000
"""Dead letters that are looked at."""


class Erasure(Rounds):
    """See above. ``source`` names this platform; ``upkeep``: where the dead letters are."""

    def __init__(self, database: Database, clock: Clock, source: str, upkeep: Upkeep) -> None:
        super().__init__("erasure", GAP, RESTS)
        self._database = database
        self._clock = clock
        self._source = source
        self._upkeep = upkeep

    def round(self) -> bool:
        """Do a step of the oldest deletion that nobody has in hand; whether one was done."""
        found = self._take()
        if found is None:
            return False
        return self._step(found)

    def _take(self) -> Request | None:
        now = self._clock.now()
        free = SubjectRequest.leased_until.is_(None) | (SubjectRequest.leased_until <= now)
        waiting = select(SubjectRequest.__table__).where(
            SubjectRequest.state == requests.APPROVED, SubjectRequest.kind == DELETE, free
        )
        waiting = waiting.order_by(SubjectRequest.asked_at).limit(1)
        with self._database.read() as connection:
            if connection.execute(waiting).first() is None:
                return None
        with self._database.write() as connection:
            row = connection.execute(waiting.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            own = update(SubjectRequest).where(SubjectRequest.id == row.id)
            connection.execute(own.values(leased_until=now + LEASE))
            return requests.of_row(row)

    def _step(self, found: Request) -> bool:
        """The next of its steps: its reports, one by one; the tables, one by one; what lies elsewhere; what is left of it on disk."""
        count, tables = len(found.reports), sweeping.tables()
        at = found.done
        try:
            if not found.total:
                self._begin(found, count + len(tables) + 4)
            elif at < count:
                self._report(found, found.reports[at])
            elif at < count + len(tables):
                self._table(found, tables[at - count])
            elif at == count + len(tables):
                self._messages(found)
            elif at == count + len(tables) + 1:
                if not self._letters(found):
                    return False
            elif at == count + len(tables) + 2:
                self._forget(found)
            else:
                self._end(found)
        except BihuanError as error:
            if isinstance(error, BusAway):
                log.info("the deletion %s waits: %s", found.id, error.en)
                return False
            log.warning("the deletion %s has stopped: %s", found.id, error.en)
            with self._database.write() as connection:
                stopped = {"stopped": error.zh, "stopped_en": error.en}
                requests.end(connection, found, requests.STOPPED, stopped, self._clock.now())
        return True

    def _begin(self, found: Request, total: int) -> None:
        """Note what the person is known by before it is blanked: what lies elsewhere is found by it."""
        with self._database.write() as connection:
            finding.check_may_go(finding.of_reports(connection, found.reports))
            needles = finding.all_needles(connection, found.who, found.reports)
            companions = [each for report in found.reports for each in _companions(connection, report)]
            kept = {"unique": list(needles.unique), "own": list(needles.own), "companions": companions}
            own = update(SubjectRequest).where(SubjectRequest.id == found.id)
            subject = {**found.subject, "needles": kept}
            connection.execute(own.values(total=total, subject=subject, leased_until=None))

    def _report(self, found: Request, report: str) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            finding.check_may_go(finding.of_reports(connection, [report]))
            blanking.blank(connection, report, self._source, now, known=found.who.needles())
            hit("erasure.blanked")
            self._note(connection, found)

    def _table(self, found: Request, table: Any) -> None:
        needles = _needles(found).only_unique()
        with self._database.read() as connection:
            keys = sweeping.found_in(connection, table, needles)
        left = 0
        for start in range(0, len(keys), BATCH):
            with self._database.write() as connection:
                left += sweeping.sweep(connection, table, needles, keys[start : start + BATCH])
            hit("erasure.swept")
        with self._database.write() as connection:
            self._note(connection, found, {table.__tablename__: left} if left else {})

    def _messages(self, found: Request) -> None:
        companions: Sequence[str] = found.subject["needles"]["companions"]  # type: ignore[index]
        with self._database.read() as connection:
            ids = sweeping.messages(connection, _needles(found), companions)
        with self._database.write() as connection:
            sweeping.blank_messages(connection, ids)
            reports.note_down(connection, reports.MESSAGE, [str(each) for each in ids], self._clock.now())
            sweeping.strike_given_up(connection, _needles(found).only_unique())
            for each in _needles(found).unique:
                sweeping.forget_phone(connection, each)
            self._note(connection, found)

    def _letters(self, found: Request) -> bool:
        """Dead letters that say it go. False: what is on its way has to arrive first."""
        needles = _needles(found).only_unique()
        with self._database.read() as connection:
            waits = sweeping.on_their_way(connection, needles)
        if waits:
            return False
        letters = self._upkeep.dead_letters(LETTERS)
        ids = [each.id for each in letters if sweeping.says([each.message.data, each.reason], needles)]
        if ids:
            self._upkeep.discard(ids, _kept_nowhere)
        with self._database.write() as connection:
            self._note(connection, found)
        return True

    def _forget(self, found: Request) -> None:
        with self._database.write() as connection:
            own = update(SubjectRequest).where(SubjectRequest.id == found.id)
            connection.execute(own.values(subject={}))
            self._note(connection, found)

    def _end(self, found: Request) -> None:
        self._database.scrub()
        hit("erasure.scrubbed")
        with self._database.write() as connection:
            requests.end(connection, found, requests.DONE, found.remains, self._clock.now())
        log.info("the deletion %s is done", found.id)

    def _note(self, connection: Connection, found: Request, left: dict[str, int] | None = None) -> None:
        """A step is done."""
        values: dict[str, Any] = {"done": found.done + 1, "leased_until": None}
        if left:
            values["remains"] = {**found.remains, **left}
        connection.execute(update(SubjectRequest).where(SubjectRequest.id == found.id).values(values))


def _needles(found: Request) -> Needles:
    kept: Any = found.subject["needles"]
    return Needles(tuple(kept["unique"]), tuple(kept["own"]))


def _companions(connection: Connection, report_id: str) -> list[str]:
    """What a message about one of the person's reports says besides the name."""
    numbers = connection.scalars(select(Case.number).where(Case.report_id == report_id)).all()
    return [*numbers, *reports.needles_of(connection, report_id).own]


def _kept_nowhere(letters: Sequence[DeadLetter]) -> None:
    """Of what is deleted, the quarantine keeps nothing."""
