"""Plays the scenarios that people wait for before a change of models comes into force: one after the other, with rests in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from processes.casework import model_trials
from processes.casework.functions import Snapshots
from processes.casework.model_trials import Result
from processes.casework.model_versions import subject
from processes.clock import Clock
from processes.errors import BihuanError
from processes.runtime.rounds import Rounds
from processes.scenarios import files, surroundings
from processes.scenarios.playing import play
from processes.scenarios.stage import Stage
from processes.store.database import Database

GAP = 1.0
"""Seconds between two looks when there is nothing to play."""

RESTS = 0.5
"""Times as long as a scenario took, before the next."""


class _Hand:
    """A trial in hand: its stage, what is still to be played, and what came of the rest."""

    def __init__(self, row: Any, stage: Callable[[], Stage], scenarios: Sequence[tuple[str, str, bytes]]) -> None:
        self.id = str(row.id)
        self.scenarios = scenarios
        self.results = [Result(**each) for each in row.results]
        self._make = stage
        self._stage: Stage | None = None

    def next(self) -> None:
        """Play one more."""
        process, file, body = self.scenarios[len(self.results)]
        name, wrong = file, {}
        try:
            scenario = files.parse(Path(file), body)
            name = scenario.name
            if self._stage is None:
                self._stage = self._make()
            failure = play(scenario, self._stage).failure
        except BihuanError as error:
            failure = error
        if failure is not None:
            wrong = {"zh": failure.zh, "en": failure.en}
        self.results.append(Result(process, file, name, wrong))

    @property
    def is_done(self) -> bool:
        """Whether all have been played."""
        return len(self.results) >= len(self.scenarios)

    def close(self) -> None:
        """Let go of what is in memory."""
        if self._stage is not None:
            self._stage.engine.definitions.forget([each.id for each in self._stage.versions])
            self._stage.database.dispose()


class Trials(Rounds):
    """See above. Any number of processes may play: each trial is one's at a time, and another's when that process has died."""

    def __init__(self, database: Database, clock: Clock, snapshots: Snapshots) -> None:
        super().__init__("trials", GAP, RESTS)
        self._database = database
        self._clock = clock
        self._snapshots = snapshots
        self._hand: _Hand | None = None

    def round(self) -> bool:
        """Play a scenario; whether there may be more."""
        hand = self._hand or self._take()
        if hand is None:
            return False
        self._hand = hand if not hand.is_done else None
        if self._hand is not None:
            hand.next()
        with self._database.write() as connection:
            model_trials.note(connection, hand.id, hand.results, len(hand.scenarios), self._clock.now())
        if hand.is_done:
            self._hand = None
            hand.close()
        return True

    def _take(self) -> _Hand | None:
        with self._database.read() as connection:
            if not model_trials.waits(connection, self._clock.now()):
                return None
        with self._database.write() as connection:
            row = model_trials.take(connection, self._clock.now())
        if row is None:
            return None
        place = str(row.place)
        with self._database.read() as connection:
            path = (*self._snapshots.now().reference.path(place), "") if place else ("",)
            change = subject(connection, path, *model_trials.sent(row))
            around = surroundings.read(connection)
        if change.id != row.id:
            with self._database.write() as connection:
                model_trials.drop(connection, row.id)
            return None
        todo = [
            (process, file, body) for process, each in sorted(change.scenarios.items()) for file, body in each.items()
        ]
        return _Hand(row, lambda: Stage(change.files, around), todo)
