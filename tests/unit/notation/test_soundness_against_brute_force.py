"""The explorer against a naive one that knows nothing of nets, orders or reductions, on small graphs drawn at random."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from processes.notation.check.sanity import parse
from processes.notation.diagram import Diagram, Scope, read
from processes.notation.soundness import Verdict, examine
from processes.notation.soundness.assembling import compile_scope
from processes.notation.soundness.budget import Budget
from processes.notation.soundness.exploring import Space, explore
from processes.notation.soundness.judging import Judge, Reading
from processes.notation.soundness.net import places
from processes.notation.soundness.passage import Passage
from processes.notation.soundness.surroundings import Surroundings
from tests.diagrams import boundary, definitions, element, end, flow, path, process, start, timer

pytestmark = pytest.mark.slow

MOST_STATES = 1_500
KINDS = ("task", "exclusiveGateway", "parallelGateway", "inclusiveGateway")
TIMER = timer("timeDuration", "P1D")


@dataclass
class Graph:
    """Nodes by id, flows as pairs; ``events``: boundary event → its task, and whether it interrupts."""

    kinds: dict[str, str] = field(default_factory=dict)
    flows: list[tuple[str, str]] = field(default_factory=list)
    events: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def after(self, node: str) -> list[tuple[str, str]]:
        return [each for each in self.flows if each[0] == node]

    def before(self, node: str) -> list[tuple[str, str]]:
        return [each for each in self.flows if each[1] == node]

    def drawn(self, *, nested: bool = False) -> list[str]:
        """Its elements; ``nested``: every task as a sub-process with a task in it."""
        found = [start()]
        for node, kind in self.kinds.items():
            if kind == "terminate":
                found.append(end(node, "<bpmn:terminateEventDefinition/>"))
            elif kind == "task" and nested:
                within = [start(f"{node}_s"), element("task", f"{node}_t"), end(f"{node}_e")]
                found.append(element("subProcess", node, *within, path(f"{node}_s", f"{node}_t", f"{node}_e")))
            elif kind != "startEvent":
                found.append(element(kind, node))
        found += [boundary(event, host, TIMER, interrupts) for event, (host, interrupts) in self.events.items()]
        return found + [flow(*each) for each in self.flows]

    def scope(self) -> tuple[Scope, Surroundings]:
        diagram = read_process(*self.drawn())
        return diagram.scopes[0], Surroundings(diagram)


def read_process(*body: str) -> Diagram:
    xml, _ = parse("g.bpmn", definitions(process("p", *body)))
    assert xml is not None
    return read("g.bpmn", xml.root)


# A token: on a flow, or in a task that has begun, with the boundary events that have fired.
Token = tuple[str, str, frozenset[str]]
Marking = frozenset[tuple[Token, int]]


class Naive:
    """Breadth first over all orders; tokens in a bag, guards by walking the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.stuck: dict[Marking, int] = {}
        self.fired: set[str] = set()
        self.finite = True
        first = self._bag(Counter([("start", "", frozenset[str]())]))
        self.depth = {first: 0}
        self.after: dict[Marking, set[Marking]] = {}
        pending = deque([first])
        while pending:
            marking = pending.popleft()
            moves = list(self._moves(Counter(dict(marking))))
            self.after[marking] = {self._bag(after) for _, after in moves}
            self.fired.update(node for nodes, _ in moves for node in nodes)
            if not moves and marking:
                self.stuck[marking] = self.depth[marking]
            for nodes, after in sorted(moves, key=lambda move: len(move[0])):
                found = self._bag(after)
                cost = self.depth[marking] + len(nodes)
                if found not in self.depth or cost < self.depth[found]:
                    self.depth[found] = cost
                    pending.append(found)
            if len(self.depth) > MOST_STATES or sum(dict(marking).values()) > 12:
                self.finite = False
                return

    @staticmethod
    def _bag(tokens: Counter[Token]) -> Marking:
        return frozenset((token, number) for token, number in tokens.items() if number)

    def _moves(self, tokens: Counter[Token]) -> Iterator[tuple[list[str], Counter[Token]]]:
        done: set[str] = set()
        for token in [each for each, number in tokens.items() if number]:
            source, target, fired = token
            rest = tokens - Counter([token])
            if not target and source != "start":
                yield from self._task(source, fired, rest)
                continue
            node = target or "start"
            kind = self.graph.kinds[node]
            if kind in {"parallelGateway", "inclusiveGateway"} and len(self.graph.before(node)) > 1:
                if node not in done:
                    done.add(node)
                    yield from self._join(node, kind, tokens)
            elif kind == "task":
                for nodes, after in self._task(node, frozenset(), rest):
                    yield [node, *nodes], after
            elif kind == "terminate":
                yield [node], Counter()
            else:
                for given in self._leave(node, kind):
                    yield [node], rest + given

    def _task(
        self, task: str, fired: frozenset[str], rest: Counter[Token]
    ) -> Iterator[tuple[list[str], Counter[Token]]]:
        yield [], rest + self._all(task)
        for event, (host, interrupts) in self.graph.events.items():
            if host == task and event not in fired:
                stays = Counter[Token]() if interrupts else Counter([(task, "", fired | {event})])
                yield [event], rest + self._all(event) + stays

    def _all(self, node: str) -> Counter[Token]:
        return Counter((*each, frozenset[str]()) for each in self.graph.after(node))

    def _leave(self, node: str, kind: str) -> Iterator[Counter[Token]]:
        flows = self.graph.after(node)
        if kind == "exclusiveGateway" and flows:
            yield from (Counter([(*each, frozenset[str]())]) for each in flows)
        elif kind == "inclusiveGateway" and len(flows) > 1:
            for size in range(1, len(flows) + 1):
                for chosen in combinations(flows, size):
                    yield Counter((*each, frozenset[str]()) for each in chosen)
        else:
            yield self._all(node)

    def _join(self, node: str, kind: str, tokens: Counter[Token]) -> Iterator[tuple[list[str], Counter[Token]]]:
        flows = self.graph.before(node)
        held = [each for each in flows if tokens[(*each, frozenset())]]
        ready = len(held) == len(flows) if kind == "parallelGateway" else self._nobody_comes(node, flows, held, tokens)
        if held and ready:
            taken = Counter((*each, frozenset[str]()) for each in held)
            for given in self._leave(node, kind):
                yield [node], tokens - taken + given

    def _nobody_comes(
        self, join: str, flows: list[tuple[str, str]], held: list[tuple[str, str]], tokens: Counter[Token]
    ) -> bool:
        for (source, target, _), number in tokens.items():
            if not number or target == join:
                continue
            reached = self._flows_ahead(target or source, join)
            if any(each in reached for each in flows if each not in held) and not any(each in reached for each in held):
                return False
        return True

    def _flows_ahead(self, node: str, join: str) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        seen, pending = {node}, [node]
        while pending:
            here = pending.pop()
            ahead = list(self.graph.after(here))
            on_border = [event for event, (host, _) in self.graph.events.items() if host == here]
            for each in ahead:
                found.add(each)
            for target in [each[1] for each in ahead] + on_border:
                if target not in seen and target != join:
                    seen.add(target)
                    pending.append(target)
        return found

    def endless(self) -> bool:
        """Whether some state leads to no end and to no stuck state."""
        before: dict[Marking, set[Marking]] = {}
        for marking, targets in self.after.items():
            for target in targets:
                before.setdefault(target, set()).add(marking)
        seen = {marking for marking, targets in self.after.items() if not targets}
        pending = list(seen)
        while pending:
            for marking in before.get(pending.pop(), ()):
                if marking not in seen:
                    seen.add(marking)
                    pending.append(marking)
        return len(seen) < len(self.after)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A start, two ends and up to six nodes in between, each with a way in and a way out; forwards mostly."""
    graph = Graph({"start": "startEvent"})
    inner = [f"n{index}" for index in range(draw(st.integers(1, 6)))]
    graph.kinds |= {node: draw(st.sampled_from(KINDS)) for node in inner}
    graph.kinds |= {"end": "endEvent", "stop": draw(st.sampled_from(["endEvent", "endEvent", "terminate"]))}
    for node in inner:
        if graph.kinds[node] == "task" and draw(st.integers(0, 3)) == 0:
            graph.events[f"{node}_late"] = (node, draw(st.booleans()))
    order = ["start", *inner, "end", "stop"]
    pairs: set[tuple[str, str]] = set()
    for node in inner:
        pairs.add((draw(st.sampled_from(order[: order.index(node)])), node))
        pairs.add((node, draw(st.sampled_from(order[order.index(node) + 1 :]))))
    for event, (host, _) in graph.events.items():
        pairs.add((event, draw(st.sampled_from(order[order.index(host) + 1 :]))))
    for _ in range(draw(st.integers(0, 4))):
        pairs.add((draw(st.sampled_from(inner)), draw(st.sampled_from(order[1:]))))
    if not any(pair[0] == "start" for pair in pairs):
        pairs.add(("start", inner[0]))
    graph.flows = sorted(pairs)
    used = {node for pair in pairs for node in pair}
    graph.kinds = {node: kind for node, kind in graph.kinds.items() if node in used}
    return graph


def bags(space: Space) -> dict[Marking, int]:
    """The stuck states in the naive explorer's words."""
    flows = {place: flow for held in space.net.joins.values() for place, flow in held}
    found: dict[Marking, int] = {}
    for state in space.stuck:
        marking = space.markings[state]
        bag: Counter[Token] = Counter()
        for place in places(marking):
            at = flows[place]
            assert at.source is not None
            assert at.target is not None
            bag[(at.source.id, at.target.id, frozenset())] += marking >> 8 * place & 255
        found[frozenset(bag.items())] = space.costs[state]
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(graphs())
def test_it_finds_the_same_stuck_states_as_short_walks_and_the_same_dead_steps(graph: Graph) -> None:
    naive = Naive(graph)
    assume(naive.finite)
    scope, surroundings = graph.scope()
    passage = Passage(scope, surroundings)
    net = compile_scope(scope, surroundings, passage, {})
    for reduced in (True, False):
        space = explore(net, Budget(seconds=60), reduced=reduced)
        assert space.complete
        assert not space.growing
        assert bags(space) == naive.stuck
        assert bool(Reading(space).endless) == naive.endless()
        if not naive.endless():
            ran = {node.id for edges in space.edges for step, _ in edges or () for node in step.runs}
            assert ran == naive.fired


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(graphs())
def test_what_grows_is_not_finite_and_what_is_judged_certain_happens_on_every_walk(graph: Graph) -> None:
    naive = Naive(graph)
    scope, surroundings = graph.scope()
    passage = Passage(scope, surroundings)
    space = explore(compile_scope(scope, surroundings, passage, {}), Budget(states=20_000, seconds=60))
    if space.growing:
        assert not naive.finite
    assume(naive.finite)
    for verdict in Judge(passage, surroundings, space, lambda: space).verdicts():
        if verdict.kind in {"deadlock", "token-left"}:
            assert verdict.node is not None
            node = verdict.node.id
            costs = [cost for bag, cost in naive.stuck.items() if any(target == node for (_, target, _), _ in bag)]
            assert len(verdict.witness) in costs
            if verdict.certain:
                assert node not in naive.fired or frozenset() not in naive.after


def told(verdicts: list[Verdict], before: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    """Verdicts to compare; ``before`` is put in front of each walk."""
    found = ((each.node and each.node.id, each.witness and (*before, *each.witness), each) for each in verdicts)
    return [(each.kind, node, each.certain, walk) for node, walk, each in found]


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_a_task_and_a_sub_process_around_it_are_the_same_to_everything_else(graph: Graph) -> None:
    plain = examine(read_process(*graph.drawn()), Budget(states=3_000, seconds=60))
    nested = examine(read_process(*graph.drawn(nested=True)), Budget(states=3_000, seconds=60))
    assert told(nested) == told(plain)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_a_process_and_a_sub_process_with_the_same_inside_get_stuck_alike(graph: Graph) -> None:
    whole = element("subProcess", "whole", *graph.drawn())
    around = [start("begin"), whole, end("over"), path("begin", "whole", "over")]
    plain = examine(read_process(*graph.drawn()), Budget(states=3_000, seconds=60))
    inner = examine(read_process(*around), Budget(states=3_000, seconds=60))
    assert told([each for each in inner if each.scope.id == "whole"]) == told(plain, ("begin", "whole"))
    assert not [each for each in inner if each.scope.id == "p"]
