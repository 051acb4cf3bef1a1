"""Data associations that this engine carries out."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, Scope, children, kind_of, text_of

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
READ_EARLY = Rule(
    "data-read-early", WARNING,
    "{it}读取{data}，但写入它的步骤都不在它之前：引擎不等数据写入，读到的是空值（null）。",
    "{it} reads {data}, and nothing that writes it comes before: the engine does not wait for data, it reads null.",
    "把写入的步骤放到它之前，或去掉这条数据关联。", "Let what writes it come before, or take the data association away.",
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


def too_early(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Data objects are written before they are read: an activity does not wait until its inputs are there."""
    writers: dict[Element, list[Node]] = {}
    readers: list[tuple[Node, Element]] = []
    for node in world.nodes(diagram):
        for data in _objects(diagram, world, node, "dataOutputAssociation", "targetRef"):
            writers.setdefault(data, []).append(node)
        readers += [(node, data) for data in _objects(diagram, world, node, "dataInputAssociation", "sourceRef")]
    for node, data in readers:
        if data in writers and not any(_may_precede(each, node) for each in writers[data]):
            yield READ_EARLY.at(node, data=diagram.item(data))


def _objects(diagram: Diagram, world: World, node: Node, kind: str, end: str) -> Iterator[Element]:
    """The data objects that a node's associations lead to."""
    for association in children(node.element, kind):
        for reference in children(association, end):
            found = world.resolve(diagram, reference, text_of(reference)).element
            if found is not None and kind_of(found) == "dataObjectReference":
                found = world.resolve(diagram, found, found.get("dataObjectRef")).element
            if found is not None and kind_of(found) == "dataObject":
                yield found


def _may_precede(first: Node, then: Node) -> bool:
    """Whether flows may lead from one node to another; where something else than flows leads there, too."""
    around = {id(scope): inside for scope, inside in _scopes(then)}
    for scope, inside in _scopes(first):
        if id(scope) in around:
            return _leads(scope, inside, around[id(scope)])
    return True  # in processes that call each other, perhaps


def _scopes(node: Node) -> Iterator[tuple[Scope, Node]]:
    """The scopes around a node from inside to outside, each with what it stands in there."""
    inside: Node | None = node
    while inside is not None:
        yield inside.scope, inside
        inside = inside.scope.host


def _leads(scope: Scope, first: Node, then: Node) -> bool:
    entered = [node for node in scope.nodes if node.incoming or node.kind in ("startEvent", "boundaryEvent")]
    if then not in entered or any(node.kind == "intermediateThrowEvent" and not node.outgoing for node in scope.nodes):
        return True  # an event sub-process, a compensation handler, a start without an event; a link
    seen: set[int] = set()
    pending = [first, *first.boundary]
    while pending:
        for flow in pending.pop().outgoing:
            node = flow.target
            if node is not None and id(node) not in seen:
                if node is then:
                    return True
                seen.add(id(node))
                pending += [node, *node.boundary]
    return False


CHECKS = (associations, too_early)
