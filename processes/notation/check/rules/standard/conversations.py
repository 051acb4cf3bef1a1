"""Conversations: two participants at least, links between a conversation and somebody who talks."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.rules.standard.message_flows import CONVERSATIONS, INTERACTION
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Item, children, kind_of, text_of

FEW = Rule(
    "conversation-participants", ERROR,
    "{it}有 {count} 个参与方，至少要有两个。", "{it} has {count} participants; it needs two at least.",
    "补上参与会话的另一方。", "Add the other party.",
    "9.4.1",
)  # fmt: skip
UNKNOWN_END = Rule(
    "unknown-conversation-link-end", ERROR,
    "{it}的{end}“{reference}”不存在。", "The {end} {reference} of {it} is not there.",
    "把会话连线接到会话和参与方，或删掉它。", "Connect it to a conversation and a participant, or delete it.",
    "9.4.5",
)  # fmt: skip
LINK = Rule(
    "conversation-link", ERROR,
    "{it}连接{source}和{target}：会话连线的一端必须是会话，另一端是参与方、活动或事件。",
    "{it} connects {source} and {target}: one end of a conversation link is a conversation, the other a participant, activity or event.",
    "改接两端。", "Connect its ends otherwise.",
    "9.4.5",
)  # fmt: skip
STRANGER = Rule(
    "conversation-message-flow", ERROR,
    "{it}列着{flow}，但它的一端（{end}）不在这个会话的参与方里。", "{it} lists {flow}, whose end {end} is none of its participants.",
    "去掉这条消息流，或把那一方加进会话。", "Take out the message flow, or add that party to the conversation.",
    "9.4.1",
)  # fmt: skip


def participants(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A conversation node has two participants or more (Table 9.9)."""
    for item in world.items(diagram, *sorted(CONVERSATIONS)):
        named = {text_of(each) for each in children(item.element, "participantRef")}
        if len(named) < 2:
            yield FEW.at(item, count=len(named))
        own = [world.resolve(diagram, item.element, name).element for name in named]
        for reference in children(item.element, "messageFlowRef"):
            flow = world.resolve(diagram, reference, text_of(reference)).element
            if flow is not None and kind_of(flow) == "messageFlow" and len(named) > 1:
                yield from _flow(diagram, world, item, flow, own)


def _flow(diagram: Diagram, world: World, place: Item, flow: Element, own: list[Element | None]) -> Iterator[Finding]:
    for attribute in ("sourceRef", "targetRef"):
        end = world.resolve(diagram, flow, flow.get(attribute)).element
        if end is not None and kind_of(end) == "participant" and end not in own:
            yield STRANGER.at(place, flow=diagram.item(flow), end=diagram.item(end))


def links(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A link connects exactly one conversation node."""
    for item in world.items(diagram, "conversationLink"):
        found: list[Element] = []
        for attribute, end in (("sourceRef", Both("起点", "source")), ("targetRef", Both("终点", "target"))):
            reference = item.element.get(attribute)
            if reference is None:
                continue  # the schema says so
            target = world.resolve(diagram, item.element, reference)
            if target.lost:
                yield UNKNOWN_END.at(item, end=end, reference=reference.strip()[:60] or "?")
            elif target.element is not None:
                found.append(target.element)
        if len(found) == 2:
            nodes = sum(kind_of(each) in CONVERSATIONS for each in found)
            if nodes != 1 or any(kind_of(each) not in INTERACTION for each in found):
                yield LINK.at(item, source=diagram.item(found[0]), target=diagram.item(found[1]))


CHECKS = (participants, links)
