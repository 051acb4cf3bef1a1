"""How tokens may go from node to node of a scope: beginnings, successors, and the order of the flow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from processes.notation.diagram import ACTIVITIES, Flow, Node, Scope, is_true
from processes.notation.soundness.surroundings import Surroundings, is_event_sub_process, is_handler

JOINS = frozenset({"parallelGateway", "inclusiveGateway"})
CREATING = frozenset({"receiveTask", "eventBasedGateway"})


def is_join(node: Node) -> bool:
    """Whether tokens wait at it for others."""
    return node.kind in JOINS and len(node.incoming) > 1


@dataclass(frozen=True, eq=False)
class Passage:
    """The graph of one scope; boundary events and links lead on like flows."""

    scope: Scope
    surroundings: Surroundings

    @cached_property
    def links(self) -> Mapping[str, list[Node]]:
        """Link name → its catch events."""
        found: dict[str, list[Node]] = {}
        for node in self.scope.nodes:
            if node.kind == "intermediateCatchEvent":
                for trigger in self.surroundings.triggers(node):
                    if trigger.kind == "link":
                        found.setdefault(trigger.code, []).append(node)
        return found

    @cached_property
    def beginnings(self) -> list[tuple[Node, ...]]:
        """The ways to start, each with the nodes that get a token: its starts; without any, all that nothing leads to."""
        ways: list[tuple[Node, ...]] = [(node,) for node in self.scope.nodes if node.kind == "startEvent"]
        for node in self.scope.nodes:
            if node.incoming or node.kind not in CREATING or not is_true(node.element.get("instantiate")):
                continue
            together = node.element.get("eventGatewayType") == "Parallel"
            targets = tuple(each for flow in node.outgoing if (each := flow.target) is not None and not is_join(each))
            ways.append(targets if together and targets else (node,))
        if ways:
            return ways
        caught = {node for nodes in self.links.values() for node in nodes}
        implicit = (node for node in self.scope.nodes if not node.incoming and node not in caught)
        first = tuple(each for each in implicit if not _stands_apart(each))
        return [first] if first else []

    def thrown_to(self, node: Node) -> list[Node]:
        """The link catch events a link throw leads to."""
        if node.kind not in {"intermediateThrowEvent", "endEvent"}:
            return []
        links = [each for each in self.surroundings.triggers(node) if each.kind == "link"]
        return [catch for link in links for catch in self.links.get(link.code, ())[:1]]

    @cached_property
    def after(self) -> Mapping[Node, list[Node]]:
        """Node → the nodes a token may go to from it."""
        found: dict[Node, list[Node]] = {}
        for node in self.scope.nodes:
            targets = [flow.target for flow in node.outgoing if flow.target is not None]
            borders = [each for each in node.boundary if node.kind in ACTIVITIES and not self.is_compensation(each)]
            found[node] = [*targets, *borders, *self.thrown_to(node)]
        return found

    @cached_property
    def before(self) -> Mapping[Node, list[Node]]:
        """Node → the nodes a token may have come from."""
        found: dict[Node, list[Node]] = {node: [] for node in self.scope.nodes}
        for node, targets in self.after.items():
            for target in targets:
                found[target].append(node)
        return found

    def is_compensation(self, event: Node) -> bool:
        """Whether a boundary event only marks a handler."""
        return {each.kind for each in self.surroundings.triggers(event)} == {"compensate"}

    @cached_property
    def reachable(self) -> frozenset[Node]:
        """What a way leads to at all."""
        return spread((node for way in self.beginnings for node in way), self.after)

    @cached_property
    def leading_out(self) -> frozenset[Node]:
        """From where a way leads to some end."""
        return spread((node for node in self.scope.nodes if not self.after[node]), self.before)

    def leading_to(self, flow: Flow) -> frozenset[Node]:
        """From where a token may come to an incoming flow of a join without passing the join."""
        if flow.source is None or flow.source is flow.target:
            return frozenset()
        return spread([flow.source], self.before, avoiding=flow.target)

    @cached_property
    def rank(self) -> Mapping[Node, int]:
        """Node → its place in the order of the flow; nodes on one loop share it (Tarjan's components)."""
        order: dict[Node, int] = {}
        index: dict[Node, int] = {}
        lowest: dict[Node, int] = {}
        stack: list[Node] = []
        for root in self.scope.nodes:
            work = [(root, iter(self.after[root]))] if root not in index else []
            if work:
                index[root] = lowest[root] = len(index)
                stack.append(root)
            while work:
                node, targets = work[-1]
                target = next(targets, None)
                if target is None:
                    work.pop()
                    if work:
                        lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                    if lowest[node] == index[node]:
                        component = len(order)
                        while True:
                            member = stack.pop()
                            order[member] = -component
                            if member is node:
                                break
                elif target not in index:
                    index[target] = lowest[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(self.after[target])))
                elif target not in order:
                    lowest[node] = min(lowest[node], index[target])
        return order


def _stands_apart(node: Node) -> bool:
    return node.kind == "boundaryEvent" or is_event_sub_process(node) or is_handler(node)


def spread(roots: Iterable[Node], to: Mapping[Node, Iterable[Node]], avoiding: Node | None = None) -> frozenset[Node]:
    """Everything that can be reached, without passing the node that is to be avoided."""
    seen = set(roots)
    pending = deque(seen)
    while pending:
        for target in to[pending.popleft()]:
            if target not in seen and target is not avoiding:
                seen.add(target)
                pending.append(target)
    return frozenset(seen)
