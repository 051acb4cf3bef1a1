"""Whether two BPMN files say the same, strictly: every element, attribute and text counts, of any namespace.

Aside stay the order of attributes, blanks around a text, prefixes (those of types too), how a number of the drawing is written (1 or 1.0), an
attribute that says what the schema takes for granted, and the order of an element's children of different kinds, which the schema fixes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from lxml import etree

from processes.notation.diagram import FLOW_NODES
from processes.notation.xml import parse_text

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DRAWN = ("{http://www.omg.org/spec/DD/", "{http://www.omg.org/spec/BPMN/20100524/DI}")
NUMBER = re.compile(r"-?\d+(\.\d*)?(E-?\d+)?")
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

TAKEN_FOR_GRANTED: Mapping[str, str] = {
    "isForCompensation": "false", "startQuantity": "1", "completionQuantity": "1", "cancelActivity": "true",
    "parallelMultiple": "false", "isInterrupting": "true", "triggeredByEvent": "false", "isCollection": "false",
    "instantiate": "false", "eventGatewayType": "Exclusive", "gatewayDirection": "Unspecified", "isClosed": "false",
    "processType": "None", "behavior": "All", "ordering": "Parallel", "cancelRemainingInstances": "true",
    "associationDirection": "None", "textFormat": "text/plain", "itemKind": "Information", "isUnlimited": "true",
    "testBefore": "false", "minimum": "0", "maximum": "1", "mustUnderstand": "false", "waitForCompletion": "true",
    "messageVisibleKind": "initiating",
}  # fmt: skip
"""attribute of BPMN or of the drawing → its default (Semantic.xsd, BPMNDI.xsd)"""


def differences(before: str, after: str) -> list[str]:
    """Where two files do not say the same; nothing where they do."""
    return list(_compared(parse_text(before), parse_text(after), ""))


def _compared(one: etree._Element, other: etree._Element, path: str) -> Iterator[str]:
    one, other = _named(one), _named(other)
    here = f"{path}/{etree.QName(one).localname}"
    if one.get("id"):
        here += f"[{one.get('id')}]"
    if one.tag != other.tag:
        yield f"{path}: {one.tag} became {other.tag}"
        return
    said, says = _attributes(one), _attributes(other)
    for name in sorted(said.keys() | says.keys()):
        if said.get(name) != says.get(name):
            yield f"{here}@{name}: {said.get(name)!r} became {says.get(name)!r}"
    if _texts(one) != _texts(other):
        yield f"{here}: text {_texts(one)!r} became {_texts(other)!r}"
    for mine, theirs in zip_longest(_children(one), _children(other)):
        if theirs is None:
            yield f"{here}: lost {mine.tag} {mine.get('id') or ''}"
        elif mine is None:
            yield f"{here}: gained {theirs.tag} {theirs.get('id') or ''}"
        else:
            yield from _compared(mine, theirs, here)


def _named(element: etree._Element) -> etree._Element:
    """An expression that is said to be a formal one is written as such."""
    if (
        element.tag == f"{BPMN}expression"
        and _value(element, TYPE, element.get(TYPE, "")) == f"{BPMN}tFormalExpression"
    ):
        element.tag = f"{BPMN}formalExpression"
        del element.attrib[TYPE]
    return element


def _attributes(element: etree._Element) -> dict[str, str]:
    found = {str(name): _value(element, str(name), str(value)) for name, value in element.attrib.items()}
    return {
        name: value
        for name, value in found.items()
        if not (
            str(element.tag).startswith((BPMN, *DRAWN))
            and (TAKEN_FOR_GRANTED.get(name) == value or _is_own_type(element, name))
        )
    }


def _value(element: etree._Element, name: str, value: str) -> str:
    """A type by its full name, a number of the drawing as a number; any other value as it is."""
    if str(element.tag).startswith(DRAWN) and NUMBER.fullmatch(value):
        return str(float(value))
    if name != TYPE:
        return value
    prefix, _, local = value.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def _is_own_type(element: etree._Element, name: str) -> bool:
    """Whether it says of a point or box of the drawing that it is one."""
    return name == TYPE and str(element.tag).startswith(DRAWN)


def _texts(element: etree._Element) -> list[str]:
    """Its own text, and that behind each of its children."""
    return [(text or "").strip() for text in (element.text, *(child.tail for child in element))]


def _children(element: etree._Element) -> list[etree._Element]:
    """Grouped by kind, those of a kind as they stand; what flows is of one kind."""
    return sorted(element, key=_kind)


def _kind(child: etree._Element) -> str:
    flows = {BPMN + name for name in FLOW_NODES | {"sequenceFlow", "dataObject", "dataObjectReference"}}
    return "flow" if child.tag in flows else str(child.tag)
