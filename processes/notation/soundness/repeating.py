"""What runs twice because branches that go side by side were not joined before they came together (lack of synchronisation).

The nodes on one loop count as one part of the diagram. A part that tokens enter twice on one walk is run twice by what was split before it;
going round in a loop enters it once. Which parts a walk to a state has entered is one integer a state, a bit a part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from processes.notation.diagram import ACTIVITIES, Node
from processes.notation.soundness.conditions import NOTHING, claim, decide
from processes.notation.soundness.exploring import Space
from processes.notation.soundness.net import FULL, WIDTH, Step, places
from processes.notation.soundness.passage import Passage, is_join, spread
from processes.notation.soundness.surroundings import Surroundings

# Ends that do nothing may be come to as often as there are branches; others send, throw or undo something each time.
ACTING = frozenset({"message", "signal", "escalation", "compensate"})
# Of more states only those are looked at for what gets stuck: that is the greater harm.
MOST_STATES = 30_000
# The first few show what is wrong.
MOST_TOLD = 5


@dataclass(frozen=True, eq=False)
class Repeating:
    """Reads it off the states of a scope."""

    passage: Passage
    surroundings: Surroundings
    space: Space

    def found(self) -> Iterator[tuple[Node, tuple[str, ...]]]:
        """Where branches first come together unjoined, each with a walk that comes there a second time."""
        forks = any(step.forks for cluster in self.space.net.clusters for step in cluster.steps)
        twice = self._entered_twice() if forks and self.space.size <= MOST_STATES else 0
        rank, before = self.passage.rank, self.passage.before
        told = 0
        for node in self.passage.scope.nodes:
            part = rank[node]
            if not twice >> -part & 1 or not self._is_merge(node) or not self._matters(node) or told == MOST_TOLD:
                continue
            earlier = {rank[each] for member in self._parts[part] for each in before[member]} - {part}
            if any(twice >> -each & 1 for each in earlier):
                continue
            walk = self._walk(part)
            if walk and walk[-1] == node.id:
                told += 1
                yield node, walk

    def _is_merge(self, node: Node) -> bool:
        """Whether ways come together there; not behind a loop that sends something on with each round."""
        merges = node.kind in ACTIVITIES or node.kind == "exclusiveGateway"
        return merges and len(self.passage.before[node]) > 1 and node not in self._behind_loops

    @cached_property
    def _behind_loops(self) -> frozenset[Node]:
        steps = (step for cluster in self.space.net.clusters for step in cluster.steps if step.forks)
        forks = {step.node for step in steps if step.node is not None}
        return spread((node for node in forks if self._goes_round(node)), self.passage.after)

    def _goes_round(self, node: Node) -> bool:
        return len(self._parts[self.passage.rank[node]]) > 1 or node in self.passage.after[node]

    def _matters(self, node: Node) -> bool:
        """Whether something is done from there on; what a terminate end event cuts off is a race that is meant."""
        behind = [*spread([node], self.passage.after)]
        kinds = {
            trigger.kind for each in behind if each.kind == "endEvent" for trigger in self.surroundings.triggers(each)
        }
        acts = any(each.kind in ACTIVITIES or each.kind.startswith("intermediate") for each in behind)
        return node.kind != "endEvent" and "terminate" not in kinds and (acts or bool(kinds & ACTING))

    @cached_property
    def _parts(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for node in self.passage.scope.nodes:
            found.setdefault(self.passage.rank[node], []).append(node)
        return found

    @cached_property
    def _edges(self) -> list[list[tuple[Step, int, int, int]]]:
        """State → its steps, each with the state after it, the parts that it enters, and those that it enters twice at once."""
        known: dict[Step, tuple[int, int] | None] = {}
        found: list[list[tuple[Step, int, int, int]]] = []
        for edges in self.space.edges:
            listed = []
            for step, target in edges or ():
                if step not in known:
                    known[step] = self._entering(step) if self._counts(step) else None
                entering = known[step]
                if entering is not None:
                    listed.append((step, target, *entering))
            found.append(listed)
        return found

    def _counts(self, step: Step) -> bool:
        """Not what comes beside a work that goes on by an event's leave, and not what conditions exclude."""
        nodes = self.space.net.nodes
        if step.node is None and len(places(step.give)) > 1:
            return False  # several beginnings
        if step.choice is None:
            return True
        if step.choice.event is not None and step.choice.event.kind == "boundaryEvent":
            return all(nodes[place] is not step.node for place in places(step.give))
        conditions = [flow.condition for flow in step.choice.flows if flow.condition]
        return len(conditions) < 2 or decide(NOTHING, "", map(claim, conditions)) is not None

    def _entering(self, step: Step) -> tuple[int, int]:
        rank, nodes = self.passage.rank, self.space.net.nodes
        own = rank[step.node] if step.node is not None else 1
        once = twice = 0
        if step.node is not None and is_join(step.node) and len(self._parts[own]) == 1:
            once |= 1 << -own
        for place in places(step.give):
            node = nodes[place]
            if node is None or is_join(node) or rank[node] == own:
                continue
            part = 1 << -rank[node]
            twice |= part if once & part or (step.give >> WIDTH * place & FULL) > 1 else 0
            once |= part
        return once, twice

    def _entered_twice(self) -> int:
        edges = self._edges
        entered = [0] * self.space.size
        pending = deque([0])
        waiting = {0}
        twice = 0
        while pending:
            state = pending.popleft()
            waiting.discard(state)
            for _, target, once, at_once in edges[state]:
                twice |= at_once | (entered[state] & once)
                after = entered[target] | entered[state] | once
                if after != entered[target]:
                    entered[target] = after
                    if target not in waiting:
                        waiting.add(target)
                        pending.append(target)
        return twice

    def _walk(self, part: int) -> tuple[str, ...]:
        """A shortest walk that enters a part twice, up to the node that is then entered."""
        bit = 1 << -part
        origins: dict[tuple[int, bool], tuple[tuple[int, bool], Step] | None] = {(0, False): None}
        pending = deque([(0, False)])
        while pending:
            place = pending.popleft()
            state, seen = place
            for step, target, once, at_once in self._edges[state]:
                if at_once & bit or (seen and once & bit):
                    return (*self._path(origins, place), *step.path, self._entry(step, part))
                following = (target, seen or bool(once & bit))
                if following not in origins:
                    origins[following] = (place, step)
                    pending.append(following)
        return ()

    def _path(
        self, origins: dict[tuple[int, bool], tuple[tuple[int, bool], Step] | None], place: tuple[int, bool]
    ) -> tuple[str, ...]:
        steps: list[Step] = []
        origin = origins[place]
        while origin is not None:
            place, step = origin
            steps.append(step)
            origin = origins[place]
        return tuple(each for step in reversed(steps) for each in step.path)

    def _entry(self, step: Step, part: int) -> str:
        """The node of the part that a step gives a token; the join itself that fires again."""
        nodes = (self.space.net.nodes[place] for place in places(step.give))
        entered = (node.id for node in nodes if node is not None and self.passage.rank[node] == part)
        return next(entered, step.node.id if step.node is not None else "")
