"""Variables of parallel branches: nobody sees another branch's changes, and where branches meet the changes are put together.

A value is never changed in place, so that branches may share it. A *fork* remembers the variables at the place where branches parted; what a
branch has changed since then is what counts when it joins (a three-way merge: contexts are looked into, anything else counts whole; where two
branches changed the same value, the one that arrived later wins). An event sub-process that runs beside its scope begins with what the branches
there have done so far, so that at the end of such a scope the value written last wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

Data = dict[str, Any]
_GONE = object()


class Fork:
    """Where branches parted: the variables there, the fork before it, how many branches or later forks still hang on it, and whether a
    branch from here has ended in the scope (which has what it did). ``also``: what a join keeps of the forks that its branches came from
    and that others still hang on: what has met there has parted from those others at these."""

    __slots__ = ("also", "count", "data", "depth", "ended", "parent")

    def __init__(
        self, parent: Fork | None, data: Data, count: int, ended: bool = False, also: tuple[Fork, ...] = ()
    ) -> None:
        self.parent = parent
        self.data = data
        self.count = count
        self.ended = ended
        self.also = also
        self.depth: int = 1 + max((each.depth for each in (parent, *also) if each is not None), default=0)
        """larger than that of all it comes from"""


def changed(base: Data, data: Data, into: Data) -> Data:
    """``into`` with everything that ``data`` has changed since ``base``. Returns ``into`` itself when nothing has."""
    if data is base or data is into:
        return into
    result = into
    for key, value in data.items():
        before = base.get(key, _GONE)
        if value is before or key == WRITTEN:
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
    return _with_stamps(result, base, into, data) if WRITTEN in data else result


def _with_stamps(result: Data, base: Data, into: Data, data: Data) -> Data:
    """``result``, put together of the last two: of each value it is known when that was written. What ``data`` has not written since ``base``
    stays as ``into`` has it, though the branches there may have written it before ``base``."""
    mine, theirs, since = data[WRITTEN], into.get(WRITTEN, {}), base.get(WRITTEN, {})
    stamps = dict(theirs)
    for key, at in mine.items():
        if at not in (theirs.get(key, 0), since.get(key, 0)) and key in result:
            sides = ((data, at), (into, theirs.get(key, 0)))
            same = [written for side, written in sides if side.get(key, _GONE) == result[key]]
            stamps[key] = max(same or [written for _, written in sides])
    return result if stamps == theirs else {**result, WRITTEN: stamps}


def lineage(fork: Fork | None, before_ended: bool = True) -> Iterator[Fork]:
    """A fork and all it comes from, none of them before one that comes from it; ``before_ended``: also what those come from from which a
    branch has ended."""
    pending: list[tuple[int, int, Fork]] = []
    seen, met = set[int](), [fork]
    while True:
        for each in met:
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                heappush(pending, (-each.depth, len(seen), each))
        if not pending:
            return
        nearest = heappop(pending)[2]
        yield nearest
        met = [nearest.parent, *nearest.also] if before_ended or not nearest.ended else []


def common(one: Fork | None, other: Fork | None) -> Fork | None:
    """The nearest fork that both come from; None when there is none."""
    if one is other:
        return one
    ours = {id(each) for each in lineage(one)}
    return next((each for each in lineage(other) if id(each) in ours), None)


def leave(fork: Fork | None) -> None:
    """A branch has ended, or has gone back to an earlier fork: it hangs on ``fork`` no more."""
    pending = [fork]
    while pending:
        each = pending.pop()
        if each is not None:
            each.count -= 1
            if not each.count:
                pending += [each.parent, *each.also]


def joined(meet: Fork | None, base: Data, forks: Sequence[Fork | None]) -> Fork | None:
    """The fork that what has met hangs on. ``forks``: those of its branches; ``meet``, the nearest that all of them come from, counts it
    as its own already."""
    known = {id(each) for each in lineage(meet)}
    passed = {id(each): each for fork in forks for each in lineage(fork) if id(each) not in known}
    held = [fork for fork in passed.values() if fork.ended]  # the scope has what another branch from there did
    for each in held:
        each.count += 1
    for fork in forks:
        leave(fork)
    inner = {id(each) for fork in passed.values() if fork.count for each in lineage(fork) if each is not fork}
    also = tuple(fork for fork in passed.values() if fork.count and id(fork) not in inner)
    for each in also:
        each.count += 1
    for each in held:
        leave(each)
    if not also:
        return settled(meet)
    for one in (meet, *also):
        _shorten(one)
    return Fork(meet, base, 1, also=also)


def settled(fork: Fork | None) -> Fork | None:
    """The fork a branch really hangs on: one whose other branches are all gone means nothing any more, unless the scope has what one of
    them did; then the ones before it mean nothing to this branch."""
    while fork is not None and all(each.count == 1 and not each.ended for each in (fork, *fork.also)):
        for each in fork.also:
            leave(each)
        fork = fork.parent
    _shorten(fork)
    return fork


def _shorten(fork: Fork | None) -> None:
    """If a branch from it has ended, those before it that only it hangs on mean nothing to whatever comes after it."""
    while fork is not None and fork.ended:
        before = [each for each in (fork.parent, *fork.also) if each is not None]
        gone = next((each for each in before if each.count == 1), None)
        if gone is None:
            return
        before.remove(gone)
        for each in (gone.parent, *gone.also):
            if each in before:
                each.count -= 1  # it hangs on it already
            elif each is not None:
                before.append(each)
        fork.parent, fork.also = (before[0], tuple(before[1:])) if before else (None, ())


def ended(fork: Fork | None) -> Fork | None:
    """A branch ends in its scope: the nearest fork from which another has ended there before; None when there is none."""
    forks = list(lineage(fork, before_ended=False))
    found = next((each for each in forks if each.ended), None)
    for each in forks:
        each.ended = True
    return found


WRITTEN = "\0written"
"""Where variables remember when each of them was written (a growing number); no name in a diagram can be this. Only kept in processes in which
it matters (``Process.stamped``)."""


def stamped(data: Data, values: Data, now: int) -> Data:
    """``data`` with ``values``, written ``now``."""
    return {**data, **values, WRITTEN: {**data.get(WRITTEN, {}), **dict.fromkeys(values, now)}}


def newest(base: Data, versions: Sequence[tuple[Data, Data]]) -> Data:
    """What branches that have not met have done to ``base``: each is given with the variables it began with, in the order of their last
    changes; where several have written the same value the one written last counts."""
    changes: dict[str, list[tuple[int, int, Any, Any]]] = {}
    for order, (begun, data) in enumerate(versions):
        if data is begun:
            continue
        written, since = data.get(WRITTEN, {}), begun.get(WRITTEN, {})
        for key, value in data.items():
            before, at = begun.get(key, _GONE), written.get(key, 0)
            if key != WRITTEN and (at != since.get(key, 0) or not _same(value, before)):
                changes.setdefault(key, []).append((at, order, before, value))
    result, stamps = dict(base), dict(base.get(WRITTEN, {}))
    for key, found in changes.items():
        found.sort(key=lambda each: each[:2])
        for at, _, before, value in found:
            result[key] = _entries(before, result.get(key), value)
            stamps[key] = at
    if any(WRITTEN in data for _, data in versions):
        result[WRITTEN] = stamps
    return result


def newer(base: Data, data: Data, into: Data) -> Data:
    """As :func:`changed`, but where both have written the same value the one written last counts, not the one that comes last."""
    result = changed(base, data, into)
    mine, theirs, since = data.get(WRITTEN, {}), into.get(WRITTEN, {}), base.get(WRITTEN, {})
    written = [key for key, at in mine.items() if at != since.get(key, 0) and at != theirs.get(key, 0) and key in data]
    if written:
        result = {**result, WRITTEN: {**result.get(WRITTEN, {})}}
        for key in written:
            earlier, later = (data, into) if mine[key] < theirs.get(key, 0) else (into, data)
            if key in later:
                result[key] = _entries(base.get(key, _GONE), earlier.get(key), later[key])
                result[WRITTEN][key] = max(mine[key], theirs.get(key, 0))
    return result


def alone(base: Data, data: Data, into: Data) -> Data:
    """As :func:`changed`, but to write what was there before is to write (where it is known when values were written)."""
    result = changed(base, data, into)
    mine, since = data.get(WRITTEN, {}), base.get(WRITTEN, {})
    written = {key: at for key, at in mine.items() if at != since.get(key, 0) and key in data}
    if not written:
        return result
    values = {key: _entries(base.get(key, _GONE), into.get(key), data[key]) for key in written}
    return {**result, **values, WRITTEN: {**result.get(WRITTEN, {}), **written}}


def _same(value: Any, before: Any) -> bool:
    return value is before or (before is not _GONE and value == before and type(value) is type(before))


def _entries(before: Any, earlier: Any, later: Any) -> Any:
    """The later of two values that were written; of contexts each entry that was changed."""
    if isinstance(earlier, dict) and isinstance(later, dict):
        return changed(before if isinstance(before, dict) else {}, later, earlier)
    return later


def without_stamps(data: Data) -> Data:
    """The variables alone."""
    return {key: value for key, value in data.items() if key != WRITTEN} if WRITTEN in data else dict(data)
