"""Everything written in FEEL or the Python subset can be read."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule, Severity
from processes.notation.check.rules.engine.activities import speaks_our_language
from processes.notation.check.world import World, full_text, made_for
from processes.notation.diagram import (
    BPMN,
    SPIFF,
    Diagram,
    Element,
    Item,
    children,
    expression_of,
    kind_of,
    said_language,
    script_of,
    text_of,
)

EXPRESSION = Rule(
    "expression", ERROR,
    "{it}的{what}“{text}”读不懂：{problem}。", "The {what} of {it}, {text}, cannot be read: {problem}.",
    "{advice_zh}", "{advice_en}",
)  # fmt: skip
SCRIPT = Rule(
    "script", ERROR,
    "{it}的{what}“{text}”读不懂：{problem}。", "The {what} of {it}, {text}, cannot be read: {problem}.",
    "写成 FEEL 上下文，例如 = {{total: price * 2, level: \"高\"}}；每一项成为一个变量。",
    'Write a FEEL context, for example = {{total: price * 2, level: "high"}}: each entry becomes a variable.',
)  # fmt: skip
EXPECTS_CONTEXT = Rule(
    "script", ERROR,
    "{it}的 FEEL 脚本不是上下文，算出的值没有地方放。", "The FEEL script of {it} is no context: its value has nowhere to go.",
    "写成 = {{变量名: 表达式}}。", "Write = {{variable: expression}}.",
)  # fmt: skip

WRITE_FEEL = Both(
    '以 = 开头写 FEEL：等于用 =，文字用双引号，并且用 and、或者用 or，例如 = level = "高" and count > 3。',
    'Start with = and write FEEL: = for equality, double quotes for text, and/or, for example = level = "high" and count > 3.',
)
FOREIGN = Both(
    "${…} 和 #{…} 是 Camunda 7 的写法；改成以 = 开头的 FEEL，例如 = approved。",
    "${…} and #{…} are Camunda 7's; write FEEL that starts with =, for example = approved.",
)  # fmt: skip

MISSPELT = Rule(
    "unknown-function", WARNING,
    "{it}的{what}用了函数“{name}”，没有这个函数，算出来总是空。", "The {what} of {it} calls {name}, which does not exist: the result is always null.",
    "是不是“{meant}”？", "Did you mean {meant}?",
)  # fmt: skip

CONDITION = Both("条件", "condition")
# What the languages of this engine are called, in ``language`` and ``expressionLanguage``.
OWN_LANGUAGES = ("feel", "python", "spiff")


def speaks_other(world: World, item: Item, expression: Element) -> bool:
    """Whether an expression is said to be in a language that is not ours: by itself, by the file, or by the engine it is made for."""
    diagram = world.diagram_of(item)
    said = said_language(expression)
    if said:
        return not any(own in said.lower() for own in OWN_LANGUAGES)
    return bool(made_for(diagram)) and not world.speaks(diagram)


def _element(world: World, item: Item, what: Both, element: Element) -> Iterator[Finding]:
    """The expression in an element; one in another language is only a matter of running it here."""
    text = expression_of(element) or full_text(element)
    if text:
        severity = world.need(EXPRESSION, item.file) if speaks_other(world, item, element) else None
        yield from _expression(item, what, text, severity)


def _expression(item: Item, what: Both, text: str, severity: Severity | None = None) -> Iterator[Finding]:
    problem = languages.problem(text, "condition")
    yield from _calls(item, what, text)
    if problem is not None:
        advice = FOREIGN if text.lstrip().startswith(("${", "#{")) else WRITE_FEEL
        yield EXPRESSION.at(
            item,
            severity=severity,
            what=what,
            text=shown(text),
            problem=problem,
            advice_zh=advice.zh,
            advice_en=advice.en,
        )


def _calls(item: Item, what: Both, text: str) -> Iterator[Finding]:
    if text.lstrip().startswith("="):
        misspelt = languages.misspelt_call(text.strip()[1:])
        if misspelt is not None:
            yield MISSPELT.at(item, what=what, name=misspelt[0], meant=misspelt[1])


def shown(text: str) -> str:
    """A source on one line, short enough to read."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def conditions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Conditions of flows and of conditional events."""
    for flow in world.flows(diagram):
        for element in children(flow.element, "conditionExpression"):
            yield from _element(world, flow, CONDITION, element)
    for node in world.nodes(diagram):
        for trigger in world.triggers(node):
            for element in children(trigger, "condition"):
                yield from _element(world, node, CONDITION, element)


def repetitions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Loop conditions, numbers of instances, lists, completion conditions."""
    words = {
        "loopCondition": Both("循环条件", "loop condition"),
        "loopCardinality": Both("次数", "number of instances"),
        "completionCondition": Both("完成条件", "completion condition"),
    }
    for node in world.nodes(diagram):
        for loop in children(node.element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"):
            for element in children(loop, *words):
                yield from _element(world, node, words[kind_of(element)], element)
            for element in children(loop, "loopDataInputRef"):
                if not world.resolve(diagram, element, text_of(element)).kind:
                    yield from _element(world, node, Both("列表", "list"), element)


def scripts(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Script tasks, and scripts before and after other activities."""
    words = {"preScript": Both("前置脚本", "pre-script"), "postScript": Both("后置脚本", "post-script")}
    for node in world.nodes(diagram):
        sources: list[tuple[Both, str]] = []
        if node.kind == "scriptTask" and speaks_our_language(node):
            sources.append((Both("脚本", "script"), script_of(node.element)))
        sources += [(what, text_of(node.extension(name))) for name, what in words.items()]
        for what, text in sources:
            problem = languages.problem(text, "script") if text else None
            yield from _calls(node, what, text)
            if problem is not None:
                yield SCRIPT.at(node, what=what, text=shown(text), problem=problem)
            elif text.startswith("=") and _is_literal(text[1:]):
                yield EXPECTS_CONTEXT.at(node)


def _is_literal(source: str) -> bool:
    """Whether FEEL is plainly a number, a text or a list, not something that may give a context."""
    text = source.strip()
    return text[:1] in {'"', "["} or text[:1].isdigit() or text in {"true", "false", "null"}


def parameters(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Parameters of jobs, payloads of messages, properties that start with ``=``."""
    for node in world.nodes(diagram):
        for parameter in node.element.iterfind(
            f"{{{BPMN}}}extensionElements/{{{SPIFF}}}serviceTaskOperator//{{{SPIFF}}}parameter"
        ):
            value = parameter.get("value")
            if value is not None:
                name = parameter.get("id") or "?"
                yield from _expression(node, Both(f"参数 {name} ", f"parameter {name}"), value)
        for trigger in (*world.triggers(node), node.element):
            for payload in trigger.iterfind(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}messagePayload"):
                if text_of(payload):
                    yield from _expression(node, Both("消息内容", "message payload"), text_of(payload))
        for name, value in node.properties.items():
            if value.strip().startswith("="):
                yield from _expression(node, Both(f"属性 {name} ", f"property {name}"), value)


def payloads(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Payloads of signals, errors and escalations."""
    for item in world.items(diagram, "message", "signal", "error", "escalation"):
        for name in ("payloadExpression", "messagePayload"):
            text = text_of(item.extension(name))
            if text:
                yield from _expression(item, Both("内容", "payload"), text)


CHECKS = (conditions, repetitions, scripts, parameters, payloads)
