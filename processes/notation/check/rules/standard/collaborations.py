"""Collaborations: participants and how many of them take part; associations between inner and outer ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.rules.standard.references import place_of
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, children, kind_of
from processes.notation.labels import kind_name

MULTIPLICITY = Rule(
    "participant-multiplicity", ERROR,
    "{it}的参与数目不对：至少 {minimum}、至多 {maximum}；{why}。", "The multiplicity of {it} is wrong: minimum {minimum}, maximum {maximum}; {why}.",
    "写成 0 ≤ minimum ≤ maximum，且 maximum 至少为 1。", "Write 0 ≤ minimum ≤ maximum, with a maximum of 1 at least.",
    "9.2.2",
)  # fmt: skip
GLOBAL_CONTENT = Rule(
    "global-conversation-content", ERROR,
    "{it}是全局会话，里面不能有{what}。", "{it} is a global conversation, which must not contain {what}.",
    "移到协作（collaboration）里；全局会话只有参与方、消息流和关联键。",
    "Move it into a collaboration; a global conversation has only participants, message flows and correlation keys.",
    "9.4.6",
)  # fmt: skip
OUTER = Rule(
    "association-outer", ERROR,
    "{it}里的 {attribute}“{reference}”不属于这里：外层一端要是{scope}里的{what}。",
    "{attribute} {reference} in {it} does not belong here: the outer end is a {what} of {scope}.",
    "选择这个协作自己的元素作外层一端。", "Choose an element of this collaboration as the outer end.",
    "9.2, 9.3, 9.4",
)  # fmt: skip

COLLABORATIONS = ("collaboration", "choreography", "globalConversation", "globalChoreographyTask")
FORBIDDEN = (
    "conversation", "subConversation", "callConversation", "conversationAssociation", "participantAssociation",
    "messageFlowAssociation", "choreographyRef", "textAnnotation", "group", "association",
)  # fmt: skip
OUTER_ENDS = (
    ("messageFlowAssociation", "outerMessageFlowRef", "messageFlow"),
    ("conversationAssociation", "outerConversationNodeRef", "conversation"),
)


def multiplicities(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Maximum at least one and not below the minimum (Table 9.6)."""
    for item in world.items(diagram, "participantMultiplicity"):
        texts = (item.element.get("minimum", "0").strip(), item.element.get("maximum", "1").strip())
        if not all(re.fullmatch(r"[+-]?\d{1,10}", text) for text in texts):
            continue  # the schema has its word on those
        minimum, maximum = (int(text) for text in texts)
        why: Both | None = None
        if minimum < 0:
            why = Both("数目不能是负数", "it cannot be negative")
        elif maximum < 1:
            why = Both("至多一数要在 1 以上", "the maximum must be 1 or more")
        elif maximum < minimum:
            why = Both("至多一数小于至少一数", "the maximum is below the minimum")
        if why is not None:
            parent = item.element.getparent()
            place = place_of(diagram, parent if parent is not None else item.element)
            yield MULTIPLICITY.at(place, minimum=minimum, maximum=maximum, why=why)


def global_conversations(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A global conversation is an empty collaboration."""
    for item in world.items(diagram, "globalConversation"):
        for kind in dict.fromkeys(kind_of(each) for each in children(item.element, *FORBIDDEN)):
            yield GLOBAL_CONTENT.at(item, what=Both(kind_name(kind), kind))


def outer_ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The outer end of an association belongs to the collaboration that has the association."""
    for kind, attribute, what in OUTER_ENDS:
        for element in world.elements(diagram, kind):
            around = element.getparent()
            target = world.resolve(diagram, element, element.get(attribute)).element
            if around is not None and target is not None and around not in target.iterancestors():
                words = Both(kind_name(what), what)
                yield OUTER.at(
                    place_of(diagram, element),
                    attribute=attribute,
                    reference=element.get(attribute, "")[:60],
                    what=words,
                    scope=diagram.item(around),
                )


CHECKS = (multiplicities, global_conversations, outer_ends)
