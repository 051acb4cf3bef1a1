"""Event sub-processes: one start event with a trigger, outside the normal flow."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule, together
from processes.notation.check.world import World, full_text
from processes.notation.diagram import Diagram, Element, Scope, children, is_true, kind_of, text_of

FLOW = Rule(
    "event-sub-process-flow", ERROR,
    "{it}是事件子流程，不能有顺序流连进连出（{flows}）。", "{it} is an event sub-process: no sequence flow may lead in or out ({flows}).",
    "删去这些线，事件子流程由它的开始事件触发；要在流程中间执行，就改成普通子流程。",
    "Delete the flows: it is triggered by its start event; make it an ordinary sub-process if it is a step of the flow.",
    "8.4.13, 10.3.5",
)  # fmt: skip
START_COUNT = Rule(
    "event-sub-process-start", ERROR,
    "{it}是事件子流程，里面有 {count} 个开始事件，必须恰好有一个。",
    "{it} is an event sub-process with {count} start events; it must have exactly one.",
    "只留一个带触发条件的开始事件；另一种触发就另画一个事件子流程。",
    "Keep one start event with a trigger; draw another event sub-process for another trigger.",
    "10.3.5",
)  # fmt: skip
TWICE = Rule(
    "event-sub-process-twice", ERROR,
    "{it}与{other}由同一个事件触发并中断，只能有一个这样的事件子流程。",
    "{it} and {other} are triggered by the same event and interrupt: there may be only one such event sub-process.",
    "把两个合成一个，或换一个触发条件。", "Make them one, or choose another trigger.",
    "10.5.6",
)  # fmt: skip

REFERENCES = {"message": "messageRef", "signal": "signalRef", "error": "errorRef", "escalation": "escalationRef"}


def event_sub_processes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Each has exactly one start event, and no flows of its own."""
    for scope in diagram.scopes:
        if scope.host is None or not is_true(scope.element.get("triggeredByEvent")):
            continue
        flows = [*scope.host.incoming, *scope.host.outgoing]
        if flows:
            yield FLOW.at(scope, flows=together(flows, 3))
        starts = [node for node in scope.nodes if node.kind == "startEvent"]
        if len(starts) != 1:
            yield START_COUNT.at(scope, count=len(starts))


def unique(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Only one interrupting event sub-process for the same event on a level."""
    seen: dict[tuple[Element, str, str], Scope] = {}
    for scope in diagram.scopes:
        if scope.parent is None or not is_true(scope.element.get("triggeredByEvent")):
            continue
        for start in (node for node in scope.nodes if node.kind == "startEvent"):
            for trigger in world.triggers(start) if is_true(start.element.get("isInterrupting", "true")) else ():
                declared = _declared(trigger)
                if declared is None:
                    continue
                key = (scope.parent.element, kind_of(trigger), declared)
                other = seen.setdefault(key, scope)
                if other is not scope:
                    yield TWICE.at(scope, other=other)


def _declared(trigger: Element) -> str | None:
    """What a trigger waits for, where two of them can be the same."""
    kind = kind_of(trigger).removesuffix("EventDefinition")
    if kind in REFERENCES:
        return (trigger.get(REFERENCES[kind]) or "").strip() or None
    if kind == "timer":
        times = children(trigger, "timeDate", "timeDuration", "timeCycle")
        return " ".join(text_of(each) for each in times) or None
    if kind == "conditional":
        return " ".join(full_text(each) for each in children(trigger, "condition")) or None
    return None


CHECKS = (event_sub_processes, unique)
