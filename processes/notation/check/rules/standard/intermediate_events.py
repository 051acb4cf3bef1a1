"""Intermediate events of the normal flow lie on a way (links have rules of their own)."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.world import World, is_torn
from processes.notation.diagram import Diagram

NOT_REACHED = Rule(
    "event-without-incoming", ERROR,
    "{it}没有入线；流程中间的事件必须有线连进来。", "{it} has no incoming flow; an event in the middle of a process must have one.",
    "从前面的步骤连一条线过来；要由它启动流程，就改成开始事件；要打断活动，就贴到活动边上。",
    "Lead a flow to it; make it a start event if it starts the process, or attach it to an activity that it interrupts.",
    "10.5.4",
)  # fmt: skip
LEADS_NOWHERE = Rule(
    "event-without-outgoing", ERROR,
    "{it}没有出线；流程中间的事件必须有线连出去。", "{it} has no outgoing flow; an event in the middle of a process must have one.",
    "连到下一个步骤；流程到此为止，就改成结束事件。", "Connect it to the next step; make it an end event if the process ends there.",
    "10.5.4",
)  # fmt: skip


def flows(diagram: Diagram, world: World) -> Iterator[Finding]:
    """An intermediate event in normal flow is target and source of sequence flows."""
    for scope in diagram.scopes:
        if scope.kind == "adHocSubProcess" or is_torn(scope):
            continue  # sequence flows are optional there
        for node in scope.nodes:
            if node.kind not in {"intermediateCatchEvent", "intermediateThrowEvent"}:
                continue
            if "link" in world.trigger_kinds(node):
                continue
            if not node.incoming:
                yield NOT_REACHED.at(node)
            if not node.outgoing:
                yield LEADS_NOWHERE.at(node)


CHECKS = (flows,)
