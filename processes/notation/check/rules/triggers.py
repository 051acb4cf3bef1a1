"""Timers: one value each, of the kind its place expects."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, Node, children, kind_of, text_of

NO_TIME = Rule(
    "timer-without-time", ERROR,
    "{it}没有写时间。", "{it} has no time.",
    "写上时长（如 P3D、PT2H）、时刻（如 2026-10-01T09:00:00+08:00）或以 = 开头的 FEEL。",
    "Write a duration (P3D, PT2H), a moment (2026-10-01T09:00:00+08:00), or FEEL that starts with =.",
)  # fmt: skip
SEVERAL_TIMES = Rule(
    "timer-with-several-times", ERROR,
    "{it}同时写了 {count} 种时间，引擎只看其中一种。", "{it} has {count} kinds of time: the engine reads only one.",
    "时刻、时长、循环只留一种。", "Keep one: date, duration or cycle.",
)  # fmt: skip
BAD_TIME = Rule(
    "timer", ERROR,
    "{it}的时间“{text}”无法读懂：{problem}。", "The time {text} of {it} cannot be read: {problem}.",
    "时长写 P3D（3 天）、PT2H（2 小时），循环写 R3/PT1H，时刻写 2026-10-01T09:00:00+08:00；要计算的写成以 = 开头的 FEEL。",
    "Write P3D (3 days), PT2H (2 hours), R3/PT1H (three times), 2026-10-01T09:00:00+08:00; what is computed is FEEL that starts with =.",
)  # fmt: skip
WRONG_KIND = Rule(
    "timer-kind", WARNING,
    "{it}的时间“{text}”是{found}，却写在“{place}”里。", "The time {text} of {it} is a {found}, but stands as a {place}.",
    "在属性面板里把定时类型改成{found}。", "Change the timer's type to {found} in the properties panel.",
)  # fmt: skip
NEVER = Rule(
    "timer", ERROR,
    "{it}的循环次数是 0，永远不会响。", "{it} repeats 0 times: it never fires.",
    "写出次数（R3/…），一直重复就写 R/…。", "Write how often (R3/…), or R/… for ever.",
)  # fmt: skip
SPLITS = Rule(
    "cycle-splits", WARNING,
    "{it}是循环定时，每响一次都会往后多走一路，后面的步骤会重复执行。",
    "{it} is a cycle: each turn sends another token on, so what follows runs several times.",
    "只等一次就写时长；要反复提醒，用活动上的“非中断”边界定时事件。",
    "Write a duration to wait once; to remind again and again use a non-interrupting boundary timer.",
)  # fmt: skip

PLACES: dict[str, tuple[str, Both]] = {
    "timeDate": ("date", Both("时刻", "date")),
    "timeDuration": ("duration", Both("时长", "duration")),
    "timeCycle": ("cycle", Both("循环", "cycle")),
}
SHAPES = dict(PLACES.values())
NO_ISO = Both("不是 ISO 8601 的时刻、时长或循环", "not an ISO 8601 date, duration or cycle")


def timers(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every timer says when."""
    for node in diagram.nodes:
        for trigger in node.triggers:
            if kind_of(trigger) == "timerEventDefinition":
                yield from _timer(node, trigger)


def _timer(node: Node, trigger: Element) -> Iterator[Finding]:
    times = [each for each in children(trigger, *PLACES) if text_of(each)]
    if not times:
        yield NO_TIME.at(node)
        return
    if len(times) > 1:
        yield SEVERAL_TIMES.at(node, count=len(times))
    for time in times:
        yield from _time(node, kind_of(time), text_of(time))


def _time(node: Node, place: str, text: str) -> Iterator[Finding]:
    static = languages.static_timer(text)
    if static is None:
        problem = languages.problem(text, "timer")
        if problem is not None:
            yield BAD_TIME.at(node, text=text[:80], problem=problem)
        elif place == "timeCycle":
            yield from _splits(node)
        return
    shape = languages.timer_shape(static)
    if shape is None:
        yield BAD_TIME.at(node, text=static[:80], problem=NO_ISO)
        return
    expected, words = PLACES[place]
    if shape != expected:
        yield WRONG_KIND.at(node, text=static, found=SHAPES[shape], place=words)
    if static.upper().startswith(("R0/", "R00/")):
        yield NEVER.at(node)
    elif shape == "cycle":
        yield from _splits(node)


def _splits(node: Node) -> Iterator[Finding]:
    if node.kind == "intermediateCatchEvent":
        yield SPLITS.at(node)


CHECKS = (timers,)
