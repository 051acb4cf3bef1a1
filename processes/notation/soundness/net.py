"""The net of one scope: places that hold tokens, and the steps that move them.

A marking is one integer with a byte a place: how many tokens lie there. Places are numbered in the direction of the flow, so
that the token furthest downstream is the marking's highest byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from processes.notation.diagram import Flow, Node, Scope
from processes.notation.soundness.conditions import Claim

WIDTH = 8
FULL = (1 << WIDTH) - 1
# A byte's highest bit stays clear, so that bytes can be compared all at once: more tokens than this are not counted.
MOST_TOKENS = 127


class Label(NamedTuple):
    """What is seen of a scope from outside: how it is over, or an escalation on the way."""

    kind: str  # complete, error, cancel; escalation
    code: str = ""


COMPLETE = Label("complete")


class Choice(NamedTuple):
    """A decision among several: the flows taken at a node, or the event that came."""

    node: Node
    flows: tuple[Flow, ...] = ()
    event: Node | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """One move: ``need`` tokens go, ``give`` tokens come, the elements of ``path`` are reached.

    ``outcome``: the scope is over with it, whatever other tokens there are. ``raised``: an escalation that is seen outside.
    """

    path: tuple[str, ...]
    need: int
    give: int
    runs: frozenset[Node]
    node: Node | None = None
    outcome: Label | None = None
    raised: Label | None = None
    claims: tuple[Claim, ...] = ()
    choice: Choice | None = None

    @property
    def forks(self) -> bool:
        """Whether it leaves more tokens than it takes."""
        return count(self.give) > count(self.need)


@dataclass(frozen=True, eq=False)
class InclusiveJoin:
    """When an inclusive gateway with several incoming flows fires (§13.4.3).

    ``flows``: the places of its incoming flows; ``upstream[i]``: the places from which a token could still come to flow i without
    passing the gateway, a full byte each; ``leaving``: what it gives, by way of leaving.
    """

    flows: tuple[int, ...]
    upstream: tuple[int, ...]
    leaving: tuple[Step, ...]
    steps: dict[int, tuple[Step, ...]] = field(default_factory=dict)

    def enabled(self, marking: int) -> tuple[Step, ...]:
        """Its steps in this marking."""
        need = blessed = 0
        empty: list[int] = []
        for place, upstream in zip(self.flows, self.upstream, strict=True):
            if marking & (FULL << WIDTH * place):
                need |= one(place)
                blessed |= upstream
            else:
                empty.append(upstream)
        if not need:
            return ()
        waited_for = marking & ~blessed
        if any(waited_for & upstream for upstream in empty):
            return ()
        if need not in self.steps:
            self.steps[need] = tuple(replace(step, need=need) for step in self.leaving)
        return self.steps[need]


@dataclass(frozen=True, eq=False)
class Cluster:
    """Steps that compete for the same tokens, and for no others: those of one token at a node, or of one join.

    ``dangers``: the places whose tokens may make a difference to what this cluster does to an inclusive join: while all of them are empty
    it may move before everybody else without changing what can happen. ``rivals``: likewise for equal questions asked at several gateways.
    """

    node: Node | None
    places: int
    need: int
    steps: tuple[Step, ...]
    join: InclusiveJoin | None = None
    dangers: tuple[int, ...] = ()
    rivals: int = 0

    def enabled(self, marking: int) -> tuple[Step, ...]:
        """What it can do in this marking."""
        if self.join is not None:
            return self.join.enabled(marking)
        return self.steps if covers(marking, self.need) else ()

    def may_go_alone(self, marking: int, *, remembering: bool) -> bool:
        """Whether moving it first, and only it, loses nothing (a persistent set; what ends the whole scope is looked at by the explorer)."""
        others = marking & ~self.places
        if remembering and others & self.rivals:
            return False
        return not any(others & danger for danger in self.dangers)


@dataclass(frozen=True, eq=False)
class Net:
    """A scope compiled.

    ``by_place``: the cluster of each place, ``nodes``: its node; ``entries``: where a token comes to a node; ``joins``: the places and flows of
    those that wait. ``exact``: no set of flows was left out; ``oftener``: the nodes that may get more tokens than are looked at.
    ``asks_twice``: several gateways ask the same question.
    """

    scope: Scope
    initial: int
    clusters: tuple[Cluster, ...]
    by_place: tuple[Cluster, ...]
    nodes: tuple[Node | None, ...]
    before: Mapping[Node, Sequence[Node]]
    entries: Mapping[Node, int]
    joins: Mapping[Node, Sequence[tuple[int, Flow]]]
    exact: bool
    oftener: frozenset[Node]
    asks_twice: bool

    def lacking(self, join: Node, marking: int) -> list[Flow]:
        """The incoming flows of a join by which nothing has come yet."""
        return [flow for place, flow in self.joins[join] if not marking & FULL << WIDTH * place]

    def waiting(self, marking: int) -> list[Node]:
        """The nodes at which tokens lie, upstream first."""
        found = (self.nodes[place] for place in places(marking))
        return list(dict.fromkeys(node for node in found if node is not None))[::-1]


def one(place: int) -> int:
    """One token in this place."""
    return 1 << WIDTH * place


def places(marking: int) -> list[int]:
    """The places that hold tokens, downstream first."""
    found: list[int] = []
    while marking:
        place = (marking.bit_length() - 1) // WIDTH
        found.append(place)
        marking &= (1 << WIDTH * place) - 1
    return found


def count(marking: int) -> int:
    """How many tokens there are."""
    return sum(marking.to_bytes((marking.bit_length() + 7) // 8, "little"))


def high_bits(marking: int) -> int:
    """The highest bit of every byte up to the marking's last."""
    size = (marking.bit_length() + WIDTH - 1) // WIDTH
    return int.from_bytes(b"\x80" * size, "little")


def covers(marking: int, other: int) -> bool:
    """Whether there are at least as many tokens everywhere as in the other one."""
    if other > marking:
        return False
    guard = high_bits(marking)
    return ((marking | guard) - other) & guard == guard
