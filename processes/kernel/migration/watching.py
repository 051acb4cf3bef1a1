"""Events that are waited for: which of them go on being waited for in the new version, which do not, and which begin to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from processes.kernel.migration.fates import ARMED, DROPPED, RESET, Fate
from processes.kernel.migration.fitting import same_triggers
from processes.kernel.plan import Node, Scope
from processes.kernel.state import Running, Token, Watch

Image = Callable[[Node], Node | None]

_OWN = ("intermediateCatchEvent", "receiveTask", "startEvent")
"""What waits for its own event."""


@dataclass
class Watching:
    """``kept``: each with the event that it is in the new version; ``dropped``; ``armed``: events that begin to be waited for."""

    kept: list[tuple[Watch, Node]] = field(default_factory=list)
    dropped: list[Watch] = field(default_factory=list)
    armed: list[Node] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)


def of_token(token: Token, target: Node, image: Image) -> Watching:
    """What a token waits for when it stands at ``target``."""
    return _watching(token.watches or (), _events(token, token.node), _events(token, target), image)


def of_scope(scope: Running, plan: Scope, image: Image) -> Watching:
    """What starts the event sub-processes of a scope. Those of one in which an event sub-process has taken over start no more."""
    if scope.interrupted:
        return Watching()
    new = {node: _start(node) for node in plan.armed_event_scopes}

    def start_of(event: Node) -> Node | None:
        host = image(event.scope.host) if event.scope.host is not None else None
        return new.get(host) if host is not None else None

    old = [_start(node) for node in scope.plan.armed_event_scopes]
    return _watching(scope.watches or (), old, list(new.values()), start_of)


def _start(node: Node) -> Node:
    assert node.inner is not None
    return node.inner.typed_starts[0]


def _events(token: Token, node: Node) -> Sequence[Node]:
    """The events that a token at this node waits for from the beginning."""
    if node.kind in ("eventBasedGateway", "chooser"):
        return node.catchers
    own = (node,) if node.kind in _OWN and (node.repetition is None or token.turn_of is not None) else ()
    return own if token.turn_of is not None else (*own, *node.armed_boundary)


def _watching(watches: Sequence[Watch], old: Sequence[Node], new: Sequence[Node], image: Image) -> Watching:
    found, known = Watching(), set[Node]()
    for event in old:
        target = image(event)
        mine = [watch for watch in watches if watch.node is event]
        if target is None or target not in new:
            _drop(found, event, mine)
            continue
        known.add(target)
        if same_triggers(event, target):
            found.kept += [(watch, target) for watch in mine]
        elif mine:  # else it has happened already
            found.dropped += mine
            found.armed.append(target)
            zh, en = "等待的事情变了，从现在起重新等", "it waits for something else: it begins anew"
            found.fates.append(Fate(RESET, event.element, target.element, zh, en))
    for event in new:
        if event not in known:
            found.armed.append(event)
            zh, en = "新版本多出的事件，从现在起等", "an event that is new: it is waited for from now on"
            found.fates.append(Fate(ARMED, event.element, event.element, zh, en))
    return found


def _drop(found: Watching, event: Node, mine: Sequence[Watch]) -> None:
    if mine:
        found.dropped += mine
        zh, en = "新版本没有这个事件，不再等", "the new version has no such event: it is waited for no more"
        found.fates.append(Fate(DROPPED, event.element, None, zh, en))
