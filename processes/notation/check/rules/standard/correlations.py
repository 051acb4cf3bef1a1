"""Correlation: subscriptions bind the properties of their own key, each message has one path to a property."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.rules.standard.references import place_of
from processes.notation.check.world import World, full_text
from processes.notation.diagram import Diagram, Element, children, text_of

FOREIGN = Rule(
    "correlation-binding", ERROR,
    "{it}绑定的关联属性“{property}”不属于它的关联键“{key}”。", "{it} binds the property {property}, which is not part of its key {key}.",
    "只绑定这个关联键所列的属性，或把属性加进关联键。", "Bind only the properties of that key, or add the property to the key.",
    "8.4.2",
)  # fmt: skip
TWICE = Rule(
    "correlation-message-twice", ERROR,
    "{it}给消息“{message}”写了 {count} 个取值表达式，一条消息只能有一个。",
    "{it} has {count} retrieval expressions for the message {message}: there is one for each message.",
    "只留一个。", "Keep one.",
    "8.4.2",
)  # fmt: skip

EMPTY_PATH = Rule(
    "empty-expression", ERROR,
    "{it}里的 {what} 是空的，取不到值。", "The {what} in {it} is empty: it gives no value.",
    "写上表达式，例如 = number。", "Write an expression, for example = number.",
    "8.4.2, 8.4.7",
)  # fmt: skip


def paths(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Paths to a property's value are written out."""
    for item in world.items(diagram, "messagePath", "dataPath"):
        if not full_text(item.element):
            yield EMPTY_PATH.at(place_of(diagram, item.element), what=item.kind)


def subscriptions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A binding names a property of the key that is subscribed to."""
    for item in world.items(diagram, "correlationSubscription"):
        key = world.resolve(diagram, item.element, item.element.get("correlationKeyRef")).element
        if key is None:
            continue
        own = [world.resolve(diagram, each, text_of(each)).element for each in children(key, "correlationPropertyRef")]
        for binding in children(item.element, "correlationPropertyBinding"):
            found = world.resolve(diagram, binding, binding.get("correlationPropertyRef")).element
            if found is not None and found not in own:
                said = found.get("name") or found.get("id") or "?"
                yield FOREIGN.at(
                    place_of(diagram, item.element), property=said, key=key.get("name") or key.get("id") or "?"
                )


def retrievals(diagram: Diagram, world: World) -> Iterator[Finding]:
    """One expression for each message."""
    for item in world.items(diagram, "correlationProperty"):
        messages: dict[Element, int] = {}
        for expression in children(item.element, "correlationPropertyRetrievalExpression"):
            message = world.resolve(diagram, expression, expression.get("messageRef")).element
            if message is not None:
                messages[message] = messages.get(message, 0) + 1
        for message, count in messages.items():
            if count > 1:
                yield TWICE.at(item, message=message.get("name") or message.get("id") or "?", count=count)


CHECKS = (paths, subscriptions, retrievals)
