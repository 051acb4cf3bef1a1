"""All scenarios of some folders, and what they pass of the diagrams there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from processes.notation.bundle import read_folder
from processes.scenarios import files
from processes.scenarios.coverage import Coverage, measure
from processes.scenarios.playing import Played, play
from processes.scenarios.stage import Stage

REFERENCE = "reference"
"""The folder of reference data among those of models."""


class Suite:
    """The scenarios under ``paths`` (folders, or files). Raises :class:`Unreadable` for the first file that is none."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.scenarios = [files.read(each) for each in files.find(paths)]
        drawn = [each.parent for path in paths if path.is_dir() for each in sorted(path.rglob("*.bpmn"))]
        self._folders = list(dict.fromkeys([*(each.path.parent for each in self.scenarios), *drawn]))
        self._played: list[Played] = []

    def play(self) -> Iterator[Played]:
        """Play them one after the other. Raises what the models and the reference data beside them are refused for."""
        stages: dict[tuple[Path, Path | None], Stage] = {}
        for scenario in self.scenarios:
            house = house_of(scenario.path.parent, scenario.given.reference)
            if house not in stages:
                stages[house] = Stage(read_folder([house[0]]), house[1])
            self._played.append(play(scenario, stages[house]))
            yield self._played[-1]

    def coverage(self) -> list[Coverage]:
        """Of the diagrams beside the scenarios that were played, and of those in the folders that have none."""
        return [each for folder in self._folders for each in measure(folder, self._of(folder))]

    def _of(self, folder: Path) -> Iterator[Played]:
        return (each for each in self._played if each.scenario.path.parent == folder)


def house_of(folder: Path, reference: str | None = None) -> tuple[Path, Path | None]:
    """The folder of all models that belong to those of ``folder`` (itself, or the one above when reference data stands there), and that
    of the reference data: ``reference``, or the one among the models."""
    above = folder.resolve().parent
    models = above if (above / REFERENCE).is_dir() else folder.resolve()
    if reference is not None:
        return models, folder / reference
    return models, models / REFERENCE if (models / REFERENCE).is_dir() else None
