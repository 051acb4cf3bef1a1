"""What a scope does as seen from outside, computed once from its states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from processes.notation.soundness.behaviour import OVER, Behaviour, Move, anything
from processes.notation.soundness.budget import Budget
from processes.notation.soundness.exploring import Space, explore
from processes.notation.soundness.net import COMPLETE, Label, Net

# An automaton with more states is replaced by one that may show anything at any time.
MOST_STATES = 32


def summarise(net: Net, space: Space, budget: Budget, ambient: Iterable[Label], *, flawed: bool) -> Behaviour:
    """The behaviour of a scope.

    ``ambient``: what event sub-processes may show at any time. ``flawed``: some way in it does not end; that is told once, at the scope itself,
    so what is around it is looked at as if it did.
    """
    extra = [*dict.fromkeys(ambient), *([COMPLETE] if flawed else [])]
    shown = {step.raised for cluster in net.clusters for step in cluster.steps if step.raised is not None}
    if not space.complete or space.growing:
        thrown = {step.outcome for cluster in net.clusters for step in cluster.steps if step.outcome is not None}
        return anything([*sorted(shown | thrown), *extra])
    if shown:
        space = explore(net, budget, reduced=False)
        if not space.complete or space.growing:
            return anything([*sorted(shown | set(space.over)), *extra])
        return _automaton(space, extra) or anything([*sorted(shown | set(space.over)), *extra])
    moves = [Move(label, OVER, space.path_to(state)) for label, state in space.over.items()]
    return Behaviour((_with(moves, extra),))


def _with(moves: list[Move], extra: Iterable[Label]) -> tuple[Move, ...]:
    known = {move.label for move in moves}
    more = [Move(label, 0 if label.kind == "escalation" else OVER) for label in extra if label not in known]
    return (*moves, *more)


def _automaton(space: Space, extra: list[Label]) -> Behaviour | None:
    """The subsets of states one may be in after what was seen so far; None when there are too many."""
    first = frozenset([0])
    numbers = {first: 0}
    pending = [first]
    states: list[tuple[Move, ...]] = []
    while pending:
        current = pending.pop(0)
        moves: list[Move] = []
        for label, (targets, via) in _seen_from(space, current).items():
            if label.kind != "escalation":
                moves.append(Move(label, OVER, via))
                continue
            following = frozenset(targets)
            if following not in numbers:
                if len(numbers) == MOST_STATES:
                    return None
                numbers[following] = len(numbers)
                pending.append(following)
            moves.append(Move(label, numbers[following], via))
        here = len(states)
        more = _with(moves, extra)[len(moves) :]
        states.append((*moves, *(move._replace(to=here if move.to != OVER else OVER) for move in more)))
    return Behaviour(tuple(states))


def _seen_from(space: Space, current: frozenset[int]) -> dict[Label, tuple[set[int], tuple[str, ...]]]:
    """What may be seen next: the states after it, and the cheapest way there from any of these."""
    endings = {state: label for label, state in space.over.items()}
    queue: list[tuple[int, int, tuple[str, ...]]] = [(0, state, ()) for state in sorted(current)]
    done: set[int] = set()
    found: dict[Label, tuple[set[int], tuple[str, ...]]] = {}
    while queue:
        cost, state, path = heappop(queue)
        if state in done:
            continue
        done.add(state)
        if state in endings:
            found.setdefault(endings[state], (set(), path))
            continue
        for label, target, more in _edges(space, state):
            if label is None:
                heappush(queue, (cost + len(more), target, (*path, *more)))
            else:
                found.setdefault(label, (set(), (*path, *more)))[0].add(target)
    return found


def _edges(space: Space, state: int) -> Iterator[tuple[Label | None, int, tuple[str, ...]]]:
    for step, target in space.edges[state] or ():
        yield step.raised, target, step.path
