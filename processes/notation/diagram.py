"""A diagram as the rules read it: scopes with their nodes and flows, on top of the XML."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from lxml import etree

from processes.notation.labels import Language, kind_name

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
TASKS = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask"}
)
CONTAINERS = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | CONTAINERS | {"callActivity"}
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
CHOREOGRAPHY = frozenset({"choreographyTask", "subChoreography", "callChoreography"})
FLOW_NODES = EVENTS | ACTIVITIES | GATEWAYS | CHOREOGRAPHY
# Attributes that hold an id or the name of one, as those do whose names end in Ref.
NAMING = frozenset({"id", "default", "calledElement"})

Element = etree._Element
Found = TypeVar("Found")


def kind_of(element: Element) -> str:
    """The local name, when the element is BPMN's; else an empty string."""
    tag = element.tag
    prefix = "{" + BPMN + "}"
    return tag[len(prefix) :] if isinstance(tag, str) and tag.startswith(prefix) else ""


def local(element: Element) -> str:
    """The local name, whatever the namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, *kinds: str) -> list[Element]:
    """BPMN children of these kinds, in order."""
    return [child for child in element if kind_of(child) in kinds]


def text_of(element: Element | None) -> str:
    """The element's own text, stripped."""
    return (element.text or "").strip() if element is not None else ""


def said_language(expression: Element) -> str:
    """The language of an expression: its own, or the file's; empty when neither says."""
    said = expression.get("language") or expression.getroottree().getroot().get("expressionLanguage") or ""
    return said.strip()


def expression_of(element: Element | None) -> str:
    """The text of an expression; with ``=`` in front, which means FEEL here, also where its language is said to be FEEL."""
    return _marked(text_of(element), said_language(element)) if element is not None else ""


def script_of(task: Element) -> str:
    """The text of a task's script, FEEL likewise."""
    script = next(iter(children(task, "script")), None)
    return _marked(text_of(script), task.get("scriptFormat") or "")


def _marked(text: str, language: str) -> str:
    return f"= {text}" if text and not text.startswith("=") and "feel" in language.lower() else text


def is_true(value: str | None) -> bool:
    """XML's true."""
    return (value or "").strip() in {"true", "1"}


@dataclass(frozen=True, eq=False)
class Item:
    """Any element of a file, as something to point at."""

    file: str
    element: Element

    @cached_property
    def kind(self) -> str:
        """BPMN or DMN local name."""
        return local(self.element)

    @property
    def id(self) -> str:
        """The id, or an empty string."""
        return self.element.get("id") or ""

    @property
    def name(self) -> str:
        """The name on one line, or an empty string."""
        return " ".join((self.element.get("name") or "").split())

    @property
    def line(self) -> int | None:
        """The line in the file, from 1."""
        line: int | None = self.element.sourceline  # type: ignore[assignment]
        return line

    def label(self, language: Language) -> str:
        """Kind, name and id: 用户任务“签收”（Task_1）."""
        name = self.name[:60]
        if language == "zh":
            return kind_name(self.kind) + (f"“{name}”" if name else "") + (f"（{self.id}）" if self.id else "")
        return self.kind + (f' "{name}"' if name else "") + (f" ({self.id})" if self.id else "")

    @cached_property
    def properties(self) -> dict[str, str]:
        """The ``spiffworkflow:property`` values by name."""
        found = self.element.iterfind(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}properties/{{{SPIFF}}}property")
        return {each.get("name", ""): each.get("value", "") for each in found}

    def extension(self, name: str) -> Element | None:
        """The ``spiffworkflow:`` extension element of that name."""
        return self.element.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}{name}")

    @property
    def triggers(self) -> list[Element]:
        """Its event definitions, in order."""
        return [child for child in self.element if kind_of(child).endswith("EventDefinition")]


@dataclass(frozen=True, eq=False)
class Node(Item):
    """A flow node with its flows; ``boundary`` are the boundary events attached to it, ``hosts`` what it is attached to."""

    scope: Scope
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    boundary: list[Node] = field(default_factory=list)
    hosts: list[Node] = field(default_factory=list)

    @property
    def host(self) -> Node | None:
        """What a boundary event is attached to, if it stands beside it."""
        return next(iter(self.hosts), None)


@dataclass(frozen=True, eq=False)
class Flow(Item):
    """A sequence flow; ``source`` and ``target`` are None where the reference leads nowhere."""

    scope: Scope
    source: Node | None
    target: Node | None

    @cached_property
    def condition(self) -> str:
        """The text of its condition; empty when there is none."""
        return next((expression_of(each) for each in children(self.element, "conditionExpression")), "")


@dataclass(frozen=True, eq=False)
class Scope(Item):
    """A process or sub-process: nodes and flows drawn right inside it; ``host`` is the sub-process as a node."""

    parent: Scope | None
    executable: bool
    host: Node | None = None
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    @property
    def process(self) -> Scope:
        """The process around it."""
        return self if self.parent is None else self.parent.process


@dataclass(frozen=True, eq=False)
class Diagram:
    """One BPMN file."""

    file: str
    root: Element
    scopes: list[Scope]
    by_id: dict[str, Element]

    @property
    def processes(self) -> list[Scope]:
        """The processes, also those that are only drawn."""
        return [scope for scope in self.scopes if scope.parent is None]

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node that would be executed."""
        return [node for scope in self.running for node in scope.nodes]

    @cached_property
    def flows(self) -> list[Flow]:
        """Every flow that would be executed."""
        return [flow for scope in self.running for flow in scope.flows]

    @cached_property
    def running(self) -> list[Scope]:
        """The scopes that would be executed."""
        return [scope for scope in self.scopes if scope.executable]

    @cached_property
    def link_sources(self) -> dict[str, Element]:
        """Id of a link definition → the definition that names it as a ``source``."""
        return {
            text_of(source).rpartition(":")[2]: each
            for each in self.root.iter(f"{{{BPMN}}}linkEventDefinition")
            for source in children(each, "source")
        }

    def item(self, element: Element) -> Item:
        """The element as something to point at."""
        return Item(self.file, element)

    def items(self, *kinds: str) -> Iterator[Item]:
        """All BPMN elements of these kinds, wherever they stand."""
        for kind in kinds:
            for element in self.root.iter(f"{{{BPMN}}}{kind}"):
                yield Item(self.file, element)

    def local(self, reference: str | None) -> Element | None:
        """What a reference means in this file alone (see :mod:`processes.notation.references` for those into others)."""
        return find(self.by_id, reference)


def find(by_id: Mapping[str, Found], reference: str | None) -> Found | None:
    """What has the id that a reference within one file names; being a QName it may carry a namespace prefix."""
    text = (reference or "").strip()
    return by_id.get(text, by_id.get(text.rpartition(":")[2])) if text else None


def read(file: str, root: Element) -> Diagram:
    """Index a ``bpmn:definitions`` element."""
    by_id: dict[str, Element] = {}
    for element in root.iter(f"{{{BPMN}}}*"):
        _strip_names(element)
        if element.get("id"):
            by_id.setdefault(element.get("id", ""), element)
    processes = children(root, "process")
    # A file where nothing is marked executable is a forgotten tick, and its owner wants to hear everything else as well.
    any_executable = any(_executable(each) for each in processes)
    scopes: list[Scope] = []
    for process in processes:
        _collect(file, process, _executable(process) or not any_executable, scopes)
    by_process: dict[int, list[Scope]] = {}
    for scope in scopes:
        by_process.setdefault(id(scope.process), []).append(scope)
    for group in by_process.values():
        _connect(file, group)
    return Diagram(file, root, scopes, by_id)


def _strip_names(element: Element) -> None:
    """Blanks around ids and references mean nothing (XML Schema Part 2, 4.3.6)."""
    for name, value in element.attrib.items():
        if (value[:1].isspace() or value[-1:].isspace()) and (name in NAMING or str(name).endswith("Ref")):
            element.set(name, value.strip())


def _executable(process: Element) -> bool:
    return process.get("isExecutable", "true").strip() in {"true", "1"}


def _collect(file: str, process: Element, executable: bool, scopes: list[Scope]) -> None:
    """Add the process's scope and those inside it, without recursion: nesting is the file's to choose."""
    pending: deque[tuple[Element, Node | None]] = deque([(process, None)])
    while pending:
        element, host = pending.popleft()
        scope = Scope(file, element, host.scope if host is not None else None, executable, host)
        scopes.append(scope)
        for child in element:
            if kind_of(child) in FLOW_NODES:
                node = Node(file, child, scope)
                scope.nodes.append(node)
                if kind_of(child) in CONTAINERS:
                    pending.append((child, node))


def _connect(file: str, scopes: list[Scope]) -> None:
    """Tie the flows and boundary events of one process to its nodes."""
    nodes: dict[str, Node] = {}
    for scope in scopes:
        for node in scope.nodes:
            if node.id:
                nodes.setdefault(node.id, node)
    for scope in scopes:
        for element in children(scope.element, "sequenceFlow"):
            source, target = nodes.get(element.get("sourceRef", "")), nodes.get(element.get("targetRef", ""))
            flow = Flow(file, element, scope, source, target)
            scope.flows.append(flow)
            if source is not None:
                source.outgoing.append(flow)
            if target is not None:
                target.incoming.append(flow)
        for node in scope.nodes:
            host = find(nodes, node.element.get("attachedToRef")) if node.kind == "boundaryEvent" else None
            if host is not None and host.scope is scope:
                host.boundary.append(node)
                node.hosts.append(host)
