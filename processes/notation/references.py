"""What a reference means: an id, or a QName into the same file or an imported one (BPMN 2.0.2, 8.2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from processes.notation.diagram import Diagram, Element, Item, children, kind_of, text_of
from processes.notation.imports import Import, imports, normal


@dataclass(frozen=True, eq=False)
class Target:
    """What a reference means: an element of a diagram, or nothing. ``open``: an import that cannot be read may hold it."""

    diagram: Diagram
    element: Element | None
    open: bool = False

    @property
    def file(self) -> str:
        """The name of the file it leads into."""
        return self.diagram.file

    @property
    def kind(self) -> str:
        """The element's kind; empty where there is none."""
        return kind_of(self.element) if self.element is not None else ""

    @property
    def lost(self) -> bool:
        """Whether it leads nowhere for certain."""
        return self.element is None and not self.open


class References:
    """The references of diagrams that are given together; ``present``: the names of all files that are there."""

    def __init__(self, diagrams: Iterable[Diagram], present: Iterable[str]) -> None:
        self.by_file = {diagram.file: diagram for diagram in diagrams}
        self._paths = {normal(name): name for name in sorted(present)}
        self._imports: dict[str, list[Import]] = {}

    def imports(self, diagram: Diagram) -> list[Import]:
        """What a file imports."""
        found = self._imports.get(diagram.file)
        if found is None:
            found = self._imports[diagram.file] = list(imports(diagram, self._paths, self.by_file))
        return found

    def resolve(self, diagram: Diagram, holder: Element, reference: str | None) -> Target:
        """What a reference in an element means. ``diagram``: where the element stands, or the one that refers to it from another file."""
        diagram = self._home(diagram, holder)
        text = (reference or "").strip()
        own = diagram.by_id.get(text)
        if own is not None or not text:
            return Target(diagram, own)
        prefix, colon, name = text.rpartition(":")
        space = holder.nsmap.get(prefix if colon else None)
        unread = bool(colon) and space is None  # a prefix that is not declared: the schema says so
        for each in self.imports(diagram):
            if each.namespace != space or not space:
                continue
            if each.diagram is None:
                unread = True
            elif name in each.diagram.by_id:
                return Target(each.diagram, each.diagram.by_id[name])
        if colon and space is not None and not unread:
            # Many tools write prefixes that mean another namespace than the file's own, and name its elements all the same.
            return Target(diagram, diagram.by_id.get(name))
        return Target(diagram, None, unread)

    def event_definitions(self, node: Item) -> list[Target]:
        """An event's definitions in their order, those it refers to (``eventDefinitionRef``) included."""
        found: list[Target] = []
        diagram = self.by_file[node.file]
        for child in node.element:
            kind = kind_of(child)
            if kind.endswith("EventDefinition"):
                found.append(Target(diagram, child))
            elif kind == "eventDefinitionRef":
                found.append(self.resolve(diagram, child, text_of(child)))
        return found

    def message(self, diagram: Diagram, holder: Element) -> Target | None:
        """The message of an event definition, a send or a receive task: its own, or that of the operation it names (8.5.3); None when it
        names neither."""
        if holder.get("messageRef"):
            return self.resolve(diagram, holder, holder.get("messageRef"))
        named = [holder.get("operationRef") or "", *(text_of(each) for each in children(holder, "operationRef"))]
        reference = next((each for each in named if each), None)
        if reference is None:
            return None
        operation = self.resolve(diagram, holder, reference)
        if operation.element is None:
            return operation
        incoming = next(iter(children(operation.element, "inMessageRef")), None)
        return self.resolve(operation.diagram, operation.element, text_of(incoming))

    def _home(self, diagram: Diagram, holder: Element) -> Diagram:
        root = holder.getroottree().getroot()
        return diagram if root is diagram.root else self._by_root.get(root, diagram)

    @cached_property
    def _by_root(self) -> dict[Element, Diagram]:
        return {diagram.root: diagram for diagram in self.by_file.values()}
