"""Can these steps be active together in a scope? Answered by walking through it, with data left aside: a condition may hold or not, an event may
come or not.

A *spot* is a node at which a token stands, or a join at which it has arrived by a flow. Events that do not interrupt lead beside the walk; what
stands behind them stands there alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from threading import Lock

from processes.kernel.migration.fitting import is_join
from processes.kernel.plan import Flow, Node, Scope

Spot = tuple[str, str]
"""a node, and the flow by which a token has arrived at it when it is a join"""

Marking = tuple[Spot, ...]
"""sorted; a spot stands there as often as there are tokens"""

MOST = 20_000
"""Markings of a scope that are looked at: less than a second."""

_MOST_FLOWS = 6
"""Flows of which any may be taken; of more, each alone or all."""

_MOST_AT_A_SPOT = 2

_WAITING = frozenset(
    {
        "userTask", "manualTask", "serviceTask", "receiveTask", "eventBasedGateway", "chooser", "subProcess", "transaction", "callActivity",
    }
)  # fmt: skip
_ENDS_ALL = frozenset({"terminate", "error", "cancel"})

_KEPT = 64
_known: OrderedDict[int, tuple[Scope, frozenset[Marking] | None]] = OrderedDict()
_lock = Lock()


def spot_of(node: Node, arrived: Flow | None) -> Spot:
    """Where a token is: at a node, or arrived at a join."""
    return (node.id, arrived.id) if arrived is not None and is_join(node) else (node.id, "")


def together(plan: Scope, spots: Iterable[Spot]) -> bool | None:
    """Whether tokens can stand at these spots at once, and nowhere else; None when there are too many ways to tell."""
    found = _reached(plan)
    return None if found is None else tuple(sorted(spots)) in found


def _reached(plan: Scope) -> frozenset[Marking] | None:
    with _lock:
        if id(plan) in _known:
            _known.move_to_end(id(plan))
            return _known[id(plan)][1]
    found = _walk(plan)
    with _lock:
        _known[id(plan)] = (plan, found)  # held, so that no other plan gets its id
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return found


def _walk(plan: Scope) -> frozenset[Marking] | None:
    pending = list(dict.fromkeys(_beginnings(plan)))
    seen = set(pending)
    while pending:
        for following in _following(plan, pending.pop()):
            if following not in seen:
                if len(seen) >= MOST:
                    return None
                seen.add(following)
                pending.append(following)
    return frozenset(seen)


def _beginnings(plan: Scope) -> Iterator[Marking]:
    if plan.starts:
        yield tuple(sorted((node.id, "") for node in plan.starts))
    for node in (*plan.typed_starts, *([plan.chooser] if plan.chooser is not None else [])):
        yield ((node.id, ""),)
    for node in plan.nodes.values():
        if node.host is not None and not node.interrupting:
            yield ((node.id, ""),)


def _following(plan: Scope, marking: Marking) -> Iterator[Marking]:
    """The markings that may come next. What takes no time goes first, and alone: nothing hangs on the order."""
    standing = [spot for spot in dict.fromkeys(marking) if not spot[1]]
    at_once = [spot for spot in standing if not _waits(plan.nodes[spot[0]])]
    for spot in at_once[:1] or standing:
        node = plan.nodes[spot[0]]
        for given in _ways(node):
            yield from _replaced(marking, (spot,), given)
        if _ends_all(node):
            yield ()
    for join in dict.fromkeys(spot[0] for spot in marking if spot[1]):
        node = plan.nodes[join]
        present = [spot for spot in dict.fromkeys(marking) if spot[0] == join]
        if _fires(node, present, marking):
            for given in _ways(node):
                yield from _replaced(marking, present, given)


def _waits(node: Node) -> bool:
    if node.kind == "intermediateCatchEvent":
        return not any(trigger.kind == "link" for trigger in node.triggers)
    return node.kind in _WAITING or any(trigger.kind == "compensate" for trigger in node.triggers)


def _ends_all(node: Node) -> bool:
    return node.kind == "endEvent" and any(trigger.kind in _ENDS_ALL for trigger in node.triggers)


def _fires(node: Node, present: Sequence[Spot], marking: Marking) -> bool:
    if node.ways is None:
        return len(present) == len(node.incoming)
    arrived = {flow for _, flow in present}
    filled = sum(1 << number for number, flow in enumerate(node.incoming) if flow.id in arrived)
    others = (node.ways.get(spot[0], 0) for spot in marking if spot not in present)
    return not any(ways & ~filled and not ways & filled for ways in others)


def _replaced(marking: Marking, taken: Sequence[Spot], given: Sequence[Spot]) -> Iterator[Marking]:
    left = list(marking)
    for spot in taken:
        left.remove(spot)
    left += given
    if all(left.count(spot) <= _MOST_AT_A_SPOT for spot in given):
        yield tuple(sorted(left))


def _ways(node: Node) -> Iterator[Sequence[Spot]]:
    """Where a token that leaves this node may come to, by each choice."""
    if node.kind in ("eventBasedGateway", "chooser"):
        for event in node.catchers:
            beside = [(other.id, "") for other in node.catchers if node.parallel_start and other is not event]
            yield [*_along(event.outgoing), *beside]
        return
    if any(trigger.kind == "link" for trigger in node.triggers) and node.kind == "intermediateThrowEvent":
        yield [(node.scope.links[node.triggers[0].name].id, "")]
        return
    for flows in _taken(node):
        yield _along(flows)
    for event in node.boundary:
        if event.interrupting and event.outgoing:
            yield [(event.id, "")]


def _along(flows: Iterable[Flow]) -> list[Spot]:
    return [spot_of(flow.target, flow) for flow in flows]


def _taken(node: Node) -> Iterator[Sequence[Flow]]:
    """Sets of outgoing flows that may be taken at once."""
    flows = node.outgoing
    if node.kind == "exclusiveGateway" and flows:
        yield from ((flow,) for flow in flows)
    elif len(flows) < 2 or not (node.conditional or node.kind == "inclusiveGateway"):
        yield flows
    elif len(flows) > _MOST_FLOWS:
        yield from ((flow,) for flow in flows)
        yield flows
    else:
        for number in range(1, len(flows) + 1):
            yield from combinations(flows, number)
