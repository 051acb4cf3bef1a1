"""Variables of parallel branches: nobody sees another branch's changes, and where branches meet the changes are put together.

A value is never changed in place, so that branches may share it. A *fork* remembers the variables at the place where branches parted; what a
branch has changed since then is what counts when it joins (a three-way merge: contexts are looked into, anything else counts whole; where two
branches changed the same value, the one that arrived later wins).
"""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]
_GONE = object()


class Fork:
    """Where branches parted: the variables there, the fork before it, and how many branches or later forks still hang on it."""

    __slots__ = ("count", "data", "parent")

    def __init__(self, parent: Fork | None, data: Data, count: int) -> None:
        self.parent = parent
        self.data = data
        self.count = count


def changed(base: Data, data: Data, into: Data) -> Data:
    """``into`` with everything that ``data`` has changed since ``base``. Returns ``into`` itself when nothing has."""
    if data is base or data is into:
        return into
    result = into
    for key, value in data.items():
        before = base.get(key, _GONE)
        if value is before:
            continue
        now = into.get(key, _GONE)
        if now is value:
            continue
        if now is not before and isinstance(value, dict) and isinstance(now, dict):
            value = changed(before if isinstance(before, dict) else {}, value, now)
        elif before is not _GONE and value == before and type(value) is type(before):
            continue
        if result is into:
            result = dict(into)
        result[key] = value
    for key in base:
        if key not in data and key in result:
            if result is into:
                result = dict(into)
            del result[key]
    return result


def common(one: Fork | None, other: Fork | None) -> Fork | None:
    """The nearest fork that both come from; None when there is none."""
    if one is other:
        return one
    seen = set()
    while one is not None:
        seen.add(id(one))
        one = one.parent
    while other is not None and id(other) not in seen:
        other = other.parent
    return other


def leave(fork: Fork | None, until: Fork | None = None) -> None:
    """A branch has ended, or has gone back to an earlier fork: it hangs on ``fork`` no more."""
    while fork is not None and fork is not until:
        fork.count -= 1
        if fork.count:
            return
        fork = fork.parent


def settled(fork: Fork | None) -> Fork | None:
    """The fork a branch really hangs on: one whose other branches are all gone means nothing any more."""
    while fork is not None and fork.count == 1:
        fork = fork.parent
    return fork
