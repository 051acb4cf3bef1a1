"""Event definitions as the control flow sees them: what a catcher waits for, what a thrower sets free (BPMN 2.0 §10.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from processes.notation.diagram import Diagram, Element, Node, children, is_true, kind_of, text_of
from processes.notation.links import link_name

# Triggers that come from outside the token's own way, at any time or never.
OUTSIDE = frozenset({"message", "timer", "signal", "conditional"})
CODED = {"error": ("errorRef", "errorCode"), "escalation": ("escalationRef", "escalationCode")}


class Trigger(NamedTuple):
    """An event definition: ``timer``, ``message``, ``error``…; ``code`` tells errors and escalations apart, and links by name."""

    kind: str
    code: str = ""


class Catcher(NamedTuple):
    """A boundary event or an event sub-process that waits for one code; an empty code catches what no other does."""

    code: str
    node: Node
    interrupts: bool


def triggers(diagram: Diagram, node: Node) -> tuple[Trigger, ...]:
    """The node's event definitions, those by reference included."""
    found = list(node.triggers)
    for reference in children(node.element, "eventDefinitionRef"):
        definition = diagram.local(text_of(reference))
        if definition is not None and kind_of(definition).endswith("EventDefinition"):
            found.append(definition)
    return tuple(Trigger(kind_of(each).removesuffix("EventDefinition"), _code(diagram, node, each)) for each in found)


def _code(diagram: Diagram, node: Node, definition: Element) -> str:
    kind = kind_of(definition).removesuffix("EventDefinition")
    if kind == "link":
        return link_name(diagram, node, definition)
    if kind not in CODED:
        return ""
    reference, code = CODED[kind]
    defined = diagram.local(definition.get(reference))
    return (defined.get(code) or "").strip() if defined is not None and kind_of(defined) == kind else ""


def comes_from_outside(kinds: Iterable[Trigger]) -> bool:
    """Whether one of these comes by itself; an event that says nothing is taken for one that does."""
    listed = list(kinds)
    return not listed or any(each.kind in OUTSIDE for each in listed)


def boundary_interrupts(event: Node, kinds: Iterable[Trigger]) -> bool:
    """Whether a boundary event ends its activity; errors and cancellations always do."""
    if any(each.kind in {"error", "cancel"} for each in kinds):
        return True
    return is_true(event.element.get("cancelActivity", "true"))


def start_interrupts(start: Node, kinds: Iterable[Trigger]) -> bool:
    """Whether an event sub-process's start event ends the scope around it; errors always do."""
    if any(each.kind == "error" for each in kinds):
        return True
    return is_true(start.element.get("isInterrupting", "true"))


def matching(catchers: Iterable[Catcher], code: str) -> Catcher | None:
    """Who catches this code: an equal code wins over none (§10.5.7)."""
    listed = list(catchers)
    exact = next((each for each in listed if each.code == code), None)
    return exact or next((each for each in listed if not each.code), None)
