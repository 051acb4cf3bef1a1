"""Lanes hold flow nodes of their own process, each in one lane, all by the same kind of partition."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import CHOREOGRAPHY, FLOW_NODES, Diagram, Element, Item, children, kind_of, text_of

UNKNOWN_MEMBER = Rule(
    "unknown-lane-member", ERROR,
    "{it}里列着不存在的元素“{reference}”。", "{it} lists {reference}, which is not there.",
    "在建模工具里打开并重新保存；若元素是误删的，请补画。",
    "Open and save the diagram in the modeler; draw the element again if it was deleted by mistake.",
    "10.8",
)  # fmt: skip
WRONG_MEMBER = Rule(
    "lane-member-kind", ERROR,
    "{it}里列着{member}；泳道里只能列活动、事件和网关。", "{it} lists {member}; lanes hold only activities, events and gateways.",
    "从泳道里去掉它。", "Take it out of the lane.",
    "10.8",
)  # fmt: skip
OTHER_PROCESS = Rule(
    "lane-member-elsewhere", ERROR,
    "{it}里列着{member}，但它不在这条泳道所属的流程里。", "{it} lists {member}, which is not in the lane's own process.",
    "从泳道里去掉它，或把它移到这个流程里。", "Take it out of the lane, or move it into this process.",
    "10.8",
)  # fmt: skip
TWO_LANES = Rule(
    "two-lanes", ERROR,
    "{it}同时放在泳道{lanes}里，看不出归谁。", "{it} is in the lanes {lanes} at once: whose is it?",
    "让它只属于一条泳道。", "Leave it in one lane.",
    "10.8",
)  # fmt: skip
PARTITION = Rule(
    "lane-partition", ERROR,
    "{it}的划分依据是{found}，同一组的其他泳道却用{others}；一组泳道要用同一种依据。",
    "{it} is divided by {found}, other lanes of its set by {others}; the lanes of a set use one kind.",
    "让同组的泳道都引用同一种元素。", "Let all lanes of the set refer to elements of one kind.",
    "10.8",
)  # fmt: skip
NO_PARTITION = Rule(
    "unknown-lane-partition", ERROR,
    "{it}的 partitionElementRef“{reference}”不存在。", "The partitionElementRef {reference} of {it} is not there.",
    "重新选择，或删去它。", "Choose it again, or delete it.",
    "10.8",
)  # fmt: skip


def lanes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every lane set of every process and sub-process."""
    for item in world.items(diagram, "laneSet", "childLaneSet"):
        own = children(item.element, "lane")
        for lane in own:
            yield from _members(diagram, lane)
        yield from _partitions(diagram, world, own)
        yield from _shared(diagram, own)


def _container(element: Element) -> Element | None:
    """The process a lane belongs to."""
    return next((each for each in element.iterancestors() if kind_of(each) == "process"), None)


def _members(diagram: Diagram, lane: Element) -> Iterator[Finding]:
    place = diagram.item(lane)
    home = _container(lane)
    lost: list[str] = []
    for reference in children(lane, "flowNodeRef"):
        element = diagram.by_id.get(text_of(reference))
        if element is None:
            lost.append(text_of(reference) or "?")
        elif kind_of(element) not in FLOW_NODES - CHOREOGRAPHY:
            yield WRONG_MEMBER.at(place, member=diagram.item(element))
        elif home is not None and _container(element) is not home:
            yield OTHER_PROCESS.at(place, member=diagram.item(element))
    if lost:
        yield UNKNOWN_MEMBER.at(place, reference=", ".join(lost[:5]))


def _shared(diagram: Diagram, lanes: list[Element]) -> Iterator[Finding]:
    """Nodes in several lanes of one set, lanes inside them included."""
    held: dict[str, list[Element]] = {}
    for lane in lanes:
        inside = {text_of(each) for each in lane.iter("{*}flowNodeRef")}
        for reference in inside:
            held.setdefault(reference, []).append(lane)
    for reference, holders in held.items():
        if len(holders) > 1 and reference in diagram.by_id:
            names = [Item("", each).name or each.get("id") or "?" for each in holders]
            words = Both("、".join(f"“{name}”" for name in names), ", ".join(names))
            yield TWO_LANES.at(diagram.item(diagram.by_id[reference]), lanes=words)


def _partitions(diagram: Diagram, world: World, lanes: list[Element]) -> Iterator[Finding]:
    first: tuple[str, Element] | None = None
    for lane in lanes:
        reference = lane.get("partitionElementRef")
        if reference is None:
            continue
        target = world.resolve(diagram, lane, reference)
        if target.lost:
            yield NO_PARTITION.at(diagram.item(lane), reference=reference[:60] or "?")
        elif target.kind:
            first = first or (target.kind, lane)
            if target.kind != first[0]:
                yield PARTITION.at(diagram.item(lane), found=target.kind, others=first[0])


CHECKS = (lanes,)
