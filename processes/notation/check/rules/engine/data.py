"""Data associations that this engine carries out."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, children, kind_of, text_of

DATA_STORE = Rule(
    "data-store", ERROR,
    "{it}读写{store}，引擎不认识数据存储，什么也读不到、存不下。",
    "{it} reads or writes {store}; the engine knows no data stores, so nothing is read or kept.",
    "读写外部数据用服务任务；只作说明就去掉数据关联，改用普通关联。",
    "Read and write outside data by service tasks; to explain only, use an association instead of a data association.",
)  # fmt: skip
MAPPING = Rule(
    "data-association-mapping", ERROR,
    "{it}的数据关联里有转换或赋值（{what}），引擎不执行。", "A data association of {it} has a {what}, which the engine does not carry out.",
    "用脚本任务做转换。", "Convert by a script task.",
)  # fmt: skip


def associations(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What the data associations of a running process say is what happens."""
    for node in world.nodes(diagram):
        for element in children(node.element, "dataInputAssociation", "dataOutputAssociation"):
            yield from _association(diagram, world, node, element)


def _association(diagram: Diagram, world: World, node: Node, element: Element) -> Iterator[Finding]:
    for mapping in children(element, "transformation", "assignment"):
        yield MAPPING.at(node, severity=world.need(MAPPING, diagram.file), what=kind_of(mapping))
    for reference in children(element, "sourceRef", "targetRef"):
        target = world.resolve(diagram, reference, text_of(reference))
        if target.element is not None and target.kind in {"dataStore", "dataStoreReference"}:
            severity = world.need(DATA_STORE, diagram.file)
            yield DATA_STORE.at(node, severity=severity, store=diagram.item(target.element))


CHECKS = (associations,)
