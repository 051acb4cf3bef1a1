"""More words to draw with than ``tests.diagrams`` has: the whole vocabulary that the engine executes."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from tests.diagrams import element

Attributes = dict[str, Any]
"""Of an XML element; all are strings."""


def gateway(kind: str, id: str, default: str = "") -> str:
    """An exclusive, parallel, inclusive or eventBased gateway."""
    given: Attributes = {"default": default} if default else {}
    return element(f"{kind}Gateway", id, **given)


def catch(id: str, *definitions: str, all_of: bool = False, **properties: str) -> str:
    """An intermediate catching event, of any of its definitions or of all."""
    together: Attributes = {"parallelMultiple": "true"} if all_of else {}
    return element("intermediateCatchEvent", id, *definitions, properties=properties or None, **together)


def throw(id: str, *definitions: str, **properties: str) -> str:
    """An intermediate throwing event."""
    return element("intermediateThrowEvent", id, *definitions, properties=properties or None)


def guard(
    id: str, on: str, *definitions: str, interrupting: bool = True, all_of: bool = False, **properties: str
) -> str:
    """A boundary event, of any of its definitions or of all."""
    given: Attributes = {"attachedToRef": on, "cancelActivity": str(interrupting).lower()}
    if all_of:
        given["parallelMultiple"] = "true"
    return element("boundaryEvent", id, *definitions, properties=properties or None, **given)


def sub_process(id: str, *body: str, tag: str = "subProcess", **attributes: Any) -> str:
    """An embedded sub-process, or a transaction."""
    return element(tag, id, *body, **attributes)


def event_sub_process(id: str, *body: str) -> str:
    """An event sub-process."""
    return element("subProcess", id, *body, triggeredByEvent="true")


def begins(id: str, *definitions: str, interrupting: bool = True, all_of: bool = False, **properties: str) -> str:
    """The start event of an event sub-process."""
    given: Attributes = {"parallelMultiple": "true"} if all_of else {}
    if not interrupting:
        given["isInterrupting"] = "false"
    return element("startEvent", id, *definitions, properties=properties or None, **given)


def call(id: str, of: str, *inner: str) -> str:
    """A call activity."""
    return element("callActivity", id, *inner, calledElement=of)


def condition(text: str) -> str:
    """A conditional event definition."""
    return (
        "<bpmn:conditionalEventDefinition>"
        f'<bpmn:condition xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:condition></bpmn:conditionalEventDefinition>'
    )


def signal(reference: str) -> str:
    """A signal event definition."""
    return f'<bpmn:signalEventDefinition signalRef="{reference}"/>'


def error(reference: str = "") -> str:
    """An error event definition; without a reference it catches every code."""
    return f'<bpmn:errorEventDefinition errorRef="{reference}"/>' if reference else "<bpmn:errorEventDefinition/>"


def escalation(reference: str = "") -> str:
    """An escalation event definition; without a reference it catches every code."""
    if reference:
        return f'<bpmn:escalationEventDefinition escalationRef="{reference}"/>'
    return "<bpmn:escalationEventDefinition/>"


def compensation(activity: str = "", waits: bool = True) -> str:
    """A compensation event definition."""
    of = f' activityRef="{activity}"' if activity else ""
    return f'<bpmn:compensateEventDefinition{of} waitForCompletion="{str(waits).lower()}"/>'


def link(name: str) -> str:
    """A link event definition."""
    return f'<bpmn:linkEventDefinition name="{name}"/>'


CANCEL = "<bpmn:cancelEventDefinition/>"
TERMINATE = "<bpmn:terminateEventDefinition/>"


ASSOCIATION = "<bpmn:association "


def compensated(activity: str, handler: str) -> tuple[str, str]:
    """A compensation boundary event (``ACTIVITY_undo``), and its association to a handler."""
    event = f"{activity}_undo"
    return (
        element("boundaryEvent", event, compensation(), attachedToRef=activity),
        f'{ASSOCIATION}id="{event}_of" associationDirection="One" sourceRef="{event}" targetRef="{handler}"/>',
    )


def many(
    items: str = "",
    item: str = "",
    outputs: str = "",
    output: str = "",
    *,
    number: str = "",
    enough: str = "",
    one_by_one: bool = False,
) -> str:
    """Multi-instance: over a list, or so many."""
    parts = ""
    if number:
        parts += f'<bpmn:loopCardinality xsi:type="bpmn:tFormalExpression">{escape(number)}</bpmn:loopCardinality>'
    if items:
        parts += f"<bpmn:loopDataInputRef>{escape(items)}</bpmn:loopDataInputRef>"
    if outputs:
        parts += f"<bpmn:loopDataOutputRef>{outputs}</bpmn:loopDataOutputRef>"
    if item:
        parts += f'<bpmn:inputDataItem id="{item}" name="{item}"/>'
    if output:
        parts += f'<bpmn:outputDataItem id="{output}" name="{output}"/>'
    if enough:
        parts += (
            f'<bpmn:completionCondition xsi:type="bpmn:tFormalExpression">{escape(enough)}</bpmn:completionCondition>'
        )
    order = "true" if one_by_one else "false"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{order}">{parts}</bpmn:multiInstanceLoopCharacteristics>'
    )


def repeated(condition: str = "", maximum: int | None = None, before: bool = False) -> str:
    """A standard loop."""
    most = f' loopMaximum="{maximum}"' if maximum is not None else ""
    inner = (
        f'<bpmn:loopCondition xsi:type="bpmn:tFormalExpression">{escape(condition)}</bpmn:loopCondition>'
        if condition
        else ""
    )
    return f'<bpmn:standardLoopCharacteristics testBefore="{str(before).lower()}"{most}>{inner}</bpmn:standardLoopCharacteristics>'


def scripted(tag: str, id: str, *inner: str, before: str = "", after: str = "", **properties: str) -> str:
    """A task with a script before and one after it."""
    rows = "".join(
        f'<spiffworkflow:property name="{name}" value="{escape(value, {chr(34): "&quot;"})}"/>'
        for name, value in properties.items()
    )
    parts = f"<spiffworkflow:properties>{rows}</spiffworkflow:properties>" if rows else ""
    parts += f"<spiffworkflow:preScript>{escape(before)}</spiffworkflow:preScript>" if before else ""
    parts += f"<spiffworkflow:postScript>{escape(after)}</spiffworkflow:postScript>" if after else ""
    return element(tag, id, f"<bpmn:extensionElements>{parts}</bpmn:extensionElements>", *inner)


def root(tag: str, id: str, payload: str = "", variable: str = "", **attributes: str) -> str:
    """A message, signal, error or escalation: an element of the file's root that events refer to."""
    parts = f"<spiffworkflow:payloadExpression>{escape(payload)}</spiffworkflow:payloadExpression>" if payload else ""
    parts += f"<spiffworkflow:variableName>{variable}</spiffworkflow:variableName>" if variable else ""
    given: Attributes = {"name": id, **attributes}
    return element(tag, id, f"<bpmn:extensionElements>{parts}</bpmn:extensionElements>" if parts else "", **given)


def data_object(id: str) -> str:
    """A data object, and its reference on the canvas (``ID_ref``)."""
    return f'<bpmn:dataObject id="{id}"/><bpmn:dataObjectReference id="{id}_ref" dataObjectRef="{id}"/>'


def reads(data_object: str, task: str, variable: str = "") -> str:
    """What an activity takes from a data object, under the object's name or that of a data input of the activity."""
    target = f"{task}_in" if variable else f"{task}_place"
    declared = (
        f'<bpmn:ioSpecification><bpmn:dataInput id="{target}" name="{variable}"/>'
        f"<bpmn:inputSet><bpmn:dataInputRefs>{target}</bpmn:dataInputRefs></bpmn:inputSet><bpmn:outputSet/></bpmn:ioSpecification>"
        if variable
        else f'<bpmn:property id="{target}" name="__targetRef_placeholder"/>'
    )
    return (
        f'{declared}<bpmn:dataInputAssociation id="{task}_reads"><bpmn:sourceRef>{data_object}_ref</bpmn:sourceRef>'
        f"<bpmn:targetRef>{target}</bpmn:targetRef></bpmn:dataInputAssociation>"
    )


def writes(data_object: str, task: str, variable: str = "") -> str:
    """What an activity puts into a data object."""
    source = f"{task}_out"
    declared = (
        f'<bpmn:ioSpecification><bpmn:dataOutput id="{source}" name="{variable}"/><bpmn:inputSet/>'
        f"<bpmn:outputSet><bpmn:dataOutputRefs>{source}</bpmn:dataOutputRefs></bpmn:outputSet></bpmn:ioSpecification>"
        if variable
        else ""
    )
    given = f"<bpmn:sourceRef>{source}</bpmn:sourceRef>" if variable else ""
    return (
        f'{declared}<bpmn:dataOutputAssociation id="{task}_writes">{given}'
        f"<bpmn:targetRef>{data_object}_ref</bpmn:targetRef></bpmn:dataOutputAssociation>"
    )
