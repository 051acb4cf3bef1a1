"""Data objects, inputs, outputs and properties agree with the types they refer to."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.rules.standard.references import place_of
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, children, is_true

COLLECTION = Rule(
    "collection-mismatch", ERROR,
    "{it}的 isCollection 是 {own}，它的类型“{type}”却是 {theirs}，两边必须一致。",
    "isCollection of {it} is {own}, but that of its type {type} is {theirs}: they must be the same.",
    "改正其中一个，或换一个类型。", "Correct one of them, or choose another type.",
    "10.4.1",
)  # fmt: skip
REFERENCE_TYPE = Rule(
    "data-object-reference-type", ERROR,
    "{it}是数据对象引用，不能自己写类型（itemSubjectRef）。",
    "{it} is a data object reference, which cannot have a type (itemSubjectRef) of its own.",
    "把类型写在它引用的数据对象上。", "Give the type to the data object that it refers to.",
    "10.4.1",
)  # fmt: skip
OBJECT_STATE = Rule(
    "data-object-state", ERROR,
    "{it}写了状态（dataState）；状态只能写在数据对象引用上。", "{it} has a state (dataState); only data object references have states.",
    "把状态写在引用它的数据对象引用上。", "Give the state to a reference of the data object.",
    "10.4.1",
)  # fmt: skip
NO_OBJECT = Rule(
    "data-object-reference-without-object", ERROR,
    "{it}没有写它引用哪个数据对象（dataObjectRef）。", "{it} does not say which data object it refers to (dataObjectRef).",
    "选择一个数据对象。", "Choose the data object.",
    "10.4.1",
)  # fmt: skip

COLLECTIONS = ("dataObject", "dataInput", "dataOutput")


def equivalent(one: Element, other: Element) -> bool:
    """Whether two item definitions describe the same structure: many tools write one for every piece of data."""
    structure = (one.get("structureRef") or "").strip()
    same = structure and structure == (other.get("structureRef") or "").strip()
    return one is other or bool(same and is_true(one.get("isCollection")) == is_true(other.get("isCollection")))


def collections(diagram: Diagram, world: World) -> Iterator[Finding]:
    """``isCollection`` has the value of the referenced item definition's (Tables 10.52, 10.56 and 10.57)."""
    for item in world.items(diagram, *COLLECTIONS):
        definition = world.resolve(diagram, item.element, item.element.get("itemSubjectRef")).element
        if definition is None:
            continue
        own, theirs = is_true(item.element.get("isCollection")), is_true(definition.get("isCollection"))
        stated = item.element.get("isCollection") is not None
        if own != theirs and (stated or theirs):
            said, type = (str(each).lower() for each in (own, theirs)), definition.get("id") or "?"
            yield COLLECTION.at(place_of(diagram, item.element), own=next(said), theirs=next(said), type=type)


def states(diagram: Diagram, world: World) -> Iterator[Finding]:
    """References have states, objects have types, and not the other way round."""
    for item in world.items(diagram, "dataObjectReference"):
        if item.element.get("itemSubjectRef"):
            yield REFERENCE_TYPE.at(item)
        if not (item.element.get("dataObjectRef") or "").strip():
            yield NO_OBJECT.at(item)
    for item in world.items(diagram, "dataObject"):
        if children(item.element, "dataState"):
            yield OBJECT_STATE.at(item)


CHECKS = (collections, states)
