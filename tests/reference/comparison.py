"""Whether two traces tell the same story.

BPMN orders what follows from each other and leaves the rest open: of two branches nobody says which is written down first. So each entry of the
reference's trace knows its causes, and another trace is the same when it has exactly these elements in some order in which nothing stands
before one of its causes. Commands are barriers: what one command brings about stands before all that the next one does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.reference.machine import Entry

MOST = 200_000
"""Ways to tell elements apart that stand in a trace several times. The first few tries are enough where the order is right; where these are not,
it counts as wrong."""


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
    return "" if _fits(entries, numbers, found) else f"expected {expected}, found {list(found)}: wrong order"


def _fits(entries: Sequence[Entry], numbers: Sequence[int], found: Sequence[str]) -> bool:
    """Whether the elements found can be told apart so that each comes after its causes. An element may stand there several times; the ways
    of telling them apart are tried one after another, that of the reference first. Sets of entries are the bits of whole numbers."""
    bits = {number: 1 << place for place, number in enumerate(numbers)}
    candidates: dict[str, list[tuple[int, int]]] = {}
    for number in numbers:
        needed = sum(bits[cause] for cause in entries[number].causes if cause in bits)
        candidates.setdefault(entries[number].element, []).append((bits[number], needed))
    pending, seen = [0], {0}
    while pending:
        done = pending.pop()
        place = done.bit_count()
        if place == len(found):
            return True
        for bit, needed in reversed(candidates[found[place]]):
            if not done & bit and not needed & ~done and done | bit not in seen:
                seen.add(done | bit)
                pending.append(done | bit)
        if len(seen) > MOST:
            break
    return False
