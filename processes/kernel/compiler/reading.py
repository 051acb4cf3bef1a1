"""Small readers of the XML: extension elements of the spiff dialect, names, and errors that say where."""

from __future__ import annotations

from processes.notation.check.languages import is_name
from processes.notation.diagram import BPMN, SPIFF, Element, children, expression_of, text_of
from processes.notation.models import ParseError

__all__ = ["ParseError", "child_text", "extension", "extension_text", "names_of", "properties"]


def extension(element: Element | None, name: str) -> Element | None:
    """An extension element of the spiff dialect."""
    return None if element is None else element.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}{name}")


def extension_text(element: Element | None, name: str) -> str:
    """The text of an extension element; empty when there is none."""
    return text_of(extension(element, name))


def properties(element: Element) -> dict[str, str]:
    """The named properties."""
    found = element.iterfind(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}properties/{{{SPIFF}}}property")
    return {each.get("name", ""): each.get("value", "") for each in found}


def child_text(element: Element, name: str) -> str:
    """The text of the first BPMN child of that name; empty when there is none."""
    return next((text_of(each) for each in children(element, name)), "")


def expression_in(element: Element, name: str) -> str:
    """The expression in the first BPMN child of that name; empty when there is none."""
    return next((expression_of(each) for each in children(element, name)), "")


def names_of(element: Element | None) -> tuple[str, ...]:
    """What a data input, output or item goes by: its name and its id, as far as they can be variables."""
    if element is None:
        return ()
    given = ((element.get("name") or "").strip(), element.get("id") or "")
    return tuple(dict.fromkeys(name for name in given if is_name(name)))
