"""Catching events: starts, intermediate and boundary events, receive tasks, and starts of event sub-processes (BPMN 2.0.2, 13.5)."""

from __future__ import annotations

from typing import Any

from processes.kernel.behaviour import activities, arming, associations, compensation, scopes
from processes.kernel.behaviour.gateways import passed
from processes.kernel.data import Data
from processes.kernel.machine import Machine, entering, number_of, working
from processes.kernel.plan import Node, Start
from processes.kernel.state import READY, WAITING, Running, Token, Watch


@entering("startEvent")
def start(m: Machine, token: Token) -> None:
    """A blank start passes through; a typed one has been caught already."""
    if not token.node.triggers:
        passed(m, token)
    elif token.node.outputs:
        associations.write(m, token)
    m.leave(token, token.node.outgoing)


@entering("intermediateCatchEvent")
def catch(m: Machine, token: Token) -> None:
    """Waits for its event; a link's catch is where its throw leads."""
    node = token.node
    if node.triggers and node.triggers[0].kind == "link":
        m.record("caught", token)
        m.leave(token, node.outgoing)
        return
    token.state = WAITING
    arming.arm(m, node, token, None)


@working("receiveTask")
def receive(m: Machine, token: Token) -> None:
    """A task that waits for a message."""
    arming.arm(m, token.node, token, None)


@entering("boundaryEvent")
def boundary(m: Machine, token: Token) -> None:
    """The flow goes on from the border of the activity."""
    if token.node.outputs:
        associations.write(m, token)
    m.leave(token, token.node.outgoing)


def begin_with(m: Machine, node: Node, kind: str, name: str, payload: Any) -> None:
    """Begin the process at a start event that has come."""
    trigger = next(each for each in node.triggers if each.kind == kind and each.name == name)
    scopes.begin(m, m.process.scope, None, m.written(m.root.base, arming.payload_of(trigger, payload)), at=node)


def begin_at(m: Machine, start: Start, payload: Data) -> None:
    """Begin the process at one of its starts from outside, which has come."""
    plan = m.process.scope
    node = plan.nodes[start.node_id]
    gateway = next((each for each in plan.typed_starts if node in each.catchers), None)
    if gateway is None and not node.all_of_them and node.kind == "startEvent":
        begin_with(m, node, start.kind, start.name, payload)
        return
    scope = scopes.begin(m, plan, None, m.root.base, at=gateway or plan.chooser or node)
    token = next(iter(scope.tokens.values()))
    m.queue.clear()
    token.state = WAITING
    if gateway is not None:
        m.record("entered", token)
        m.record("completed", token)
        for other in gateway.catchers:
            arming.arm(m, other, token, None)
    else:
        arming.arm(m, node, token, None)
    watch = next(
        each
        for each in token.watches or ()
        if each.node is node and each.trigger.kind == start.kind and each.trigger.name == start.name
    )
    fire(m, watch, payload)


# -- firing ----------------------------------------------------------------------------------------------------------------


def fire(m: Machine, watch: Watch, payload: Any = None) -> None:
    """An event that is waited for has come."""
    node = watch.node
    values = {**watch.kept, **arming.payload_of(watch.trigger, payload)}
    if node.all_of_them:
        rest = [each for each in _beside(watch) if each is not watch and each.node is node]
        if rest:
            for each in rest:
                each.kept = {**each.kept, **values}
            _beside(watch).remove(watch)
            m.drop(watch)
            return
    if watch.scope is not None:
        start_event_scope(m, watch.scope, node, values, watch)
    elif node.kind == "boundaryEvent":
        assert watch.token is not None
        on_border(m, watch.token, node, values, watch)
    else:
        assert watch.token is not None
        caught(m, watch.token, node, values)


def _beside(watch: Watch) -> list[Watch]:
    holder: Any = watch.token if watch.token is not None else watch.scope
    return holder.watches or []


def caught(m: Machine, token: Token, node: Node, values: Data) -> None:
    """The event a token waits for: its own, or one behind the gateway it stands at."""
    starting = token.node.parallel_start
    if starting:
        _part(m, token, node)
    if node.kind == "receiveTask":
        if token.node is not node:
            m.disarm(token)
            token.node = node
            m.record("entered", token)
        m.put(token, values)
        activities.finish(m, token)
        return
    m.disarm(token)
    m.put(token, values)
    token.node = node
    m.record("caught", token)
    if node.outputs:
        associations.write(m, token)
    m.leave(token, node.outgoing)


def _part(m: Machine, token: Token, node: Node) -> None:
    """The first event of a parallel instantiating gateway has come: each of the others is waited for by a token of its own (13.4.4)."""
    gateway = token.node
    m.disarm(token)
    for other in gateway.catchers:
        if other is not node:
            waiting = m.branch(token, other)
            m.queue.remove(waiting)
            waiting.state = WAITING
            if other.kind == "receiveTask":
                m.record("entered", waiting)
            arming.arm(m, other, waiting, None)


def on_border(m: Machine, host: Token, node: Node, values: Data, watch: Watch | None = None) -> None:
    """A boundary event fires: the activity is interrupted at once, or a second token leaves from its border."""
    data = associations.without_copies(host.node, host.data)
    if node.interrupting:
        controller, host.undoes = host.undoes, None
        m.cancel_inside(host)
        m.set_data(host, data)
        host.node, host.arrived, host.state = node, None, READY
        m.put(host, values)
        m.record("caught", host)
        m.queue.append(host)
        m.touch(host)
        if controller is not None:  # it was a compensation handler: whoever waits for it goes on
            compensation.go_on(m, controller)
        return
    beside = m.branch(host, node)
    m.set_data(beside, data)
    m.put(beside, values)
    m.record("caught", beside)
    _rearm(m, node, host, None, watch)


def start_event_scope(m: Machine, scope: Running, start_node: Node, values: Data, watch: Watch | None = None) -> None:
    """An event sub-process starts: instead of everything else in its scope, or beside it (13.5.4)."""
    node = start_node.scope.host
    assert node is not None
    view = m.view(scope)
    if start_node.interrupting:
        if scope.plan.kind == "eventSubProcess":
            compensation.let_go(m, scope)
        m.clear(scope)
        scope.interrupted = True
        scope.outcome = None  # its event sub-process goes on with that
    token = Token(m.new_id(), node, scope, m.written(view, values))
    token.state = WAITING
    scope.tokens[token.id] = token
    if not start_node.interrupting:
        token.view = view
        _rearm(m, start_node, None, scope, watch)
    m.record("entered", token)
    scopes.begin(m, node.inner, token, token.data, at=start_node)


def _rearm(m: Machine, node: Node, token: Token | None, scope: Running | None, watch: Watch | None) -> None:
    """An event that does not interrupt waits on: each trigger by itself, or all of them anew."""
    if watch is None:
        return
    if node.all_of_them:
        _beside(watch).remove(watch)
        m.drop(watch)
        arming.arm(m, node, token, scope)
    elif not arming.again(m, watch):
        _beside(watch).remove(watch)


def look(m: Machine) -> None:
    """Fire the conditions that have turned true (13.5.2)."""
    for watch in sorted(m.conditions.values(), key=lambda each: number_of(each.id)):
        if watch.id not in m.conditions:
            continue
        scope = watch.scope
        if scope is None:
            assert watch.token is not None
            scope = watch.token.scope
        data = {**m.objects(scope), **m.view(scope)}
        true = m.evaluator.holds(watch.trigger.expression or "", data, watch.node.id)
        turned, watch.was_true = true and not watch.was_true, true
        if turned:
            fire(m, watch)
