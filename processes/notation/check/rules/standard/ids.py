"""Ids: present where something refers to them, and unique."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.world import GLOBAL_TASKS, World
from processes.notation.diagram import BPMNDI, Diagram, Element, Item, kind_of
from processes.notation.labels import kind_name

MISSING_ID = Rule(
    "missing-id", ERROR,
    "{it}没有 id，别处无法引用它。", "{it} has no id: nothing can refer to it.",
    "给它一个在整张图里唯一的 id。", "Give it an id that is unique in the diagram.",
    "8.3.1",
)  # fmt: skip
DUPLICATE_ID = Rule(
    "duplicate-id", ERROR,
    "id “{id}”用了不止一次：{others}。引用它时只会认得其中一个，另一个的连线和条件会错乱。",
    "The id {id} is used more than once: {others}. References mean only one of them, and their flows are mixed up.",
    "给每个元素各自的 id（复制粘贴的元素要改 id），并更新引用它的连线。",
    "Give each its own id (change it after copy and paste) and update the flows that name it.",
    "8.3.1",
)  # fmt: skip
DUPLICATE_SHAPE_ID = Rule(
    "duplicate-shape-id", ERROR,
    "图形信息里的 id “{id}”与别的元素重复。", "The id {id} of a shape is also used by another element.",
    "在建模工具里打开并重新保存，工具会换一个 id。", "Open and save the diagram in the modeler: it will choose another id.",
    "8.3.1, 12.2",
)  # fmt: skip

# What is there to be referred to, and of no use otherwise.
NEED_ID = (
    "process", "message", "error", "signal", "escalation", "dataObject", "dataStore", "itemDefinition", "interface", "operation",
    "resource", "correlationProperty", "categoryValue", "participant", "dataInput", "dataOutput", *sorted(GLOBAL_TASKS),
)  # fmt: skip


def missing(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Nodes and what they refer to have ids; a flow's id is needed only where something names it."""
    for scope in diagram.scopes:
        yield from (MISSING_ID.at(node) for node in scope.nodes if not node.id)
        if world.runs(scope):
            severity = world.need(MISSING_ID, diagram.file)
            yield from (MISSING_ID.at(flow, severity=severity) for flow in scope.flows if not flow.id)
    yield from (MISSING_ID.at(item) for item in world.items(diagram, *NEED_ID) if not item.id)


def duplicates(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No id twice in a file."""
    owners: dict[str, list[Element]] = {}
    shapes: dict[str, list[Element]] = {}
    for element in diagram.root.iter("*"):
        if element.get("id") and not _is_variable(element):
            table = owners if kind_of(element) else shapes
            table.setdefault(element.get("id", ""), []).append(element)
    for own, elements in owners.items():
        if len(elements) > 1:
            yield DUPLICATE_ID.at(
                diagram.item(elements[1]), id=own, others=together(_with_line(diagram.item(each)) for each in elements)
            )
    for own, elements in shapes.items():
        drawn = [each for each in elements if str(each.tag).startswith("{" + BPMNDI)]
        if drawn and (len(elements) > 1 or own in owners):
            yield DUPLICATE_SHAPE_ID.at(diagram.item(drawn[-1]), id=own)


def _is_variable(element: Element) -> bool:
    """The items of a multi-instance activity: their ids are variable names, which several activities may share."""
    return kind_of(element) in {"inputDataItem", "outputDataItem"}


def _with_line(item: Item) -> Both:
    """Elements with the same id are told apart by name and line."""
    zh = f"“{item.name}”" if item.name else ""
    en = f' "{item.name}"' if item.name else ""
    return Both(f"{kind_name(item.kind)}{zh}（第 {item.line} 行）", f"{item.kind}{en} on line {item.line}")


CHECKS = (missing, duplicates)
