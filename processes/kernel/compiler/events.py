"""Events: what one waits for or throws, by its event definitions (BPMN 2.0.2, 10.5.5), and whether it interrupts."""

from __future__ import annotations

from processes.kernel import plan
from processes.kernel.compiler.reading import ParseError, expression_in, extension_text
from processes.kernel.plan import Trigger
from processes.notation.diagram import Element, Node, children, is_true, text_of
from processes.notation.links import link_name
from processes.notation.references import References, Target

_ALWAYS_INTERRUPT = frozenset({"error", "cancel", "compensate"})
_TIMES = ("timeDate", "timeDuration", "timeCycle")


def set_event(node: plan.Node, references: References, drawing: Node) -> None:
    """Tell what an event, a send task or a receive task waits for or throws, and whether it interrupts."""
    node.triggers = _triggers(references, drawing)
    node.all_of_them = is_true(drawing.element.get("parallelMultiple")) and len(node.triggers) > 1
    kinds = {trigger.kind for trigger in node.triggers}
    attribute = "isInterrupting" if node.kind == "startEvent" else "cancelActivity"
    node.interrupting = is_true(drawing.element.get(attribute, "true")) or bool(kinds & _ALWAYS_INTERRUPT)
    if node.kind in ("boundaryEvent", "intermediateCatchEvent") and not node.triggers:
        raise ParseError(
            f"{drawing.label('zh')}没有说明等待什么",
            f"{drawing.label('en')} does not say what it waits for",
            drawing.file,
            drawing.id,
        )


def _triggers(references: References, node: Node) -> tuple[Trigger, ...]:
    """The event definitions of a node in their order: those written inside and those referred to; a send or receive task's message."""
    if node.kind in ("sendTask", "receiveTask"):
        return (_message(references, node, Target(references.by_file[node.file], node.element), node.element),)
    found = []
    for target in references.event_definitions(node):
        if target.element is None:
            said = ", ".join(text_of(each) for each in children(node.element, "eventDefinitionRef"))
            raise _missing(node, "事件定义", said)
        found.append(_trigger(references, node, target, target.element))
    return tuple(found)


def _trigger(references: References, node: Node, target: Target, definition: Element) -> Trigger:
    kind = target.kind.removesuffix("EventDefinition")
    if kind == "message":
        return _message(references, node, target, definition)
    if kind in ("signal", "error", "escalation"):
        return _coded(references, node, target, definition)
    if kind == "timer":
        text = next((text_of(each) for each in children(definition, *_TIMES) if text_of(each)), "")
        if not text:
            raise ParseError(f"{node.label('zh')}没有写时间", f"{node.label('en')} has no time", node.file, node.id)
        return Trigger("timer", expression=text)
    if kind == "conditional":
        return Trigger("conditional", expression=expression_in(definition, "condition"))
    if kind == "compensate":
        waits = definition.get("waitForCompletion")
        activity = references.resolve(target.diagram, definition, definition.get("activityRef")).element
        undone = definition.get("activityRef", "") if activity is None else activity.get("id", "")
        return Trigger("compensate", activity=undone, waits=waits is None or is_true(waits))
    if kind == "link":
        return Trigger("link", name=link_name(target.diagram, node, definition))
    return Trigger(kind)


def _coded(references: References, node: Node, target: Target, definition: Element) -> Trigger:
    """A signal, error or escalation: what it is stands in the root element it refers to."""
    kind = target.kind.removesuffix("EventDefinition")
    reference = definition.get(f"{kind}Ref")
    found = references.resolve(target.diagram, definition, reference)
    root = found.element if found.kind == kind else None
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


def _message(references: References, node: Node, target: Target, holder: Element) -> Trigger:
    """The message of an event definition or a task, be it that of the operation it names."""
    found = references.message(target.diagram, holder)
    if found is not None and found.kind != "message":
        raise _missing(node, "消息", holder.get("messageRef") or "operationRef")
    message = None if found is None else found.element
    name = (message.get("name") or message.get("id") or "") if message is not None else node.name
    return Trigger(
        "message",
        name=name,
        expression=_either(holder, message, "messagePayload") or None,
        variable=_either(holder, message, "messageVariable") or None,
    )


def _either(definition: Element, root: Element | None, name: str) -> str:
    return extension_text(definition, name) or extension_text(root, name)


def _missing(node: Node, what: str, reference: str) -> ParseError:
    return ParseError(
        f"{node.label('zh')}引用的{what}“{reference}”不存在",
        f"{node.label('en')} refers to {reference}, which is not there",
        node.file,
        node.id,
    )
