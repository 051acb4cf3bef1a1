"""What BPMN allows but this engine does not execute: refused, with the way to draw it instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, Finding, Rule, together
from processes.notation.check.world import World, instantiates, starts_blank
from processes.notation.diagram import Diagram, Element, Node, Scope, children, is_true

THROWN = frozenset({"error", "escalation", "compensate", "cancel"})

COMPLEX = Rule(
    "complex-gateway", ERROR,
    "引擎不支持{it}。", "The engine does not support {it}.",
    "改用包容网关（满足条件的都走）或并行网关；“几个里完成几个就继续”用带完成条件的多实例任务。",
    "Use an inclusive gateway (all whose condition holds) or a parallel one; for m out of n use a multi-instance task with a completion condition.",
)  # fmt: skip
AD_HOC = Rule(
    "ad-hoc-sub-process", ERROR,
    "{it}是临时（ad-hoc）子流程，引擎不执行：由人随时挑选步骤的做法没有实现。",
    "{it} is an ad-hoc sub-process, which the engine does not run: steps that people choose at any time are not implemented.",
    "画成普通子流程：用并行网关或包容网关列出可选的步骤。", "Draw an ordinary sub-process with the choices behind a parallel or inclusive gateway.",
)  # fmt: skip
CONDITIONAL_START = Rule(
    "conditional-start", ERROR,
    "{it}要在条件成立时启动流程，但流程启动前没有数据可看，引擎无法判断。",
    "{it} is to start the process when a condition holds, but before the process has started there are no data to look at.",
    "改用消息、信号或定时开始事件；条件写在后面的排他网关上。",
    "Use a message, signal or timer start event, and put the condition on an exclusive gateway behind it.",
)  # fmt: skip
SEVERAL_STARTS = Rule(
    "several-starts", ERROR,
    "{it}有 {count} 个没有触发条件的开始事件：{starts}。从哪里开始是不确定的。",
    "{it} has {count} blank start events: {starts}. Where it starts is not defined.",
    "只留一个空白开始事件；其余的改成消息开始事件，或用网关合在一起。",
    "Keep one blank start event; make the others message start events or join them by a gateway.",
)  # fmt: skip
QUANTITY = Rule(
    "token-quantity", ERROR,
    "{it}设置了 {attribute}={value}，引擎只按 1 执行。", "{it} has {attribute}={value}; the engine knows only 1.",
    "删去这个属性；要等几路到齐用并行网关，要重复用循环或多实例。",
    "Delete it; to wait for several tokens use a parallel gateway, to repeat use a loop or multi-instance.",
)  # fmt: skip
BEHAVIOR = Rule(
    "multi-instance-behavior", ERROR,
    "{it}的多实例设置了 behavior=\"{value}\"，引擎不执行。", '{it} sets the multi-instance behavior "{value}", which the engine does not execute.',
    "去掉这个设置；提前结束用完成条件，每完成一个要通知就在子流程里画消息事件。",
    "Delete it; to end early use a completion condition, to tell of each instance draw a message event inside a sub-process.",
)  # fmt: skip
TRANSACTION_BY_EVENT = Rule(
    "transaction-by-event", ERROR,
    "{it}既是事务又由事件触发，引擎不执行。", "{it} is a transaction that an event starts, which the engine does not execute.",
    "画成普通的事件子流程，把事务画在它里面。", "Draw an ordinary event sub-process, and the transaction inside it.",
)  # fmt: skip
REPEATED_BY_EVENT = Rule(
    "repeated-event-sub-process", ERROR,
    "{it}由事件触发，又标了循环或多实例，引擎不执行。", "{it} is started by an event and repeats, which the engine does not execute.",
    "去掉循环标记，把要重复的步骤放进它里面的一个子流程。", "Take off the mark, and put what repeats into a sub-process inside it.",
)  # fmt: skip
GUARDED_BY_EVENT = Rule(
    "boundary-on-event-sub-process", ERROR,
    "{it}贴在事件子流程{host}上，引擎不执行。", "{it} stands on the border of the event sub-process {host}, which the engine does not execute.",
    "在事件子流程里面画一个子流程，把边界事件贴在它上面。", "Draw a sub-process inside it, and the boundary event on that.",
)  # fmt: skip
REPEATED_RECEIVE = Rule(
    "repeated-receive", ERROR,
    "{it}由消息开始或接在事件网关后面，又标了循环或多实例，引擎只收一次。",
    "{it} begins the process or stands behind an event-based gateway, and repeats: the engine would receive once.",
    "去掉循环标记，在它后面再画一个重复的接收任务。", "Take off the mark, and draw another receive task behind it that repeats.",
)  # fmt: skip
ALL_OF_THROWN = Rule(
    "parallel-multiple-thrown", ERROR,
    "{it}要等全部触发都来，其中有错误、升级、补偿或取消：这些不能等，引擎不执行。",
    "{it} waits for all its triggers, and an error, escalation, compensation or cancellation cannot wait: the engine does not execute it.",
    "为它们另画一个事件。", "Draw an event of its own for them.",
)  # fmt: skip
METHOD = Rule(
    "transaction-method", INFO,
    "{it}的 method“{value}”不起作用：引擎取消事务时总是做补偿。",
    "The method {value} of {it} has no effect: the engine always compensates a cancelled transaction.",
    "删去 method。", "Delete the method.",
)  # fmt: skip


def kinds(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Kinds of elements, and settings of them."""
    for scope in world.running(diagram):
        if scope.kind == "adHocSubProcess":
            yield AD_HOC.at(scope)
        elif scope.kind == "transaction" and is_true(scope.element.get("triggeredByEvent")):
            yield TRANSACTION_BY_EVENT.at(scope)
        elif scope.kind == "transaction" and scope.element.get("method", "##Compensate") != "##Compensate":
            yield METHOD.at(scope, value=scope.element.get("method", "")[:60])
        for node in scope.nodes:
            if node.kind == "complexGateway":
                yield COMPLEX.at(node)
            if is_true(node.element.get("parallelMultiple")) and THROWN.intersection(world.trigger_kinds(node)):
                yield ALL_OF_THROWN.at(node)
            yield from _quantities(node)
            yield from _behaviors(node)


def repetitions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What an event begins does not repeat, and has no border."""
    for scope in world.running(diagram):
        for node in scope.nodes:
            repeats = bool(children(node.element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"))
            if is_true(node.element.get("triggeredByEvent")):
                if repeats:
                    yield REPEATED_BY_EVENT.at(node)
                yield from (GUARDED_BY_EVENT.at(event, host=node) for event in node.boundary)
            elif repeats and node.kind == "receiveTask" and (instantiates(node) or _is_raced(node)):
                yield REPEATED_RECEIVE.at(node)


def _is_raced(node: Node) -> bool:
    """Whether it stands behind an event-based gateway."""
    return any(flow.source is not None and flow.source.kind == "eventBasedGateway" for flow in node.incoming)


def _quantities(node: Node) -> Iterator[Finding]:
    for attribute in ("startQuantity", "completionQuantity"):
        value = node.element.get(attribute, "1").strip()
        # Less than 1 is an error of BPMN itself, and what is no integer one of its schema.
        if re.fullmatch(r"\+?0*[1-9]\d*", value) and value.lstrip("+0") != "1":
            yield QUANTITY.at(node, attribute=attribute, value=value[:20])


def _behaviors(node: Node) -> Iterator[Finding]:
    for loop in children(node.element, "multiInstanceLoopCharacteristics"):
        behavior = loop.get("behavior", "All").strip()
        if behavior in {"None", "One", "Complex"}:
            yield BEHAVIOR.at(node, value=behavior)


def starts(diagram: Diagram, world: World) -> Iterator[Finding]:
    """One blank start event a scope at most; no process waits for a condition."""
    for scope in world.running(diagram):
        own = [node for node in scope.nodes if node.kind == "startEvent"]
        blank = [node for node in own if starts_blank(world, node) and not _refers(node.element)]
        if len(blank) > 1 and not is_true(scope.element.get("triggeredByEvent")):
            yield SEVERAL_STARTS.at(scope, count=len(blank), starts=together(blank))
        if scope.parent is None:
            beginning = [*own, *_behind_instantiating(scope)]
            yield from (CONDITIONAL_START.at(node) for node in beginning if "conditional" in world.trigger_kinds(node))


def _behind_instantiating(scope: Scope) -> Iterator[Node]:
    """Events each of which begins the process by itself, behind an event-based gateway."""
    for gateway in scope.nodes:
        if instantiates(gateway) and gateway.element.get("eventGatewayType") != "Parallel":
            yield from (flow.target for flow in gateway.outgoing if flow.target is not None)


def _refers(element: Element) -> bool:
    return bool(children(element, "eventDefinitionRef"))


def is_refused(scope: Scope) -> bool:
    """Whether a scope is in an ad-hoc sub-process, so that its inside need not be discussed."""
    return scope.kind == "adHocSubProcess" or (scope.parent is not None and is_refused(scope.parent))


CHECKS = (kinds, repetitions, starts)
