"""References: what is named is there, and is of the kind that may be named there.

Flows, boundary events, lanes, data and calls have modules of their own; here is everything that a table can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from processes.notation.check.findings import ERROR, Both, Finding, Place, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Item, children, kind_of, text_of
from processes.notation.labels import kind_name

UNKNOWN = Rule(
    "unknown-reference", ERROR,
    "{it}引用的{what}“{reference}”不存在。", "{it} refers to the {what} {reference}, which is not there.",
    "在属性面板里重新选择{what}，或补上它的定义。", "Choose the {what} again in the properties panel, or define it.",
    "8.3.1 and the clause of each reference",
)  # fmt: skip
WRONG_KIND = Rule(
    "wrong-reference", ERROR,
    "{it}的 {attribute} 应引用{what}，“{reference}”却是{found}。", "The {attribute} of {it} must name a {what}; {reference} is a {found}.",
    "重新选择一个{what}。", "Choose a {what}.",
    "the clause of each reference",
)  # fmt: skip
NOT_TOP_LEVEL = Rule(
    "event-definition-ref", ERROR,
    "{it}的 eventDefinitionRef 引用的“{reference}”写在别的事件里面，只能引用直接写在 definitions 下的事件定义。",
    "The eventDefinitionRef of {it} names {reference}, which stands inside another event; only definitions at the top level can be shared.",
    "把这个事件定义移到 definitions 下，或在两个事件里各写一个。", "Move it to the top level, or write one in each event.",
    "10.5.1",
)  # fmt: skip

ITEM = frozenset({"itemDefinition"})
EVENT_DEFINITIONS = frozenset(
    f"{kind}EventDefinition"
    for kind in (
        "message", "timer", "signal", "error", "escalation", "conditional", "compensate", "cancel", "terminate", "link",
    )
)  # fmt: skip
CONVERSATIONS = frozenset({"conversation", "subConversation", "callConversation"})
CHOREOGRAPHIES = frozenset({"choreography", "globalChoreographyTask"})
PROCESS = frozenset({"process"})
PARTICIPANT = frozenset({"participant"})
MESSAGE = frozenset({"message"})
OPERATION = frozenset({"operation"})
MESSAGE_FLOW = frozenset({"messageFlow"})
PROPERTY = frozenset({"correlationProperty"})


@dataclass(frozen=True)
class Reference:
    """One reference of the standard's tables: who has it, in which attribute or child element, and what it may name."""

    holders: tuple[str, ...]
    name: str
    targets: frozenset[str]

    def uses(self, element: Element) -> Iterator[tuple[Element, str]]:
        """The texts of this reference in an element, each with the element that carries it."""
        value = element.get(self.name)
        if value is not None:
            yield element, value.strip()
        for child in children(element, self.name):
            yield child, text_of(child)


def _reference(holders: str, name: str, targets: frozenset[str] | str) -> Reference:
    return Reference(tuple(holders.split()), name, targets if isinstance(targets, frozenset) else frozenset({targets}))


CONVERSATION_NODES = "conversation subConversation callConversation"
CHOREOGRAPHY_ACTIVITIES = "choreographyTask subChoreography callChoreography"
CALLABLE = "process globalTask globalUserTask globalManualTask globalScriptTask globalBusinessRuleTask"
ROLES = "resourceRole performer humanPerformer potentialOwner"
REFERENCES: tuple[Reference, ...] = (
    # 8.4.2 correlation
    _reference("correlationKey", "correlationPropertyRef", PROPERTY),
    _reference("correlationPropertyRetrievalExpression", "messageRef", MESSAGE),
    _reference("correlationPropertyBinding", "correlationPropertyRef", PROPERTY),
    _reference("correlationSubscription", "correlationKeyRef", "correlationKey"),
    # 8.4.1, 8.4.7, 8.4.11 artifacts, categories, items, messages
    _reference("group flowElement", "categoryValueRef", "categoryValue"),
    _reference("message", "itemRef", ITEM),
    _reference(
        "dataObject dataObjectReference dataStore dataStoreReference dataInput dataOutput property inputDataItem outputDataItem",
        "itemSubjectRef", ITEM,
    ),
    _reference("error escalation signal", "structureRef", ITEM),
    # 8.5 services
    _reference("operation", "inMessageRef", MESSAGE),
    _reference("operation", "outMessageRef", MESSAGE),
    _reference("operation", "errorRef", "error"),
    _reference("serviceTask sendTask receiveTask messageEventDefinition ioBinding", "operationRef", OPERATION),
    _reference(CALLABLE, "supportedInterfaceRef", "interface"),
    _reference("participant", "interfaceRef", "interface"),
    _reference("participant", "endPointRef", "endPoint"),
    # 10.3, 10.5 tasks and events
    _reference("sendTask receiveTask messageEventDefinition messageFlow", "messageRef", MESSAGE),
    _reference("signalEventDefinition", "signalRef", "signal"),
    _reference("errorEventDefinition", "errorRef", "error"),
    _reference("escalationEventDefinition", "escalationRef", "escalation"),
    _reference("multiInstanceLoopCharacteristics", "oneBehaviorEventRef", EVENT_DEFINITIONS),
    _reference("multiInstanceLoopCharacteristics", "noneBehaviorEventRef", EVENT_DEFINITIONS),
    _reference(
        "startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent", "eventDefinitionRef", EVENT_DEFINITIONS,
    ),
    # 10.4 data, 10.8 resources
    _reference("dataObjectReference", "dataObjectRef", "dataObject"),
    _reference("dataStoreReference", "dataStoreRef", "dataStore"),
    _reference(ROLES, "resourceRef", "resource"),
    _reference("resourceParameterBinding", "parameterRef", "resourceParameter"),
    # 9, 10.2 collaborations and processes
    _reference("participant", "processRef", PROCESS),
    _reference("process", "supports", PROCESS),
    _reference("process", "definitionalCollaborationRef", frozenset({"collaboration", *CHOREOGRAPHIES, "globalConversation"})),
    _reference("partnerEntity partnerRole", "participantRef", PARTICIPANT),
    _reference("participantAssociation", "innerParticipantRef", PARTICIPANT),
    _reference("participantAssociation", "outerParticipantRef", PARTICIPANT),
    _reference("messageFlowAssociation", "innerMessageFlowRef", MESSAGE_FLOW),
    _reference("messageFlowAssociation", "outerMessageFlowRef", MESSAGE_FLOW),
    _reference("collaboration", "choreographyRef", CHOREOGRAPHIES),
    _reference(CONVERSATION_NODES, "participantRef", PARTICIPANT),
    _reference(CONVERSATION_NODES, "messageFlowRef", MESSAGE_FLOW),
    _reference("conversationAssociation", "innerConversationNodeRef", CONVERSATIONS),
    _reference("conversationAssociation", "outerConversationNodeRef", CONVERSATIONS),
    # Called is a collaboration or a global conversation, never a choreography (Table 9.11).
    _reference("callConversation", "calledCollaborationRef", frozenset({"collaboration", "globalConversation"})),
    # 11 choreographies
    _reference(CHOREOGRAPHY_ACTIVITIES, "participantRef", PARTICIPANT),
    _reference(f"{CHOREOGRAPHY_ACTIVITIES} globalChoreographyTask", "initiatingParticipantRef", PARTICIPANT),
    _reference("choreographyTask", "messageFlowRef", MESSAGE_FLOW),
    _reference("callChoreography", "calledChoreographyRef", CHOREOGRAPHIES),
)  # fmt: skip
# categoryValueRef may stand in any flow element.
FLOW_ELEMENTS = (
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "task", "userTask", "manualTask",
    "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask", "callActivity", "subProcess", "transaction",
    "adHocSubProcess", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway", "sequenceFlow",
    "dataObject", "dataObjectReference", "dataStoreReference",
)  # fmt: skip
WORDS = {
    EVENT_DEFINITIONS: Both("事件定义", "event definition"),
    CONVERSATIONS: Both("会话", "conversation"),
    CHOREOGRAPHIES: Both("编排", "choreography"),
}


def words_for(targets: frozenset[str]) -> Both:
    """What a reference names, in words."""
    if targets in WORDS:
        return WORDS[targets]
    listed = sorted(targets)
    return Both("或".join(kind_name(each) for each in listed), " or ".join(listed))


def place_of(diagram: Diagram, element: Element) -> Place:
    """The element if it has an id; else the nearest around it that has one (an event for its definition)."""
    here: Element | None = element
    while here is not None and not here.get("id"):
        here = here.getparent()
    if kind_of(element).endswith("EventDefinition"):
        event = element.getparent()
        here = event if event is not None and event.get("id") and kind_of(event) != "definitions" else here
    return Item(diagram.file, element if here is None or kind_of(here) == "definitions" else here)


def references(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What is named is there, and of the right kind."""
    for reference in REFERENCES:
        holders = (*reference.holders, *(FLOW_ELEMENTS if "flowElement" in reference.holders else ()))
        for element in world.elements(diagram, *holders):
            for holder, text in reference.uses(element):
                yield from _judge(diagram, world, reference, holder, text)


def _judge(diagram: Diagram, world: World, reference: Reference, holder: Element, text: str) -> Iterator[Finding]:
    target = world.resolve(diagram, holder, text)
    place = place_of(diagram, holder)
    what = words_for(reference.targets)
    if target.lost:
        yield UNKNOWN.at(place, what=what, reference=text or "?")
    elif target.element is not None and target.kind not in reference.targets:
        found = Both(kind_name(target.kind), target.kind)
        yield WRONG_KIND.at(place, attribute=reference.name, what=what, reference=text, found=found)
    elif target.element is not None and reference.name == "eventDefinitionRef":
        parent = target.element.getparent()
        if parent is not None and kind_of(parent) != "definitions":
            yield NOT_TOP_LEVEL.at(place, reference=text)


UNKNOWN_END = Rule(
    "unknown-association-end", ERROR,
    "{it}的{end}“{reference}”不存在。", "The {end} {reference} of {it} is not there.",
    "把关联的两端都接到图上的元素，或删掉它。", "Connect both ends to elements of the diagram, or delete the association.",
    "8.4.1",
)  # fmt: skip


def associations(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Associations connect two elements that are there."""
    for item in world.items(diagram, "association"):
        for attribute, end in (("sourceRef", Both("起点", "source")), ("targetRef", Both("终点", "target"))):
            text = item.element.get(attribute)
            if text is not None and world.resolve(diagram, item.element, text).lost:
                yield UNKNOWN_END.at(item, end=end, reference=text.strip() or "?")


CHECKS = (references, associations)
