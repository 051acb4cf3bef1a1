"""Whether two traces tell the same story.

BPMN orders what follows from each other and leaves the rest open: of two branches nobody says which is written down first. So each entry of the
reference's trace knows its causes, and another trace is the same when it has exactly these elements in some order in which nothing stands
before one of its causes. Commands are barriers: what one command brings about stands before all that the next one does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.reference.machine import Entry


def difference(entries: Sequence[Entry], found: Sequence[str]) -> str:
    """What is wrong with the trace ``found``, in words; empty when it tells what ``entries`` tell."""
    position = 0
    for step in sorted({entry.step for entry in entries}):
        numbers = [number for number, entry in enumerate(entries) if entry.step == step]
        part = found[position : position + len(numbers)]
        position += len(numbers)
        said = _difference(entries, numbers, part)
        if said:
            return f"step {step}: {said}"
    if position < len(found):
        return f"beyond the end: {list(found[position:])}"
    return ""


def _difference(entries: Sequence[Entry], numbers: Sequence[int], found: Sequence[str]) -> str:
    expected = [entries[number].element for number in numbers]
    missing, surplus = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    if missing or surplus:
        return f"expected {expected}, found {list(found)}: missing {sorted(missing)}, surplus {sorted(surplus)}"
    return (
        ""
        if _fits(entries, frozenset(numbers), list(found))
        else f"expected {expected}, found {list(found)}: wrong order"
    )


def _fits(entries: Sequence[Entry], numbers: frozenset[int], found: list[str]) -> bool:
    """Whether the elements found can be told apart so that each comes after its causes. An element may stand there several times, so
    every way of telling them apart is followed, all at once."""
    ways = {frozenset[int]()}
    for element in found:
        ways = {
            done | {number}
            for done in ways
            for number in numbers - done
            if entries[number].element == element and entries[number].causes & numbers <= done
        }
    return bool(ways)
