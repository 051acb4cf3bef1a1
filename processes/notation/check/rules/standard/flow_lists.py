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
WAYS = (("incoming", INCOMING, TARGET), ("outgoing", OUTGOING, SOURCE))


def listed(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every entry is a flow that is there and has the node at that end; where a process lists its flows, it lists all of them."""
    by_process: dict[int, list[Scope]] = {}
    for scope in diagram.scopes:
        by_process.setdefault(id(scope.process), []).append(scope)
    for scopes in by_process.values():
        yield from _process(diagram, world, scopes)


def _process(diagram: Diagram, world: World, scopes: list[Scope]) -> Iterator[Finding]:
    entries = 0
    silent = 0
    named: dict[tuple[Node, str], set[str]] = {}
    for node in (node for scope in scopes for node in scope.nodes):
        for kind, way, end in WAYS:
            names = {_name(diagram, text_of(each)) for each in children(node.element, kind)}
            own = {flow.id for flow in _flows(node, kind)}
            named[node, kind] = names
            entries += len(names)
            silent += len(own - names)
            for name in sorted(names - own):
                element = diagram.by_id.get(name)
                if element is None or kind_of(element) != "sequenceFlow":
                    yield STALE.at(node, reference=name[:60] or "?")
                else:
                    yield CONTRADICTS.at(node, reference=name, way=way, end=end)
    # The lists are optional. One that leaves out a flow which the other end lists has been forgotten.
    mostly = entries >= 2 * silent
    for flow in (flow for scope in scopes for flow in scope.flows if entries and silent and flow.id):
        for here, there, kind, opposite, way in (
            (flow.source, flow.target, "outgoing", "incoming", OUTGOING),
            (flow.target, flow.source, "incoming", "outgoing", INCOMING),
        ):
            if here is None or there is None or flow.id in named[here, kind] or flow.id not in named[there, opposite]:
                continue
            if mostly or named[here, "incoming"] or named[here, "outgoing"]:
                yield UNLISTED.at(here, flow=flow, way=way)


def _name(diagram: Diagram, text: str) -> str:
    """The id in a QName that may carry a prefix."""
    return text if text in diagram.by_id else text.rpartition(":")[2]


def _flows(node: Node, kind: str) -> list[Flow]:
    return node.incoming if kind == "incoming" else node.outgoing


CHECKS = (listed,)
