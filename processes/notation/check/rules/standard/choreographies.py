"""Choreographies: which elements and events they hold, and how these are connected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.rules.standard.gateways import judge
from processes.notation.check.rules.standard.triggers import trigger_label
from processes.notation.check.world import World
from processes.notation.diagram import ACTIVITIES, CHOREOGRAPHY, EVENTS, GATEWAYS, Diagram, Element, Item, kind_of

CONTENT = Rule(
    "choreography-content", ERROR,
    "{it}不能放在编排{scope}里；编排里只有编排活动、事件和网关。",
    "{it} cannot stand in the choreography {scope}, which holds choreography activities, events and gateways.",
    "任务和数据属于各方自己的流程：移到流程里，或改成编排任务。",
    "Tasks and data belong to the parties' own processes: move it there, or make it a choreography task.",
    "8.4.7, 11.3",
)  # fmt: skip
GLOBAL_CONTENT = Rule(
    "global-choreography-content", ERROR,
    "{it}是全局编排任务，里面不能有{found}。", "{it} is a global choreography task, which must not contain {found}.",
    "移到编排（choreography）里。", "Move it into a choreography.",
    "11.4.4",
)  # fmt: skip
EVENT = Rule(
    "choreography-event", ERROR,
    "{it}是{trigger}，编排里不能这样用。{allowed}", "{it} has the trigger {trigger}, which is not used like this in a choreography. {allowed}",
    "消息由编排任务表示；其余的事只有一方看得见，画在那一方的流程里。",
    "A message is a choreography task; the others are seen by one party only and belong into its process.",
    "11.6",
)  # fmt: skip
FLOW_END = Rule(
    "choreography-flow-end", ERROR,
    "{it}的{end}{why}。", "The {end} of {it} {why}.",
    "顺序流只连接同一层的编排活动、事件和网关。", "Sequence flows connect choreography activities, events and gateways of one level.",
    "8.4.13, 11.3",
)  # fmt: skip
DIRECTION = Rule(
    "choreography-flow-direction", ERROR,
    "{it}：{event}{why}。", "{it}: {event} {why}.",
    "开始事件只有出线，结束事件只有入线。", "A start event has only outgoing, an end event only incoming flows.",
    "11.3, 11.6",
)  # fmt: skip

ALLOWED = {
    "startEvent": frozenset({"timer", "conditional", "signal"}),
    "intermediateCatchEvent": frozenset({"timer", "conditional", "signal", "link"}),
    "intermediateThrowEvent": frozenset({"link"}),
    "boundaryEvent": frozenset(
        {"message", "timer", "conditional", "signal", "error", "escalation", "cancel", "compensate"}
    ),
    "endEvent": frozenset({"terminate"}),
}
NODES = CHOREOGRAPHY | EVENTS | GATEWAYS
CONTAINERS = ("choreography", "subChoreography")
FORBIDDEN = ACTIVITIES | {"dataObject", "dataObjectReference", "dataStoreReference"}


@dataclass(eq=False)
class Level:
    """A choreography or sub-choreography with what stands right in it."""

    element: Element
    nodes: list[Element] = field(default_factory=list)
    flows: list[Element] = field(default_factory=list)
    # Node → the nodes before and behind it.
    before: dict[Element, list[Element]] = field(default_factory=dict)
    behind: dict[Element, list[Element]] = field(default_factory=dict)


def levels(diagram: Diagram, world: World) -> Iterator[Level]:
    """Every level of every choreography."""
    for element in world.elements(diagram, *CONTAINERS):
        level = Level(element)
        for child in element:
            kind = kind_of(child)
            if kind in NODES:
                level.nodes.append(child)
            elif kind == "sequenceFlow":
                level.flows.append(child)
        for flow in level.flows:
            source, target = (diagram.by_id.get((flow.get(name) or "").strip()) for name in ("sourceRef", "targetRef"))
            if source is not None and target is not None:
                level.behind.setdefault(source, []).append(target)
                level.before.setdefault(target, []).append(source)
        yield level


def contents(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No process activities and no data; nothing at all in a global choreography task."""
    for element in world.elements(diagram, *CONTAINERS):
        for child in element:
            if kind_of(child) in FORBIDDEN:
                yield CONTENT.at(diagram.item(child), scope=diagram.item(element))
    for item in world.items(diagram, "globalChoreographyTask"):
        held = [child for child in item.element if kind_of(child) in NODES | FORBIDDEN | {"sequenceFlow"}]
        if held:
            yield GLOBAL_CONTENT.at(item, found=diagram.item(held[0]))


def events(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Triggers that every party can see (Tables 11.6, 11.7 and 11.8)."""
    for level in levels(diagram, world):
        for node in level.nodes:
            kind = kind_of(node)
            for trigger in world.trigger_kinds(Item(diagram.file, node)) if kind in ALLOWED else ():
                if trigger not in ALLOWED[kind]:
                    listed = sorted(ALLOWED[kind])
                    allowed = Both(
                        "可用的有：" + "、".join(trigger_label(each).zh for each in listed) + "。",
                        "Allowed are: " + ", ".join(listed) + ".",
                    )
                    yield EVENT.at(diagram.item(node), trigger=trigger_label(trigger), allowed=allowed)


def flows(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Sequence flows stay on their level and go the right way."""
    for level in levels(diagram, world):
        own = set(level.nodes)
        for flow in level.flows:
            place = diagram.item(flow)
            for attribute, end in (("sourceRef", Both("起点", "source")), ("targetRef", Both("终点", "target"))):
                reference = (flow.get(attribute) or "").strip()
                node = diagram.by_id.get(reference)
                if node is None:
                    why = Both(f"“{reference[:60]}”不存在", f"{reference[:60] or '?'} is not there")
                    yield FLOW_END.at(place, end=end, why=why)
                elif node not in own:
                    item = diagram.item(node)
                    why = Both(f"是{item.label('zh')}，不在这一层", f"is {item.label('en')}, not on this level")
                    yield FLOW_END.at(place, end=end, why=why)
                elif kind_of(node) == "endEvent" and attribute == "sourceRef":
                    yield DIRECTION.at(place, event=diagram.item(node), why=Both("不能有出线", "has no outgoing flow"))
                elif kind_of(node) in {"startEvent", "boundaryEvent"} and attribute == "targetRef":
                    yield DIRECTION.at(
                        place, event=diagram.item(node), why=Both("不能有入线", "takes no incoming flow")
                    )


def gateways(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Gateways split or join here too, in the direction they say."""
    for level in levels(diagram, world):
        for node in level.nodes:
            if kind_of(node) in GATEWAYS:
                yield from judge(diagram.item(node), len(level.before.get(node, [])), len(level.behind.get(node, [])))


CHECKS = (contents, events, flows, gateways)
