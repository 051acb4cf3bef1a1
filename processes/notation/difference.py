"""What two versions of a model differ in: elements of a diagram with their properties, rows of decision tables cell by cell, places of a form.

Elements are the same when their ids are, as BPMN means it; rows of a decision table have no name, so the longest runs of equal rows are, and what
lies between them is compared in its order. Layout and the order in which a file says things are no difference; an element that has only been
moved on the drawing is told as moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from lxml import etree

from processes.notation.models import read_xml

Kind = Literal["added", "removed", "changed", "moved"]

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_GIVEN_ANEW = frozenset({"incoming", "outgoing"})
"""What flows say already."""

_OF_THE_FILE = frozenset({("type", "tFormalExpression"), ("type", "any")})
"""Attributes that some tools write and others leave out; nothing that the engine does depends on them."""

_NAMED_ROOTS = {"messageRef": "name", "signalRef": "name", "errorRef": "errorCode", "escalationRef": "escalationCode"}
"""Attributes that refer to what is not drawn, and what people know that by."""

_TOLD = frozenset({"@name", "nameEn", "@sourceRef", "@targetRef"})
"""What an element that is new or gone is called by already."""

_ROOTS = frozenset(
    {"process", "collaboration", "message", "signal", "error", "escalation", "globalUserTask", "globalTask"}
)
"""Elements that stand for themselves without being drawn."""

_CONTAINERS = frozenset({"definitions"})


@dataclass(frozen=True)
class Detail:
    """A property before and after; empty: it was not there, or is no more."""

    property: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """What has become of an element; of one that is new or gone, what it says or said. ``name_en``: what it is called in English, if the diagram
    says; ``ends``: of a flow, the ids of what it leads from and to."""

    id: str
    kind: Kind
    tag: str
    name: str
    name_en: str
    details: Sequence[Detail] = ()
    ends: Sequence[str] = ()


@dataclass(frozen=True)
class RowChange:
    """A row of a decision table, by the columns of :class:`TableChange`: (before, after); the number it has in the newer version, or had."""

    number: int
    kind: Kind
    cells: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class TableChange:
    """A decision table."""

    id: str
    name: str
    columns: Sequence[str]
    rows: Sequence[RowChange]
    details: Sequence[Detail] = ()
    """what has changed of the decision besides its rows"""


# ---- diagrams --------------------------------------------------------------------------------------------------------


def diagrams(old: bytes | None, new: bytes | None) -> list[Change]:
    """The elements that differ, in the order of the newer file, those that are gone last. None: there is no such file. Raises ``ParseError``."""
    before, after = _diagram(old), _diagram(new)
    found = []
    for each, unit in after.items():
        if each not in before:
            found.append(_change(each, "added", unit, _details({}, _own(unit))))
            continue
        (tag, properties, place), (_, had, was) = unit, before[each]
        if details := _details(had, properties):
            found.append(_change(each, "changed", unit, details))
        elif was != place and place and not tag.endswith("Flow"):
            found.append(_change(each, "moved", unit))
    gone = ((each, unit) for each, unit in before.items() if each not in after)
    return found + [_change(each, "removed", unit, _details(_own(unit), {})) for each, unit in gone]


_Unit = tuple[str, dict[str, str], str]
"""tag, properties, place on the drawing"""


def _change(identity: str, kind: Kind, unit: _Unit, details: Sequence[Detail] = ()) -> Change:
    tag, properties, _ = unit
    ends = [properties[each] for each in ("@sourceRef", "@targetRef") if each in properties]
    return Change(identity, kind, tag, properties.get("@name", ""), properties.get("nameEn", ""), details, ends)


def _own(unit: _Unit) -> Mapping[str, str]:
    return {name: value for name, value in unit[1].items() if name not in _TOLD}


def _diagram(body: bytes | None) -> dict[str, _Unit]:
    if body is None:
        return {}
    root = read_xml("", body).root
    places: dict[str, str] = {}
    for shape in root.iter(f"{_DI}BPMNShape", f"{_DI}BPMNEdge"):
        drawn = (each for each in shape.iter() if _local(each) in ("Bounds", "waypoint"))
        bounds = " ".join(str(value) for each in drawn for value in each.attrib.values())
        places[str(shape.get("bpmnElement"))] = bounds
    found: dict[str, _Unit] = {}
    undrawn = {str(node.get("id")): node for node in root if _local(node) in _ROOTS}
    for node in root.iter():
        each = node.get("id") if isinstance(node.tag, str) else None
        if each and (each in places or _local(node) in _ROOTS):
            properties = {name: _known_by(name, value, undrawn) for name, value in _flat(node, places)}
            found[each] = (_local(node), properties, places.get(each, ""))
    return found


def _known_by(name: str, value: str, undrawn: Mapping[str, Any]) -> str:
    """A value; of a reference to a message, a signal, an error or an escalation what people know that by."""
    said = _NAMED_ROOTS.get(name.rpartition("@")[2])
    node = undrawn.get(value.rpartition(":")[2]) if said else None
    return str(node.get(said) or value) if node is not None else value


def _flat(node: Any, units: Mapping[str, str], path: str = "") -> Iterator[tuple[str, str]]:
    """What an element says of itself: attributes and texts, by where they stand; not what stands within it for itself."""
    for name, value in sorted(node.attrib.items()):
        if _without(name) != "id" and (_without(name), value.rpartition(":")[2]) not in _OF_THE_FILE:
            yield f"{path}@{_without(name)}", value
    text = (node.text or "").strip()
    if text and path:
        yield path.rstrip("/"), text
    counts: dict[str, int] = {}
    for child in node:
        if not isinstance(child.tag, str) or _local(child) in _GIVEN_ANEW or _stands_alone(child, units):
            continue
        tag = _local(child)
        if tag == "property" and child.get("name") and child.get("value") is not None:
            yield str(child.get("name")), str(child.get("value"))
            continue
        if tag == "serviceTaskOperator":  # whose ids are the job's topic and its parameters' names
            yield "job", str(child.get("id", ""))
        if tag == "parameter" and child.get("id"):
            yield f"parameter {child.get('id')}", str(child.get("value", ""))
            continue
        if tag == "flowNodeRef":  # a lane holds what it holds in no order
            yield f"{tag} {(child.text or '').strip()}", "✓"
            continue
        counts[tag] = counts.get(tag, 0) + 1
        number = f"[{counts[tag]}]" if counts[tag] > 1 else ""
        inside = list(_flat(child, units, f"{path}{tag}{number}/"))
        yield from inside
        if not inside:
            yield f"{path}{tag}{number}", "✓"


def _stands_alone(node: Any, units: Mapping[str, str]) -> bool:
    return node.get("id") in units or _local(node) in _ROOTS


def _local(node: Any) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _without(name: str) -> str:
    return name.rpartition("}")[2]


def _details(before: Mapping[str, str], after: Mapping[str, str]) -> list[Detail]:
    names = [*after, *(name for name in before if name not in after)]
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return [Detail(name, was, now) for name, was, now in pairs if was != now]


# ---- decisions -------------------------------------------------------------------------------------------------------


def decisions(old: bytes | None, new: bytes | None) -> list[TableChange]:
    """The decisions that differ. Raises ``ParseError``."""
    before, after = _decisions(old), _decisions(new)
    found = []
    for each in [*after, *(gone for gone in before if gone not in after)]:
        was, now = before.get(each), after.get(each)
        change = _table(each, was or _Decision("", {}, (), ()), now or _Decision("", {}, (), ()))
        if change.rows or change.details or was is None or now is None:
            found.append(change)
    return found


@dataclass(frozen=True)
class _Decision:
    name: str
    properties: Mapping[str, str]
    columns: Sequence[str]
    rules: Sequence[Mapping[str, str]]


def _decisions(body: bytes | None) -> dict[str, _Decision]:
    if body is None:
        return {}
    root = read_xml("", body).root
    return {str(node.get("id")): _decision(node) for node in root.iter("{*}decision")}


def _decision(node: Any) -> _Decision:
    table = next(node.iterchildren("{*}decisionTable"), None)
    if table is None:
        return _Decision(str(node.get("name", "")), dict(_flat(node, {})), (), ())
    columns = _columns(table)
    rules = [dict(zip(columns, _cells(rule), strict=False)) for rule in table.iterchildren("{*}rule")]
    properties = {
        name: value
        for name, value in _flat(node, {})
        if not name.startswith(
            ("decisionTable/rule", "decisionTable/input", "decisionTable/output", "decisionTable/annotation")
        )
    }
    return _Decision(str(node.get("name", "")), properties, columns, rules)


def _columns(table: Any) -> list[str]:
    """What columns are called, each by a name of its own."""
    names: list[str] = []
    for column in table:
        kind = _local(column)
        if kind == "input":
            asked = " ".join("".join(text.itertext()).strip() for text in column.iterchildren("{*}inputExpression"))
            name = asked or str(column.get("label", ""))
        elif kind == "output":
            name = "→ " + str(column.get("name") or column.get("label") or "")
        else:
            continue
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    return names


def _cells(rule: Any) -> list[str]:
    return ["".join(cell.itertext()).strip() for cell in rule if _local(cell) in ("inputEntry", "outputEntry")]


def _table(identity: str, was: _Decision, now: _Decision) -> TableChange:
    columns = [*now.columns, *(each for each in was.columns if each not in now.columns)]
    shared = [each for each in now.columns if each in was.columns] or columns
    rows = []
    keys: list[Sequence[Any]] = [
        [tuple(rule.get(each, "") for each in shared) for rule in side.rules] for side in (was, now)
    ]
    for what, old_from, old_to, new_from, new_to in SequenceMatcher[Any](None, keys[0], keys[1], False).get_opcodes():
        if what == "equal" and len(shared) == len(columns):
            continue
        paired = min(old_to - old_from, new_to - new_from)
        for at in range(max(old_to - old_from, new_to - new_from)):
            old = was.rules[old_from + at] if at < old_to - old_from else None
            new = now.rules[new_from + at] if at < new_to - new_from else None
            kind: Kind = "changed" if at < paired else "removed" if new is None else "added"
            number = (old_from if new is None else new_from) + at + 1
            rows.append(
                RowChange(number, kind, [((old or {}).get(each, ""), (new or {}).get(each, "")) for each in columns])
            )
    return TableChange(identity, now.name or was.name, columns, rows, _details(was.properties, now.properties))


# ---- forms -----------------------------------------------------------------------------------------------------------


def forms(old: bytes | None, new: bytes | None) -> list[Detail]:
    """The places of a form's JSON that differ."""
    before, after = (dict(_leaves(json.loads(body))) if body else {} for body in (old, new))
    return _details(before, after)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}/{name}" if path else name)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value, 1):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
