"""Choreography activities: who takes part, who begins, which messages pass, and who knows that it is their turn."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.rules.standard.choreographies import Level, levels
from processes.notation.check.world import World
from processes.notation.diagram import CHOREOGRAPHY, GATEWAYS, Diagram, Element, children, kind_of, text_of

PARTICIPANTS = Rule(
    "choreography-participants", ERROR,
    "{it}有 {count} 个参与方；{needed}。", "{it} has {count} participants; {needed}.",
    "补上或去掉参与方；三方以上的往来画成几个编排任务。",
    "Add or take out participants; draw several choreography tasks for three parties and more.",
    "11.4.1, 11.4.2",
)  # fmt: skip
STRANGER = Rule(
    "choreography-participant", ERROR,
    "{it}的参与方{participant}不是所在编排（或协作）的参与方。", "The participant {participant} of {it} is none of its choreography.",
    "选择这个编排自己的参与方。", "Choose a participant of that choreography.",
    "11.4.1",
)  # fmt: skip
INITIATOR = Rule(
    "choreography-initiator", ERROR,
    "{it}的发起方“{initiator}”不在它的参与方里。", "The initiating participant {initiator} of {it} is none of its participants.",
    "从参与方里选择发起方。", "Choose the initiator among the participants.",
    "11.4.1",
)  # fmt: skip
MESSAGE = Rule(
    "choreography-message-flow", ERROR,
    "{it}的消息流{flow}不对：{why}。", "The message flow {flow} of {it} is wrong: {why}.",
    "编排任务的消息流在它的两个参与方之间：发起方先发，另一方可以回复一条。",
    "The message flows of a choreography task run between its two participants: the initiator sends, the other may answer once.",
    "11.4.1, 11.4.2",
)  # fmt: skip
NO_MESSAGE = Rule(
    "choreography-without-message", ERROR,
    "{it}没有消息流（messageFlowRef），双方什么也没有交换。", "{it} has no message flow (messageFlowRef): its participants exchange nothing.",
    "引用发起方发出的消息流。", "Refer to the message flow that the initiator sends.",
    "11.4.1",
)  # fmt: skip
SEQUENCE = Rule(
    "choreography-sequence", ERROR,
    "{it}由{initiator}发起，但它没有参与前面的{before}，不知道何时轮到自己。",
    "{it} is begun by {initiator}, who took no part in {before} before it and cannot know that it is their turn.",
    "换一个发起方，或在中间加一个让它知情的编排任务。",
    "Choose another initiator, or put a choreography task in between that lets them know.",
    "11.5",
)  # fmt: skip
EVENT_GATEWAY = Rule(
    "choreography-event-gateway", ERROR,
    "{it}后面的编排任务（{tasks}）发送方不同，接收方也不同；必须有一方是同一个。",
    "The choreography tasks behind {it} ({tasks}) have different senders and different receivers; one side must be the same.",
    "让它们由同一方发出，或由同一方接收。", "Let the same party send, or the same party receive, in all of them.",
    "11.7.2",
)  # fmt: skip
GATEWAY_EVENT = Rule(
    "choreography-gateway-target", ERROR,
    "{it}后面的{target}不能用在编排的事件网关后面；只能是编排活动、定时或信号。",
    "{target} cannot stand behind {it} in a choreography: only choreography activities, timers and signals can.",
    "用编排任务表示消息。", "Show the message as a choreography task.",
    "11.7.2",
)  # fmt: skip


def _initiator(diagram: Diagram, world: World, activity: Element) -> Element | None:
    return world.resolve(diagram, activity, activity.get("initiatingParticipantRef")).element


def _participants(diagram: Diagram, world: World, activity: Element) -> list[Element]:
    found = (world.resolve(diagram, each, text_of(each)).element for each in children(activity, "participantRef"))
    return list(dict.fromkeys(each for each in found if each is not None))


def participants(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Two for a task, two at least for the others; the initiator is one of them."""
    for item in world.items(diagram, *sorted(CHOREOGRAPHY)):
        named = list(dict.fromkeys(text_of(each) for each in children(item.element, "participantRef")))
        if len(named) < 2 or (item.kind == "choreographyTask" and len(named) > 2):
            exactly = Both("编排任务恰好有两个", "a choreography task has exactly two")
            needed = exactly if item.kind == "choreographyTask" else Both("至少要有两个", "two are needed at least")
            yield PARTICIPANTS.at(item, count=len(named), needed=needed)
        initiator = _initiator(diagram, world, item.element)
        own = _participants(diagram, world, item.element)
        if initiator is not None and named and initiator not in own:
            yield INITIATOR.at(item, initiator=initiator.get("name") or initiator.get("id") or "?")
        around = _owner(item.element)
        for each in own:
            if around is not None and kind_of(each) == "participant" and around not in each.iterancestors():
                yield STRANGER.at(item, participant=diagram.item(each))
    for item in world.items(diagram, "globalChoreographyTask"):
        own = children(item.element, "participant")
        initiator = _initiator(diagram, world, item.element)
        if len(own) != 2:
            needed = Both("全局编排任务恰好有两个", "a global choreography task has exactly two")
            yield PARTICIPANTS.at(item, count=len(own), needed=needed)
        if initiator is not None and initiator not in own:
            yield INITIATOR.at(item, initiator=initiator.get("name") or initiator.get("id") or "?")


def _owner(element: Element) -> Element | None:
    """The choreography around an activity."""
    return next((each for each in element.iterancestors() if kind_of(each) == "choreography"), None)


def messages(diagram: Diagram, world: World) -> Iterator[Finding]:
    """One message flow from the initiator, and perhaps one back."""
    for item in world.items(diagram, "choreographyTask"):
        own = _participants(diagram, world, item.element)
        initiator = _initiator(diagram, world, item.element)
        senders: list[Element] = []
        if len(own) > 1 and not children(item.element, "messageFlowRef"):
            yield NO_MESSAGE.at(item)
        for reference in children(item.element, "messageFlowRef"):
            flow = world.resolve(diagram, reference, text_of(reference)).element
            if flow is None or kind_of(flow) != "messageFlow":
                continue
            source, target = (
                world.resolve(diagram, flow, flow.get(name)).element for name in ("sourceRef", "targetRef")
            )
            if source is None or target is None or kind_of(source) != "participant" or kind_of(target) != "participant":
                continue
            why: Both | None = None
            if source not in own or target not in own:
                why = Both("它的两端不都是这个任务的参与方", "its ends are not both participants of the task")
            elif source in senders:
                why = Both("同一方已经发过一条", "the same party sends another one")
            if why is not None:
                yield MESSAGE.at(item, flow=diagram.item(flow), why=why)
            else:
                senders.append(source)
        if senders and initiator is not None and initiator in own and initiator not in senders:
            flow = next(each for each in children(item.element, "messageFlowRef"))
            why = Both("没有一条由发起方发出", "none of them is sent by the initiator")
            yield MESSAGE.at(item, flow=text_of(flow), why=why)


def sequences(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Who begins an activity has taken part in the one before it."""
    for level in levels(diagram, world):
        for node in level.nodes:
            if kind_of(node) not in CHOREOGRAPHY:
                continue
            initiator = _initiator(diagram, world, node)
            if initiator is None:
                continue
            for before in _activities_before(level, node):
                involved = _participants(diagram, world, before)
                if involved and initiator not in involved:
                    yield SEQUENCE.at(
                        diagram.item(node), initiator=diagram.item(initiator), before=diagram.item(before)
                    )
                    break


def _activities_before(level: Level, node: Element) -> list[Element]:
    """The activities that come right before a node, through gateways."""
    found: list[Element] = []
    seen: set[Element] = set()
    pending = list(level.before.get(node, []))
    while pending:
        here = pending.pop()
        if here in seen:
            continue
        seen.add(here)
        if kind_of(here) in CHOREOGRAPHY:
            found.append(here)
        elif kind_of(here) in GATEWAYS - {"parallelGateway"}:
            pending += level.before.get(here, [])
    return found


def event_gateways(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Behind an event-based gateway the senders are the same, or the receivers."""
    for level in levels(diagram, world):
        for node in level.nodes:
            if kind_of(node) != "eventBasedGateway":
                continue
            targets = level.behind.get(node, [])
            for target in targets:
                triggers = set(world.trigger_kinds(diagram.item(target)))
                waits = kind_of(target) == "intermediateCatchEvent" and triggers <= {"timer", "signal"}
                if kind_of(target) not in CHOREOGRAPHY and not waits:
                    yield GATEWAY_EVENT.at(diagram.item(node), target=diagram.item(target))
            tasks = [target for target in targets if kind_of(target) == "choreographyTask"]
            senders = {_initiator(diagram, world, each) for each in tasks}
            receivers = {
                other
                for each in tasks
                for other in _participants(diagram, world, each)
                if other is not _initiator(diagram, world, each)
            }
            if len(tasks) > 1 and len(senders) > 1 and len(receivers) > 1:
                yield EVENT_GATEWAY.at(diagram.item(node), tasks=together(diagram.item(each) for each in tasks))


CHECKS = (participants, messages, sequences, event_gateways)
