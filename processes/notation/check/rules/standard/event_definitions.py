"""What an event's definition must say: when, which message, which code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check import languages
from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World, foreign_engine, full_text
from processes.notation.diagram import EVENTS, Diagram, Element, Item, Node, children, kind_of, text_of
from processes.notation.labels import kind_name

NO_TIME = Rule(
    "timer-without-time", ERROR,
    "{it}没有写时间。", "{it} has no time.",
    "写上时长（如 P3D、PT2H）、时刻（如 2026-10-01T09:00:00+08:00）或以 = 开头的 FEEL。",
    "Write a duration (P3D, PT2H), a moment (2026-10-01T09:00:00+08:00), or FEEL that starts with =.",
    "10.5.5",
)  # fmt: skip
SEVERAL_TIMES = Rule(
    "timer-with-several-times", ERROR,
    "{it}同时写了 {count} 种时间，只能有一种。", "{it} has {count} kinds of time: only one may be.",
    "时刻、时长、循环只留一种。", "Keep one: date, duration or cycle.",
    "10.5.5",
)  # fmt: skip
WRONG_KIND = Rule(
    "timer-kind", ERROR,
    "{it}的时间“{text}”是{found}，却写在“{place}”里。", "The time {text} of {it} is a {found}, but stands as a {place}.",
    "在属性面板里把定时类型改成{found}。", "Change the timer's type to {found} in the properties panel.",
    "10.5.5",
)  # fmt: skip
NOT_ISO = Rule(
    "timer", ERROR,
    "{it}的时间“{text}”不是 ISO 8601 的写法。", "The time {text} of {it} is not ISO 8601.",
    "时长写 P3D（3 天）、PT2H（2 小时），循环写 R3/PT1H，时刻写 2026-10-01T09:00:00+08:00。",
    "Write P3D (3 days), PT2H (2 hours), R3/PT1H (three times), 2026-10-01T09:00:00+08:00.",
    "10.5.5",
)  # fmt: skip
NO_CONDITION = Rule(
    "conditional-event-without-condition", ERROR,
    "{it}是条件事件，却没有写条件。", "{it} is a conditional event without a condition.",
    "写上条件，例如 = total > 100。", "Write the condition, for example = total > 100.",
    "10.5.5",
)  # fmt: skip
NO_REFERENCE = Rule(
    "event-without-message", ERROR,
    "{it}没有选择{what}；可执行流程里的这种事件必须选择一个。", "{it} names no {what}: in an executable process it must.",
    "在属性面板里选择或新建一个{what}。", "Choose or create the {what} in the properties panel.",
    "10.5.5",
)  # fmt: skip
NO_CODE = Rule(
    "event-without-code", ERROR,
    "{it}抛出的{what}没有代码；可执行流程里必须写 {attribute}。",
    "The {what} that {it} throws has no code: an executable process must give its {attribute}.",
    "在属性面板里选择或新建一个{what}，并填写代码。", "Choose or create the {what} in the properties panel, and give it a code.",
    "8.4.3, 8.4.4, 10.5.5",
)  # fmt: skip

TIMES: dict[str, tuple[str, Both]] = {
    "timeDate": ("date", Both("时刻", "date")),
    "timeDuration": ("duration", Both("时长", "duration")),
    "timeCycle": ("cycle", Both("循环", "cycle")),
}
SHAPES = dict(TIMES.values())
# Surely meant for ISO 8601; other texts may be words, or an expression.
MEANT_FOR_ISO = re.compile(r"-?P[\dT][\w.,-]*|R-?\w{0,10}/\S*")
THROWS = frozenset({"endEvent", "intermediateThrowEvent"})
CODES = {"error": "errorCode", "escalation": "escalationCode"}


def definitions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Every definition of an event says what its kind must say."""
    for scope in diagram.scopes:
        runs = world.runs(scope)
        for node in scope.nodes:
            if node.kind not in EVENTS:
                continue
            for trigger in world.triggers(node):
                kind = kind_of(trigger).removesuffix("EventDefinition")
                if kind == "timer":
                    yield from _timer(node, trigger, runs)
                elif kind == "conditional" and not _has_condition(trigger, runs):
                    yield NO_CONDITION.at(node)
                elif kind in {"message", "signal"} and runs and not (trigger.get(f"{kind}Ref") or "").strip():
                    if node.kind in THROWS and _is_elsewhere(world, node, trigger):
                        continue
                    yield NO_REFERENCE.at(node, what=Both(kind_name(kind), kind))
                elif kind in CODES and runs and node.kind in {"endEvent", "intermediateThrowEvent"}:
                    yield from _code(diagram, world, node, trigger, kind)


def _is_elsewhere(world: World, node: Node, trigger: Element) -> bool:
    """Whether another engine hands what is thrown to a worker of its own, which knows the message."""
    return not world.deploying and bool(foreign_engine(node) or foreign_engine(Item(node.file, trigger)))


def _timer(node: Node, trigger: Element, runs: bool) -> Iterator[Finding]:
    """Exactly one of date, duration and cycle, in its own ISO 8601 form; only an executable process must have one."""
    written = children(trigger, *TIMES)
    times = [each for each in written if text_of(each)]
    if len(written) > 1:
        yield SEVERAL_TIMES.at(node, count=len(written))
        return
    if not times and runs:
        yield NO_TIME.at(node)
    for time in times:
        text = languages.static_timer(text_of(time))
        if text is None:
            continue
        shape = languages.timer_shape(text)
        expected, words = TIMES[kind_of(time)]
        if shape is None:
            if runs or MEANT_FOR_ISO.fullmatch(text):
                yield NOT_ISO.at(node, text=text[:80])
        elif shape != expected:
            yield WRONG_KIND.at(node, text=text, found=SHAPES[shape], place=words)


def _has_condition(trigger: Element, runs: bool) -> bool:
    """Whether there is a condition; its text may be left open where nothing runs."""
    conditions = children(trigger, "condition")
    return bool(conditions) and (not runs or any(full_text(each) for each in conditions))


def _code(diagram: Diagram, world: World, node: Node, trigger: Element, kind: str) -> Iterator[Finding]:
    """Who throws an error or an escalation in an executable process supplies the code (Tables 8.37 and 8.40)."""
    reference = trigger.get(f"{kind}Ref")
    target = world.resolve(diagram, trigger, reference)
    if reference and (target.element is None or target.kind != kind):
        return  # an unknown reference is told as such
    if target.element is None or not (target.element.get(CODES[kind]) or "").strip():
        yield NO_CODE.at(node, what=Both(kind_name(kind), kind), attribute=CODES[kind])


CHECKS = (definitions,)
