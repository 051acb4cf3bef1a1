"""Which element of a draft is which of a recorded version: by what they do and where they stand, not by their ids.

An owner's tool may give every element another id and write them in another order. So elements are compared by what they say (kind, name, form,
role, operator, times, conditions …) and by what stands around them, the wider the surroundings agree the sooner they are taken for the same; what
is left over is matched when its id and kind are the same, or when enough of what it says is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from processes.kernel.plan import Element, Flow, Node, Process
from processes.whatif.past import called
from processes.whatif.trace import Key

RADII = (4, 3, 2, 1, 0)
"""How many flows around an element are looked at, the widest surroundings first."""

_LIKELY = {"form": 2, "role": 1, "organisation": 1, "assignee": 1}
"""Properties of a user task, and how much the same value says about two of them."""

_ENOUGH = 3
"""What two elements must have in common, of which the name is worth two."""


@dataclass(eq=False)
class Matching:
    """``draft_of``: the draft's element for one of the version's; ``old_of``: the other way round. None: there is none."""

    old: Process
    draft: Process
    _pairs: dict[Node, Node] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        before, after = [*_nodes(self.old)], [*_nodes(self.draft)]
        for colours in _colours(before, after):
            self._pair(before, after, lambda node: colours[node], equally=True)  # noqa: B023 (used up at once)
        self._pair(before, after, _strict)
        self._pair(before, after, lambda node: (node.scope.process_id, node.kind, node.id))
        self._pair_likely(before, after)

    def draft_of(self, key: Key) -> Key | None:
        """The draft's element."""
        return self._forward.get(key)

    def old_of(self, key: Key) -> Key | None:
        """The version's element."""
        return self._backward.get(key)

    def name(self, element: Element) -> str:
        """What an element of the draft counts as: the name it has on the recorded version, if it is there."""
        return self._names.get(_key(element)) or called(element)

    @cached_property
    def flows(self) -> Mapping[Key, Key]:
        """The version's flow for each of the draft's, where both ends have their match."""
        before = {(flow.source, flow.target, flow.condition): flow for flow in _flows(self.old)}
        plain = {(flow.source, flow.target): flow for flow in _flows(self.old)}
        back = {draft: old for old, draft in self._pairs.items()}
        found = {}
        for flow in _flows(self.draft):
            ends = back.get(flow.source), back.get(flow.target)
            if ends[0] is None or ends[1] is None:
                continue
            was = before.get((ends[0], ends[1], flow.condition)) or plain.get((ends[0], ends[1]))
            if was is not None:
                found[_flow_key(flow)] = _flow_key(was)
        return found

    @cached_property
    def _forward(self) -> dict[Key, Key]:
        return {_key(old.element): _key(new.element) for old, new in self._pairs.items() if old.element.id}

    @cached_property
    def _backward(self) -> dict[Key, Key]:
        return {new: old for old, new in self._forward.items()}

    @cached_property
    def _names(self) -> dict[Key, str]:
        return {_key(new.element): called(old.element) for old, new in self._pairs.items()}

    def _pair(
        self, before: list[Node], after: list[Node], sign: Callable[[Node], Hashable], *, equally: bool = False
    ) -> None:
        """Match those of the same sign in their order; ``equally``: only where there are as many on both sides."""
        ours, theirs = _grouped(before, sign), _grouped(after, sign)
        for each, nodes in ours.items():
            others = theirs.get(each, [])
            if equally and len(nodes) != len(others):
                continue
            others = sorted(others, key=lambda node: node.id not in {one.id for one in nodes})
            nodes = sorted(nodes, key=lambda node: node.id not in {one.id for one in others})
            self._pairs.update(zip(nodes, others, strict=False))
        self._strike(before, after)

    def _pair_likely(self, before: list[Node], after: list[Node]) -> None:
        found = [(score, old, new) for old in before for new in after if (score := _likeness(old, new)) >= _ENOUGH]
        taken = set[Node]()
        for _, old, new in sorted(found, key=lambda each: (-each[0], each[1].id, each[2].id)):
            if not taken & {old, new}:
                taken |= {old, new}
                self._pairs[old] = new
        self._strike(before, after)

    def _strike(self, before: list[Node], after: list[Node]) -> None:
        """Those that are matched are not looked at again."""
        matched = set(self._pairs.values())
        before[:] = [each for each in before if each not in self._pairs]
        after[:] = [each for each in after if each not in matched]


def _key(element: Element) -> Key:
    return element.process_id, element.id


def _flow_key(flow: Flow) -> Key:
    return flow.source.element.process_id, flow.id


def _nodes(process: Process) -> Iterator[Node]:
    for scope in process.scopes.values():
        yield from scope.nodes.values()


def _flows(process: Process) -> Iterator[Flow]:
    for node in _nodes(process):
        yield from node.outgoing


def _grouped(nodes: Iterable[Node], sign: Callable[[Node], Hashable]) -> dict[Hashable, list[Node]]:
    found: dict[Hashable, list[Node]] = {}
    for node in nodes:
        found.setdefault(sign(node), []).append(node)
    return found


# -- what elements say ---------------------------------------------------------------------------------------------------


def _strict(node: Node) -> Hashable:
    """All that an element says, but for ids."""
    element = node.element
    return (
        node.scope.process_id,
        node.scope.kind,
        node.kind,
        element.name,
        tuple(sorted(element.properties.items())),
        node.triggers,
        node.interrupting,
        (loop.kind, loop.condition, loop.cardinality, loop.source) if (loop := node.repetition) is not None else None,
        node.operator,
        node.script,
        node.before,
        node.after,
        node.decision.id if node.decision else "",
    )


def _colours(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Mapping[Node, int]]:
    """For each radius, a number for each node: the same for those that say the same and have the same around them so far away."""
    known: dict[Hashable, int] = {}
    nodes = [*before, *after]
    layers = [{node: known.setdefault(_strict(node), len(known)) for node in nodes}]
    for _ in range(max(RADII)):
        last = layers[-1]
        layers.append({node: known.setdefault(_around(node, last), len(known)) for node in nodes})
    yield from (layers[radius] for radius in RADII)


def _around(node: Node, colour: Mapping[Node, int]) -> Hashable:
    """What stands around: flows with their conditions, the activity and the events on its border, the scope."""

    def of(one: Node | None) -> int:
        return -1 if one is None else colour.get(one, -1)

    return (
        colour[node],
        tuple(sorted((of(flow.target), flow.condition, flow is node.default) for flow in node.outgoing)),
        tuple(sorted((of(flow.source), flow.condition) for flow in node.incoming)),
        of(node.host),
        tuple(sorted(of(each) for each in node.boundary)),
        of(node.scope.host),
        tuple(sorted(of(each) for each in node.inner.nodes.values())) if node.inner is not None else (),
    )


def _likeness(old: Node, new: Node) -> int:
    """How much two elements have in common that say something different."""
    if old.kind != new.kind or old.scope.process_id != new.scope.process_id:
        return 0
    score = 2 if old.element.name and old.element.name == new.element.name else 0
    before, after = old.element.properties, new.element.properties
    score += sum(weight for name, weight in _LIKELY.items() if before.get(name) and before.get(name) == after.get(name))
    if old.operator is not None and new.operator is not None:
        same_topic = old.operator.topic == new.operator.topic
        return score + _shared(old.operator.parameters, new.operator.parameters) if same_topic else 0
    if old.triggers or new.triggers:
        return score + 2 if _signs(old) == _signs(new) else 0
    return score


def _shared(before: Sequence[Any], after: Sequence[Any]) -> int:
    """2 when at least half of the parameters are the same, 1 otherwise: the topic is."""
    return 2 if 2 * len({*before} & {*after}) >= max(len(before), len(after)) else 1


def _signs(node: Node) -> Hashable:
    host = node.host.element.name if node.host is not None else ""
    return host, tuple((each.kind, each.name, each.code) for each in node.triggers)
