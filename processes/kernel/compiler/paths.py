"""Which incoming flows of an inclusive join can still be reached from where (BPMN 2.0.2, 13.4.3)."""

from __future__ import annotations

from collections.abc import Mapping

from processes.kernel.plan import Node, Scope


def set_ways(scope: Scope) -> None:
    """For every inclusive join: node id → the incoming flows, as bits, that a token at that node can reach without passing the join."""
    before = _predecessors(scope)
    for node in scope.nodes.values():
        if node.kind == "inclusiveGateway" and len(node.incoming) > 1:
            ways: dict[str, int] = {}
            for number, flow in enumerate(node.incoming):
                for reached in _leading_to(flow.source, node, before):
                    ways[reached] = ways.get(reached, 0) | 1 << number
            node.ways = ways


def _predecessors(scope: Scope) -> Mapping[str, list[Node]]:
    """From where a node is reached: along flows, from an activity to the events on its border, from a link's throw to its catch."""
    before: dict[str, list[Node]] = {
        node_id: [flow.source for flow in node.incoming] for node_id, node in scope.nodes.items()
    }
    for node in scope.nodes.values():
        for event in node.boundary:
            before[event.id].append(node)
        for trigger in node.triggers:
            if trigger.kind == "link" and node.kind == "intermediateThrowEvent" and trigger.name in scope.links:
                before[scope.links[trigger.name].id].append(node)
    return before


def _leading_to(target: Node, join: Node, before: Mapping[str, list[Node]]) -> set[str]:
    found: set[str] = set()
    pending = [target]
    while pending:
        node = pending.pop()
        if node is not join and node.id not in found:
            found.add(node.id)
            pending.extend(before[node.id])
    return found
