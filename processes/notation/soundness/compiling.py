"""From a scope to its net: which steps each node allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from processes.notation.diagram import ACTIVITIES, TASKS, Flow, Node, Scope, children, is_true
from processes.notation.soundness.behaviour import OVER, STEP, Behaviour, Move, anything, repeated
from processes.notation.soundness.conditions import Claim
from processes.notation.soundness.events import Catcher, boundary_interrupts, comes_from_outside, matching
from processes.notation.soundness.leaving import Leaving, is_approximate, ways
from processes.notation.soundness.net import COMPLETE, Choice, Label
from processes.notation.soundness.passage import Passage, is_join
from processes.notation.soundness.surroundings import LOOPS, Surroundings, is_event_sub_process

# A plain task passes through, a manual one is a person's: neither has a worker that could throw.
THROWING = TASKS - {"task", "manualTask"} | {"callActivity"}
# In one run of an activity each of its non-interrupting boundary events fires once at most, and of many only so many: how many events
# there may be, and how many of them fire.
MOST_FIRED = ((8, 4), (10**9, 1))
MOST_STEPS = 30_000


class TooLarge(Exception):
    """The scope has more steps than are looked at."""


@dataclass(frozen=True)
class Spot:
    """A place before it has a number: at a node, on a flow into a join, or inside an activity that has begun."""

    node: Node | None
    flow: Flow | None = None
    state: int = 0
    fired: frozenset[Node] = frozenset()


BEGIN = Spot(None)


@dataclass(frozen=True, eq=False)
class Draft:
    """A step before places have numbers; what it needs is its cluster's."""

    path: tuple[str, ...]
    give: tuple[Spot, ...] = ()
    runs: frozenset[Node] = frozenset()
    outcome: Label | None = None
    raised: Label | None = None
    claims: tuple[Claim, ...] = ()
    choice: Choice | None = None


@dataclass(eq=False)
class Drawing:
    """A scope's steps by the spot or join they start from.

    ``exact``: every set of flows a node may take is there. ``recurring``: boundary events that may fire more often than is looked at.
    """

    at: dict[Spot, list[Draft]] = field(default_factory=dict)
    joins: dict[Node, list[Draft]] = field(default_factory=dict)
    exact: bool = True
    recurring: set[Node] = field(default_factory=set)


class Compiler:
    """Reads one scope; ``behaviours`` are those of the scopes in it."""

    def __init__(
        self, scope: Scope, surroundings: Surroundings, passage: Passage, behaviours: Mapping[Scope, Behaviour]
    ) -> None:
        self._scope = scope
        self._surroundings = surroundings
        self._passage = passage
        self._behaviours = behaviours
        self._errors = surroundings.handlers(scope, "error")
        self._escalations = surroundings.handlers(scope, "escalation")
        self._errors_outside = surroundings.caught_outside(scope, "error")
        self._escalations_outside = surroundings.caught_outside(scope, "escalation")
        self._drawing = Drawing()
        self._count = 0

    def drawing(self) -> Drawing:
        """Every step of the scope. Raises ``TooLarge``."""
        ways_in = self._passage.beginnings
        self._drawing.at[BEGIN] = [
            Draft((), tuple(map(Spot, way)), choice=Choice(way[0], event=way[0]) if len(ways_in) > 1 else None)
            for way in ways_in
        ]
        for node in self._scope.nodes:
            if node not in self._passage.reachable:
                continue
            if is_approximate(node):
                self._drawing.exact = False
            if is_join(node):
                self._drawing.joins[node] = self._counted(self._leave(node))
            elif node.kind in ACTIVITIES:
                self._activity(node)
            elif node.kind != "boundaryEvent":
                self._drawing.at[Spot(node)] = self._counted(self._event(node))
        return self._drawing

    def _counted(self, *drafts: Iterable[Draft]) -> list[Draft]:
        found: list[Draft] = []
        for draft in chain(*drafts):
            found.append(draft)
            self._count += 1
            if self._count > MOST_STEPS:
                raise TooLarge
        return found

    def _arrive(self, flows: Iterable[Flow]) -> tuple[Spot, ...]:
        targets = ((flow, flow.target) for flow in flows)
        return tuple(
            Spot(target, flow) if is_join(target) else Spot(target) for flow, target in targets if target is not None
        )

    def _leave(self, node: Node, path: tuple[str, ...] | None = None, *also: Node) -> Iterator[Draft]:
        """The node has run: one draft for each way its tokens may go on."""
        reached = (node.id,) if path is None else path
        for way in ways(node):
            yield self._taking(way, reached, frozenset({node, *also}))

    def _taking(self, way: Leaving, path: tuple[str, ...], runs: frozenset[Node]) -> Draft:
        return Draft(path, self._arrive(way.flows), runs, claims=way.claims, choice=way.choice)

    # Events and gateways

    def _event(self, node: Node) -> Iterator[Draft]:
        if node.kind == "eventBasedGateway" and node.outgoing:
            yield from self._race(node)
        elif node.kind in {"intermediateThrowEvent", "endEvent"}:
            yield from self._throw(node)
        else:
            yield from self._leave(node)

    def _race(self, node: Node) -> Iterator[Draft]:
        """Behind an event-based gateway the first event wins."""
        for flow in node.outgoing:
            event = flow.target
            if event is None:
                continue
            choice = Choice(node, event=event) if len(node.outgoing) > 1 else None
            if event.kind not in {"intermediateCatchEvent", "receiveTask"}:
                yield Draft((node.id,), self._arrive([flow]), frozenset({node}), choice=choice)
                continue
            for way in ways(event):
                taken = self._taking(way, (node.id, event.id), frozenset({node, event}))
                yield replace(taken, choice=choice or taken.choice)

    def _throw(self, node: Node) -> Iterator[Draft]:
        """Everything an event throws; what ends more than its own token comes last."""
        path, runs = (node.id,), frozenset({node})
        raised: Label | None = None
        over: list[Draft] = []
        for trigger in self._surroundings.triggers(node):
            if trigger.kind == "terminate":
                over.append(Draft(path, runs=runs, outcome=COMPLETE))
            elif trigger.kind == "error" and node.kind == "endEvent":
                over += self._fail(trigger.code, path, runs)
            elif trigger.kind == "cancel" and self._in_transaction():
                over.append(Draft(path, runs=runs, outcome=Label("cancel")))
            elif trigger.kind == "escalation":
                caught = matching(self._escalations, trigger.code)
                if caught is not None and caught.interrupts:
                    over += self._hand_over(caught, path, runs)
                elif caught is not None:
                    runs |= {caught.node}
                else:
                    raised = self._escalation(trigger.code) or raised
        if over:
            yield from over
            return
        if linked := self._passage.thrown_to(node):
            yield Draft(path, tuple(map(Spot, linked)), runs, raised=raised)
            return
        for way in ways(node):
            yield replace(self._taking(way, path, runs), raised=raised)

    def _in_transaction(self) -> bool:
        scope = self._scope
        while scope.host is not None and is_event_sub_process(scope.host) and scope.parent is not None:
            scope = scope.parent
        return scope.kind == "transaction"

    # What is thrown

    def _escalation(self, code: str) -> Label | None:
        """What is seen of an escalation outside the scope: nothing, when nobody there catches it."""
        heard = code in self._escalations_outside or "" in self._escalations_outside
        return Label("escalation", code) if heard else None

    def _fail(self, code: str, path: tuple[str, ...], runs: frozenset[Node]) -> list[Draft]:
        """An error in the scope: its own event sub-process takes it, else it ends the scope."""
        caught = matching(self._errors, code)
        if caught is None:
            return [Draft(path, runs=runs, outcome=Label("error", code))]
        return self._hand_over(caught, path, runs)

    def _hand_over(self, caught: Catcher, path: tuple[str, ...], runs: frozenset[Node]) -> list[Draft]:
        """An event sub-process takes the place of all else; the scope ends as it ends."""
        behaviour = self._behaviours.get(self._surroundings.inside[caught.node], STEP)
        return [
            Draft((*path, caught.node.id), runs=runs | {caught.node}, outcome=move.label) for move in behaviour.endings
        ]

    # Activities

    def _activity(self, node: Node) -> None:
        """All states of an activity: what it has shown of its inside, and which non-interrupting events have fired."""
        behaviour = self._behaviour(node)
        pending = [Spot(node)]
        self._drawing.recurring.update(event for event in node.boundary if not self._interrupts(event))
        while pending:
            spot = pending.pop()
            if spot in self._drawing.at:
                continue
            moves = (draft for move in behaviour.states[spot.state] for draft in self._move(spot, move))
            drafts = self._counted(moves, self._borders(spot), self._failures(spot))
            self._drawing.at[spot] = drafts
            pending += [each for draft in drafts for each in draft.give if each.node is node]

    def _behaviour(self, node: Node) -> Behaviour:
        inside = self._surroundings.inside.get(node)
        once = self._behaviours.get(inside) if inside is not None else STEP
        if once is None:  # not looked into: what its boundary events wait for may come
            kinds = [each for event in node.boundary for each in self._surroundings.triggers(event)]
            once = anything(Label(*each) for each in kinds if each.kind in {"error", "escalation", "cancel"})
        if node.kind == "callActivity":  # what is called escalates to whoever around it listens
            heard = {each.code for each in self._escalations} | self._escalations_outside
            once = anything(Label("escalation", code) for code in sorted(heard))
        loop = next(iter(children(node.element, *LOOPS)), None)
        if loop is None or inside is None:
            return once
        first = loop.tag.endswith("standardLoopCharacteristics") and not is_true(loop.get("testBefore"))
        return once if first and len(once.states) == 1 else repeated(once)

    def _entered(self, spot: Spot) -> tuple[str, ...]:
        """The activity's own id, unless the way has named it already."""
        assert spot.node is not None
        return (spot.node.id,) if spot == Spot(spot.node) else ()

    def _move(self, spot: Spot, move: Move) -> Iterator[Draft]:
        node = spot.node
        assert node is not None
        label = move.label
        path, runs = self._entered(spot), frozenset({node})
        inside = (*path, *move.via)
        if label.kind == "escalation":
            later = Spot(node, None, move.to if move.to != OVER else spot.state, spot.fired)
            caught = matching(self._surroundings.on_border(node, "escalation"), label.code)
            if caught is not None:
                yield from self._on_border(later, caught.node, inside)
                return
            handler = matching(self._escalations, label.code)
            if handler is not None and handler.interrupts:
                yield from self._hand_over(handler, inside, runs)
                return
            raised = None if handler is not None else self._escalation(label.code)
            yield Draft(inside, (later,), runs | ({handler.node} if handler else set()), raised=raised)
        elif label.kind == "error":
            caught = matching(self._surroundings.on_border(node, "error"), label.code)
            if caught is None:
                yield from self._fail(label.code, inside, runs)
            else:
                yield from self._leave(caught.node, (*inside, caught.node.id), node)
        elif label.kind == "cancel" and (cancelled := self._surroundings.on_border(node, "cancel")):
            yield from self._leave(cancelled[0].node, (*inside, cancelled[0].node.id), node)
        else:
            yield from self._leave(node, path)

    def _on_border(self, later: Spot, event: Node, path: tuple[str, ...]) -> Iterator[Draft]:
        """A boundary event has fired; ``later`` is where the activity goes on if it was not interrupted."""
        node = later.node
        assert node is not None
        choice = Choice(node, event=event)
        stays: tuple[Spot, ...] = ()
        if not self._interrupts(event):
            if event in later.fired:
                yield Draft(path, (later,), frozenset({node}))
                return
            stays = (Spot(node, None, later.state, later.fired | {event}),)
        for draft in self._leave(event, (*path, event.id), node):
            yield replace(draft, give=(*stays, *draft.give), choice=choice)

    def _borders(self, spot: Spot) -> Iterator[Draft]:
        """Boundary events that nothing inside has to throw."""
        node = spot.node
        assert node is not None
        most = next(fired for events, fired in MOST_FIRED if len(node.boundary) <= events)
        for event in node.boundary:
            if not self._fires_by_itself(event):
                continue
            if not self._interrupts(event) and (event in spot.fired or len(spot.fired) >= most):
                continue
            yield from self._on_border(spot, event, self._entered(spot))

    def _interrupts(self, event: Node) -> bool:
        return boundary_interrupts(event, self._surroundings.triggers(event))

    def _fires_by_itself(self, event: Node) -> bool:
        """Whether it may fire at any time: by something from outside, or thrown by what is not drawn in this diagram."""
        kinds = self._surroundings.triggers(event)
        host = event.host
        if host is None or any(each.kind == "compensate" for each in kinds):
            return False
        misplaced = host.kind != "transaction" and any(each.kind == "cancel" for each in kinds)
        return comes_from_outside(kinds) or misplaced or host not in self._surroundings.inside

    def _failures(self, spot: Spot) -> Iterator[Draft]:
        """Errors that a worker may throw and that somebody further out catches."""
        node = spot.node
        assert node is not None
        if node.kind not in THROWING:
            return
        own = {each.code for each in self._surroundings.on_border(node, "error")}
        if "" in own:
            return
        for code in sorted({each.code for each in self._errors} | self._errors_outside):
            if code not in own:
                yield from self._fail(code, self._entered(spot), frozenset({node}))
