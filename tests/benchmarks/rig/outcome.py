"""What the generator has seen: when each instance was published, its job appeared, and it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True)
class Seen:
    """An instance; seconds of the machine's monotonic clock."""

    number: int
    published: float
    job: float | None
    completed: float | None

    @property
    def latency(self) -> float | None:
        """Milliseconds from the start message to the end."""
        return None if self.completed is None else (self.completed - self.published) * 1e3

    @property
    def start_latency(self) -> float | None:
        """Milliseconds from the start message to the job on the broker."""
        return None if self.job is None else (self.job - self.published) * 1e3


@dataclass(frozen=True)
class Outcome:
    """A run of the generator. ``repeated``: ends that came twice as the same message; ``doubled``: that happened twice."""

    began: float
    seconds: float
    instances: Sequence[Seen]
    repeated: int
    doubled: int

    @classmethod
    def read(cls, path: Path, seconds: float) -> Outcome:
        """From the generator's file."""
        said = orjson.loads(path.read_bytes())
        return cls(said["began"], seconds, [Seen(*row) for row in said["instances"]], said["repeated"], said["doubled"])

    @property
    def unfinished(self) -> int:
        """Instances that have not ended."""
        return sum(each.completed is None for each in self.instances)

    @property
    def finished(self) -> int:
        """Instances that have ended."""
        return len(self.instances) - self.unfinished

    def amiss(self) -> list[str]:
        """What must not be, seen from outside."""
        numbers = {"unfinished": self.unfinished, "doubled": self.doubled}
        return [f"{what}: {number:,}" for what, number in numbers.items() if number]

    def _settled(self) -> list[Seen]:
        """The yardstick's rule: what was completed after the first quarter and before the end."""
        first, last = self.began + self.seconds / 4, self.began + self.seconds
        return [each for each in self.instances if each.completed is not None and first < each.completed < last]

    @property
    def per_second(self) -> float:
        """Instances completed a second."""
        return len(self._settled()) / (self.seconds * 0.75)

    @property
    def latencies(self) -> list[float]:
        """Milliseconds of the instances that count."""
        return [each.latency for each in self._settled() if each.latency is not None]

    def between(self, begin: float, end: float, moment: Callable[[Seen], float | None]) -> list[Seen]:
        """The instances whose ``moment`` lies between two (seconds after the beginning), in its order."""
        found = [(at, each) for each in self.instances if (at := moment(each)) is not None]
        return [each for at, each in sorted(found, key=lambda one: one[0]) if begin <= at - self.began < end]
