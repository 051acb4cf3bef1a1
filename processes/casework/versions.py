"""Values read from many rows, kept in memory while one small row says that they have not changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from processes.store.lookup import Select, ask
from processes.store.tables import Setting

KEPT = 4
"""Values kept: the one in force, and a few of other databases of the same process."""

T = TypeVar("T")

_SETTING = Select(Setting, "value", by="key")


def setting(connection: Connection, key: str) -> dict[str, Any]:
    """The value of a ``Setting`` row; empty when there is none."""
    return _asked(connection, key)()


def _asked(connection: Connection, key: str) -> Callable[[], dict[str, Any]]:
    rows = ask(connection, _SETTING, [key])

    def answer() -> dict[str, Any]:
        found = rows()
        return dict(found[0][0] or {}) if found else {}

    return answer


class Versioned(Generic[T]):
    """Reads a value once for each version, which is a content hash: equal versions mean equal values, in whatever database."""

    def __init__(self, key: str, read: Callable[[Connection, dict[str, Any]], T]) -> None:
        self._key, self._read = key, read
        self._values: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: Connection) -> T:
        """The value in force."""
        return self.ask(connection)()

    def ask(self, connection: Connection) -> Callable[[], T]:
        """Like :meth:`get`; the answer is to be called for after ``bulk.together``."""
        asked = _asked(connection, self._key)
        return lambda: self._of(connection, asked())

    def _of(self, connection: Connection, about: dict[str, Any]) -> T:
        while True:
            version = str(about.get("version", ""))
            with self._lock:
                if version in self._values:
                    return self._values[version]
            value = self._read(connection, about)
            if not version:
                return value
            # Where a transaction sees what others commit meanwhile, the rows may be newer than the version: read again.
            about = setting(connection, self._key)
            if about.get("version") == version:
                with self._lock:
                    self._values[version] = value
                    while len(self._values) > KEPT:
                        self._values.popitem(last=False)
                return value
