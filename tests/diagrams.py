"""A few words to write small diagrams in tests with."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def element(tag: str, id: str, *inner: str, properties: Mapping[str, str] | None = None, **attributes: str) -> str:
    """Any BPMN element; ``properties`` are our named ones."""
    extension = ""
    if properties:
        rows = "".join(
            f"<spiffworkflow:property name={quoteattr(name)} value={quoteattr(value)}/>"
            for name, value in properties.items()
        )
        extension = f"<bpmn:extensionElements><spiffworkflow:properties>{rows}</spiffworkflow:properties></bpmn:extensionElements>"
    given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<bpmn:{tag} id="{id}"{given}>{extension}{"".join(inner)}</bpmn:{tag}>'


def flow(source: str, target: str, condition: str = "") -> str:
    """A sequence flow; its id is ``source_target``."""
    inner = (
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(condition)}</bpmn:conditionExpression>'
        if condition
        else ""
    )
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'


def path(*ids: str) -> str:
    """Flows from each to the next."""
    return "".join(flow(a, b) for a, b in pairwise(ids))


def user(id: str, *inner: str, **properties: str) -> str:
    """A user task."""
    return element("userTask", id, *inner, name=id, properties=properties or None)


def script(id: str, text: str) -> str:
    """A script task."""
    return element("scriptTask", id, f"<bpmn:script>{escape(text)}</bpmn:script>")


def service(
    id: str,
    topic: str,
    arguments: Mapping[str, str] | None = None,
    result: str = "",
    inner: str = "",
    **properties: str,
) -> str:
    """An external service task."""
    rows = "".join(
        f'<spiffworkflow:parameter id="{name}" type="any" value={quoteattr(value)}/>'
        for name, value in (arguments or {}).items()
    )
    named = "".join(
        f"<spiffworkflow:property name={quoteattr(name)} value={quoteattr(value)}/>"
        for name, value in properties.items()
    )
    named = f"<spiffworkflow:properties>{named}</spiffworkflow:properties>" if named else ""
    return (
        f'<bpmn:serviceTask id="{id}"><bpmn:extensionElements>{named}<spiffworkflow:serviceTaskOperator id="{topic}" '
        f'resultVariable="{result or id}"><spiffworkflow:parameters>{rows}</spiffworkflow:parameters>'
        f"</spiffworkflow:serviceTaskOperator></bpmn:extensionElements>{inner}</bpmn:serviceTask>"
    )


def timer(kind: str, text: str) -> str:
    """A timer event definition: kind is timeDate, timeDuration or timeCycle."""
    return f'<bpmn:timerEventDefinition><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{kind}></bpmn:timerEventDefinition>'


def message(reference: str, payload: str = "", variable: str = "") -> str:
    """A message event definition."""
    inner = ""
    if payload:
        inner += f"<spiffworkflow:messagePayload>{escape(payload)}</spiffworkflow:messagePayload>"
    if variable:
        inner += f"<spiffworkflow:messageVariable>{variable}</spiffworkflow:messageVariable>"
    inner = f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>" if inner else ""
    return f'<bpmn:messageEventDefinition messageRef="{reference}">{inner}</bpmn:messageEventDefinition>'


def boundary(id: str, on: str, definition: str, interrupting: bool = True, **properties: str) -> str:
    """A boundary event."""
    cancel = "true" if interrupting else "false"
    return element(
        "boundaryEvent", id, definition, properties=properties or None, attachedToRef=on, cancelActivity=cancel
    )


def start(id: str = "start", *inner: str) -> str:
    """A start event."""
    return element("startEvent", id, *inner)


def end(id: str = "end", *inner: str, **properties: str) -> str:
    """An end event."""
    return element("endEvent", id, *inner, properties=properties or None)


def process(id: str, *body: str) -> str:
    """An executable process."""
    return f'<bpmn:process id="{id}" isExecutable="true">{"".join(body)}</bpmn:process>'


def definitions(*parts: str) -> bytes:
    """A whole file."""
    head = f'<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions {NAMESPACES} id="d" targetNamespace="http://bihuan.test">'
    return f"{head}{''.join(parts)}</bpmn:definitions>".encode()
