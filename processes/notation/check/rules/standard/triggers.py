"""Which triggers an event may have in its place (Tables 10.84, 10.86, 10.88, 10.89, 10.90 and 10.93)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World, interrupting
from processes.notation.diagram import EVENTS, Diagram, Node, children, is_true
from processes.notation.labels import kind_name

WITHOUT_TRIGGER = Rule(
    "event-without-trigger", ERROR,
    "{it}没有说明等待什么，只有“抛出”的中间事件可以空白。", "{it} does not say what it waits for; only a throwing intermediate event may be blank.",
    "选择事件类型（消息、定时等）；不需要等待就删掉它。", "Choose what it waits for (a message, a timer…); delete it if nothing.",
    "10.5.4",
)  # fmt: skip
MISPLACED = Rule(
    "misplaced-trigger", ERROR,
    "{it}里不能用{trigger}。{allowed}", "{it} cannot have the trigger {trigger}. {allowed}",
    "{advice}", "{advice}",
    "10.5.2, 10.5.3, 10.5.4",
)  # fmt: skip
TYPED_START = Rule(
    "sub-process-typed-start", ERROR,
    "{it}在子流程里，却带有触发条件；子流程是走到时才开始的，不能等消息或定时来启动。",
    "{it} stands in a sub-process but has a trigger: a sub-process starts when the flow reaches it.",
    "改成空白开始事件；需要等待就在它后面画中间捕获事件。", "Make it blank; to wait for something, draw an intermediate catch event behind it.",
    "10.5.2",
)  # fmt: skip
UNTYPED_EVENT_START = Rule(
    "event-sub-process-trigger", ERROR,
    "{it}是事件子流程的开始，却没有说明由什么触发。", "{it} starts an event sub-process, but does not say what triggers it.",
    "选择触发它的消息、定时、信号、条件、错误、升级或补偿；不需要触发就改成普通子流程。",
    "Choose the message, timer, signal, condition, error, escalation or compensation that triggers it; else make it an ordinary sub-process.",
    "10.3.5, 10.5.2",
)  # fmt: skip
MUST_INTERRUPT = Rule(
    "must-interrupt", ERROR,
    "{it}被设为“非中断”，但{trigger}总是中断的。", "{it} is non-interrupting, but a trigger {trigger} always interrupts.",
    "设为中断；只想提醒的话用升级或消息事件。", "Make it interrupting; to remind only, use an escalation or a message.",
    "10.5.2, 10.5.4",
)  # fmt: skip
LINK_COMBINED = Rule(
    "link-combined", ERROR,
    "{it}除了链接还有别的触发条件；链接事件只能有链接。", "{it} has other triggers beside its link; a link event has nothing else.",
    "把链接和其他触发条件画成两个事件。", "Draw the link and the other triggers as separate events.",
    "10.5.5",
)  # fmt: skip

START = "startEvent"
EVENT_START = "startEvent of an event sub-process"
ALLOWED: Mapping[str, frozenset[str]] = {
    START: frozenset({"message", "timer", "signal", "conditional"}),
    EVENT_START: frozenset({"message", "timer", "signal", "conditional", "error", "escalation", "compensate"}),
    "intermediateCatchEvent": frozenset({"message", "timer", "signal", "conditional", "link"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link", "compensate"}),
    "boundaryEvent": frozenset(
        {"message", "timer", "signal", "conditional", "error", "escalation", "cancel", "compensate"}
    ),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "cancel", "compensate", "terminate"}),
}
ADVICE: Mapping[str, Both] = {
    START: Both(
        "错误和升级用边界事件或事件子流程去接；补偿用边界补偿事件。",
        "Catch errors and escalations by boundary events or event sub-processes, compensation by a boundary event.",
    ),
    EVENT_START: Both("换成允许的触发条件。", "Choose one of those that are allowed."),
    "intermediateCatchEvent": Both(
        "错误、升级、取消和补偿要贴在活动边上（边界事件）；终止是结束事件。",
        "Errors, escalations, cancellations and compensation are caught on the border of an activity; terminate is an end event.",
    ),
    "intermediateThrowEvent": Both(
        "错误、取消和终止要画成结束事件；等待定时或条件要画成捕获事件。",
        "Errors, cancellations and termination are end events; to wait for a timer or a condition, make it a catch event.",
    ),
    "boundaryEvent": Both("链接画在流程中间，终止画成结束事件。", "A link stands in the flow; terminate is an end event."),
    "endEvent": Both("定时和条件要画成中间捕获事件，链接画成中间抛出事件。",
    "Timers and conditions are intermediate catch events, a link is a throw event."),
}  # fmt: skip
CATCHES = frozenset({"intermediateCatchEvent", "boundaryEvent"})


def trigger_label(kind: str) -> Both:
    """A trigger kind in words."""
    return Both(kind_name(f"{kind}EventDefinition"), kind)


def in_event_sub_process(node: Node) -> bool:
    """Whether the node stands right in an event sub-process."""
    return is_true(node.scope.element.get("triggeredByEvent"))


def placed(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Each event has triggers that belong to its place."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            if node.kind in EVENTS:
                yield from _event(world, node)


def _event(world: World, node: Node) -> Iterator[Finding]:
    kinds = world.trigger_kinds(node)
    blank = not kinds and not children(node.element, "eventDefinitionRef")
    if blank and node.kind in CATCHES:
        yield WITHOUT_TRIGGER.at(node)
    if node.kind == "startEvent" and node.scope.parent is not None:
        if in_event_sub_process(node):
            if blank:
                yield UNTYPED_EVENT_START.at(node)
        elif not blank:
            yield TYPED_START.at(node)
            return
    place = EVENT_START if node.kind == "startEvent" and in_event_sub_process(node) else node.kind
    for kind in kinds:
        if kind not in ALLOWED[place]:
            listed = sorted(ALLOWED[place])
            allowed = Both(
                "可用的有：" + "、".join(trigger_label(each).zh.removesuffix("事件") for each in listed) + "。",
                "Allowed are: " + ", ".join(listed) + ".",
            )
            yield MISPLACED.at(node, trigger=trigger_label(kind), allowed=allowed, advice=ADVICE[place])
    if "link" in kinds and len(world.triggers(node)) > 1 and "link" in ALLOWED[place]:
        yield LINK_COMBINED.at(node)


def interruptions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Errors and cancellations interrupt, and so does the start of a compensation (Tables 10.86 and 10.90)."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            always: tuple[str, ...] = ()
            if node.kind == "boundaryEvent" and not interrupting(node):
                always = ("error", "cancel")
            elif node.kind == "startEvent" and in_event_sub_process(node) and not _interrupts(node):
                always = ("error", "compensate")
            for kind in world.trigger_kinds(node) if always else ():
                if kind in always:
                    yield MUST_INTERRUPT.at(node, trigger=trigger_label(kind))


def _interrupts(start: Node) -> bool:
    return is_true(start.element.get("isInterrupting", "true"))


CHECKS = (placed, interruptions)
