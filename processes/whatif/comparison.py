"""What the draft would have made of a case: the same, elsewhere, later or sooner, in other words; or why nobody can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from processes.errors import BihuanError
from processes.whatif.replay import Replayed
from processes.whatif.trace import ROUTE, Effect, Trace

SAME, ELSEWHERE, LATER, SOONER, WORDED, DIVERGED, STUCK, UNFAITHFUL = (
    "same", "elsewhere", "later", "sooner", "worded", "diverged", "stuck", "unfaithful",
)  # fmt: skip

VERDICTS = (ELSEWHERE, LATER, SOONER, WORDED, DIVERGED, STUCK, UNFAITHFUL, SAME)
"""In the order in which they are told. ``worded``: the same way at the same time, with other words, deadlines or notices; ``diverged``: no
recorded answer fits any more; ``stuck``: the draft could not go on; ``unfaithful``: even on its own version the case can't be played as recorded."""


@dataclass(frozen=True)
class Verdict:
    """What became of a case. ``before``: the first step that it would not have taken; ``after``: the one it would have taken instead; ``was``
    and ``would``: when it ended, or reached the first step that would have come at another time."""

    kind: str
    before: Effect | None = None
    after: Effect | None = None
    was: datetime | None = None
    would: datetime | None = None
    why: BihuanError | None = None


def compare(past: Trace, played: Replayed) -> Verdict:
    """Compare what happened with what would have."""
    now = played.trace
    gone, new = differing(past.effects, now.effects, ROUTE)
    first = (next(iter(gone), None), next(iter(new), None))
    if played.stuck is not None:
        return Verdict(STUCK, *first, why=played.stuck)
    if played.diverged is not None:
        return Verdict(DIVERGED, first[0], played.diverged)
    if new or (gone and not played.waits):
        return Verdict(ELSEWHERE, *first, past.ended, now.ended)
    if gone:
        return Verdict(LATER, gone[0], None, past.ended, now.ended)
    return _timed(past, now) or _worded(past, now) or Verdict(SAME)


def differing(
    before: Sequence[Effect], after: Sequence[Effect], kinds: Iterable[str]
) -> tuple[list[Effect], list[Effect]]:
    """The effects of one side that the other has not, in their order: branches that run side by side may change places."""
    wanted = frozenset(kinds)
    return _beyond(before, after, wanted), _beyond(after, before, wanted)


def _beyond(these: Sequence[Effect], others: Sequence[Effect], kinds: frozenset[str]) -> list[Effect]:
    left = Counter(each.label for each in others if each.kind in kinds)
    found = []
    for each in these:
        if each.kind not in kinds:
            continue
        if left[each.label]:
            left[each.label] -= 1
        else:
            found.append(each)
    return found


def _timed(past: Trace, now: Trace) -> Verdict | None:
    """Later or sooner: by the end, or by the last step that would have come at another time."""
    moved = [pair for pair in _pairs(past, now) if pair[0].at != pair[1].at]
    if past.ended != now.ended and past.ended is not None and now.ended is not None:
        kind = LATER if now.ended > past.ended else SOONER
        before, after = moved[0] if moved else (None, None)
        return Verdict(kind, before, after, past.ended, now.ended)
    if moved:
        was, would = moved[-1]
        return Verdict(LATER if would.at > was.at else SOONER, *moved[0], was.at, would.at)
    if past.ended != now.ended:
        return Verdict(LATER if now.ended is None else SOONER, None, None, past.ended, now.ended)
    return None


def _pairs(past: Trace, now: Trace) -> list[tuple[Effect, Effect]]:
    """The same steps of both sides, by their labels and their order in time."""
    return [(was, would) for was, would in aligned(past.effects, now.effects, ROUTE) if was and would]


def aligned(
    before: Sequence[Effect], after: Sequence[Effect], kinds: Iterable[str]
) -> list[tuple[Effect | None, Effect | None]]:
    """The steps of both sides beside each other, in the order of time; None: this side has no such step."""
    sides: list[dict[tuple[str, str, str], list[Effect]]] = [{}, {}]
    wanted = frozenset(kinds)
    for side, effects in zip(sides, (before, after), strict=True):
        for each in sorted((one for one in effects if one.kind in wanted), key=lambda one: one.at):
            side.setdefault(each.label, []).append(each)
    labels = dict.fromkeys([*sides[0], *sides[1]])
    pairs = [pair for label in labels for pair in zip_longest(sides[0].get(label, ()), sides[1].get(label, ()))]
    return sorted(pairs, key=lambda pair: min(each.at for each in pair if each is not None))


def _worded(past: Trace, now: Trace) -> Verdict | None:
    """Other words, deadlines, records or notices on the same way."""
    gone, new = _words(past, now), _words(now, past)
    if not gone and not new:
        return None
    return Verdict(WORDED, next(iter(gone), None), next(iter(new), None))


def _words(these: Trace, others: Trace) -> list[Effect]:
    left = Counter(_said(each) for each in others.effects)
    found = []
    for each in these.effects:
        if left[_said(each)]:
            left[_said(each)] -= 1
        else:
            found.append(each)
    return found


def _said(each: Effect) -> tuple[object, ...]:
    return (*each.label, each.said, each.due)
