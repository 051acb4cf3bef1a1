"""Data objects and stores: only what the engine really moves."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Item, children, kind_of, text_of

DATA_STORE = Rule(
    "data-store", ERROR,
    "{it}没有实现，引擎会拒绝整张图。", "{it} has no implementation: the engine refuses the whole diagram.",
    "删去数据存储的定义；读写外部数据用服务任务，只作说明就改成文字注释。",
    "Delete the data store; read and write outside data by service tasks, or use a text annotation to explain.",
)  # fmt: skip
UNKNOWN_SOURCE = Rule(
    "data-association", ERROR,
    "{it}的数据关联引用的数据对象“{reference}”不存在。", "A data association of {it} refers to the data object {reference}, which is not there.",
    "重新连到图上的数据对象，或删去这条关联。", "Connect it to a data object of the diagram, or delete it.",
)  # fmt: skip
IGNORED_SOURCE = Rule(
    "data-association-source", ERROR,
    "{it}要把“{source}”存进数据对象“{target}”，但引擎不看来源，存的是名为“{target}”的变量。",
    "{it} writes {source} into the data object {target}, but the engine ignores the source and writes the variable {target}.",
    "先用脚本任务把值放进变量 {target}，并删去关联里的 sourceRef。",
    "Put the value into the variable {target} by a script task, and delete the sourceRef.",
)  # fmt: skip
IGNORED_TARGET = Rule(
    "data-association-source", ERROR,
    "{it}要把数据对象“{source}”读进“{target}”，但引擎总是读进名为“{source}”的变量。",
    "{it} reads the data object {source} into {target}, but the engine always reads it into the variable {source}.",
    "在任务里使用变量 {source}，并删去关联里的 targetRef 映射。", "Use the variable {source} in the task, and delete the mapping.",
)  # fmt: skip
MAPPING = Rule(
    "data-association-mapping", ERROR,
    "{it}的数据关联里有转换或赋值（{what}），引擎会忽略。", "A data association of {it} has a {what}, which the engine ignores.",
    "用脚本任务做转换。", "Convert by a script task.",
)  # fmt: skip

# bpmn-js gives input associations a target that stands for nothing.
PLACEHOLDER = "__targetRef_placeholder"


def stores(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No data stores."""
    yield from (DATA_STORE.at(item) for item in diagram.items("dataStore"))


def associations(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What data associations say is what happens."""
    for node in diagram.nodes:
        for element in children(node.element, "dataInputAssociation", "dataOutputAssociation"):
            yield from _association(diagram, node, element)


def _association(diagram: Diagram, node: Item, element: Element) -> Iterator[Finding]:
    reads = kind_of(element) == "dataInputAssociation"
    outer, inner = ("sourceRef", "targetRef") if reads else ("targetRef", "sourceRef")
    for mapping in children(element, "transformation", "assignment"):
        yield MAPPING.at(node, what=kind_of(mapping))
    for reference in children(element, outer):
        found = diagram.defined("dataObjectReference", text_of(reference))
        if found is None:
            store = diagram.defined("dataStoreReference", text_of(reference))
            if store is None:
                yield UNKNOWN_SOURCE.at(node, reference=text_of(reference))
            elif diagram.defined("dataStore", store.get("dataStoreRef")) is None:
                yield DATA_STORE.at(diagram.item(store))
            continue
        held = found.get("dataObjectRef") or ""
        if not held:
            yield UNKNOWN_SOURCE.at(node, reference=text_of(reference))
            continue
        variable = _variable(diagram, element, inner)
        if variable and variable != held:
            if reads:
                yield IGNORED_TARGET.at(node, source=held, target=variable)
            else:
                yield IGNORED_SOURCE.at(node, source=variable, target=held)


def _variable(diagram: Diagram, element: Element, inner: str) -> str:
    """The variable an association means inside its task; empty when it means none in particular."""
    for reference in children(element, inner):
        found = diagram.by_id.get(text_of(reference))
        if found is None or found.get("name") == PLACEHOLDER:
            continue
        return found.get("id") or ""
    return ""


CHECKS = (stores, associations)
