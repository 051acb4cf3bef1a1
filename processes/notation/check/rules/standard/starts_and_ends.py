"""Start and end events: connected, and present on a level together."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule, together
from processes.notation.check.world import World, instantiates, is_torn
from processes.notation.diagram import Diagram, Scope

START_LEADS_NOWHERE = Rule(
    "start-without-outgoing", ERROR,
    "{it}没有出线，哪里也不通。", "{it} has no outgoing flow: it leads nowhere.",
    "把它连到第一个步骤；不需要就删掉。", "Connect it to the first step; delete it if it is not needed.",
    "10.5.2",
)  # fmt: skip
END_NOT_REACHED = Rule(
    "end-without-incoming", ERROR,
    "{it}没有入线，走不到。", "{it} has no incoming flow: it is never reached.",
    "从最后一个步骤连一条线过来；不需要就删掉。", "Lead a flow to it from the last step; delete it if it is not needed.",
    "10.5.3",
)  # fmt: skip
NO_START = Rule(
    "no-start", ERROR,
    "{it}里有结束事件（{ends}），却没有开始事件。", "{it} has an end event ({ends}) but no start event.",
    "画一个开始事件，连到第一个步骤；不想画开始事件，就连结束事件也不画。",
    "Draw a start event and connect it to the first step; to do without, leave out the end events too.",
    "10.5.2",
)  # fmt: skip
NO_END = Rule(
    "no-end", ERROR,
    "{it}里有开始事件（{starts}），却没有结束事件。", "{it} has a start event ({starts}) but no end event.",
    "在最后一个步骤后画结束事件。", "Draw an end event after the last step.",
    "10.5.3",
)  # fmt: skip


def connected(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A start event is a source, an end event a target of a sequence flow."""
    for scope in diagram.scopes:
        if scope.kind == "adHocSubProcess" or is_torn(scope):
            continue  # may hold neither; or a flow that is not connected is told already
        for node in scope.nodes:
            if node.kind == "startEvent" and not node.outgoing:
                yield START_LEADS_NOWHERE.at(node)
            elif node.kind == "endEvent" and not node.incoming:
                yield END_NOT_REACHED.at(node)


def both(diagram: Diagram, world: World) -> Iterator[Finding]:
    """If a level has an end event it has a start event, and the other way round."""
    for scope in diagram.scopes:
        if scope.kind == "adHocSubProcess":
            continue
        starts = [node for node in scope.nodes if node.kind == "startEvent"]
        ends = [node for node in scope.nodes if node.kind == "endEvent"]
        if ends and not starts and not _starts_otherwise(scope):
            yield NO_START.at(scope, ends=together(ends, 3))
        if starts and not ends:
            yield NO_END.at(scope, starts=together(starts, 3))


def _starts_otherwise(scope: Scope) -> bool:
    """Whether a receive task or event-based gateway starts it; an event sub-process has a rule of its own about its start."""
    return scope.element.get("triggeredByEvent") in {"true", "1"} or any(instantiates(node) for node in scope.nodes)


CHECKS = (connected, both)
