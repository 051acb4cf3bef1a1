"""The scopes of a diagram as they stand in each other: who catches outside what is thrown inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from processes.notation.diagram import Diagram, Node, Scope, is_true
from processes.notation.soundness.events import (
    OUTSIDE,
    Catcher,
    Trigger,
    boundary_interrupts,
    comes_from_outside,
    start_interrupts,
    triggers,
)

LOOPS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")


def is_event_sub_process(node: Node) -> bool:
    """Whether an event starts it, not a token."""
    return is_true(node.element.get("triggeredByEvent"))


def is_handler(node: Node) -> bool:
    """Whether it only runs as compensation."""
    return is_true(node.element.get("isForCompensation"))


@dataclass(frozen=True, eq=False)
class EventSubProcess:
    """An event sub-process by what starts it."""

    host: Node
    scope: Scope
    start: Node
    kinds: tuple[Trigger, ...]

    @property
    def interrupts(self) -> bool:
        """Whether it takes the place of everything else in its scope."""
        return start_interrupts(self.start, self.kinds)

    @property
    def by_itself(self) -> bool:
        """Whether it may be started at any time, by something outside."""
        return comes_from_outside(self.kinds)


class Surroundings:
    """What the scopes of one diagram know of each other."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self._triggers: dict[Node, tuple[Trigger, ...]] = {}

    def triggers(self, node: Node) -> tuple[Trigger, ...]:
        """The node's event definitions."""
        if node not in self._triggers:
            self._triggers[node] = triggers(self.diagram, node)
        return self._triggers[node]

    @cached_property
    def inside(self) -> dict[Node, Scope]:
        """Sub-process → its inside."""
        return {scope.host: scope for scope in self.diagram.scopes if scope.host is not None}

    def event_sub_processes(self, scope: Scope) -> Iterator[EventSubProcess]:
        """Those that stand in the scope."""
        for node in scope.nodes:
            inside = self.inside.get(node) if is_event_sub_process(node) else None
            start = next((each for each in inside.nodes if each.kind == "startEvent"), None) if inside else None
            if inside is not None and start is not None:
                yield EventSubProcess(node, inside, start, self.triggers(start))

    def handlers(self, scope: Scope, kind: str) -> list[Catcher]:
        """Event sub-processes of the scope that catch errors or escalations; ``node`` is the sub-process."""
        found = [
            (each, kinds) for each in self.event_sub_processes(scope) for kinds in each.kinds if kinds.kind == kind
        ]
        return [Catcher(trigger.code, each.host, each.interrupts) for each, trigger in found]

    def on_border(self, host: Node, kind: str) -> list[Catcher]:
        """Boundary events of an activity that catch errors, escalations or cancellations."""
        return [
            Catcher(trigger.code, event, boundary_interrupts(event, self.triggers(event)))
            for event in host.boundary
            for trigger in self.triggers(event)
            if trigger.kind == kind
        ]

    def caught_outside(self, scope: Scope, kind: str) -> frozenset[str]:
        """The codes that somebody around the scope catches."""
        codes: set[str] = set()
        while scope.host is not None:
            around = scope.host.scope
            codes.update(each.code for each in (*self.on_border(scope.host, kind), *self.handlers(around, kind)))
            scope = around
        return frozenset(codes)

    def may_be_interrupted(self, scope: Scope) -> bool:
        """Whether something from outside may end the scope before its own end."""
        place, exempt = scope, False
        while True:
            # Where one event sub-process has taken the scope's place, the others no longer wait.
            if not exempt and any(each.interrupts and each.by_itself for each in self.event_sub_processes(place)):
                return True
            host = place.host
            if host is None:
                return False
            for event in host.boundary:
                kinds = self.triggers(event)
                if boundary_interrupts(event, kinds) and any(each.kind in OUTSIDE for each in kinds):
                    return True
            exempt = any(each.host is host and each.interrupts for each in self.event_sub_processes(host.scope))
            place = host.scope
