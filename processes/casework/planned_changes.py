"""Puts drafts into force when their time comes: once, whichever engine process does it, and not when something has come in the way."""

from __future__ import annotations

from sqlalchemy import Connection

from processes.casework import model_changes, model_drafts, model_trials
from processes.casework.audit.log import record
from processes.casework.functions import Snapshots
from processes.casework.model_changes import Change
from processes.casework.model_drafts import Draft, Superseded
from processes.casework.model_review import Check, Hindered, NotPlayed, Review, review_of
from processes.casework.model_versions import put_in_force
from processes.errors import BihuanError
from processes.runtime.engine import Engine
from processes.runtime.rounds import Rounds

GAP = 1.0
"""Seconds between two looks."""

RESTS = 0.5
"""Times as long as one took, before the next."""


class PlannedChanges(Rounds):
    """See above. ``check``: what is wrong with model files."""

    def __init__(self, engine: Engine, snapshots: Snapshots, check: Check) -> None:
        super().__init__("planned changes", GAP, RESTS)
        self._engine = engine
        self._database = engine.database
        self._snapshots = snapshots
        self._check = check

    def round(self) -> bool:
        """Do what is due; there is never more at once."""
        with self._database.read() as connection:
            due = model_changes.due(connection, self._engine.clock.now())
        for each in due:
            self._do(each)
        return False

    def _do(self, change: Change) -> None:
        with self._database.read() as connection:
            draft = model_drafts.one(connection, change.draft)
            if draft is None:
                return
            place = change.place
            path = (*self._snapshots.now().reference.path(place), "") if place else ("",)
            seen = review_of(connection, draft, path, self._check)
        why = _changed() if not change.holds else seen.hindrance(change.reason)
        if isinstance(why, NotPlayed):
            # What is in force beside it has changed: the scenarios are played once more, and this is looked at again.
            with self._database.write() as connection:
                model_trials.ask(connection, seen.change, self._engine.clock.now())
        elif why is not None:
            self._miss(change, why)
        else:
            self._put(change, draft, seen)

    def _put(self, change: Change, draft: Draft, seen: Review) -> None:
        try:
            with self._database.write() as connection:
                if not model_changes.take(connection, change):
                    return
                still = model_drafts.one(connection, change.draft)
                if still is None or (still.revision, still.base) != (change.revision, change.base):
                    raise _changed()
                now = self._engine.clock.now()
                put_in_force(connection, self._engine.definitions, seen.change, now)
                model_drafts.discard(connection, draft)
                self._note(connection, change, seen)
        except Superseded:
            return  # The next look says what has come in the way.
        except BihuanError as why:
            self._miss(change, why)

    def _note(self, connection: Connection, change: Change, seen: Review) -> None:
        for each in seen.change.touched:
            record(
                connection,
                self._engine.clock.now(),
                change.person,
                "model.deploy",
                f"definition:{each.id}",
                process=each.process_id,
                place=change.place or None,
                draft=change.draft,
                approved=change.decided_by,
                failed=seen.failed or None,
                reason=change.reason if seen.failed else None,
            )

    def _miss(self, change: Change, why: BihuanError) -> None:
        with self._database.write() as connection:
            if model_changes.miss(connection, change, why):
                now, about = self._engine.clock.now(), f"process:{change.process}"
                record(connection, now, change.person, "model.miss", about, place=change.place or None, why=why.en)


def _changed() -> Hindered:
    return Hindered(
        "没有放入生效：草稿在批准或排定之后又改过。请重新核对。",
        "not put into force: the draft was changed after it was approved or planned; review it again",
    )
