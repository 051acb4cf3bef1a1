"""The stages on which drafts are tried and scenarios are played: a few, kept in memory for as long as nothing they rest on changes.

Nothing that matters stands on them: each process of the gateway makes its own, and any of them shows the same.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection

from gateway.studio.pages import findings, path, together
from processes.casework import model_drafts, models_in_force
from processes.casework.draft_scenarios import NotSound
from processes.casework.model_drafts import Draft
from processes.notation.check.findings import ERROR
from processes.scenarios import ruling, surroundings
from processes.scenarios.ruling import Rule
from processes.scenarios.stage import Stage
from processes.scenarios.surroundings import Surroundings
from processes.scenarios.walking import Walker

KEPT = 4
"""stages in memory; each has about 10 MB"""


class House:
    """What is in force with a draft in it. ``walker`` is of one thread at a time; see :func:`house`."""

    def __init__(self, files: Mapping[str, bytes], around: Surroundings) -> None:
        self.errors = [each for each in findings(files) if each.severity == ERROR]
        self.rules: Mapping[tuple[str, str], Rule] = {}
        self._walker: Walker | None = None
        if not self.errors:
            self._walker = Walker(Stage(files, around))
            self.rules = ruling.rules(files)

    @property
    def walker(self) -> Walker:
        """Raises :class:`NotSound`."""
        if self._walker is None:
            raise NotSound(len(self.errors))
        return self._walker


class _Kept:
    def __init__(self) -> None:
        self.lock = Lock()
        self.house: House | None = None


_houses: OrderedDict[str, _Kept] = OrderedDict()
_guard = Lock()


@contextmanager
def house(connection: Connection, draft: Draft) -> Iterator[House]:
    """The house of a draft as it is now; nobody else's until the end of the block. Raises ``ParseError`` for what can't be read."""
    kept = _of(_key(connection, draft))
    with kept.lock:
        if kept.house is None:
            kept.house = House(together(connection, draft.place, draft.sent), surroundings.read(connection))
        yield kept.house


def _key(connection: Connection, draft: Draft) -> str:
    held = models_in_force.at(connection, path(draft.place))
    definitions = [each.definition for each in held.values()]
    edited = [f"{name} {digest}" for name, digest in model_drafts.hashes(draft).items()]
    return hashlib.sha256("\n".join([surroundings.version(connection), *definitions, *edited]).encode()).hexdigest()


def _of(key: str) -> _Kept:
    with _guard:
        kept = _houses.setdefault(key, _Kept())
        _houses.move_to_end(key)
        while len(_houses) > KEPT:
            _houses.popitem(last=False)  # whoever is in it goes on with it
        return kept
