"""An operator's hand: a token that waits is moved to another element of its scope, or what it waits for counts as done.

Moving keeps the diagram's promises. Tokens meet at joins by the flows they come by, so a token may go only where it will come to the same joins
by the same flows as from where it stands; a token that is alone in its scope may go wherever every parallel join ahead gets all its flows.
"""

from __future__ import annotations

from collections.abc import Iterator

from processes.kernel.behaviour import associations, events, flows
from processes.kernel.data import Data
from processes.kernel.errors import Unsound
from processes.kernel.machine import Machine
from processes.kernel.plan import ACTIVITIES, Node
from processes.kernel.state import JOINING, READY, WAITING, Token

_JOINS = ("parallelGateway", "inclusiveGateway")
_NEVER = ("startEvent", "boundaryEvent", "eventSubProcess", "chooser")

Arrivals = frozenset[tuple[str, str]]
"""joins that come first on some way, each with the flow by which they are reached"""


# -- moving ----------------------------------------------------------------------------------------------------------------


def move(m: Machine, token: Token, target_id: str) -> None:
    """See above. What the token waits for is withdrawn. Raises :class:`Unsound`."""
    _check_movable(token)
    target = token.scope.plan.nodes.get(target_id)
    if target is None:
        raise Unsound("只能移到同一层流程里的步骤", f"{target_id!r} is not in the scope of {token.node.id!r}")
    refused = _why_not(token, target)
    if refused is not None:
        raise refused
    data = associations.without_copies(token.node, token.data)
    _withdraw(m, token)
    m.set_data(token, data)
    m.take(token, target.incoming[0]) if len(target.incoming) == 1 else _put(m, token, target)


def targets(token: Token) -> Iterator[Node]:
    """Where it may be moved."""
    try:
        _check_movable(token)
    except Unsound:
        return
    for node in token.scope.plan.nodes.values():
        if node is not token.node and _why_not(token, node) is None:
            yield node


def _put(m: Machine, token: Token, target: Node) -> None:
    """To a node that several flows lead to, or none."""
    token.node, token.arrived = target, None
    token.state = READY
    m.queue.append(token)
    m.touch(token)


def _check_movable(token: Token) -> None:
    if token.state not in (WAITING, JOINING):
        raise Unsound("流程正在这一步向前走，请稍后再看", f"the token at {token.node.id!r} is about to move")
    if token.turn_of is not None:
        raise Unsound("这是多实例中的一次，请移动整个步骤", f"{token.node.id!r} is one turn of several")
    if token.undoes is not None or token.undoing is not None or token.node.kind in _NEVER:
        raise Unsound(
            "事件子流程和撤销中的步骤不能移动，可以跳过里面的步骤",
            f"{token.node.id!r} is an event sub-process or a compensation",
        )


def _why_not(token: Token, target: Node) -> Unsound | None:
    name = target.element.name or target.id
    if target.kind in _NEVER or _is_compensator(target):
        return Unsound(f"“{name}”不由顺序流进入，不能移到那里", f"no sequence flow enters {target.id!r}")
    if _is_join(target):
        return Unsound(
            f"“{name}”要等几个分支会合，不能直接移到那里；请移到它的前一步或后一步",
            f"{target.id!r} waits for several branches",
        )
    others = [each for each in token.scope.tokens.values() if each is not token and each.node.kind != "eventSubProcess"]
    if _expected(token) != _arrivals(target) and (others or not _gets_all(target)):
        return Unsound(
            f"移到“{name}”后，并行的分支不能再会合，流程会停住；请选择同一分支里的步骤",
            f"branches could not meet any more when the token goes to {target.id!r}",
        )
    if others:
        fresh = {node.id for node in _reached(target)} - {node.id for node in _reached(token.node)}
        if any(each.node.id in fresh for each in others):
            return Unsound(
                f"移到“{name}”后，正在进行的另一个分支会再走一遍；请选择同一分支里的步骤",
                f"another branch would run twice when the token goes to {target.id!r}",
            )
    return None


def _withdraw(m: Machine, token: Token) -> None:
    if token.state is JOINING:
        parked = token.scope.parked[token.node.id]
        parked.remove(token)
        if not parked:
            del token.scope.parked[token.node.id]
    m.cancel_inside(token)


# -- where a token can come ------------------------------------------------------------------------------------------------


def _is_join(node: Node) -> bool:
    return node.kind in _JOINS and len(node.incoming) > 1


def _is_compensator(node: Node) -> bool:
    return any(each.compensator is node for each in node.scope.nodes.values())


def _next(node: Node) -> Iterator[tuple[Node, str]]:
    """The nodes that a token at this one can come to next, with the flow that leads there."""
    for flow in node.outgoing:
        yield flow.target, flow.id
    for event in node.boundary:
        yield event, ""
    if node.kind == "intermediateThrowEvent" and node.triggers and node.triggers[0].kind == "link":
        yield node.scope.links[node.triggers[0].name], ""


def _reached(start: Node) -> list[Node]:
    """Every node on some way from here, itself included."""
    found, pending = {start.id: start}, [start]
    while pending:
        for node, _ in _next(pending.pop()):
            if node.id not in found:
                found[node.id] = node
                pending.append(node)
    return list(found.values())


def _arrivals(start: Node) -> Arrivals:
    """The joins that come first on each way from here."""
    found, seen, pending = set[tuple[str, str]](), {start.id}, [start]
    while pending:
        for node, flow in _next(pending.pop()):
            if _is_join(node):
                found.add((node.id, flow))
            elif node.id not in seen:
                seen.add(node.id)
                pending.append(node)
    return frozenset(found)


def _expected(token: Token) -> Arrivals:
    """The joins at which a token is waited for, by which flows."""
    if token.state is JOINING and token.arrived is not None:
        return frozenset({(token.node.id, token.arrived.id)})
    return _arrivals(token.node)


def _gets_all(start: Node) -> bool:
    """Whether every parallel join ahead of a token that is alone gets a token by each of its flows."""
    seen, pending = {start.id}, [start]
    while pending:
        node = pending.pop()
        arrivals = _arrivals(node)
        for join in {each for each, _ in arrivals}:
            at = node.scope.nodes[join]
            flows_in = {flow for each, flow in arrivals if each == join}
            if at.kind == "parallelGateway" and len(flows_in) < len(at.incoming):
                return False
            if join not in seen:
                seen.add(join)
                pending.append(at)
    return True


# -- skipping --------------------------------------------------------------------------------------------------------------


def skip(m: Machine, token: Token, values: Data) -> None:
    """What a token waits for, other than a person's task or a job, counts as done. Raises :class:`Unsound`."""
    node = token.node
    if token.state is JOINING:
        raise Unsound("这里在等其他分支，请先处理其他分支", f"the token at {node.id!r} waits for other branches")
    if token.state is not WAITING or token.undoing is not None or node.kind in _NEVER:
        raise Unsound("这一步不能跳过，请处理它里面的步骤", f"{node.id!r} cannot be skipped")
    if node.kind in ("intermediateCatchEvent", "receiveTask") and token.repetition is None:
        variable = node.triggers[0].variable
        events.caught(m, token, node, {variable: values} if variable else values)
    elif node.kind not in ACTIVITIES:
        raise Unsound("这里在等几个事件中的一个，请移动到其中一个", f"{node.id!r} waits for one of several events")
    elif token.undoes is not None or token.turn_of is not None:
        raise Unsound("这一步不能整个跳过，请处理它里面的步骤", f"{node.id!r} cannot be skipped as a whole")
    else:
        m.cancel_inside(token)
        m.set_data(token, associations.without_copies(node, token.data))
        m.put(token, values)
        m.leave(token, flows.chosen(m, token) if node.conditional else node.outgoing)
