"""All states a net can come to, the cheapest way to each, and where it got stuck or grew.

Where tokens lie in several places, the order in which they move mostly makes no difference. Then only one of them is moved: the one furthest
downstream that competes with no other (a persistent set, see Godefroid, Partial-Order Methods, ch. 4). That loses no stuck state and no way
to be over: every other order comes to the same states, in as many steps. A step that ends the whole scope leads to the same state from
wherever it is taken, so it is taken everywhere. Whether from some state no end can be reached is kept as well: if so in the full space, then
in the reduced one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from processes.notation.soundness.budget import Budget
from processes.notation.soundness.conditions import NOTHING, Memo, decide
from processes.notation.soundness.net import (
    COMPLETE,
    WIDTH,
    Cluster,
    Label,
    Net,
    Step,
    covers,
    high_bits,
    places,
)

# Looking at the clock costs as much as a state; and so few are looked at whatever the time.
BETWEEN_LOOKS = 256
ROUNDS = 2
MOST_AFTER_GROWTH = 2_000
MOST_BYTES = 50_000_000
MOST_DIVES = 2_000
# Steps gone over again in search of growth: beyond them it is not searched for, and only counting bounds what grows.
MOST_RETRACED = 200_000


@dataclass(eq=False)
class Space:
    """What was seen, state by state, in the order of first sight.

    ``markings[i]`` is 0 where the scope is over (``over`` says how). ``edges[i]`` stays None for a state that was not looked into.
    ``growing``: state → the earlier state that it has more tokens than everywhere, on the same way.
    """

    net: Net
    markings: list[int] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)
    origins: list[tuple[int, Step] | None] = field(default_factory=list)
    edges: list[list[tuple[Step, int]] | None] = field(default_factory=list)
    over: dict[Label, int] = field(default_factory=dict)
    stuck: list[int] = field(default_factory=list)
    growing: dict[int, int] = field(default_factory=dict)
    complete: bool = True

    @property
    def size(self) -> int:
        """How many states were seen."""
        return len(self.markings)

    def steps_to(self, state: int) -> list[tuple[int, Step]]:
        """The cheapest way to a state: each step with the state it leaves."""
        found: list[tuple[int, Step]] = []
        origin = self.origins[state]
        while origin is not None:
            found.append(origin)
            origin = self.origins[origin[0]]
        return found[::-1]

    def path_to(self, state: int) -> tuple[str, ...]:
        """The elements reached on the cheapest way to a state."""
        return tuple(each for _, step in self.steps_to(state) for each in step.path)


def explore(net: Net, budget: Budget, *, remembering: bool = False, reduced: bool = True) -> Space:
    """Every state, or as many as the budget allows; then the cheapest way to a state is only the cheapest that was seen.

    ``remembering``: two gateways that ask the same question answer it alike. ``reduced``: leave out orders that make no difference
    to whether and how the scope ends; the order of what is seen outside on the way is lost.
    """
    return _Explorer(net, budget, remembering and net.asks_twice, reduced).run()


class _Explorer:
    def __init__(self, net: Net, budget: Budget, remembering: bool, reduced: bool) -> None:
        self._net = net
        self._budget = budget
        self._remembering = remembering
        self._reduced = reduced
        self._ends_early = any(step.outcome is not None for cluster in net.clusters for step in cluster.steps)
        self._space = Space(net)
        self._memos: list[Memo] = []
        self._known: dict[tuple[int, Memo] | Label, int] = {}
        self._queue: list[tuple[int, int]] = []
        self._crowded: set[int] = set()
        self._bytes = 0
        self._retraced = 0

    def run(self) -> Space:
        space = self._space
        self._see((self._net.initial, NOTHING), self._net.initial, NOTHING, 0, None)
        looked = 0
        while self._queue:
            cost, state = heappop(self._queue)
            if space.edges[state] is not None or cost > space.costs[state]:
                continue
            looked += 1
            if looked % BETWEEN_LOOKS == 0 and not self._goes_on():
                space.complete = False
                break
            self._look_into(state)
        if not space.complete and not space.stuck:
            self._dive()
        return space

    def _dive(self) -> None:
        """Too many states for all of them: go straight down from the furthest, in case a stuck one is to be found there.

        For that there is as much time again, since it is mostly time that ran out.
        """
        space = self._space
        again = replace(self._budget)
        stack = [state for _, state in sorted(self._queue)]
        for _ in range(MOST_DIVES):
            while stack and space.edges[stack[-1]] is not None:
                stack.pop()
            if not stack or space.stuck or not again.allows(0):
                break
            state = stack[-1]
            self._look_into(state)
            targets = (target for _, target in space.edges[state] or ())
            stack += [target for target in targets if space.edges[target] is None and target not in self._crowded]

    def _goes_on(self) -> bool:
        """Within the budget; and what grows has no end of states, so a look at what comes of it is enough."""
        size, growing = self._space.size, self._space.growing
        enough = bool(growing) and size > 2 * min(growing) + MOST_AFTER_GROWTH
        return self._budget.allows(size) and self._bytes < MOST_BYTES and not enough

    def _look_into(self, state: int) -> None:
        space = self._space
        marking, memo = space.markings[state], self._memos[state]
        edges: list[tuple[Step, int]] = []
        space.edges[state] = edges
        if not marking:
            return
        steps = self._steps(marking)
        if not steps:
            space.stuck.append(state)
            return
        for step in steps:
            after = decide(memo, step.node.id, step.claims) if self._remembering and step.claims and step.node else memo
            if after is None:
                continue
            target = self._go(state, step, marking - step.need + step.give, after)
            edges.append((step, target))

    def _go(self, state: int, step: Step, marking: int, memo: Memo) -> int:
        cost = self._space.costs[state] + len(step.path)
        if step.outcome is not None or not marking:
            label = step.outcome or COMPLETE
            found = self._see(label, 0, NOTHING, cost, (state, step))
            self._space.over[label] = found
            return found
        return self._see((marking, memo), marking, memo, cost, (state, step))

    def _see(
        self, key: tuple[int, Memo] | Label, marking: int, memo: Memo, cost: int, origin: tuple[int, Step] | None
    ) -> int:
        space = self._space
        state = self._known.get(key)
        if state is None:
            state = self._known[key] = space.size
            space.markings.append(marking)
            self._bytes += marking.bit_length() >> 3
            space.costs.append(cost)
            space.origins.append(origin)
            space.edges.append(None)
            self._memos.append(memo)
            if marking and self._is_crowded(state):
                self._crowded.add(state)
                return state
        elif cost < space.costs[state] and space.edges[state] is None and state not in space.growing:
            # One that shows growth keeps the way on which it does.
            space.costs[state], space.origins[state] = cost, origin
        else:
            return state
        heappush(self._queue, (cost, state))
        return state

    def _is_crowded(self, state: int) -> bool:
        """Whether the state need not be looked into: more tokens than are counted, or a second round of the same growth.

        Growth is seen where the way since an earlier state can be gone again and again, with more tokens each time. What follows the
        first round is looked into, since what too many tokens lead to is worth telling as well.
        """
        space = self._space
        marking = space.markings[state]
        guard = high_bits(marking)
        if marking & guard:
            space.complete = False
            return True
        if not marking & (guard - (guard >> WIDTH - 2)):
            return False  # nowhere two tokens in one place: whatever grows comes to that
        steps: list[Step] = []
        covered: int | None = None
        earlier = state
        while self._retraced < MOST_RETRACED and (origin := space.origins[earlier]) is not None:
            earlier, step = origin
            steps.append(step)
            start = space.markings[earlier]
            more = start != marking and covers(marking, start)
            if earlier in space.growing:
                return more
            if covered is None and more and self._repeats(marking, steps[::-1]):
                covered = earlier
        if covered is not None:
            space.growing[state] = covered
        return False

    def _repeats(self, marking: int, steps: list[Step]) -> bool:
        for _ in range(ROUNDS):
            for step in steps:
                self._retraced += 1
                if step.node is None or not self._allows(step, marking):
                    return False
                marking = marking - step.need + step.give
        return True

    def _allows(self, step: Step, marking: int) -> bool:
        return covers(marking, step.need) and any(
            step is each for place in places(step.need) for each in self._net.by_place[place].enabled(marking)
        )

    def _steps(self, marking: int) -> list[Step]:
        """The steps to look at: those of one cluster that may go alone, or all; and whatever ends the scope."""
        by_place = self._net.by_place
        found: list[Step] = []
        alone: list[Step] | None = None
        seen: set[int] = set()
        rest = marking
        while rest:
            place = (rest.bit_length() - 1) // WIDTH
            rest &= (1 << WIDTH * place) - 1
            cluster = by_place[place]
            if cluster.join is not None or cluster.need.bit_count() > 1:
                if id(cluster) in seen:
                    continue
                seen.add(id(cluster))
            steps = cluster.enabled(marking)
            if not steps:
                continue
            if self._reduced and alone is None and self._goes_alone(cluster, steps, marking):
                if not self._ends_early:
                    return list(steps)
                alone = list(steps)
            found += steps
        if alone is None:
            return found
        return alone + [step for step in found if step.outcome is not None and step not in alone]

    def _goes_alone(self, cluster: Cluster, steps: tuple[Step, ...], marking: int) -> bool:
        if self._ends_early and marking & ~cluster.places and all(step.outcome is not None for step in steps):
            return False
        return cluster.may_go_alone(marking, remembering=self._remembering)
