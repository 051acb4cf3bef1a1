"""From a scope's states to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from math import inf

from processes.notation.diagram import Node
from processes.notation.soundness.exploring import Space
from processes.notation.soundness.net import Choice, Net, Step
from processes.notation.soundness.passage import Passage, spread
from processes.notation.soundness.repeating import Repeating
from processes.notation.soundness.surroundings import Surroundings
from processes.notation.soundness.verdicts import Verdict

# Of the forks that may keep a walk going round, so many are looked at for the one to show.
MOST_FORKS = 20


@dataclass(frozen=True, eq=False)
class Reading:
    """A space read backwards: from where its ends can be reached."""

    space: Space

    @cached_property
    def _before(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in range(self.space.size)]
        for state, edges in enumerate(self.space.edges):
            for _, target in edges or ():
                found[target].append(state)
        return found

    def _leading_to(self, states: list[int]) -> frozenset[int]:
        seen = set(states)
        pending = list(states)
        while pending:
            for state in self._before[pending.pop()]:
                if state not in seen:
                    seen.add(state)
                    pending.append(state)
        return frozenset(seen)

    @cached_property
    def _ending(self) -> list[int]:
        """Where the scope is over, or where one has not looked."""
        unknown = [state for state, edges in enumerate(self.space.edges) if edges is None]
        return [*self.space.over.values(), *unknown]

    @cached_property
    def hopeful(self) -> frozenset[int]:
        """States from which the scope may still be over."""
        return self._leading_to(self._ending)

    @cached_property
    def endless(self) -> frozenset[int]:
        """States from which it neither is over nor gets stuck: something moves for ever."""
        return frozenset(range(self.space.size)) - self._leading_to([*self._ending, *self.space.stuck])

    def goes_round(self, source: int, target: int) -> bool:
        """Whether a way leads from the target back to the source."""
        seen, pending = {target}, [target]
        while pending:
            state = pending.pop()
            if state == source:
                return True
            for _, following in self.space.edges[state] or ():
                if following not in seen:
                    seen.add(following)
                    pending.append(following)
        return False

    def decision(self, state: int) -> Choice | None:
        """The choice on the way to a state after which its fate was sealed."""
        for origin, step in reversed(self.space.steps_to(state)):
            if origin in self.hopeful:
                return step.choice
        return None

    @cached_property
    def waiting(self) -> frozenset[Node]:
        """Joins at which something waits for ever, be it for another that does."""
        markings = {self.space.markings[state] for state in self.space.stuck}
        return frozenset(node for marking in markings for node in self.space.net.waiting(marking))

    @cached_property
    def stuck_at(self) -> dict[Node, int]:
        """Join → the cheapest state in which it waits for ever, and not just for another that does."""
        found: dict[Node, int] = {}
        for state in sorted(self.space.stuck, key=lambda each: (self.space.costs[each], each)):
            marking = self.space.markings[state]
            if any(node not in found for node in self.space.net.waiting(marking)):
                for node in waiting_first(self.space.net, marking):
                    found.setdefault(node, state)
        return found


def waiting_first(net: Net, marking: int) -> list[Node]:
    """The joins that hold the others up: those that wait for none of them, or, where all do, those for which it is the longest way."""
    waiting = net.waiting(marking)
    far = {node: _distance(net, node, marking, {*waiting} - {node}) for node in waiting}
    farthest = max(far.values(), default=0)
    return [node for node in waiting if far[node] == farthest]


def _distance(net: Net, join: Node, marking: int, others: set[Node]) -> float:
    """How many steps before a flow that a join lacks the nearest of the others stands; infinite when none does."""
    seen = {join}
    layer = {flow.source for flow in net.lacking(join, marking) if flow.source is not None} - seen
    for distance in count():
        if not layer:
            break
        if layer & others:
            return distance
        seen |= layer
        layer = {before for node in layer for before in net.before[node]} - seen
    return inf


@dataclass(frozen=True, eq=False)
class Judge:
    """One scope's verdicts; witnesses begin where the scope does.

    ``remembered``: the space in which equal questions get equal answers. ``roused``: event sub-processes that others may start.
    """

    passage: Passage
    surroundings: Surroundings
    space: Space
    remembered: Callable[[], Space]
    roused: frozenset[Node] = frozenset()

    @cached_property
    def reading(self) -> Reading:
        """The space as it is."""
        return Reading(self.space)

    @cached_property
    def _consistent(self) -> Reading:
        return Reading(self.remembered()) if self.space.net.asks_twice else self.reading

    @cached_property
    def _interruptible(self) -> bool:
        return self.surroundings.may_be_interrupted(self.passage.scope)

    @property
    def _net(self) -> Net:
        return self.space.net

    @property
    def flawed(self) -> bool:
        """Whether some walk does not end."""
        return bool(self.space.stuck or self.reading.endless)

    @cached_property
    def _steps(self) -> list[Step]:
        return [step for edges in self.space.edges for step, _ in edges or ()]

    @property
    def _whole(self) -> bool:
        return self.space.complete and not self.space.growing and self._net.exact

    def verdicts(self) -> Iterator[Verdict]:
        """Everything there is to say."""
        yield from self._stuck()
        yield from self._growing()
        if not self.space.growing:
            yield from self._repeated()
        if self.reading.endless:
            yield from self._endless()
        elif self._whole:
            yield from self._dead()
        if not self.space.complete and not self.space.growing:
            length = max(
                cost for cost, edges in zip(self.space.costs, self.space.edges, strict=True) if edges is not None
            )
            yield Verdict("gave-up", self.passage.scope, states=self.space.size, length=length)

    def _stuck(self) -> Iterator[Verdict]:
        fired = {step.node for step in self._steps}
        told: set[Node] = set()
        for node, state in self.reading.stuck_at.items():
            if node in told:
                continue
            always = 0 not in self.reading.hopeful or node not in fired
            certain = always and self._whole and node not in self._net.oftener
            reading, consistent = self.reading, True
            if not certain:
                consistent = node in self._consistent.stuck_at or not self._consistent.space.complete
                reading = self._consistent if node in self._consistent.stuck_at else reading
                state = reading.stuck_at[node]
            marking = reading.space.markings[state]
            also = [each for each in waiting_first(self._net, marking) if each is not node and each not in told]
            told.update([node, *also])
            walk = [step for _, step in reading.space.steps_to(state)]
            left = any(step.node is node or (not step.give and step.node is not None) for step in walk)
            yield Verdict(
                "token-left" if left else "deadlock", self.passage.scope, node, reading.space.path_to(state), certain, tuple(also),
                self._missing(node, marking), None if certain else reading.decision(state), not consistent, self._interruptible,
            )  # fmt: skip

    def _missing(self, join: Node, marking: int) -> tuple[Node, ...]:
        flows = self._net.lacking(join, marking)
        return tuple(dict.fromkeys(flow.source for flow in flows if flow.source is not None))

    def _growing(self) -> Iterator[Verdict]:
        told: set[Node] = set()
        for state, earlier in sorted(self.space.growing.items(), key=lambda each: self.space.costs[each[0]]):
            walk = self.space.steps_to(state)
            since = next(index for index, (origin, _) in enumerate(walk) if origin == earlier)
            fork = next(step.node for _, step in walk[since:] if step.forks and step.node is not None)
            if fork not in told:
                told.add(fork)
                yield Verdict("unbounded", self.passage.scope, fork, self.space.path_to(state))

    def _repeated(self) -> Iterator[Verdict]:
        found = self._twice_in(self.space)
        if found and self._net.asks_twice:
            found = self._twice_in(self._consistent.space)
        for node, walk in found:
            yield Verdict("runs-twice", self.passage.scope, node, walk)

    def _twice_in(self, space: Space) -> list[tuple[Node, tuple[str, ...]]]:
        return list(Repeating(self.passage, self.surroundings, space).found())

    def _endless(self) -> Iterator[Verdict]:
        """Where no way out is drawn at all, that is a matter of the drawing and told elsewhere."""
        endless = sorted(self.reading.endless, key=lambda state: (self.space.costs[state], state))
        marking = self.space.markings
        drawn = [
            state
            for state in endless
            if all(node in self.passage.leading_out for node in self._net.waiting(marking[state]))
        ]
        edges = [(state, step, target) for state in drawn for step, target in self.space.edges[state] or ()]
        forks = [each for each in edges if each[1].forks and each[1].node is not None][:MOST_FORKS]
        round_about = [each for each in forks if self.reading.goes_round(each[0], each[2])]
        for state, step, _ in round_about[:1]:
            path = (*self.space.path_to(state), *step.path)
            yield Verdict(
                "livelock", self.passage.scope, step.node, path, 0 in endless, choice=self.reading.decision(state)
            )

    def _dead(self) -> Iterator[Verdict]:
        scope, after = self.passage.scope, self.passage.after
        ran = {node for step in self._steps for node in step.runs}
        dead = {node for node in self.passage.reachable if node not in ran}
        behind = {node: [each for each in after[node] if each in dead] for node in dead}
        for node in scope.nodes:
            told_otherwise = node in self._net.oftener or node in self.reading.waiting
            if node in dead and not told_otherwise and any(each in ran for each in self.passage.before[node]):
                rest = spread(behind[node], behind)
                also = tuple(each for each in scope.nodes if each in rest and each is not node)
                yield Verdict("dead-step", scope, node, certain=node.kind != "boundaryEvent", also=also)
        for each in self.surroundings.event_sub_processes(scope):
            thrown = any(trigger.kind in {"error", "escalation"} for trigger in each.kinds)
            if thrown and not each.by_itself and each.host not in ran and each.host not in self.roused:
                yield Verdict("dead-step", scope, each.host)
