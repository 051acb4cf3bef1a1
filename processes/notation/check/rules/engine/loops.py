"""Loops and multi-instance: bounded, with variables that this engine can use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Finding, Rule
from processes.notation.check.rules.standard.loops import BAD_BOUND
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, children, text_of

TWO_NUMBERS = Rule(
    "multi-instance-without-number", ERROR,
    "{it}的多实例既写了次数又写了列表，只能二选一。", "{it} gives both a number and a list; only one is possible.",
    "删去其中一个。", "Delete one of them.",
)  # fmt: skip
NO_LOOP_END = Rule(
    "loop-without-end", ERROR,
    "{it}是循环，但没有最大次数，也没有循环条件，停不下来。", "{it} is a loop with neither a maximum nor a condition.",
    "写上最大次数（loopMaximum）或继续循环的条件（loopCondition）。", "Give it a maximum (loopMaximum) or a condition to go on (loopCondition).",
)  # fmt: skip
OUTPUT_NAME = Rule(
    "multi-instance-list", ERROR,
    "{it}的结果列表“{value}”不是变量名。", "The output list {value} of {it} is no variable name.",
    "写变量名；要加工结果，在后面用脚本任务。", "Write a variable name; to work on the results use a script task behind it.",
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


def multi_instance(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Multi-instance activities."""
    for node in world.nodes(diagram):
        for element in children(node.element, "multiInstanceLoopCharacteristics"):
            yield from _how_often(world, node, element)
            yield from _items(world, node, element)


def _how_often(world: World, node: Node, element: Element) -> Iterator[Finding]:
    number = next((text_of(each) for each in children(element, "loopCardinality")), "")
    items = next((text_of(each) for each in children(element, "loopDataInputRef")), "")
    if number and items:
        yield TWO_NUMBERS.at(node)
    for each in children(element, "loopDataOutputRef"):
        if text_of(each) and not languages.is_name(text_of(each)):
            yield OUTPUT_NAME.at(node, severity=world.need(OUTPUT_NAME, node.file), value=text_of(each)[:60])
    if items and not children(element, "inputDataItem"):
        yield NO_ITEM.at(node, severity=world.need(NO_ITEM, node.file))


def _items(world: World, node: Node, element: Element) -> Iterator[Finding]:
    for item in children(element, "inputDataItem", "outputDataItem"):
        name, own = (item.get("name") or "").strip(), item.get("id") or ""
        if languages.is_name(name) and own and name != own:
            yield ITEM_NAME.at(node, severity=world.need(ITEM_NAME, node.file), name=name[:60], id=own)
    if len(children(element, "loopDataOutputRef")) != len(children(element, "outputDataItem")):
        yield LOST_OUTPUT.at(node, severity=world.need(LOST_OUTPUT, node.file))


def loops(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Standard loops end."""
    for node in world.nodes(diagram):
        for element in children(node.element, "standardLoopCharacteristics")[:1]:
            maximum = element.get("loopMaximum")
            condition = any(text_of(each) for each in children(element, "loopCondition"))
            if maximum is None and not condition:
                yield NO_LOOP_END.at(node, severity=world.need(NO_LOOP_END, node.file))
            if maximum is not None and not re.fullmatch(r"\s*\+?\d+\s*", maximum):
                yield BAD_BOUND.at(node, value=maximum[:40])


CHECKS = (multi_instance, loops)
