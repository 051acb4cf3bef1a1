"""The ways to leave a node: which flows are taken together, and what that says about their conditions (SEMANTICS of splits)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from processes.notation.diagram import ACTIVITIES, Flow, Node
from processes.notation.soundness.conditions import Claim, claim
from processes.notation.soundness.net import Choice

# Every subset of so many flows is looked at; of more only single ones, pairs and all; of many more only all.
MOST_SUBSETS = 10
MOST_PAIRS = 40
# What the conditions of more flows say about each other is not kept.
MOST_COMPARED = 100


@dataclass(frozen=True, eq=False)
class Leaving:
    """One way: these flows get a token each."""

    flows: tuple[Flow, ...]
    claims: tuple[Claim, ...] = ()
    choice: Choice | None = None


def ways(node: Node) -> list[Leaving]:
    """The ways to leave a node once it has run. Event-based gateways are not left by flows but by events."""
    flows = [flow for flow in node.outgoing if flow.target is not None]
    default = node.element.get("default") or None
    if len(flows) > 1 and node.kind == "exclusiveGateway":
        return _one_of(node, flows, default)
    if len(flows) > 1 and (node.kind == "inclusiveGateway" or node.kind in ACTIVITIES):
        return list(_some_of(node, flows, default))
    return [Leaving(tuple(flows))]


def is_approximate(node: Node) -> bool:
    """Whether not every subset of its flows is looked at."""
    return node.kind not in {"exclusiveGateway", "parallelGateway"} and len(_choosable(node)) > MOST_SUBSETS


def _choosable(node: Node) -> list[Flow]:
    if node.kind == "inclusiveGateway":
        return list(node.outgoing)
    return [flow for flow in node.outgoing if flow.condition] if node.kind in ACTIVITIES else []


def _one_of(node: Node, flows: Sequence[Flow], default: str | None) -> list[Leaving]:
    """The first whose condition holds, in the order of the file; the default when none does."""
    found: list[Leaving] = []
    refused: list[Claim] = []
    for flow in flows:
        if flow.id == default:
            continue
        said = [claim(flow.condition)] if flow.condition else []
        found.append(Leaving((flow,), (*refused, *said), Choice(node, (flow,))))
        if len(flows) <= MOST_COMPARED:
            refused += [each.opposite() for each in said]
    usual = [Leaving((flow,), tuple(refused), Choice(node, (flow,))) for flow in flows if flow.id == default]
    return found + usual


def _some_of(node: Node, flows: Sequence[Flow], default: str | None) -> Iterator[Leaving]:
    """All whose condition holds, and those without; when that is none, the default."""
    usual = tuple(flow for flow in flows if flow.id == default)
    others = [flow for flow in flows if flow.id != default]
    # A gateway's flow without a condition is a mistake that is told elsewhere; it is taken for one whose condition is still to be written.
    free = [flow for flow in others if flow.condition or node.kind == "inclusiveGateway"]
    always = tuple(flow for flow in others if flow not in free)
    if not free:
        yield Leaving(always or usual)
        return
    for size in _sizes(len(free)):
        for chosen in combinations(free, size):
            taken = tuple(flow for flow in flows if flow in chosen or flow in always) or usual
            if taken:
                said = tuple(
                    claim(flow.condition) if flow in chosen else claim(flow.condition).opposite()
                    for flow in free
                    if flow.condition
                )
                yield Leaving(taken, said, Choice(node, taken))


def _sizes(number: int) -> Sequence[int]:
    if number <= MOST_SUBSETS:
        return range(number + 1)
    return (0, 1, 2, number) if number <= MOST_PAIRS else (number,)
