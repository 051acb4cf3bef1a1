"""Goes a scenario's steps on a stage, however far they lead, and remembers where it stands: to go on costs the new steps alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from processes.errors import BihuanError
from processes.scenarios import files, playing
from processes.scenarios.judging import Reached, reached
from processes.scenarios.playing import Play, Played
from processes.scenarios.stage import Stage


@dataclass(frozen=True)
class Walked:
    """How far a scenario's steps went. ``reached``: all that was come through; ``parts``: how long that was at the beginning and after each
    step that could be taken; ``failure``: of the step after those; ``instance``: empty when even the beginning failed."""

    instance: str
    reached: Sequence[Reached]
    parts: Sequence[int]
    failure: BihuanError | None

    @property
    def taken(self) -> int:
        """Steps that could be taken."""
        return max(0, len(self.parts) - 1)


class Walker:
    """Walks and plays on one stage. Of one thread at a time."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._way: Play | None = None
        self._steps: Sequence[files.Step] = ()
        self._parts: list[int] = []

    def play(self, scenario: files.Scenario) -> Played:
        """What comes of the whole scenario, from the beginning."""
        self._way = None
        return playing.play(scenario, self.stage)

    def walk(self, scenario: files.Scenario, *, anew: bool = False) -> Walked:
        """Take its steps, whatever comes of them at the end; those that were taken last already stand, unless ``anew``."""
        failure: BihuanError | None = None
        try:
            way = self._begun(scenario, anew)
            for step in scenario.when[len(self._parts) - 1 :]:
                way.take(step)
                self._parts.append(len(reached(self.stage)))
            self._steps = scenario.when
            instance = way.instance
        except BihuanError as error:
            instance = self._way.instance if self._way is not None else ""
            self._way = None  # half of a step may have happened
            failure = error
        return Walked(instance, reached(self.stage), [*self._parts], failure)

    def _begun(self, scenario: files.Scenario, anew: bool) -> Play:
        way = self._way
        same = way is not None and (way.scenario.process, way.scenario.given) == (scenario.process, scenario.given)
        if way is not None and same and not anew and [*scenario.when[: len(self._steps)]] == [*self._steps]:
            return way
        self._parts, self._steps = [], ()
        self.stage.clear(scenario.given.time, scenario.given.answers)
        self._way = way = Play(scenario, self.stage)
        way.begin()
        self._parts = [len(reached(self.stage))]
        return way
