"""Data of events: one for each definition, of the type that the message, signal, error or escalation has."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.rules.standard.data_objects import equivalent
from processes.notation.check.world import World
from processes.notation.diagram import EVENTS, Diagram, Element, Node, children, kind_of
from processes.notation.labels import kind_name

COUNT = Rule(
    "event-data-count", ERROR,
    "{it}有 {triggers} 个事件定义，却有 {count} 个{what}；有几个定义就要有几个。",
    "{it} has {triggers} event definitions but {count} times {what}: there is one for each definition.",
    "给每个事件定义各写一个，顺序一致；不需要数据就都不写。", "Write one for each definition, in the same order; or none, if no data are needed.",
    "10.5.1",
)  # fmt: skip
TYPE = Rule(
    "event-data-type", ERROR,
    "{it}的{what}类型是“{own}”，它的{definition}的类型却是“{theirs}”，两边必须相同。",
    "The {what} of {it} has the type {own}, but its {definition} has {theirs}: they must be the same.",
    "让两边引用同一个数据类型。", "Refer to the same item definition on both sides.",
    "10.5.1",
)  # fmt: skip

PAYLOADS = {
    "messageEventDefinition": ("messageRef", "itemRef"),
    "signalEventDefinition": ("signalRef", "structureRef"),
    "errorEventDefinition": ("errorRef", "structureRef"),
    "escalationEventDefinition": ("escalationRef", "structureRef"),
}
THROWS = frozenset({"intermediateThrowEvent", "endEvent"})


def data(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The data of every event."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            if node.kind in EVENTS:
                yield from _event(diagram, world, node)


def _event(diagram: Diagram, world: World, node: Node) -> Iterator[Finding]:
    kind = "dataInput" if node.kind in THROWS else "dataOutput"
    own = children(node.element, kind)
    if not own:
        return
    triggers = world.triggers(node)
    what = Both(kind_name(kind), kind)
    if len(triggers) > 1 and len(own) != len(triggers):
        yield COUNT.at(node, triggers=len(triggers), count=len(own), what=what)
        return
    for trigger, element in zip(triggers, own, strict=False):
        meant, theirs = _payload(diagram, world, trigger)
        mine = world.resolve(diagram, element, element.get("itemSubjectRef")).element
        if meant is not None and theirs is not None and mine is not None and not equivalent(mine, theirs):
            yield TYPE.at(
                node,
                what=what,
                own=mine.get("id") or "?",
                definition=Both(kind_name(kind_of(meant)), kind_of(meant)),
                theirs=theirs.get("id") or "?",
            )


def _payload(diagram: Diagram, world: World, trigger: Element) -> tuple[Element | None, Element | None]:
    """What a trigger refers to, and the type of what that carries."""
    reference, attribute = PAYLOADS.get(kind_of(trigger), ("", ""))
    meant = world.resolve(diagram, trigger, trigger.get(reference)).element if reference else None
    theirs = world.resolve(diagram, meant, meant.get(attribute)).element if meant is not None else None
    return meant, theirs


CHECKS = (data,)
