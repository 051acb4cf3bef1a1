"""Timers that this engine can read and that fire."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, INFO, Both, Finding, Rule
from processes.notation.check.rules.engine.expressions import speaks_other
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, children, kind_of, said_language, text_of

BAD_TIME = Rule(
    "timer", ERROR,
    "{it}的时间“{text}”无法读懂：{problem}。", "The time {text} of {it} cannot be read: {problem}.",
    "时长写 P3D（3 天）、PT2H（2 小时），循环写 R3/PT1H，时刻写 2026-10-01T09:00:00+08:00；要计算的写成以 = 开头的 FEEL。",
    "Write P3D (3 days), PT2H (2 hours), R3/PT1H (three times), 2026-10-01T09:00:00+08:00; what is computed is FEEL that starts with =.",
)  # fmt: skip
NEVER = Rule(
    "timer", ERROR,
    "{it}的循环次数是 0，永远不会响。", "{it} repeats 0 times: it never fires.",
    "写出次数（R3/…），一直重复就写 R/…。", "Write how often (R3/…), or R/… for ever.",
)  # fmt: skip
START_TIME = Rule(
    "timer", ERROR,
    "{it}的时间“{text}”算不出来，部署会失败：流程要由它启动，这时还没有变量，算出的也必须是时刻、时长或循环。",
    "The time {text} of {it} cannot be worked out, and deploying fails: it starts the process, when there are no variables yet; "
    "and what it gives must be a date, a duration or a cycle.",
    BAD_TIME.remedy_zh, BAD_TIME.remedy_en,
)  # fmt: skip
CYCLE = Rule(
    "cycle-in-flow", INFO,
    "{it}在流程中间等一个循环定时，只有第一次有意义。", "{it} waits for a cycle in the middle of the flow, where only its first time matters.",
    "只等一次就写时长；要反复提醒，用活动上的“非中断”边界定时事件。",
    "Write a duration to wait once; to remind again and again use a non-interrupting boundary timer.",
)  # fmt: skip

TIMES = ("timeDate", "timeDuration", "timeCycle")

UNMARKED = Both("声明是 FEEL，前面要写 =", "it is said to be FEEL: write = in front")


def timers(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The times of all timers (that there is one, of the right kind, is BPMN's own demand)."""
    for node in world.nodes(diagram):
        for trigger in world.triggers(node):
            if kind_of(trigger) == "timerEventDefinition":
                times = children(trigger, *TIMES)
                for time in times if len(times) == 1 else ():
                    if text_of(time):
                        yield from _time(world, node, time)


def _time(world: World, node: Node, time: Element) -> Iterator[Finding]:
    text = text_of(time)
    static = languages.static_timer(text)
    if static is None:
        unmarked = "feel" in said_language(time).lower() and not text.startswith("=")
        problem = UNMARKED if unmarked else languages.problem(text, "timer")
        if problem is not None:
            severity = world.need(BAD_TIME, node.file) if speaks_other(world, node, time) else None
            yield BAD_TIME.at(node, severity=severity, text=text[:80], problem=problem)
        elif node.kind == "startEvent" and node.scope.parent is None and not languages.is_start_time(text):
            yield START_TIME.at(node, severity=world.need(START_TIME, node.file), text=text[:80])
    elif languages.timer_shape(static) == "cycle" and static.upper().startswith(("R0/", "R00/")):
        yield NEVER.at(node)
    if node.kind == "intermediateCatchEvent" and kind_of(time) == "timeCycle":
        yield CYCLE.at(node)


CHECKS = (timers,)
