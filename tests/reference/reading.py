"""A diagram as plain objects: the reference interpreter's own small reading of the XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

SCOPES = frozenset({"subProcess", "transaction"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
GLOBAL_TASKS = frozenset(
    {"globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask"}
)
ACTIVITIES = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask"}
) | {"subProcess", "transaction", "callActivity"}

Element = etree._Element


@dataclass(eq=False)
class Trigger:
    """An event definition. ``name``: of the message, signal or link; the code of an error or escalation; the activity to compensate."""

    kind: str
    """message, signal, timer, conditional, error, escalation, compensate, cancel, terminate or link"""
    name: str = ""
    text: str = ""
    """the condition, or the time"""
    clock: str = ""
    """timeDate, timeDuration or timeCycle"""
    payload: str = ""
    variable: str = ""
    waits: bool = True
    """whether a compensation is waited for"""


@dataclass(eq=False)
class Loop:
    """Several instances of an activity. ``kind`` is parallel, sequential or standard."""

    kind: str
    cardinality: str = ""
    items: str = ""
    item: str = ""
    outputs: str = ""
    output: str = ""
    condition: str = ""
    """multi-instance: enough when it holds; standard: goes on while it holds"""
    maximum: int | None = None
    tests_before: bool = False


@dataclass(eq=False)
class Flow:
    """A sequence flow."""

    id: str
    source: Node
    target: Node
    condition: str


@dataclass(eq=False)
class Node:
    """A flow node, with everything around it."""

    id: str
    tag: str
    scope: Scope
    attributes: Mapping[str, str]
    properties: Mapping[str, str] = field(default_factory=dict)
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    default: Flow | None = None
    triggers: list[Trigger] = field(default_factory=list)
    boundaries: list[Node] = field(default_factory=list)
    handler: Node | None = None
    """of a compensation boundary event"""
    inner: Scope | None = None
    loop: Loop | None = None
    before: str = ""
    """the script before, and after"""
    after: str = ""
    script: str = ""
    decision: str = ""
    topic: str = ""
    result: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    reads: list[tuple[str, str]] = field(default_factory=list)
    """data object → variable"""
    writes: list[tuple[str, str]] = field(default_factory=list)
    """variable → data object"""

    def __repr__(self) -> str:
        return f"<{self.tag} {self.id}>"

    def is_set(self, name: str, default: str = "false") -> bool:
        """A boolean attribute."""
        return self.attributes.get(name, default) == "true"

    def has(self, kind: str) -> bool:
        """Whether it has a trigger of the kind."""
        return any(trigger.kind == kind for trigger in self.triggers)

    @property
    def is_event_sub_process(self) -> bool:
        return self.inner is not None and self.is_set("triggeredByEvent")

    @property
    def interrupts(self) -> bool:
        """Of a boundary event or the start of an event sub-process; what catches an error always does (§10.5.6)."""
        name = "cancelActivity" if self.tag == "boundaryEvent" else "isInterrupting"
        return self.is_set(name, "true") or self.has("error") or self.has("cancel")

    @property
    def is_typed_start(self) -> bool:
        """Whether a process may begin here by an event."""
        if self.incoming or self.tag not in ("startEvent", "receiveTask", "eventBasedGateway"):
            return False
        return bool(self.triggers) if self.tag == "startEvent" else self.is_set("instantiate")


@dataclass(eq=False)
class Scope:
    """A process or sub-process, or a global task (a scope with one node)."""

    id: str
    nodes: list[Node] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    """ids of its data objects"""
    inputs: list[str] | None = None
    """what a called process declares to take and to give; None: everything"""
    outputs: list[str] | None = None

    def node(self, id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == id), None)

    @property
    def event_sub_processes(self) -> list[Node]:
        return [node for node in self.nodes if node.is_event_sub_process]

    @property
    def asks_for_newest(self) -> bool:
        """Whether something in it wants to know what branches have done to the variables before they meet."""
        asking = ("conditional", "terminate")
        return any(node.is_event_sub_process or any(map(node.has, asking)) for node in self.nodes)

    @property
    def beginnings(self) -> list[Node]:
        """Where a token is put when the scope begins: the blank start event, or every node that nothing leads to (§10.5.2)."""
        starts = [node for node in self.nodes if node.tag == "startEvent"]
        if starts:
            return [node for node in starts if not node.triggers]
        return [node for node in self.nodes if not node.incoming and not _is_led_to(node) and not node.is_typed_start]


def _is_led_to(node: Node) -> bool:
    """Whether something else than a flow brings tokens here."""
    link_catch = node.tag == "intermediateCatchEvent" and node.has("link")
    return node.tag == "boundaryEvent" or node.is_event_sub_process or node.is_set("isForCompensation") or link_catch


def read(files: Mapping[str, bytes]) -> dict[str, Scope]:
    """Everything that can be started or called in ``files``, by id."""
    found: dict[str, Scope] = {}
    for name, body in files.items():
        if name.endswith(".bpmn"):
            found.update(_File(etree.fromstring(body)).callables())
    return found


def local(reference: str | None) -> str:
    """A reference without its prefix."""
    return (reference or "").strip().rpartition(":")[2]


def child_text(element: Element, path: str) -> str:
    """The text of the first such child, or an empty string."""
    return (element.findtext(path) or "").strip()


class _File:
    def __init__(self, root: Element) -> None:
        self._root = root
        self._by_id = {each.get("id"): each for each in root.iter() if isinstance(each.tag, str) and each.get("id")}

    def callables(self) -> Iterator[tuple[str, Scope]]:
        for element in self._root.iterchildren():
            if not isinstance(element.tag, str):
                continue
            tag = element.tag.removeprefix(BPMN)
            if tag == "process":
                yield element.get("id", ""), self._scope(element)
            elif tag in GLOBAL_TASKS:
                scope = Scope(element.get("id", ""))
                scope.nodes.append(self._node(element, tag, scope))
                yield scope.id, scope

    def _scope(self, element: Element) -> Scope:
        scope = Scope(element.get("id", ""))
        for child in element.iterchildren():
            tag = child.tag.removeprefix(BPMN) if isinstance(child.tag, str) else ""
            if tag in EVENTS | GATEWAYS | ACTIVITIES:
                scope.nodes.append(self._node(child, tag, scope))
            elif tag == "dataObject":
                scope.objects.append(child.get("id", ""))
            elif tag == "ioSpecification":
                scope.inputs = [_data_name(each) for each in child.iterfind(f"{BPMN}dataInput")]
                scope.outputs = [_data_name(each) for each in child.iterfind(f"{BPMN}dataOutput")]
        nodes = {node.id: node for node in scope.nodes}
        for each in element.iterfind(f"{BPMN}sequenceFlow"):
            source, target = nodes[local(each.get("sourceRef"))], nodes[local(each.get("targetRef"))]
            flow = Flow(each.get("id", ""), source, target, child_text(each, f"{BPMN}conditionExpression"))
            source.outgoing.append(flow)
            target.incoming.append(flow)
        for node in scope.nodes:
            node.default = next((flow for flow in node.outgoing if flow.id == node.attributes.get("default")), None)
            if node.tag == "boundaryEvent":
                nodes[local(node.attributes["attachedToRef"])].boundaries.append(node)
        for each in element.iterfind(f"{BPMN}association"):
            source_id, target_id = local(each.get("sourceRef")), local(each.get("targetRef"))
            if source_id in nodes and nodes[source_id].has("compensate") and target_id in nodes:
                nodes[source_id].handler = nodes[target_id]
        return scope

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _node(self, element: Element, tag: str, scope: Scope) -> Node:
        node = Node(
            element.get("id", ""), tag, scope, {str(name): str(value) for name, value in element.attrib.items()}
        )
        extensions = element.find(f"{BPMN}extensionElements")
        if extensions is not None:
            self._extend(node, extensions)
        node.script = child_text(element, f"{BPMN}script")
        node.triggers = list(self._triggers(element))
        if tag in ("sendTask", "receiveTask"):
            node.triggers.append(self._message(element))
        node.loop = _loop(element)
        if tag in SCOPES:
            node.inner = self._scope(element)
        for each in element.iterfind(f"{BPMN}dataInputAssociation"):
            data_object = self._object(child_text(each, f"{BPMN}sourceRef"))
            node.reads.append((data_object, self._variable(child_text(each, f"{BPMN}targetRef"), data_object)))
        for each in element.iterfind(f"{BPMN}dataOutputAssociation"):
            data_object = self._object(child_text(each, f"{BPMN}targetRef"))
            node.writes.append((self._variable(child_text(each, f"{BPMN}sourceRef"), data_object), data_object))
        return node

    def _extend(self, node: Node, extensions: Element) -> None:
        properties = extensions.iterfind(f"{SPIFF}properties/{SPIFF}property")
        node.properties = {each.get("name", ""): each.get("value", "") for each in properties}
        node.before = child_text(extensions, f"{SPIFF}preScript")
        node.after = child_text(extensions, f"{SPIFF}postScript")
        node.decision = child_text(extensions, f"{SPIFF}calledDecisionId")
        operator = extensions.find(f"{SPIFF}serviceTaskOperator")
        if operator is not None:
            node.topic, node.result = operator.get("id", ""), operator.get("resultVariable", "")
            parameters = operator.iterfind(f"{SPIFF}parameters/{SPIFF}parameter")
            node.arguments = {each.get("id", ""): each.get("value", "") for each in parameters}

    def _object(self, reference: str) -> str:
        """The data object that a reference on the canvas stands for."""
        element = self._by_id.get(local(reference))
        return (element.get("dataObjectRef") if element is not None else None) or local(reference)

    def _variable(self, reference: str, data_object: str) -> str:
        """The variable an association means: the activity's data input or output, else the one called like the object."""
        element = self._by_id.get(local(reference))
        named = element is not None and element.tag in (f"{BPMN}dataInput", f"{BPMN}dataOutput")
        return _data_name(element) if named and element is not None else data_object

    # -- events ------------------------------------------------------------------------------------------------------

    def _triggers(self, element: Element) -> Iterator[Trigger]:
        for child in element.iterchildren():
            if not isinstance(child.tag, str) or not child.tag.startswith(BPMN):
                continue
            tag = child.tag.removeprefix(BPMN)
            if tag == "eventDefinitionRef":
                definition = self._by_id[local(child.text)]
                yield self._trigger(definition, definition.tag.removeprefix(BPMN))
            elif tag.endswith("EventDefinition"):
                yield self._trigger(child, tag)

    def _trigger(self, element: Element, tag: str) -> Trigger:
        kind = tag.removesuffix("EventDefinition")
        if kind == "message":
            return self._message(element)
        if kind in ("signal", "error", "escalation"):
            return self._named(element, kind)
        if kind == "timer":
            clock = next(
                each for each in ("timeDate", "timeDuration", "timeCycle") if element.find(BPMN + each) is not None
            )
            return Trigger(kind, text=child_text(element, BPMN + clock), clock=clock)
        if kind == "conditional":
            return Trigger(kind, text=child_text(element, f"{BPMN}condition"))
        if kind == "compensate":
            waits = element.get("waitForCompletion", "true") == "true"
            return Trigger(kind, local(element.get("activityRef")), waits=waits)
        return Trigger(kind, element.get("name", ""))

    def _message(self, element: Element) -> Trigger:
        """Of an event definition, a send task or a receive task: the message, its payload and the variable it lands in."""
        message = self._by_id.get(local(element.get("messageRef")))
        found = Trigger("message", (message.get("name") if message is not None else None) or "")
        for place in (element, message):
            extensions = place.find(f"{BPMN}extensionElements") if place is not None else None
            if extensions is not None:
                found.payload = found.payload or child_text(extensions, f"{SPIFF}messagePayload")
                found.variable = found.variable or child_text(extensions, f"{SPIFF}messageVariable")
        return found

    def _named(self, element: Element, kind: str) -> Trigger:
        """A signal by its name, an error or escalation by its code; what it carries is written at the definition on the root."""
        root = self._by_id.get(local(element.get(f"{kind}Ref")))
        if root is None:
            return Trigger(kind)
        name = root.get("name") if kind == "signal" else root.get(f"{kind}Code")
        payload = child_text(root, f"{BPMN}extensionElements/{SPIFF}payloadExpression")
        variable = child_text(root, f"{BPMN}extensionElements/{SPIFF}variableName")
        return Trigger(kind, name or "", payload=payload, variable=variable)


def _data_name(element: Element) -> str:
    return element.get("name") or element.get("id") or ""


def _loop(element: Element) -> Loop | None:
    many = element.find(f"{BPMN}multiInstanceLoopCharacteristics")
    if many is not None:
        item, output = many.find(f"{BPMN}inputDataItem"), many.find(f"{BPMN}outputDataItem")
        return Loop(
            "sequential" if many.get("isSequential") == "true" else "parallel",
            child_text(many, f"{BPMN}loopCardinality"),
            child_text(many, f"{BPMN}loopDataInputRef"),
            item.get("id", "") if item is not None else "",
            child_text(many, f"{BPMN}loopDataOutputRef"),
            output.get("id", "") if output is not None else "",
            child_text(many, f"{BPMN}completionCondition"),
        )
    loop = element.find(f"{BPMN}standardLoopCharacteristics")
    if loop is None:
        return None
    maximum = loop.get("loopMaximum")
    return Loop(
        "standard",
        condition=child_text(loop, f"{BPMN}loopCondition"),
        maximum=int(maximum) if maximum else None,
        tests_before=loop.get("testBefore") == "true",
    )
