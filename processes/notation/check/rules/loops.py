"""Loops and multi-instance: bounded, and only with the settings the engine heeds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, children, text_of

BEHAVIOR = Rule(
    "multi-instance-behavior", ERROR,
    "{it}的多实例设置了 behavior=\"{value}\"，引擎会忽略它。", '{it} sets the multi-instance behavior "{value}", which the engine ignores.',
    "去掉这个设置；提前结束用完成条件，每完成一个要通知就在子流程里画消息事件。",
    "Delete it; to end early use a completion condition, to tell of each instance draw a message event inside a sub-process.",
)  # fmt: skip
BEHAVIOR_EVENTS = Rule(
    "multi-instance-behavior", ERROR,
    "{it}的多实例要在完成时抛出事件（{what}），引擎会忽略它。", "{it} throws events per instance ({what}), which the engine ignores.",
    "把任务放进多实例子流程，在里面画抛出事件。", "Put the task into a multi-instance sub-process and draw the throw event inside.",
)  # fmt: skip
NO_NUMBER = Rule(
    "multi-instance-without-number", ERROR,
    "{it}是多实例，但没有写做几次，也没有写对哪个列表逐个做。", "{it} is multi-instance, but says neither how often nor over which list.",
    "写次数（loopCardinality）或列表变量（loopDataInputRef），二选一。", "Give a number (loopCardinality) or a list variable (loopDataInputRef).",
)  # fmt: skip
TWO_NUMBERS = Rule(
    "multi-instance-without-number", ERROR,
    "{it}的多实例既写了次数又写了列表，只能二选一。", "{it} gives both a number and a list; only one is possible.",
    "删去其中一个。", "Delete one of them.",
)  # fmt: skip
BAD_BOUND = Rule(
    "loop-bound", ERROR,
    "{it}的循环次数“{value}”不是 0 以上的整数，引擎会一次不做或停不下来。",
    "The bound {value} of {it} is not an integer of 0 or more: the engine skips it, or hangs.",
    "写 0 以上的整数，或给出整数的表达式。", "Write an integer of 0 or more, or an expression that gives one.",
)  # fmt: skip
NO_LOOP_END = Rule(
    "loop-without-end", ERROR,
    "{it}是循环，但没有最大次数，也没有循环条件，停不下来。", "{it} is a loop with neither a maximum nor a condition.",
    "写上最大次数（loopMaximum）或继续循环的条件（loopCondition）。", "Give it a maximum (loopMaximum) or a condition to go on (loopCondition).",
)  # fmt: skip
LIST_NAME = Rule(
    "multi-instance-list", ERROR,
    "{it}的列表“{value}”不是变量名；这里不能写表达式。", "The list {value} of {it} is no variable name: expressions are not possible here.",
    "先用脚本任务算出列表放进变量，再写变量名。", "Compute the list into a variable by a script task, and name that variable.",
)  # fmt: skip
NO_ITEM = Rule(
    "multi-instance-item", WARNING,
    "{it}对列表逐个执行，但没有给“当前这一个”起变量名（inputDataItem），里面看不到是哪一个。",
    "{it} goes through a list but names no variable for the current item (inputDataItem).",
    "填写元素变量的名称。", "Name the item variable.",
)  # fmt: skip
ITEM_NAME = Rule(
    "multi-instance-item", WARNING,
    "{it}的元素变量名称是“{name}”，但引擎使用它的 id“{id}”作变量名。", "{it} calls its item {name}, but the engine uses its id {id} as the variable.",
    "让 id 与名称一致，例如都写 {name}。", "Make the id equal to the name: {name}.",
)  # fmt: skip
LOST_OUTPUT = Rule(
    "multi-instance-output", WARNING,
    "{it}只写了结果列表和单个结果中的一个，结果不会收集起来。", "{it} gives only one of output list and output item: results are not collected.",
    "两个都写（loopDataOutputRef 与 outputDataItem），或都不写。", "Give both (loopDataOutputRef and outputDataItem), or none.",
)  # fmt: skip

NUMBER = re.compile(r"""[+-]?\d+(\.\d+)?|(["']).*\2""")


def multi_instance(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Multi-instance activities."""
    for node in diagram.nodes:
        for element in children(node.element, "multiInstanceLoopCharacteristics"):
            yield from _how_often(node, element)
            yield from _items(node, element)
            yield from _behavior(node, element)


def _how_often(node: Node, element: Element) -> Iterator[Finding]:
    number = next((text_of(each) for each in children(element, "loopCardinality")), "")
    items = next((text_of(each) for each in children(element, "loopDataInputRef")), "")
    if not number and not items:
        yield NO_NUMBER.at(node)
    if number and items:
        yield TWO_NUMBERS.at(node)
    if number and _is_bad(number):
        yield BAD_BOUND.at(node, value=number[:40])
    for each in children(element, "loopDataInputRef", "loopDataOutputRef"):
        if text_of(each) and not languages.is_name(text_of(each)):
            yield LIST_NAME.at(node, value=text_of(each)[:60])
    if items and not children(element, "inputDataItem"):
        yield NO_ITEM.at(node)


def _is_bad(number: str) -> bool:
    """Whether a bound that is written out is no natural number; expressions are judged elsewhere."""
    text = number.removeprefix("=").strip()
    return NUMBER.fullmatch(text) is not None and not re.fullmatch(r"\+?\d+", text)


def _items(node: Node, element: Element) -> Iterator[Finding]:
    for item in children(element, "inputDataItem", "outputDataItem"):
        name, own = (item.get("name") or "").strip(), item.get("id") or ""
        if languages.is_name(name) and own and name != own:
            yield ITEM_NAME.at(node, name=name[:60], id=own)
    if len(children(element, "loopDataOutputRef")) != len(children(element, "outputDataItem")):
        yield LOST_OUTPUT.at(node)


def _behavior(node: Node, element: Element) -> Iterator[Finding]:
    behavior = element.get("behavior", "All").strip()
    if behavior != "All":
        yield BEHAVIOR.at(node, value=behavior[:20])
    thrown = [name for name in ("oneBehaviorEventRef", "noneBehaviorEventRef") if element.get(name)]
    thrown += ["complexBehaviorDefinition"] if children(element, "complexBehaviorDefinition") else []
    if thrown and behavior == "All":
        yield BEHAVIOR_EVENTS.at(node, what=", ".join(thrown))


def loops(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Standard loops end."""
    for node in diagram.nodes:
        for element in children(node.element, "standardLoopCharacteristics"):
            maximum = element.get("loopMaximum")
            condition = any(text_of(each) for each in children(element, "loopCondition"))
            if maximum is None and not condition:
                yield NO_LOOP_END.at(node)
            if maximum is not None and not re.fullmatch(r"\s*\+?\d+\s*", maximum):
                yield BAD_BOUND.at(node, value=maximum[:40])


CHECKS = (multi_instance, loops)
