"""Messages, signals and errors: named, and finding their way to one receiver."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule
from processes.notation.check.labels import kind_name
from processes.notation.check.world import World
from processes.notation.diagram import SPIFF, Diagram, Element, Node, kind_of, text_of

UNNAMED = Rule(
    "unnamed-definition", ERROR,
    "{it}没有名称，引擎按名称收发，会对不上。", "{it} has no name: the engine sends and receives by name.",
    "给它起名，并与对方使用的名称一致（例如 rating.given）。", "Name it as the other side does (rating.given, for example).",
)  # fmt: skip
WITHOUT_MESSAGE = Rule(
    "event-without-message", ERROR,
    "{it}没有选择{what}，{effect}。", "{it} names no {what}: {effect}.",
    "在属性面板里选择或新建一个{what}。", "Choose or create the {what} in the properties panel.",
)  # fmt: skip
NAMED_BY_LABEL = Rule(
    "message-named-by-label", WARNING,
    "{it}没有选择{what}，引擎会拿元素的显示名称当{what}名，改了显示名称就收不到。",
    "{it} names no {what}: the engine takes the element's label for it, and changing the label breaks it.",
    "在属性面板里选择或新建一个{what}。", "Choose or create the {what} in the properties panel.",
)  # fmt: skip
NO_KEY = Rule(
    "no-correlation-key", WARNING,
    "{it}等待消息“{message}”，但没有 correlationKey：同时运行几件时，分不清消息是给哪一件的。",
    "{it} waits for {message} without a correlationKey: with several instances running, whose message is it?",
    "加属性 correlationKey，例如 = case.number，并让发送方使用同样的值。",
    "Add the property correlationKey, for example = case.number, and let the sender use the same value.",
)  # fmt: skip
NO_CODE = Rule(
    "error-without-code", WARNING,
    "{it}接的错误“{error}”没有错误代码，会接住所有错误。", "{it} catches the error {error}, which has no code: it catches every error.",
    "给这个错误填上错误代码；本来就想接住所有错误，就不要选择错误。", "Give the error a code; to catch every error on purpose, choose none.",
)  # fmt: skip
BAD_VARIABLE = Rule(
    "variable-name", ERROR,
    "{it}的变量名“{variable}”不能使用。", "{it} names a variable {variable}, which cannot be one.",
    "变量名由文字、数字和下划线组成，不以数字开头，不带空格。", "Use letters, digits and underscores, no digit in front, no spaces.",
)  # fmt: skip

NAMED = ("message", "signal")
CATCHING = frozenset({"intermediateCatchEvent", "boundaryEvent", "receiveTask"})
THROUGH = Both("流程会直接穿过，什么也不等", "the process passes straight through")
NEVER_CAUGHT = Both("永远不会触发", "it never triggers")
NOTHING_SENT = Both("什么也不会发出", "nothing is sent")


def named(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Messages and signals have names."""
    yield from (UNNAMED.at(item) for item in diagram.items(*NAMED) if not item.name)


def chosen(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Message and signal events, send and receive tasks say which."""
    for node in diagram.nodes:
        mute = not node.element.get("messageRef") and not node.has_trigger("message")
        if node.kind in {"sendTask", "receiveTask"} and mute:
            effect = THROUGH if node.kind == "receiveTask" else NOTHING_SENT
            yield WITHOUT_MESSAGE.at(node, what=Both("消息", "message"), effect=effect)
        for trigger in node.triggers:
            kind = kind_of(trigger).removesuffix("EventDefinition")
            if kind in NAMED and not trigger.get(f"{kind}Ref"):
                what = Both(kind_name(kind), kind)
                if node.name:
                    yield NAMED_BY_LABEL.at(node, what=what)
                else:
                    effect = NEVER_CAUGHT if node.kind in CATCHING else NOTHING_SENT
                    yield WITHOUT_MESSAGE.at(node, what=what, effect=effect)


def keys(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Who waits for a message says whose."""
    for node in diagram.nodes:
        if node.kind not in CATCHING or "correlationKey" in node.properties:
            continue
        references = [each.get("messageRef") for each in node.triggers if kind_of(each) == "messageEventDefinition"]
        references += [node.element.get("messageRef")] if node.kind == "receiveTask" else []
        found = (diagram.defined("message", reference) for reference in references)
        message = next((each for each in found if each is not None), None)
        if message is not None:
            yield NO_KEY.at(node, message=message.get("name") or message.get("id") or "")


def codes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A boundary event for a certain error knows its code."""
    for node in diagram.nodes:
        if node.kind != "boundaryEvent":
            continue
        for trigger in node.triggers:
            if kind_of(trigger) == "errorEventDefinition":
                error = diagram.defined("error", trigger.get("errorRef"))
                if error is not None and not error.get("errorCode"):
                    yield NO_CODE.at(node, error=error.get("name") or error.get("id") or "")


def variables(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What is received lands in a variable that can be one."""
    for node in diagram.nodes:
        for element in _variables(node):
            if not languages.is_name(text_of(element)):
                yield BAD_VARIABLE.at(node, variable=text_of(element)[:60])


def _variables(node: Node) -> Iterator[Element]:
    for trigger in (*node.triggers, node.element):
        yield from trigger.iterfind(f"{{*}}extensionElements/{{{SPIFF}}}messageVariable")


CHECKS = (named, chosen, keys, codes, variables)
