"""Link events: by which name the two ends of a link find each other (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

from processes.notation.diagram import Diagram, Element, Item, children, kind_of, text_of

THROW = "intermediateThrowEvent"


def link_name(diagram: Diagram, node: Item, definition: Element) -> str:
    """The name of the link an event throws or catches: the catching end's, where the two refer to each other by ``target`` or ``source``.

    A definition without a name goes by that of its event.
    """
    if node.kind == THROW:
        caught = _target(diagram, definition)
        if caught is not None:
            return _own(caught)
    return (definition.get("name") or node.name).strip()


def _target(diagram: Diagram, throw: Element) -> Element | None:
    """The definition that a throw's ``target`` names, or that names the throw as a ``source`` of its own."""
    for reference in children(throw, "target"):
        found = diagram.by_id.get(text_of(reference).rpartition(":")[2])
        if found is not None and kind_of(found) == "linkEventDefinition":
            return found
    caught = diagram.link_sources.get(throw.get("id") or "")
    return caught if caught is not None and _level(caught) is _level(throw) else None


def _level(definition: Element) -> Element | None:
    event = definition.getparent()
    return event.getparent() if event is not None else None


def _own(definition: Element) -> str:
    event = definition.getparent()
    around = " ".join((event.get("name") or "").split()) if event is not None else ""
    return (definition.get("name") or around).strip()
