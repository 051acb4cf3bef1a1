"""From a scope's drawing to its net: places get numbers in the order of the flow, and steps their integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from processes.notation.diagram import Flow, Node, Scope
from processes.notation.soundness.behaviour import Behaviour
from processes.notation.soundness.compiling import BEGIN, Compiler, Draft, Drawing, Spot, TooLarge
from processes.notation.soundness.net import FULL, MOST_TOKENS, WIDTH, Cluster, InclusiveJoin, Net, Step, one
from processes.notation.soundness.passage import Passage, is_join, spread
from processes.notation.soundness.surroundings import Surroundings

# Who can still come to an inclusive join has to be known for every node and every flow into it.
MOST_WAYS = 300_000
# Every step holds integers with a byte a place.
MOST_BYTES = 50_000_000


def compile_scope(
    scope: Scope, surroundings: Surroundings, passage: Passage, behaviours: Mapping[Scope, Behaviour]
) -> Net:
    """The net of a scope whose inner scopes behave like this. Raises ``TooLarge``."""
    inclusive = [node for node in scope.nodes if node.kind == "inclusiveGateway" and is_join(node)]
    if len(scope.nodes) * sum(len(node.incoming) for node in inclusive) > MOST_WAYS:
        raise TooLarge
    drawing = Compiler(scope, surroundings, passage, behaviours).drawing()
    assembly = _Assembly(passage, drawing)
    if len(assembly.drafts) * len(assembly.numbers) > MOST_BYTES:
        raise TooLarge
    return assembly.net()


@dataclass(frozen=True, eq=False)
class _Routes:
    """The ways to an inclusive join: ``ahead``: node → its incoming flows, as bits, that a token there may come by; masks of the places
    from which each flow may be reached, and of the places on the flows."""

    join: Node
    ahead: Mapping[Node, int]
    upstream: tuple[int, ...]
    on_flows: tuple[int, ...]

    def danger(self, node: Node | None, drafts: Iterable[Draft]) -> int:
        """Where other tokens would make the order matter in which this node and the join move; 0 when it never does.

        It does not when no way leads from the node to the join, or when the node's tokens can come to the same flows of the join before and
        after it has moved. Else the node holds the join back for as long as nothing else can come to those flows.
        """
        own = self.ahead.get(node, 0) if node is not None else 0
        if not own or all(draft.outcome is not None or self._keeps(draft, own) for draft in drafts):
            return 0
        flows = [number for number in range(len(self.on_flows)) if own >> number & 1]
        return _union(self.on_flows[number] | self.upstream[number] for number in flows)

    def _keeps(self, draft: Draft, own: int) -> bool:
        ahead = (self.ahead.get(spot.node, 0) if spot.node not in {None, self.join} else 0 for spot in draft.give)
        return bool(draft.give) and all(each == own for each in ahead)


@dataclass(frozen=True, eq=False)
class _Assembly:
    passage: Passage
    drawing: Drawing

    @cached_property
    def drafts(self) -> list[Draft]:
        return [draft for group in (*self.drawing.at.values(), *self.drawing.joins.values()) for draft in group]

    @cached_property
    def numbers(self) -> dict[Spot, int]:
        """Spot → place; what lies on the flow into a join counts as lying at the join."""
        spots = dict.fromkeys([*self.drawing.at, *(spot for draft in self.drafts for spot in draft.give)])
        rank = self.passage.rank
        ordered = sorted(spots, key=lambda spot: (spot.node is not None, rank[spot.node] if spot.node else 0))
        return {spot: number for number, spot in enumerate(ordered)}

    @cached_property
    def waiting(self) -> dict[Node, list[tuple[int, Flow]]]:
        """Join → the places on its incoming flows. A flow that nothing ever comes by has one as well: it stays empty."""
        found: dict[Node, list[tuple[int, Flow]]] = {}
        spare = len(self.numbers)
        for join in self.drawing.joins:
            for flow in join.incoming:
                place = self.numbers.get(Spot(join, flow))
                if place is None:
                    place, spare = spare, spare + 1
                found.setdefault(join, []).append((place, flow))
        return found

    @cached_property
    def routes(self) -> list[_Routes]:
        """The ways to every inclusive join."""
        found: list[_Routes] = []
        for join, flows in self.waiting.items():
            if join.kind != "inclusiveGateway":
                continue
            sources = [self.passage.leading_to(flow) for _, flow in flows]
            ahead: dict[Node, int] = {}
            for number, nodes in enumerate(sources):
                for node in nodes:
                    ahead[node] = ahead.get(node, 0) | 1 << number
            on_flows = tuple(FULL << WIDTH * place for place, _ in flows)
            found.append(_Routes(join, ahead, tuple(map(self._mask, sources)), on_flows))
        return found

    @cached_property
    def asked(self) -> Mapping[str, set[Node]]:
        """Questions that several gateways ask → those gateways."""
        found: dict[str, set[Node]] = {}
        for draft in self.drafts:
            if draft.choice is not None:
                for each in draft.claims:
                    found.setdefault(each.key, set()).add(draft.choice.node)
        return {key: nodes for key, nodes in found.items() if len(nodes) > 1}

    def net(self) -> Net:
        clusters: list[Cluster] = []
        by_place: dict[int, Cluster] = {}
        for spot, drafts in self.drawing.at.items():
            place = self.numbers[spot]
            steps = tuple(self._step(draft, one(place), spot.node) for draft in drafts)
            cluster = self._cluster(spot.node, [place], steps, drafts)
            clusters.append(cluster)
            by_place[place] = cluster
        for join, drafts in self.drawing.joins.items():
            held = [place for place, _ in self.waiting[join]]
            need = sum(map(one, held))
            steps = tuple(self._step(draft, need, join) for draft in drafts)
            cluster = self._cluster(join, held, steps, drafts)
            clusters.append(cluster)
            by_place.update(dict.fromkeys(held, cluster))
        nodes: dict[int, Node | None] = {number: spot.node for spot, number in self.numbers.items()}
        nodes.update({place: join for join, flows in self.waiting.items() for place, _ in flows})
        size = len(nodes)
        return Net(
            scope=self.passage.scope,
            initial=one(self.numbers[BEGIN]),
            clusters=tuple(clusters),
            by_place=tuple(by_place[place] for place in range(size)),
            nodes=tuple(nodes[place] for place in range(size)),
            before=self.passage.before,
            entries={
                spot.node: number for spot, number in self.numbers.items() if spot.node and spot == Spot(spot.node)
            },
            joins=self.waiting,
            exact=self.drawing.exact,
            oftener=spread(self.drawing.recurring, self.passage.after),
            asks_twice=bool(self.asked),
        )

    def _step(self, draft: Draft, need: int, node: Node | None) -> Step:
        give = sum(min(number, MOST_TOKENS) * one(self.numbers[spot]) for spot, number in Counter(draft.give).items())
        claims = tuple(each for each in draft.claims if each.key in self.asked)
        return Step(draft.path, need, give, draft.runs, node, draft.outcome, draft.raised, claims, draft.choice)

    def _mask(self, nodes: Iterable[Node]) -> int:
        """All places at these nodes, a full byte each; what waits at a join has passed all ways to it already."""
        return _union(self._at[node] for node in nodes if node in self._at)

    @cached_property
    def _at(self) -> dict[Node, int]:
        found: dict[Node, int] = {}
        for spot, number in self.numbers.items():
            if spot.node is not None:
                found[spot.node] = found.get(spot.node, 0) | FULL << WIDTH * number
        return found

    def _cluster(self, node: Node | None, held: list[int], steps: tuple[Step, ...], drafts: list[Draft]) -> Cluster:
        join: InclusiveJoin | None = None
        dangers: list[int] = []
        for routes in self.routes if node is not None else ():
            if routes.join is node:
                join = InclusiveJoin(tuple(held), routes.upstream, steps)
                dangers.append(_union(routes.upstream))
            elif danger := routes.danger(node, drafts):
                dangers.append(danger)
        places = _union(FULL << WIDTH * place for place in held)
        need = sum(map(one, held))
        return Cluster(node, places, need, steps, join, tuple(dangers), self._rivals(drafts))

    def _rivals(self, drafts: list[Draft]) -> int:
        """Where other tokens would come to a question that is asked here too."""
        keys = {each.key for draft in drafts for each in draft.claims} & set(self.asked)
        askers = {node for key in keys for node in self.asked[key]}
        return self._mask(spread(askers, self.passage.before)) if askers else 0


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
