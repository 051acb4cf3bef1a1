"""Variables that travel with tokens: versions that never change, and how the changes of branches come together again.

Every change makes a new version that knows its parents, so that two branches can be asked for the versions they have in common: that is their
fork, however the diagram was drawn. What each branch changed since then is merged three ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

Values = Mapping[str, Any]

REMEMBERED = 20_000
"""Results kept: without them the same forks are looked for again and again where branches cross often."""


class Absent:
    """Stands for a variable that is not there."""

    def __repr__(self) -> str:
        return "absent"

    def __deepcopy__(self, memo: object) -> Absent:
        return self


ABSENT = Absent()


@dataclass(frozen=True, eq=False)
class Data:
    """One version of the variables. ``written`` says of each at what moment (a growing number) it was given its value."""

    values: Values
    written: Mapping[str, int]
    parents: tuple[Data, ...] = ()
    number: int = field(default_factory=count().__next__)
    """in order of making"""

    @classmethod
    def first(cls, values: Values) -> Data:
        """The variables an instance starts with."""
        return cls(deepcopy(dict(values)), dict.fromkeys(values, 0))

    def write(self, changes: Values, moment: int) -> Data:
        """A version in which ``changes`` were made; the value ``ABSENT`` takes a variable away."""
        if not changes:
            return self
        values = {**self.values, **deepcopy(dict(changes))}
        written = {**self.written, **dict.fromkeys(changes, moment)}
        return Data({name: value for name, value in values.items() if value is not ABSENT}, written, (self,))

    def get(self, name: str) -> Any:
        """A variable's value, ``ABSENT`` when there is none."""
        return self.values.get(name, ABSENT)


@dataclass(frozen=True)
class Arrival:
    """A version that has come to where branches meet, and the driver's step in which it came."""

    data: Data
    step: int


def merged(arrivals: Sequence[Arrival], by_time: bool = False) -> tuple[Data, set[str]]:
    """What branches know together, in the order in which they arrived: what only one of them changed since their fork is kept, and
    where several changed the same value the last one wins, or (``by_time``) the one written last.

    Also the names for which no diagram says who was last, since both came, or were written, in the same step.
    """
    result, unsure = arrivals[0].data, set[str]()
    came: dict[str, int] = {}
    for arrival in arrivals[1:]:
        fork = fork_of(result, arrival.data)
        for name in {*arrival.data.values, *fork.values}:
            values = (fork.get(name), result.get(name), arrival.data.get(name))
            together = came.get(name, arrivals[0].step) == arrival.step
            if by_time:
                moments = (result.written.get(name, 0), arrival.data.written.get(name, 0))
                together = moments[0] != moments[1] and _step(moments[0]) == _step(moments[1])
                if not _are_contexts(*values[1:]):
                    values = (ABSENT, *values[1:])  # to write what was there before is to write
            if disagree(*values) and together:
                unsure.add(name)
            if values[0] != values[2]:
                came[name] = arrival.step
        result = _joined(result, arrival.data, by_time)
    return result, unsure


def moment(step: int, number: int) -> int:
    """When something is written: the driver's step, and which of the things in it."""
    return (step << 32) + number


def _step(moment: int) -> int:
    return moment >> 32


def newest_writes(versions: Sequence[Data]) -> Values:
    """Of every variable the value that was written last, whoever wrote it."""
    values = dict[str, Any]()
    for name in {name for version in versions for name in version.values}:
        value = max(versions, key=lambda version: version.written.get(name, -1)).get(name)
        if value is not ABSENT:
            values[name] = value
    return values


def newest(versions: Sequence[Data]) -> Data:
    """What branches know together that have not met: where several wrote the same value the newest write counts."""
    result = versions[0]
    for version in versions[1:]:
        result = _joined(result, version, by_time=True)
    return result


def alone(begun: Data, ended: Data, onto: Data) -> Data:
    """What was written between two versions, and nothing else, written to a third one."""
    values, written = {}, dict(onto.written)
    for name in {**onto.values, **begun.values, **ended.values}:
        value = onto.get(name)
        if ended.written.get(name) != begun.written.get(name):
            value = _written(begun.get(name), value, ended.get(name))
            written[name] = ended.written.get(name, 0)
        if value is not ABSENT:
            values[name] = value
    return Data(values, written, (onto,))


@lru_cache(REMEMBERED)
def _joined(ours: Data, theirs: Data, by_time: bool = False) -> Data:
    """Of two changes to a value theirs counts, or the one made later."""
    fork = fork_of(ours, theirs)
    if fork is theirs:
        return ours
    if fork is ours:
        return theirs
    values, written = {}, {}
    for name in {**ours.values, **theirs.values, **fork.values}:
        if by_time:
            first, last = sorted((ours, theirs), key=lambda side: side.written.get(name, 0))
            value = _written(fork.get(name), first.get(name), last.get(name))
        else:
            value = three_ways(fork.get(name), ours.get(name), theirs.get(name))
        if value is not ABSENT:
            values[name] = value
        sources = [side.written.get(name, 0) for side in (ours, theirs) if side.get(name) == value]
        written[name] = max(sources or (ours.written.get(name, 0), theirs.written.get(name, 0)))
    return Data(values, written, (ours, theirs))


def _written(old: Any, first: Any, last: Any) -> Any:
    """The last of two values that were written; of contexts each entry that was changed."""
    return three_ways(old, first, last) if _are_contexts(first, last) else last


def _are_contexts(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def three_ways(old: Any, ours: Any, theirs: Any) -> Any:
    """One value of two that came from an old one: theirs if they changed it, else ours; contexts entry by entry.

    >>> three_ways({"a": 1}, {"a": 2}, {"a": 1, "b": 3})
    {'a': 2, 'b': 3}
    """
    if theirs == old:
        return ours
    if ours != old and isinstance(ours, dict) and isinstance(theirs, dict):
        entries = {
            name: three_ways(before, mine, other) for name, (before, mine, other) in _entries(old, ours, theirs).items()
        }
        return {name: value for name, value in entries.items() if value is not ABSENT}
    return theirs


def disagree(old: Any, ours: Any, theirs: Any) -> bool:
    """Whether both changed the same value, and not to the same."""
    if old in (ours, theirs) or ours == theirs:
        return False
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return any(disagree(*values) for values in _entries(old, ours, theirs).values())
    return True


def _entries(old: Any, ours: Values, theirs: Values) -> dict[str, tuple[Any, Any, Any]]:
    before = old if isinstance(old, dict) else {}
    return {
        name: (before.get(name, ABSENT), ours.get(name, ABSENT), theirs.get(name, ABSENT))
        for name in {**before, **ours, **theirs}
    }


# -- forks -----------------------------------------------------------------------------------------------------------


@lru_cache(REMEMBERED)
def fork_of(one: Data, other: Data) -> Data:
    """The newest version that both came from. Where there are several that do not know each other, they are merged first."""
    common = _ancestry(one) & _ancestry(other)
    older = {parent for version in common for parent in version.parents}
    newest = sorted(common - older, key=lambda version: version.number)
    fork = newest[0]
    for each in newest[1:]:
        fork = _joined(fork, each)
    return fork


def _ancestry(version: Data) -> set[Data]:
    """The version and everything it came from."""
    found: set[Data] = set()
    pending = [version]
    while pending:
        each = pending.pop()
        if each not in found:
            found.add(each)
            pending.extend(each.parents)
    return found
