"""Messages, signals and errors: named, and finding their way to one receiver."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule
from processes.notation.check.world import World, instantiates
from processes.notation.diagram import SPIFF, Diagram, Element, Node, is_true, kind_of, text_of

UNNAMED = Rule(
    "unnamed-definition", ERROR,
    "{it}没有名称，引擎按名称收发，会对不上。", "{it} has no name: the engine sends and receives by name.",
    "给它起名，并与对方使用的名称一致（例如 rating.given）。", "Name it as the other side does (rating.given, for example).",
)  # fmt: skip
WITHOUT_MESSAGE = Rule(
    "task-without-message", ERROR,
    "{it}没有选择消息，{effect}。", "{it} names no message: {effect}.",
    "在属性面板里选择或新建一个消息。", "Choose or create the message in the properties panel.",
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
WAITS_FOR_NOTHING = Both("等不到任何消息", "it can receive nothing")
NOTHING_SENT = Both("什么也不会发出", "nothing is sent")


def named(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Messages and signals that a running process uses have names."""
    if any(True for _ in world.nodes(diagram)):
        severity = world.need(UNNAMED, diagram.file)
        yield from (UNNAMED.at(item, severity=severity) for item in world.items(diagram, *NAMED) if not item.name)


def chosen(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Send and receive tasks say which message (events do by BPMN's own demand)."""
    for node in world.nodes(diagram):
        mute = not node.element.get("messageRef") and not node.element.get("operationRef")
        if node.kind in {"sendTask", "receiveTask"} and mute:
            effect = WAITS_FOR_NOTHING if node.kind == "receiveTask" else NOTHING_SENT
            yield WITHOUT_MESSAGE.at(node, severity=world.need(WITHOUT_MESSAGE, diagram.file), effect=effect)


def keys(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Who waits for a message in a running instance says whose."""
    for node in world.nodes(diagram):
        starts = node.kind == "startEvent" and is_true(node.scope.element.get("triggeredByEvent"))
        if (node.kind not in CATCHING and not starts) or "correlationKey" in node.properties or instantiates(node):
            continue
        holders = [each for each in world.triggers(node) if kind_of(each) == "messageEventDefinition"]
        holders += [node.element] if node.kind == "receiveTask" else []
        found = (world.message(diagram, holder) for holder in holders)
        message = next((each.element for each in found if each is not None and each.element is not None), None)
        if message is not None:
            severity = world.need(NO_KEY, diagram.file)
            yield NO_KEY.at(node, severity=severity, message=message.get("name") or message.get("id") or "")


def codes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A boundary event for a certain error knows its code."""
    for node in world.nodes(diagram):
        if node.kind != "boundaryEvent":
            continue
        for trigger in world.triggers(node):
            if kind_of(trigger) == "errorEventDefinition":
                error = world.resolve(diagram, trigger, trigger.get("errorRef")).element
                if error is not None and not error.get("errorCode"):
                    severity = world.need(NO_CODE, diagram.file)
                    yield NO_CODE.at(node, severity=severity, error=error.get("name") or error.get("id") or "")


def variables(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What is received lands in a variable that can be one."""
    for node in world.nodes(diagram):
        for element in _variables(world, node):
            if not languages.is_name(text_of(element)):
                yield BAD_VARIABLE.at(node, variable=text_of(element)[:60])


def _variables(world: World, node: Node) -> Iterator[Element]:
    for trigger in (*world.triggers(node), node.element):
        yield from trigger.iterfind(f"{{*}}extensionElements/{{{SPIFF}}}messageVariable")


CHECKS = (named, chosen, keys, codes, variables)
