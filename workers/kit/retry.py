"""When a job that failed is tried again. How often is the job's own affair: its row owns the attempts (ARCHITECTURE rule 11)."""

from __future__ import annotations

from dataclasses import dataclass

ErrorType = type[Exception]


@dataclass(frozen=True)
class Retry:
    """What a handler's exceptions mean.

    ``final``: those after which trying again won't help; a person looks at once. ``free``: those that use up no attempt, because nothing was
    tried. ``first``: seconds until the next attempt after the first failure, ``factor`` times as long after each further one, ``longest`` at
    most; None: the backoff that the diagram gives the job.

    >>> Retry(final=(KeyError,), first=5).seconds(1), Retry(first=5, factor=3, longest=60).seconds(4), Retry().seconds(1)
    (5, 60, None)
    """

    final: tuple[ErrorType, ...] = ()
    free: tuple[ErrorType, ...] = ()
    first: float | None = None
    factor: float = 2.0
    longest: float = 3600.0

    def __post_init__(self) -> None:
        if self.first is not None and (self.first < 0 or self.factor < 1 or self.longest <= 0):
            raise ValueError("a backoff begins at 0 or later, and does not get shorter")

    def seconds(self, attempt: int) -> float | None:
        """The wait after the failure of this attempt, counted from 1."""
        if self.first is None:
            return None
        return min(self.first * self.factor ** min(attempt - 1, 64), self.longest)
