"""Message flows connect two pools, at their border or at what can send and receive in them."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.world import World
from processes.notation.diagram import ACTIVITIES, EVENTS, Diagram, Element, Item, children, kind_of

UNKNOWN_END = Rule(
    "unknown-message-flow-end", ERROR,
    "{it}的{end}“{reference}”不存在。", "The {end} {reference} of {it} is not there.",
    "把消息流的两端接到泳池或其中的活动、事件，或删掉它。",
    "Connect both ends to pools or to activities and events in them, or delete the message flow.",
    "9.3",
)  # fmt: skip
WRONG_END = Rule(
    "message-flow-end", ERROR,
    "{it}的{end}是{found}；消息流只能连接泳池、活动和事件。",
    "The {end} of {it} is {found}; message flows connect only pools, activities and events.",
    "连到泳池边框，或连到收发消息的任务或事件。", "Connect it to the border of the pool, or to the task or event that sends or receives.",
    "7.6.2, 8.4.1, 9.3, 10.6",
)  # fmt: skip
SAME_POOL = Rule(
    "message-flow-within-pool", ERROR,
    "{it}的两端（{source}、{target}）在同一个泳池里；消息流必须连接两个不同的泳池。",
    "Both ends of {it} ({source}, {target}) are in the same pool; a message flow connects two different ones.",
    "泳池内部用顺序流；要通知自己流程里的另一处，用信号或升级事件。",
    "Use sequence flows within a pool; to notify another part of the same process use a signal or an escalation.",
    "7.6.2, 9.3",
)  # fmt: skip
SAME_PROCESS = Rule(
    "message-flow-within-pool", ERROR,
    "{it}的两端（{source}、{target}）属于同一个流程：泳池{pools}引用的是同一个流程（processRef）。",
    "Both ends of {it} ({source}, {target}) belong to one process: the pools {pools} refer to the same (processRef).",
    "让每个泳池引用自己的流程；画不出对方内部的，就不写 processRef。",
    "Let each pool refer to a process of its own; a pool whose inside is not drawn needs no processRef.",
    "7.6.2, 9.3",
)  # fmt: skip
WRONG_WAY = Rule(
    "message-flow-direction", ERROR,
    "{it}：{event}{why}。", "{it}: {event} {why}.",
    "消息从抛出事件、结束事件或活动发出，由开始事件、捕获事件或活动收到。",
    "Messages leave throw events, end events and activities, and reach start events, catch events and activities.",
    "9.3, 10.5.2, 10.5.3, 10.5.4",
)  # fmt: skip
NOT_MESSAGE = Rule(
    "message-flow-event", ERROR,
    "{event}连着{it}，却不是消息事件。", "{event} is connected to {it}, but is no message event.",
    "把它改成消息事件，或去掉这条消息流。", "Make it a message event, or delete the message flow.",
    "10.5.2, 10.5.3, 10.5.4",
)  # fmt: skip
TOO_MANY = Rule(
    "message-flow-count", ERROR,
    "{it}连着 {count} 条消息流（{flows}）；{why}。", "{it} has {count} message flows ({flows}); {why}.",
    "一个消息事件只收或只发一条；多条消息用多个事件，或用多重结束事件。",
    "A message event sends or receives one; use several events, or a multiple end event, for several messages.",
    "10.5.3, 10.5.4",
)  # fmt: skip

NODES = ACTIVITIES | EVENTS
CONVERSATIONS = frozenset({"conversation", "subConversation", "callConversation"})
INTERACTION = NODES | CONVERSATIONS | {"participant"}
CATCHES = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
THROWS = frozenset({"endEvent", "intermediateThrowEvent"})
ENDS = (("sourceRef", Both("起点", "source")), ("targetRef", Both("终点", "target")))


def ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The ends of a message flow are there, may send and receive, and belong to different pools."""
    pools = _pools(diagram, world)
    flows: dict[Element, tuple[list[Item], list[Item]]] = {}
    for item in world.items(diagram, "messageFlow"):
        found: list[Element] = []
        for attribute, end in ENDS:
            reference = item.element.get(attribute)
            if reference is None:
                continue  # the schema says so
            target = world.resolve(diagram, item.element, reference)
            if target.lost:
                yield UNKNOWN_END.at(item, end=end, reference=reference.strip()[:60] or "?")
            elif target.element is not None and kind_of(target.element) not in INTERACTION:
                yield WRONG_END.at(item, end=end, found=Item(target.file, target.element))
            elif target.element is not None:
                found.append(target.element)
                lists = flows.setdefault(target.element, ([], []))
                lists[0 if attribute == "targetRef" else 1].append(item)
        if len(found) == 2:
            source, receiver = (diagram.item(each) for each in found)
            if _together(found[0], found[1], pools):
                yield from _same(diagram, pools, item, source, receiver)
            elif found[0] is not found[1]:
                yield from _events(world, item, source, receiver)
    for element, (incoming, outgoing) in flows.items():
        if kind_of(element) in EVENTS:
            yield from _counts(world, diagram.item(element), incoming, outgoing)


def _pools(diagram: Diagram, world: World) -> dict[Element, list[Element]]:
    """Process → the participants that refer to it."""
    found: dict[Element, list[Element]] = {}
    for participant in world.elements(diagram, "participant"):
        process = world.resolve(diagram, participant, participant.get("processRef")).element
        if process is not None:
            found.setdefault(process, []).append(participant)
    return found


def _process(element: Element) -> Element | None:
    return next((each for each in element.iterancestors() if kind_of(each) == "process"), None)


def _together(one: Element, other: Element, pools: dict[Element, list[Element]]) -> bool:
    """Whether two ends are one pool, in one pool, or a pool and something in it."""
    if one is other:
        return True
    homes = [_process(one), _process(other)]
    if homes[0] is not None and homes[0] is homes[1]:
        return True
    for pool, process in ((one, homes[1]), (other, homes[0])):
        if kind_of(pool) == "participant" and process is not None and pool in pools.get(process, []):
            return True
    return False


def _same(
    diagram: Diagram, pools: dict[Element, list[Element]], flow: Item, source: Item, target: Item
) -> Iterator[Finding]:
    """The two ends are in one pool; or in two that mean the same process, by mistake."""
    homes = (_process(each.element) for each in (source, target))
    shared = next((pools[home] for home in homes if home is not None and len(pools.get(home, ())) > 1), None)
    if shared is None or not {source.element, target.element} & set(shared):
        yield SAME_POOL.at(flow, source=source, target=target)
    else:
        yield SAME_PROCESS.at(flow, source=source, target=target, pools=together(map(diagram.item, shared)))


def _events(world: World, flow: Item, source: Item, target: Item) -> Iterator[Finding]:
    if source.kind in CATCHES or source.kind == "receiveTask":
        why = Both("只能接收，不能发出消息", "only receives, it cannot send")
        yield WRONG_WAY.at(flow, event=source, why=why)
    if target.kind in THROWS or target.kind == "sendTask":
        why = Both("只能发出，不能接收消息", "only sends, it cannot receive")
        yield WRONG_WAY.at(flow, event=target, why=why)
    for event, kinds in ((source, THROWS), (target, CATCHES)):
        if event.kind in kinds and not _speaks(world, event):
            yield NOT_MESSAGE.at(flow, event=event)


def _speaks(world: World, event: Item) -> bool:
    """Whether messages may reach or leave an event."""
    kinds = world.trigger_kinds(event)
    if kinds:
        return "message" in kinds
    # A definition that it refers to may be one that cannot be looked at.
    return bool(children(event.element, "eventDefinitionRef"))


def _counts(world: World, event: Item, incoming: list[Item], outgoing: list[Item]) -> Iterator[Finding]:
    flows = [*incoming, *outgoing]
    why: Both | None = None
    if event.kind in {"intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}:
        if incoming and outgoing:
            why = Both("中间事件不能又收又发", "an intermediate event either receives or sends")
        elif len(flows) > 1 and len(world.triggers(event)) < 2:
            why = Both("中间事件只能连一条", "an intermediate event has one")
    elif event.kind == "endEvent" and len(outgoing) > 1 and len(world.triggers(event)) == 1:
        why = Both("发出几条消息的结束事件要是“多重”的", "an end event that sends several is a multiple one")
    if why is not None:
        names = "、".join(each.name or each.id for each in flows[:5])
        yield TOO_MANY.at(event, count=len(flows), flows=names, why=why)


CHECKS = (ends,)
