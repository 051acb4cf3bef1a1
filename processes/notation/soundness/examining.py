"""A whole diagram, scope by scope from the inside out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from processes.notation.diagram import CHOREOGRAPHY, Diagram, Node, Scope
from processes.notation.soundness.assembling import compile_scope
from processes.notation.soundness.behaviour import Behaviour
from processes.notation.soundness.budget import Budget
from processes.notation.soundness.compiling import TooLarge
from processes.notation.soundness.events import matching
from processes.notation.soundness.exploring import Space, explore
from processes.notation.soundness.judging import Judge
from processes.notation.soundness.net import COMPLETE, FULL, WIDTH, Label, Net, Step, covers, places
from processes.notation.soundness.passage import Passage
from processes.notation.soundness.summary import summarise
from processes.notation.soundness.surroundings import Surroundings, is_event_sub_process
from processes.notation.soundness.verdicts import Verdict

# Refused wherever they stand; what tokens would do in their scope is not known.
UNKNOWN = CHOREOGRAPHY | {"complexGateway"}
# A longer way into a sub-process is shown as it was found.
MOST_SHORTENED = 200


def examine(diagram: Diagram, budget: Budget | None = None, running: Sequence[Scope] | None = None) -> list[Verdict]:
    """What is wrong with the control flow of everything in the diagram that would be executed (``running``, when the caller knows
    better), outer scopes first.

    Scopes whose flows lead nowhere or across a border, or that hold kinds of elements that are refused, are left out.
    """
    scopes = diagram.running if running is None else running
    return _Examination(diagram, scopes, budget or Budget()).verdicts()


@dataclass(eq=False)
class _Examination:
    diagram: Diagram
    running: Sequence[Scope]
    budget: Budget
    behaviours: dict[Scope, Behaviour] = field(default_factory=dict)
    spaces: dict[Scope, Space] = field(default_factory=dict)

    def verdicts(self) -> list[Verdict]:
        self.surroundings = Surroundings(self.diagram)
        found: dict[Scope, list[Verdict]] = {}
        for scope in reversed(self.running):
            if _is_fit(scope):
                found[scope] = self._scope(scope)
        return [verdict for scope in self.running for verdict in self._from_the_start(scope, found.get(scope, []))]

    def _from_the_start(self, scope: Scope, verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts with walks that begin where the process does; elements without an id cannot be named."""
        before = self._way_to(scope) if any(each.witness for each in verdicts) else ()
        return [
            replace(each, witness=tuple(filter(None, (*before, *each.witness)))) if each.witness else each
            for each in verdicts
        ]

    def _scope(self, scope: Scope) -> list[Verdict]:
        if not self.budget.allows(0):
            return [Verdict("gave-up", scope)]
        passage = Passage(scope, self.surroundings)
        if not passage.beginnings:
            return []
        try:
            net = compile_scope(scope, self.surroundings, passage, self.behaviours)
        except TooLarge:
            return [Verdict("gave-up", scope)]
        space = self.spaces[scope] = explore(net, self.budget)
        remembered = partial(explore, net, self.budget, remembering=True)
        judge = Judge(passage, self.surroundings, space, remembered, frozenset(self._roused(scope)))
        found = list(judge.verdicts())
        ambient = list(self._ambient(scope))
        self.behaviours[scope] = summarise(net, space, self.budget, ambient, flawed=judge.flawed)
        return found

    def _roused(self, scope: Scope) -> Iterator[Node]:
        """The event sub-processes of a scope that may be started by what others of them throw."""
        handlers = {kind: self.surroundings.handlers(scope, kind) for kind in ("error", "escalation")}
        for each in self.surroundings.event_sub_processes(scope):
            behaviour = self.behaviours.get(each.scope)
            for label in (move.label for move in behaviour.moves) if behaviour is not None else ():
                caught = matching(handlers.get(label.kind, ()), label.code)
                if caught is not None:
                    yield caught.node

    def _ambient(self, scope: Scope) -> Iterator[Label]:
        """What the event sub-processes of a scope may show of it while it runs, whatever its own tokens do."""
        heard = self.surroundings.caught_outside(scope, "escalation")
        handlers = self.surroundings.handlers(scope, "error")
        for each in self.surroundings.event_sub_processes(scope):
            behaviour = self.behaviours.get(each.scope)
            for move in behaviour.moves if behaviour is not None else ():
                label = move.label
                if label.kind == "escalation":
                    if label.code in heard or "" in heard:
                        yield label
                elif label == COMPLETE:
                    if each.by_itself and each.interrupts:
                        yield label
                elif each.by_itself or not each.interrupts:
                    others = [handler for handler in handlers if handler.node is not each.host]
                    caught = matching(others, label.code) if label.kind == "error" else None
                    handler = self.behaviours.get(self.surroundings.inside[caught.node]) if caught is not None else None
                    yield from [ending.label for ending in handler.endings] if handler is not None else [label]

    # The way from the start of the process to a scope inside

    def _way_to(self, scope: Scope) -> tuple[str, ...]:
        host = scope.host
        if host is None:
            return ()
        return (*self._way_to(host.scope), *self._way_in(host), host.id)

    def _way_in(self, host: Node) -> tuple[str, ...]:
        space = self.spaces.get(host.scope)
        if space is None:
            return ()
        if is_event_sub_process(host):
            return _way_to_raising(space, host)
        entry = space.net.entries.get(host)
        there = [state for state, marking in enumerate(space.markings) if entry is not None and _holds(marking, entry)]
        if entry is None or not there:
            return ()
        nearest = min(there, key=lambda state: (space.costs[state], state))
        walk = _needed(space.net, [step for _, step in space.steps_to(nearest)], entry)
        return tuple(each for step in walk for each in step.path)


def _way_to_raising(space: Space, host: Node) -> tuple[str, ...]:
    """The cheapest way to something that starts an event sub-process; where it may start at any time, to the scope's beginning."""
    raising = (
        (space.costs[state] + len(step.path), state, step.path)
        for state, edges in enumerate(space.edges)
        for step, _ in edges or ()
        if host in step.runs
    )
    begun = ((cost, state, ()) for state, cost in enumerate(space.costs) if cost and space.markings[state])
    _, state, last = min(raising, default=min(begun, default=(0, 0, ())))
    return tuple(each for each in (*space.path_to(state), *last) if each != host.id)


def _holds(marking: int, place: int) -> bool:
    return bool(marking & FULL << WIDTH * place)


def _needed(net: Net, walk: list[Step], place: int) -> list[Step]:
    """The walk without steps that are not needed to bring a token to the place."""
    for index in reversed(range(len(walk))) if len(walk) <= MOST_SHORTENED else ():
        shorter = walk[:index] + walk[index + 1 :]
        if _brings(net, shorter, place):
            walk = shorter
    return walk


def _brings(net: Net, walk: list[Step], place: int) -> bool:
    marking = net.initial
    for step in walk:
        possible = (each for held in places(step.need) for each in net.by_place[held].enabled(marking))
        if not covers(marking, step.need) or all(each is not step for each in possible):
            return False
        marking = marking - step.need + step.give
    return _holds(marking, place)


def _is_fit(scope: Scope) -> bool:
    inside: Scope | None = scope
    while inside is not None:
        if inside.kind == "adHocSubProcess":
            return False
        inside = inside.parent
    flows = [*scope.flows, *(flow for node in scope.nodes for flow in (*node.incoming, *node.outgoing))]
    torn = any(
        flow.source is None or flow.target is None or flow.source.scope is not flow.target.scope for flow in flows
    )
    misled = any(node.kind == "boundaryEvent" and node.incoming for node in scope.nodes)
    return not (torn or misled or any(node.kind in UNKNOWN for node in scope.nodes))
