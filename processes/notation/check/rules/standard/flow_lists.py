"""What a node says of its flows (``incoming``, ``outgoing``) agrees with what the flows say of their ends."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Flow, Node, Scope, children, kind_of, text_of

STALE = Rule(
    "stale-flow-reference", ERROR,
    "{it}写着连有顺序流“{reference}”，但这条线不存在：可能误删了一条线。",
    "{it} lists the sequence flow {reference}, which is not there: a flow may have been deleted by mistake.",
    "需要这条线就补画；不需要就在建模工具里重新保存。", "Draw it again if it is needed; else save the diagram again in the modeler.",
    "8.4.9",
)  # fmt: skip
CONTRADICTS = Rule(
    "flow-list-contradicts", ERROR,
    "{it}把顺序流“{reference}”列为{way}，但这条线的{end}不是它。", "{it} lists {reference} as {way}, but is not the {end} of that flow.",
    "在建模工具里重新连接这条线并保存。", "Connect the flow again in the modeler, and save.",
    "8.4.9",
)  # fmt: skip
UNLISTED = Rule(
    "flow-not-listed", ERROR,
    "{flow}连着{it}，{it}的{way}列表里却没有它。", "{flow} is connected to {it}, which does not list it as {way}.",
    "在建模工具里打开并重新保存，或补上这一项。", "Open and save the diagram in the modeler, or add the entry.",
    "8.4.9",
)  # fmt: skip

INCOMING, OUTGOING = Both("入线（incoming）", "incoming"), Both("出线（outgoing）", "outgoing")
SOURCE, TARGET = Both("起点", "source"), Both("终点", "target")


def listed(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every entry is a flow that is there and has the node at that end; where a process lists its flows, it lists all of them."""
    by_process: dict[int, list[Scope]] = {}
    for scope in diagram.scopes:
        by_process.setdefault(id(scope.process), []).append(scope)
    for scopes in by_process.values():
        yield from _process(diagram, world, scopes)


def _process(diagram: Diagram, world: World, scopes: list[Scope]) -> Iterator[Finding]:
    entries = 0
    left_out: list[tuple[Node, Flow, Both]] = []
    for node in (node for scope in scopes for node in scope.nodes):
        for kind, flows, way, end in (
            ("incoming", node.incoming, INCOMING, TARGET),
            ("outgoing", node.outgoing, OUTGOING, SOURCE),
        ):
            named = [text_of(each) for each in children(node.element, kind)]
            # A QName may carry a prefix.
            names = {name if name in diagram.by_id else name.rpartition(":")[2] for name in named}
            entries += len(names)
            own = {flow.id for flow in flows}
            for name in sorted(names - own):
                element = diagram.by_id.get(name)
                if element is None or kind_of(element) != "sequenceFlow":
                    yield STALE.at(node, reference=name[:60] or "?")
                else:
                    yield CONTRADICTS.at(node, reference=name, way=way, end=end)
            left_out += [(node, flow, way) for flow in flows if flow.id and flow.id not in names]
    # The lists are optional. Where most ends are listed, one that is not has been forgotten.
    if left_out and entries >= 2 * len(left_out):
        yield from (UNLISTED.at(node, flow=flow, way=way) for node, flow, way in left_out)


CHECKS = (listed,)
