"""How far a backup has come: shown on a terminal, after the first seconds; silent everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tqdm import tqdm

Tell = Callable[[int], object]
"""So many rows more."""

Progress = Callable[[str, int | None], AbstractContextManager[Tell]]
"""(what is done, how many rows there are if that is known) → whom to tell of each batch."""

_DELAY = 2.0
"""Seconds: what takes no longer needs no bar."""


@contextmanager
def silent(_what: str, _total: int | None) -> Iterator[Tell]:
    """No bar."""
    yield lambda rows: None


@contextmanager
def on_terminal(what: str, total: int | None) -> Iterator[Tell]:
    """A bar on the standard error stream, when that is a terminal."""
    with tqdm(total=total, desc=what, unit="行", unit_scale=True, delay=_DELAY, file=sys.stderr, disable=None) as bar:
        yield bar.update
