"""Services: the data of a task fit its operation's messages, and bindings name what is their own."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.rules.standard.data_objects import equivalent
from processes.notation.check.world import GLOBAL_TASKS, World
from processes.notation.diagram import Diagram, Element, Node, children, kind_of, text_of
from processes.notation.labels import kind_name

SETS = Rule(
    "service-data-sets", ERROR,
    "{it}调用操作“{operation}”，有 {inputs} 个输入集、{outputs} 个输出集；输入集必须恰好一个，输出集至多一个。",
    "{it} invokes the operation {operation} with {inputs} input sets and {outputs} output sets: there is one input set and at most one output set.",
    "合并成一个输入集和一个输出集。", "Make them one input set and one output set.",
    "10.3.3",
)  # fmt: skip
COUNT = Rule(
    "service-data-count", ERROR,
    "{it}有 {count} 个{what}，这里至多一个（它就是消息的内容）。",
    "{it} has {count} times {what}; at most one is allowed here, the content of the message.",
    "只留一个{what}，类型与消息相同。", "Keep one {what}, of the message's type.",
    "10.3.3",
)  # fmt: skip
TYPE = Rule(
    "service-data-type", ERROR,
    "{it}的{what}类型是“{own}”，消息“{message}”的类型却是“{theirs}”，两边必须相同。",
    "The {what} of {it} has the type {own}, but the message {message} has {theirs}: they must be the same.",
    "让两边引用同一个数据类型。", "Refer to the same item definition on both sides.",
    "10.3.3",
)  # fmt: skip
ONE_SET = Rule(
    "service-data-sets", ERROR,
    "{it}有 {count} 个{what}，最多一个（它就是消息的内容）。", "{it} has {count} times {what}: at most one, the content of the message.",
    "合并成一个{what}。", "Make them one {what}.",
    "10.3.3",
)  # fmt: skip
BINDING = Rule(
    "io-binding", ERROR,
    "{it}的输入输出绑定（ioBinding）里的 {attribute}“{reference}”不对：{why}。", "{attribute} {reference} in an ioBinding of {it} is wrong: {why}.",
    "操作要属于 supportedInterfaceRef 所列的接口，输入集和输出集要是自己的。",
    "The operation belongs to an interface in supportedInterfaceRef, the sets to the element's own ioSpecification.",
    "10.4.1",
)  # fmt: skip


def tasks(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Service, send and receive tasks that declare their data."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            specifications = children(node.element, "ioSpecification")
            if specifications and node.kind == "serviceTask":
                yield from _service(diagram, world, node, specifications[0])
            elif specifications and node.kind == "sendTask":
                yield from _one_set(node, specifications[0], "inputSet")
                yield from _message(diagram, world, node, specifications[0], "dataInput")
            elif specifications and node.kind == "receiveTask":
                yield from _one_set(node, specifications[0], "outputSet")
                yield from _message(diagram, world, node, specifications[0], "dataOutput")


def _one_set(node: Node, specification: Element, kind: str) -> Iterator[Finding]:
    count = len(children(specification, kind))
    if count > 1:
        yield ONE_SET.at(node, count=count, what=Both(kind_name(kind), kind))


def _service(diagram: Diagram, world: World, node: Node, specification: Element) -> Iterator[Finding]:
    operation = world.resolve(diagram, node.element, node.element.get("operationRef")).element
    if operation is None or kind_of(operation) != "operation":
        return
    sets = [len(children(specification, kind)) for kind in ("inputSet", "outputSet")]
    if sets[0] > 1 or sets[1] > 1:
        name = operation.get("name") or operation.get("id") or "?"
        yield SETS.at(node, operation=name, inputs=sets[0], outputs=sets[1])
    for kind, reference in (("dataInput", "inMessageRef"), ("dataOutput", "outMessageRef")):
        for message in children(operation, reference):
            meant = world.resolve(diagram, message, text_of(message)).element
            yield from _content(diagram, world, node, specification, kind, meant)


def _message(diagram: Diagram, world: World, node: Node, specification: Element, kind: str) -> Iterator[Finding]:
    message = world.resolve(diagram, node.element, node.element.get("messageRef")).element
    yield from _content(diagram, world, node, specification, kind, message)


def _content(
    diagram: Diagram, world: World, node: Node, specification: Element, kind: str, message: Element | None
) -> Iterator[Finding]:
    """At most one input (output), and of the message's type."""
    data = children(specification, kind)
    what = Both(kind_name(kind), kind)
    if message is None or kind_of(message) != "message":
        return
    if len(data) > 1:
        yield COUNT.at(node, count=len(data), what=what)
        return
    theirs = world.resolve(diagram, message, message.get("itemRef")).element
    for each in data:
        mine = world.resolve(diagram, each, each.get("itemSubjectRef"))
        if mine.element is None and each.get("itemSubjectRef"):
            continue  # it cannot be looked at, or is unknown, which is told as such
        if theirs is not None and not (mine.element is not None and equivalent(mine.element, theirs)):
            yield TYPE.at(
                node,
                what=what,
                own=(mine.element.get("id") if mine.element is not None else "") or Both("没有写", "none"),
                message=message.get("name") or message.get("id") or "?",
                theirs=theirs.get("id") or "?",
            )


def bindings(diagram: Diagram, world: World) -> Iterator[Finding]:
    """An ioBinding binds an operation of a supported interface to sets of its own element."""
    for item in world.items(diagram, "process", *sorted(GLOBAL_TASKS)):
        interfaces = [
            world.resolve(diagram, each, text_of(each)).element
            for each in children(item.element, "supportedInterfaceRef")
        ]
        specifications = children(item.element, "ioSpecification")
        for binding in children(item.element, "ioBinding"):
            operation = world.resolve(diagram, binding, binding.get("operationRef")).element
            if operation is not None and operation.getparent() not in interfaces:
                why = Both("它不属于这里支持的接口", "it belongs to no interface that is supported here")
                yield BINDING.at(item, attribute="operationRef", reference=binding.get("operationRef", ""), why=why)
            for attribute, kind in (("inputDataRef", "inputSet"), ("outputDataRef", "outputSet")):
                own = {each.get("id") for one in specifications for each in children(one, kind)}
                reference = (binding.get(attribute) or "").strip()
                if reference and reference not in own:
                    why = Both(f"这里没有这个{kind_name(kind)}", f"there is no such {kind} here")
                    yield BINDING.at(item, attribute=attribute, reference=reference[:60], why=why)


CHECKS = (tasks, bindings)
