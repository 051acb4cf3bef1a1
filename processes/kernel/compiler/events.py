"""Event definitions: what an event waits for or throws (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

from processes.kernel.compiler.reading import ParseError, child_text, expression_in, extension_text
from processes.kernel.plan import Trigger
from processes.notation.diagram import Diagram, Element, Node, children, is_true, kind_of, text_of
from processes.notation.links import link_name

_TIMES = ("timeDate", "timeDuration", "timeCycle")


def triggers_of(diagram: Diagram, node: Node) -> tuple[Trigger, ...]:
    """The event definitions of a node in their order: those written inside and those referred to; a send or receive task's message."""
    if node.kind in ("sendTask", "receiveTask"):
        return (_message(diagram, node, _message_of_task(diagram, node.element), node.element),)
    found = []
    for child in node.element:
        kind = kind_of(child)
        if kind == "eventDefinitionRef":
            definition = diagram.by_id.get(text_of(child).rpartition(":")[2])
            if definition is None:
                raise _missing(node, "事件定义", text_of(child))
            found.append(_trigger(diagram, node, definition))
        elif kind.endswith("EventDefinition"):
            found.append(_trigger(diagram, node, child))
    return tuple(found)


def _trigger(diagram: Diagram, node: Node, definition: Element) -> Trigger:
    kind = kind_of(definition).removesuffix("EventDefinition")
    if kind == "message":
        return _message(diagram, node, _message_of(diagram, definition), definition)
    if kind in ("signal", "error", "escalation"):
        return _coded(diagram, node, definition, kind)
    if kind == "timer":
        text = next((text_of(each) for each in children(definition, *_TIMES) if text_of(each)), "")
        if not text:
            raise ParseError(f"{node.label('zh')}没有写时间", f"{node.label('en')} has no time", node.file, node.id)
        return Trigger("timer", expression=text)
    if kind == "conditional":
        return Trigger("conditional", expression=expression_in(definition, "condition"))
    if kind == "compensate":
        waits = definition.get("waitForCompletion")
        return Trigger("compensate", activity=definition.get("activityRef", ""), waits=waits is None or is_true(waits))
    if kind == "link":
        return Trigger("link", name=link_name(diagram, node, definition))
    return Trigger(kind)


def _coded(diagram: Diagram, node: Node, definition: Element, kind: str) -> Trigger:
    """A signal, error or escalation: what it is stands in the root element it refers to."""
    reference = definition.get(f"{kind}Ref")
    root = diagram.defined(kind, reference) if reference else None
    if reference and root is None:
        raise _missing(node, {"signal": "信号", "error": "错误", "escalation": "升级"}[kind], reference)
    name = (root.get("name") or root.get("id") or "") if root is not None else node.name
    code = (root.get(f"{kind}Code") or None) if root is not None else None
    return Trigger(
        kind,
        name=name,
        code=code,
        expression=_either(definition, root, "payloadExpression") or None,
        variable=_either(definition, root, "variableName") or None,
    )


def _message(diagram: Diagram, node: Node, message: Element | None, definition: Element) -> Trigger:
    name = (message.get("name") or message.get("id") or "") if message is not None else node.name
    return Trigger(
        "message",
        name=name,
        expression=_either(definition, message, "messagePayload") or None,
        variable=_either(definition, message, "messageVariable") or None,
    )


def _message_of(diagram: Diagram, definition: Element) -> Element | None:
    reference = definition.get("messageRef")
    return diagram.defined("message", reference) if reference else None


def _message_of_task(diagram: Diagram, task: Element) -> Element | None:
    """A task's own message, or the one of the operation it names."""
    found = _message_of(diagram, task)
    if found is None and task.get("operationRef"):
        operation = diagram.defined("operation", task.get("operationRef"))
        if operation is not None:
            message = child_text(operation, "inMessageRef")
            found = diagram.defined("message", message)
    return found


def _either(definition: Element, root: Element | None, name: str) -> str:
    return extension_text(definition, name) or extension_text(root, name)


def _missing(node: Node, what: str, reference: str) -> ParseError:
    return ParseError(
        f"{node.label('zh')}引用的{what}“{reference}”不存在",
        f"{node.label('en')} refers to {reference}, which is not there",
        node.file,
        node.id,
    )
