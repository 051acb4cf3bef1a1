"""What can be compensated, and by what (BPMN 2.0.2, 10.7)."""

from __future__ import annotations

from collections.abc import Mapping

from processes.kernel.compiler.reading import ParseError
from processes.kernel.compiler.starts import event_start
from processes.kernel.plan import Scope


def set_compensation(plan: Scope, associated: Mapping[str, list[str]]) -> None:
    """Tie boundary compensation events to their handlers, and mark what is worth keeping when it has been completed (10.7)."""
    for event in plan.nodes.values():
        if event.host is None or not any(trigger.kind == "compensate" for trigger in event.triggers):
            continue
        found = [plan.nodes[each] for each in associated.get(event.id, ()) if each in plan.nodes]
        if not found:
            raise ParseError(
                f"补偿边界事件 {event.id} 没有用关联连到补偿活动",
                f"{event.id}: no association to a compensation activity",
                None,
                event.id,
            )
        event.host.compensator, event.host.undone_by = found[0], event
    for node in plan.nodes.values():
        called = node.inner is not None and node.inner.kind == "process"
        inside = node.inner is not None and not called and _holds_compensation(node.inner)
        node.compensable = node.compensator is not None or inside


def _holds_compensation(plan: Scope) -> bool:
    """Whether something inside can be compensated."""
    if any(node.compensable for node in plan.nodes.values()):
        return True
    return any(trigger.kind == "compensate" for node in plan.event_scopes for trigger in event_start(node).triggers)
