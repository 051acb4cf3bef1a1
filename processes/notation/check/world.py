"""All files of one check, as a rule may look around in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from processes.notation.diagram import BPMN, Diagram, Element, Item, Node, Scope, is_true


@dataclass(frozen=True)
class Codes:
    """Codes of the reference data that diagrams name; None where they are not known and not checked."""

    roles: frozenset[str] | None = None
    stages: frozenset[str] | None = None
    topics: frozenset[str] | None = None


@dataclass(frozen=True, eq=False)
class World:
    """The diagrams, decisions and forms that are given together.

    ``decisions``: decision id → files that define it; ``forms``: base names of form files; ``together``: whether all are to be
    deployed at once. ``diagrams`` holds those of the context too, which only answer references; ``own`` names the files that are checked.
    """

    diagrams: tuple[Diagram, ...]
    decisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()
    codes: Codes = field(default_factory=Codes)
    dmn_roots: Mapping[str, Element] = field(default_factory=dict)
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    together: bool = True

    def is_own(self, file: str) -> bool:
        """Whether a file is checked itself."""
        return file in self.own

    def body(self, file: str) -> bytes:
        """A file's content as it was given."""
        return self.bodies[file]

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

    @cached_property
    def _by_file(self) -> Mapping[str, Diagram]:
        return {diagram.file: diagram for diagram in self.diagrams}

    def diagram_of(self, node: Item) -> Diagram:
        """The diagram a node is drawn in."""
        return self._by_file[node.file]

    @cached_property
    def uses_roles(self) -> bool:
        """Whether any user task here says who does it: then one that does not is a mistake."""
        return any("role" in node.properties for node in self._nodes("userTask"))

    @cached_property
    def callers(self) -> Mapping[str, list[Node]]:
        """Process id → the call activities that call it."""
        found: dict[str, list[Node]] = {}
        for node in self._nodes("callActivity"):
            found.setdefault(called_process(node), []).append(node)
        return found

    def _nodes(self, kind: str) -> Iterator[Node]:
        for diagram in self.diagrams:
            yield from (node for node in diagram.nodes if node.kind == kind)

    def is_called(self, scope: Scope) -> bool:
        """Whether a caller waits for this scope's end: a sub-process, or a process that is called."""
        return scope.parent is not None or scope.id in self.callers


def called_process(node: Node) -> str:
    """The process id a call activity names."""
    return (node.element.get("calledElement") or "").strip()


FOREIGN = {
    "camunda.org/schema/zeebe": "Camunda 8",
    "camunda.org": "Camunda 7",
    "flowable": "Flowable",
    "activiti": "Activiti",
}


def foreign_engine(item: Item) -> str:
    """The other engine an element is configured for; empty when there is none."""
    spaces = {str(name).partition("}")[0] for name in item.element.attrib}
    for element in item.element.iterfind(f"{{{BPMN}}}extensionElements/*"):
        spaces.add(str(element.tag).partition("}")[0])
    return next((name for space, name in FOREIGN.items() if any(space in each for each in spaces)), "")


def starts_blank(node: Node) -> bool:
    """Whether a start event waits for nothing."""
    return node.kind == "startEvent" and not node.triggers


def interrupting(node: Node) -> bool:
    """Whether a boundary event ends the activity it is attached to."""
    return is_true(node.element.get("cancelActivity", "true"))
