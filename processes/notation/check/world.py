"""All files of one check, as a rule may look around in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from processes.notation.check.findings import INFO, Rule, Severity
from processes.notation.diagram import BPMN, SPIFF, Diagram, Element, Flow, Item, Node, Scope, kind_of
from processes.notation.imports import Import
from processes.notation.references import References, Target

GLOBAL_TASKS = frozenset(
    {"globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask"}
)


Judge = Callable[[str, Mapping[str, Any]], Sequence[tuple[str, str]]]
"""(topic, arguments that are literals) → (which argument, what is wrong with it in Chinese)"""

Required = Callable[[str], Mapping[str, str]]
"""topic → the arguments that a job of it must be given, with their Chinese titles"""


@dataclass(frozen=True)
class Codes:
    """What is known outside of diagrams and named in them; None where it is not known and not checked. ``judge``: of a job's arguments;
    ``required``: which of them there must be."""

    roles: frozenset[str] | None = None
    stages: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    judge: Judge | None = None
    required: Required | None = None


@dataclass(frozen=True, eq=False)
class World:
    """The diagrams, decisions and forms that are given together.

    ``decisions``: decision id → files that define it; ``forms``: base names of form files; ``together``: whether all are to be
    deployed at once; ``deploying``: whether that is about to happen, so that everything must be ready for this engine. ``diagrams``
    holds those of the context too, which only answer references; ``own`` names the files that are checked, ``present`` all that are there.
    """

    diagrams: tuple[Diagram, ...]
    decisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()
    codes: Codes = field(default_factory=Codes)
    dmn_roots: Mapping[str, Element] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    together: bool = True
    deploying: bool = False
    _kinds: dict[str, Mapping[str, list[Element]]] = field(default_factory=dict)
    _triggers: dict[Element, list[Element]] = field(default_factory=dict)

    def is_own(self, file: str) -> bool:
        """Whether a file is checked itself."""
        return file in self.own

    # ---- elements and references -------------------------------------------------------------------------------------

    def elements(self, diagram: Diagram, *kinds: str) -> Iterator[Element]:
        """All BPMN elements of these kinds, wherever they stand in the file."""
        found = self._kinds.get(diagram.file)
        if found is None:
            index: dict[str, list[Element]] = {}
            for element in diagram.root.iter(f"{{{BPMN}}}*"):
                index.setdefault(kind_of(element), []).append(element)
            found = self._kinds[diagram.file] = index
        for kind in kinds:
            yield from found.get(kind, ())

    def items(self, diagram: Diagram, *kinds: str) -> Iterator[Item]:
        """All BPMN elements of these kinds, as something to point at."""
        yield from (Item(diagram.file, element) for element in self.elements(diagram, *kinds))

    @cached_property
    def references(self) -> References:
        """What references in these files mean."""
        return References(self.diagrams, self.present)

    def imports(self, diagram: Diagram) -> list[Import]:
        """What the file imports."""
        return self.references.imports(diagram)

    def resolve(self, diagram: Diagram, holder: Element, reference: str | None) -> Target:
        """What a reference (an id, or a QName into this file or an imported one) in an element means."""
        return self.references.resolve(diagram, holder, reference)

    def message(self, diagram: Diagram, holder: Element) -> Target | None:
        """The message of an event definition or task, be it by an operation."""
        return self.references.message(diagram, holder)

    def diagram_of(self, item: Item) -> Diagram:
        """The diagram an element stands in."""
        return self.references.by_file[item.file]

    def triggers(self, node: Item) -> list[Element]:
        """An event's definitions, those it refers to (``eventDefinitionRef``) included."""
        found = self._triggers.get(node.element)
        if found is None:
            targets = self.references.event_definitions(node)
            found = [
                each.element for each in targets if each.element is not None and each.kind.endswith("EventDefinition")
            ]
            self._triggers[node.element] = found
        return found

    def trigger_kinds(self, node: Item) -> list[str]:
        """``timer``, ``message``… in order, without repetitions."""
        kinds = (kind_of(each).removesuffix("EventDefinition") for each in self.triggers(node))
        return list(dict.fromkeys(kinds))

    # ---- what is to run here -----------------------------------------------------------------------------------------

    def speaks(self, diagram: Diagram) -> bool:
        """Whether the file is written for this engine, by the dialect's namespace."""
        return diagram.file in self._speaking

    def runs(self, scope: Scope) -> bool:
        """Whether a process is to run here: marked executable, or not marked at all in a file that is written for this engine."""
        marked = scope.process.element.get("isExecutable")
        if marked is None:
            return self.deploying or scope.file in self._speaking
        return marked.strip() in {"true", "1"}

    def running(self, diagram: Diagram) -> list[Scope]:
        """The scopes that are to run here."""
        return [scope for scope in diagram.scopes if self.runs(scope)]

    def nodes(self, diagram: Diagram) -> Iterator[Node]:
        """Every node that is to run here."""
        for scope in self.running(diagram):
            yield from scope.nodes

    def flows(self, diagram: Diagram) -> Iterator[Flow]:
        """Every sequence flow that is to run here."""
        for scope in self.running(diagram):
            yield from scope.flows

    def need(self, rule: Rule, file: str) -> Severity:
        """How bad it is to break what only this engine asks for: no more than a note in a file that was made for another one."""
        return rule.severity if self.deploying or file in self._speaking else INFO

    # ---- between files -----------------------------------------------------------------------------------------------

    @cached_property
    def processes(self) -> Mapping[str, list[Scope]]:
        """Process id → where it is drawn; executable ones first."""
        found: dict[str, list[Scope]] = {}
        for diagram in self.diagrams:
            for scope in diagram.processes:
                if scope.id:
                    found.setdefault(scope.id, []).append(scope)
        for scopes in found.values():
            scopes.sort(key=lambda scope: scope.element.get("isExecutable") == "false")
        return found

    def scope_of(self, process: Element) -> Scope | None:
        """A process element as a scope; None when it is no process."""
        return self._by_element.get(process)

    @cached_property
    def _by_element(self) -> Mapping[Element, Scope]:
        return {scope.element: scope for diagram in self.diagrams for scope in diagram.processes}

    @cached_property
    def global_tasks(self) -> Mapping[str, list[Item]]:
        """Global tasks by id: what a call activity may call beside processes."""
        found: dict[str, list[Item]] = {}
        for diagram in self.diagrams:
            for item in self.items(diagram, *sorted(GLOBAL_TASKS)):
                found.setdefault(item.id, []).append(item)
        return found

    @cached_property
    def _speaking(self) -> frozenset[str]:
        return frozenset(
            diagram.file
            for diagram in self.diagrams
            if SPIFF in diagram.root.nsmap.values() or next(diagram.root.iter(f"{{{SPIFF}}}*"), None) is not None
        )

    @cached_property
    def uses_roles(self) -> bool:
        """Whether any user task here says who does it: then one that does not is a mistake."""
        return any("role" in node.properties for node in self._running_nodes("userTask"))

    @cached_property
    def callers(self) -> Mapping[str, list[Node]]:
        """Process id → the call activities that call it."""
        found: dict[str, list[Node]] = {}
        for node in self._running_nodes("callActivity"):
            found.setdefault(called_process(node), []).append(node)
        return found

    def _running_nodes(self, kind: str) -> Iterator[Node]:
        for diagram in self.diagrams:
            yield from (node for node in self.nodes(diagram) if node.kind == kind)


def full_text(element: Element) -> str:
    """All text in an element, also that of elements in it, stripped."""
    return "".join(str(part) for part in element.itertext()).strip()


def called_process(node: Item) -> str:
    """The process or global task a call activity names, without a namespace prefix."""
    return (node.element.get("calledElement") or "").strip().rpartition(":")[2]


FOREIGN = {
    "camunda.org/schema/zeebe": "Camunda 8",
    "camunda.org": "Camunda 7",
    "flowable": "Flowable",
    "activiti": "Activiti",
    "jboss.org/drools": "jBPM",
}


def foreign_engine(item: Item) -> str:
    """The other engine an element is configured for; empty when there is none."""
    spaces = {str(name).partition("}")[0] for name in item.element.attrib}
    for element in item.element.iterfind(f"{{{BPMN}}}extensionElements/*"):
        spaces.add(str(element.tag).partition("}")[0])
    return engine_of(spaces)


def made_for(diagram: Diagram) -> str:
    """The other engine whose namespace a file declares; empty when there is none."""
    return engine_of(set(diagram.root.nsmap.values()))


def engine_of(spaces: Iterable[str]) -> str:
    """The other engine that one of these namespaces is of; empty when none is."""
    return next((name for space, name in FOREIGN.items() if any(space in each for each in spaces)), "")


def is_torn(scope: Scope) -> bool:
    """Whether flows of a scope lead to or from nowhere, or across its border: then what lacks a flow or is not reached is no news."""
    if any(flow.source is None or flow.target is None for flow in scope.flows):
        return True
    return any(
        flow.source is None or flow.target is None or flow.source.scope is not flow.target.scope
        for node in scope.nodes
        for flow in (*node.incoming, *node.outgoing)
    )


def starts_blank(world: World, node: Node) -> bool:
    """Whether a start event waits for nothing."""
    return node.kind == "startEvent" and not world.triggers(node)


def instantiates(node: Node) -> bool:
    """Whether a receive task or event-based gateway starts its process."""
    return node.kind in {"receiveTask", "eventBasedGateway"} and node.element.get("instantiate") in {"true", "1"}


def interrupting(node: Node) -> bool:
    """Whether a boundary event ends the activity it is attached to."""
    return node.element.get("cancelActivity", "true").strip() in {"true", "1"}
