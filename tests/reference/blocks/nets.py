"""Blocks that are not made of blocks: free-choice Petri nets with arbitrary jumps and bridges, and graphs of inclusive gateways.

A net grows from a single place by random steps, each of which is taken only when the net stays free-choice, safe and sound (every marking that
can be reached can reach the end, with nothing left over). Its places become merges and decisions, its transitions blocks between parallel
gateways.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.diagrams import flow
from tests.reference.drawing import Block, Drawing, Ends
from tests.reference.words import gateway

FIRST, LAST = 0, 1
"""The transitions that a net begins and ends with."""

MARKINGS = 300
"""A net that can be in more states than this is not drawn."""

Marking = frozenset[int]


@dataclass
class Net:
    """``before`` and ``after``: the places of each transition. Place 0 is the source, place 1 the sink."""

    before: dict[int, set[int]] = field(default_factory=lambda: {FIRST: {0}, LAST: {2}})
    after: dict[int, set[int]] = field(default_factory=lambda: {FIRST: {2}, LAST: {1}})

    @property
    def places(self) -> list[int]:
        """All between source and sink."""
        return sorted(
            {place for some in (self.before, self.after) for places in some.values() for place in places} - {0, 1}
        )

    @property
    def transitions(self) -> list[int]:
        return sorted(self.before)

    def into(self, place: int) -> list[int]:
        """The transitions that put a token here."""
        return [each for each in self.transitions if place in self.after[each]]

    def out_of(self, place: int) -> list[int]:
        """The transitions that take a token from here."""
        return [each for each in self.transitions if place in self.before[each]]

    def copy(self) -> Net:
        return Net(
            {each: set(places) for each, places in self.before.items()},
            {each: set(places) for each, places in self.after.items()},
        )

    # -- growing -----------------------------------------------------------------------------------------------------

    def lengthened(self, place: int) -> Net:
        """A transition and a place more behind a place."""
        net, new, behind = self.copy(), len(self.before), self._new_place()
        for each in self.out_of(place):
            net.before[each] = net.before[each] - {place} | {behind}
        net.before[new], net.after[new] = {place}, {behind}
        return net

    def jumped(self, place: int, target: int) -> Net:
        """A transition from one place to another, or back to itself: a choice, a jump, a loop."""
        net, new = self.copy(), len(self.before)
        net.before[new], net.after[new] = {place}, {target}
        return net

    def bridged(self, first: int, then: int) -> Net:
        """A place that makes one transition wait for another."""
        net, new = self.copy(), self._new_place()
        net.after[first].add(new)
        net.before[then].add(new)
        return net

    def _new_place(self) -> int:
        return max(self.places) + 1

    # -- judging -----------------------------------------------------------------------------------------------------

    @property
    def is_good(self) -> bool:
        """Free-choice, safe and sound."""
        for place in self.places:
            out = self.out_of(place)
            if not out or (len(out) > 1 and any(self.before[each] != {place} for each in out)):
                return False
        return self._is_sound()

    def _is_sound(self) -> bool:
        start, final = frozenset({0}), frozenset({1})
        follow: dict[Marking, list[Marking]] = {}
        fired: set[int] = set()
        pending = [start]
        while pending:
            marking = pending.pop()
            if marking in follow:
                continue
            follow[marking] = []
            for each in self.transitions:
                if self.before[each] <= marking:
                    rest = marking - self.before[each]
                    if rest & self.after[each]:
                        return False
                    fired.add(each)
                    follow[marking].append(rest | self.after[each])
            pending += follow[marking]
            if len(follow) > MARKINGS or (1 in marking and marking != final):
                return False
        return fired == set(self.transitions) and _all_reach(final, follow)

    def distances(self) -> dict[int, int]:
        """Of each transition, how many there are still to come at least."""
        found = {LAST: 0}
        while len(found) < len(self.before):
            for each in self.transitions:
                ahead = [found[t] + 1 for place in self.after[each] for t in self.out_of(place) if t in found]
                if each not in found and ahead:
                    found[each] = min(ahead)
        return found


def _all_reach(final: Marking, follow: dict[Marking, list[Marking]]) -> bool:
    reaching = {final}
    grown = True
    while grown:
        more = {marking for marking, ahead in follow.items() if marking not in reaching and reaching & set(ahead)}
        reaching |= more
        grown = bool(more)
    return reaching >= set(follow)


def _grown(drawing: Drawing) -> Net:
    net = Net().lengthened(2)
    for _ in range(drawing.choose(range(2, 9))):
        kind = drawing.choose(("lengthen", "bridge", "jump"))
        if kind == "lengthen":
            candidate = net.lengthened(drawing.choose(net.places))
        elif kind == "bridge":
            candidate = net.bridged(drawing.choose(net.transitions), drawing.choose(net.transitions))
        else:
            candidate = net.jumped(drawing.choose(net.places), drawing.choose(net.places))
        net = candidate if candidate.is_good else net
    return net


# -- drawing ---------------------------------------------------------------------------------------------------------


def free_choice(drawing: Drawing) -> Ends:
    """A net as a diagram."""
    net = _grown(drawing)
    return _NetDrawing(drawing, net).draw()


class _NetDrawing:
    def __init__(self, drawing: Drawing, net: Net) -> None:
        self._drawing, self._net = drawing, net
        self._ways_in: dict[int, str] = {}
        self._ways_out: dict[int, str] = {}
        """of transitions"""

    def draw(self) -> Ends:
        for each in self._net.transitions:
            self._transition(each)
        for place in self._net.places:
            self._place(place)
        return self._ways_in[FIRST], self._ways_out[LAST]

    def _transition(self, number: int) -> None:
        drawing, net = self._drawing, self._net
        first, last = drawing.block()
        if len(net.before[number]) > 1:
            join = drawing.name("join")
            drawing.add(gateway("parallel", join), flow(join, first))
            first = join
        if len(net.after[number]) > 1 and not (last.startswith(("user", "script", "service")) and drawing.may("fork")):
            split = drawing.name("split")
            drawing.add(gateway("parallel", split), flow(last, split))
            last = split
        self._ways_in[number], self._ways_out[number] = first, last

    def _place(self, place: int) -> None:
        """A place with several ways out is where somebody decides; with one way in and one out it is just a flow."""
        drawing, net = self._drawing, self._net
        into, out = net.into(place), net.out_of(place)
        distances = net.distances()
        out.sort(key=lambda each: distances[each])
        if len(out) > 1:
            entry = self._decision([self._ways_in[each] for each in out])
        elif len(into) > 1:
            entry = drawing.name("merge")
            drawing.add(gateway("exclusive", entry), flow(entry, self._ways_in[out[0]]))
        else:
            entry = self._ways_in[out[0]]
            if any(f'id="{self._ways_out[into[0]]}_{entry}"' in part for part in drawing.parts):
                entry = drawing.note()
                drawing.add(flow(entry, self._ways_in[out[0]]))
        drawing.add(*(flow(self._ways_out[each], entry) for each in into))

    def _decision(self, targets: list[str]) -> str:
        """All tokens that come to the place come to the task, each for itself."""
        drawing = self._drawing
        decision, choice = drawing.name("d"), drawing.name("choice")
        decide = drawing.user(*({decision: way} for way in range(len(targets))))
        drawing.add(gateway("exclusive", choice, f"{choice}_{targets[0]}"), flow(decide, choice))
        for way, target in enumerate(targets):
            drawing.add(flow(choice, target, f"= {decision} = {way}" if way else ""))
        return decide


def graph(drawing: Drawing) -> Ends:
    """Nodes in an order, with flows from earlier to later ones, which part in every manner; where they meet is an inclusive join."""
    size = drawing.choose(range(3, 8))
    ahead = _edges(drawing, size)
    nodes = [_node(drawing, sum(number in targets for targets in ahead.values()) > 1) for number in range(size)]
    for number, targets in ahead.items():
        _part(drawing, nodes[number][1], [nodes[target][0] for target in sorted(targets)])
    return nodes[0][0], nodes[-1][1]


def _edges(drawing: Drawing, size: int) -> dict[int, set[int]]:
    """At least one to and from every node that is not the first or last."""
    ahead = {number: {drawing.choose(range(number + 1, size))} for number in range(size - 1)}
    for number in range(1, size):
        if not any(number in targets for targets in ahead.values()):
            ahead[drawing.choose(range(number))].add(number)
    for _ in range(drawing.choose(range(3))):
        number = drawing.choose(range(size - 1))
        ahead[number].add(drawing.choose(range(number + 1, size)))
    return ahead


def _node(drawing: Drawing, is_join: bool) -> Ends:
    first, last = drawing.block()
    if is_join:
        join = drawing.name("join")
        drawing.add(gateway("inclusive", join), flow(join, first))
        return join, last
    return first, last


def _part(drawing: Drawing, source: str, targets: list[str]) -> None:
    if len(targets) == 1:
        drawing.add(flow(source, targets[0]))
        return
    kind, split, decision = (
        drawing.choose(("parallel", "inclusive", "exclusive")),
        drawing.name("split"),
        drawing.name("d"),
    )
    default = f"{split}_{targets[0]}"
    if kind == "parallel":
        drawing.add(gateway(kind, split), flow(source, split), *(flow(split, target) for target in targets))
        return
    answers = _some(len(targets)) if kind == "inclusive" else [[way] for way in range(len(targets))]
    decide = drawing.user(*({decision: each} for each in answers))
    drawing.add(gateway(kind, split, default), flow(source, decide), flow(decide, split))
    for way, target in enumerate(targets):
        drawing.add(flow(split, target, f"= list contains({decision}, {way})" if way else ""))


def _some(size: int) -> list[list[int]]:
    return [[], *([way] for way in range(1, size)), list(range(1, size))]


NETS: dict[str, Block] = {"net": free_choice, "graph": graph}
