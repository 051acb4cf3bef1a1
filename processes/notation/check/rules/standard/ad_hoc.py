"""Ad-hoc sub-processes: activities, and no start or end."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import ACTIVITIES, CHOREOGRAPHY, Diagram

CONTENT = Rule(
    "ad-hoc-content", ERROR,
    "{it}不能放在临时（ad-hoc）子流程{scope}里。", "{it} cannot stand in the ad-hoc sub-process {scope}.",
    "删去它：临时子流程里的活动由人决定何时做，没有开始和结束事件。",
    "Delete it: people decide when the activities of an ad-hoc sub-process are done; it has no start and end events.",
    "10.3.5",
)  # fmt: skip
EMPTY = Rule(
    "ad-hoc-empty", ERROR,
    "{it}是临时（ad-hoc）子流程，里面至少要有一个活动。", "{it} is an ad-hoc sub-process: it must contain at least one activity.",
    "画上可选的活动，或删掉它。", "Draw the activities to choose from, or delete it.",
    "10.3.5",
)  # fmt: skip
CANCEL_REMAINING = Rule(
    "ad-hoc-cancel-remaining", ERROR,
    "{it}按顺序执行（ordering=\"Sequential\"），cancelRemainingInstances 只用于并行。",
    '{it} is sequential (ordering="Sequential"); cancelRemainingInstances is used only for parallel ones.',
    "删去 cancelRemainingInstances，或把 ordering 改成 Parallel。", "Delete cancelRemainingInstances, or make the ordering Parallel.",
    "10.3.5",
)  # fmt: skip

FORBIDDEN = CHOREOGRAPHY | {"startEvent", "endEvent"}


def contents(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What must and what must not be in an ad-hoc sub-process."""
    for scope in diagram.scopes:
        if scope.kind != "adHocSubProcess":
            continue
        yield from (CONTENT.at(node, scope=scope) for node in scope.nodes if node.kind in FORBIDDEN)
        if not any(node.kind in ACTIVITIES for node in scope.nodes):
            yield EMPTY.at(scope)
        if scope.element.get("ordering") == "Sequential" and scope.element.get("cancelRemainingInstances") is not None:
            yield CANCEL_REMAINING.at(scope)


CHECKS = (contents,)
