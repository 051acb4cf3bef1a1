"""Which element of an old version is which of a new one: as proposed, and as it is written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from processes.kernel.migration.fitting import why_not
from processes.kernel.plan import Node, Process, Scope


class Place(NamedTuple):
    """An element: the process that shows it, and its id."""

    process: str
    element: str


Mapped = Mapping[Place, Place]


def place_of(node: Node) -> Place:
    """Where a node stands."""
    return Place(node.scope.process_id, node.id)


def to_json(mapping: Mapped) -> dict[str, str]:
    """``process/element`` → ``process/element``."""
    return {"/".join(source): "/".join(target) for source, target in mapping.items()}


def from_json(said: Mapping[str, str]) -> dict[Place, Place]:
    """What :func:`to_json` wrote; what is no such thing is left out."""
    pairs = ((source.split("/"), str(target).split("/")) for source, target in said.items())
    return {Place(*source): Place(*target) for source, target in pairs if len(source) == len(target) == 2}


def nodes_of(process: Process) -> dict[Place, Node]:
    """Every element of a process and of what it calls, in the order of the diagrams; what the compiler has added is not among them."""
    return {place_of(node): node for scope in _scopes(process.scope, set()) for node in _drawn(scope)}


def _scopes(scope: Scope, seen: set[int]) -> Iterator[Scope]:
    if id(scope) in seen:
        return
    seen.add(id(scope))
    yield scope
    for node in scope.nodes.values():
        if node.inner is not None:
            yield from _scopes(node.inner, seen)


def _drawn(scope: Scope) -> Iterator[Node]:
    return (node for node in scope.nodes.values() if node.kind != "chooser")


# -- the proposal ----------------------------------------------------------------------------------------------------


def proposed(old: Process, new: Process) -> dict[Place, Place]:
    """The same id and kind; else the same name and kind, where only one has that or its neighbours say which; an element without a name by its
    neighbours alone."""
    found: dict[Place, Place] = {}
    _pair(old.scope, new.scope, found, set())
    return found


def _pair(old: Scope, new: Scope, found: dict[Place, Place], seen: set[int]) -> None:
    if id(old) in seen:
        return
    seen.add(id(old))
    pairs: dict[Node, Node] = {}
    for node in _drawn(old):
        same = new.nodes.get(node.id)
        if same is not None and why_not(node, same) is None:
            pairs[node] = same
    while (more := _next(old, new, pairs)) is not None:
        pairs[more[0]] = more[1]
    for node, target in pairs.items():
        found[place_of(node)] = place_of(target)
        if node.inner is not None and target.inner is not None:
            _pair(node.inner, target.inner, found, seen)


def _next(old: Scope, new: Scope, pairs: Mapping[Node, Node]) -> tuple[Node, Node] | None:
    """One more pair of which there is no doubt."""
    taken = set(pairs.values())
    left = [node for node in _drawn(old) if node not in pairs]
    free = [node for node in _drawn(new) if node not in taken]
    for node in left:
        name = node.element.name
        like = [each for each in free if each.element.name == name and why_not(node, each) is None]
        rivals = [each for each in left if each.element.name == name and why_not(node, each) is None]
        if name and len(like) == len(rivals) == 1:
            return node, like[0]
        near = [each for each in like if _neighbours_agree(node, each, pairs)]
        if len(near) == 1 and sum(_neighbours_agree(each, near[0], pairs) for each in rivals) == 1:
            return node, near[0]
    return None


def _neighbours_agree(node: Node, target: Node, pairs: Mapping[Node, Node]) -> bool:
    """Whether something that stands beside the one stands, in the new version, beside the other in the same direction; and nothing that stands
    beside the one on its border does not."""
    if node.host is not None or target.host is not None:
        return node.host is not None and target.host is not None and pairs.get(node.host) is target.host
    before = {pairs[each] for each in _before(node) if each in pairs} & {*_before(target)}
    after = {pairs[each] for each in _after(node) if each in pairs} & {*_after(target)}
    return bool(before or after)


def _before(node: Node) -> Iterable[Node]:
    return [flow.source for flow in node.incoming]


def _after(node: Node) -> Iterable[Node]:
    return [flow.target for flow in node.outgoing]
