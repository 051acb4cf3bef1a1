"""Which kinds of elements a path has gone through, in words."""

from __future__ import annotations

from collections.abc import Iterable

from tests.reference.machine import Entry
from tests.reference.reading import Node

_EVENTS = {
    "startEvent": "start",
    "endEvent": "end",
    "intermediateThrowEvent": "throw",
    "intermediateCatchEvent": "catch",
    "boundaryEvent": "boundary",
}


def kinds(entries: Iterable[Entry]) -> set[str]:
    """The kinds of the elements in a trace."""
    return {kind for entry in entries for kind in _kinds(entry.node)}


def _kinds(node: Node) -> list[str]:
    if node.tag in _EVENTS:
        return [_event(node)]
    found = [_role(node)]
    if node.loop is not None:
        found.append(f"{node.loop.kind} loop of {_role(node)}")
    if node.tag.endswith("Gateway"):
        ways = ("join" if len(node.incoming) > 1 else "") + ("split" if len(node.outgoing) > 1 else "")
        return [f"{node.tag} {ways}".strip()]
    if len(node.outgoing) > 1:
        found.append(
            f"several flows out of {'a task' if not any(f.condition for f in node.outgoing) else 'a task, with conditions'}"
        )
    if len(node.incoming) > 1:
        found.append("several flows into a task")
    if node.before or node.after:
        found.append("scripts before and after")
    if node.reads or node.writes:
        found.append("data objects")
    return found


def _role(node: Node) -> str:
    if node.is_event_sub_process:
        return "event sub-process"
    if node.is_set("isForCompensation"):
        return f"{node.tag} as a handler"
    return node.tag


def _event(node: Node) -> str:
    triggers = " and ".join(trigger.kind for trigger in node.triggers) or "none"
    manner = [_EVENTS[node.tag], triggers]
    if len(node.triggers) > 1:
        manner.append("(all)" if node.is_set("parallelMultiple") else "(any)")
    if node.tag == "boundaryEvent" or (node.tag == "startEvent" and node.triggers):
        manner.append("interrupting" if node.interrupts else "not interrupting")
    if any(trigger.clock == "timeCycle" for trigger in node.triggers):
        manner.append("in cycles")
    return " ".join(manner)
