"""States of format 1, which SpiffWorkflow's trees of tasks were stored in until the kernel came.

The tree says what is active and what it hangs on; here that becomes tokens. People's tasks and jobs keep their ids. Events that are waited for
get new ones, since several behind one gateway shared the gateway's; until the instance is saved next they are found by their old ids as well
(``Machine.known_as``), and the rows are written anew with the first command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from processes.kernel.behaviour.arming import KEY
from processes.kernel.data import Data, changed
from processes.kernel.evaluation import Evaluator
from processes.kernel.machine import Machine, wait_of
from processes.kernel.plan import ARMED, Node, Process, Scope
from processes.kernel.state import JOINING, WAITING, Repeating, Running, Token, Wait, Watch
from processes.kernel.timers import Schedule
from processes.packing import decompress

FORMAT = b"1"

_WAITING, _READY, _STARTED, _COMPLETED, _CANCELLED = 8, 16, 32, 64, 256
_ACTIVE = _WAITING | _READY | _STARTED


@dataclass
class _Task:
    """A task of the tree."""

    id: str
    parent: _Task | None
    state: int
    spec: str
    changed: int
    """when its state changed last, in milliseconds"""
    internal: dict[str, Any]
    data: Data
    children: list[_Task] = field(default_factory=list)


@dataclass
class _Flow:
    """The tree of the process, or of something inside it that runs."""

    tasks: list[_Task]
    completed: bool
    data: Data
    last: _Task | None


def load(blob: bytes, process: Process, evaluator: Evaluator, prefix: str) -> Machine:
    """The machine for a stored tree."""
    flows, values = orjson.loads(decompress(blob[1:]))
    trees = {flow[0]: _tree(flow, values) for flow in flows}
    machine = Machine(process, evaluator, prefix)
    _Upgrade(machine, trees).scope(trees[None], process.scope, None, {})
    top = trees[None]
    if top.completed or not any(task.state & _ACTIVE for task in top.tasks):
        machine.ended = True
        machine.root.outcome = dict(top.data) or (dict(top.last.data) if top.last is not None else {})
    return machine


def _tree(flow: Any, values: list[Any]) -> _Flow:
    _, _, last, _, completed, data, _, rows = flow
    tasks: list[_Task] = []
    for task_id, parent, _, state, spec, _, at, internal, held in rows:
        own = {key: values[index] for key, index in (held or {}).items()}
        task = _Task(task_id, tasks[parent] if parent >= 0 else None, state, spec, at, internal or {}, own)
        if task.parent is not None:
            task.parent.children.append(task)
        tasks.append(task)
    return _Flow(tasks, completed, data or {}, tasks[last] if last >= 0 else None)


class _Upgrade:
    def __init__(self, machine: Machine, trees: Mapping[str | None, _Flow]) -> None:
        self._m = machine
        self._trees = trees

    def scope(self, flow: _Flow, plan: Scope, owner: Token | None, around: Data) -> Running:
        """What runs in a scope. Its variables at the beginning are not stored any more: what all its branches have in common will do."""
        m = self._m
        arrived = _arrived(flow.tasks, plan)
        active = [task for task in flow.tasks if task.state & _ACTIVE or task.id in arrived]
        scope = Running(m.new_id(), plan, owner, _common([self._data(task) for task in active]) if active else around)
        if owner is None:
            m.root = scope
        else:
            owner.inner = scope
        for task in active:
            name = task.spec.removesuffix(" [child]")
            if name != task.spec:
                continue  # a turn: its loop takes it along
            node = plan.nodes.get(name)
            if node is not None and node.kind != "boundaryEvent":
                self._token(task, node, scope)
            elif task.spec.endswith(".EndJoin") and task.state == _WAITING:
                before = scope.base if scope.outcome is None else scope.outcome
                scope.outcome = changed(scope.base, self._data(task), before)
        return scope

    @staticmethod
    def _data(task: _Task) -> Data:
        """A join's variables stand in the task before it."""
        return task.data or (task.parent.data if task.parent is not None else {})

    def _token(self, task: _Task, node: Node, scope: Running, turn_of: Token | None = None) -> Token:
        m = self._m
        token = Token(task.id, node, scope, self._data(task))
        token.state = WAITING
        if turn_of is None:
            scope.tokens[token.id] = token
        else:
            token.turn_of = turn_of
        if node.kind in ("parallelGateway", "inclusiveGateway"):
            self._park(task, token)
        elif node.kind == "eventBasedGateway":
            self._watch(token, node.catchers, task)
        elif node.kind in ("intermediateCatchEvent", "startEvent", "receiveTask"):
            self._watch(token, (node,), task)
        elif node.repetition is not None and turn_of is None:
            self._loop(task, token)
        elif task.id in self._trees and node.inner is not None:
            self.scope(self._trees[task.id], node.inner, token, token.data)
        elif node.kind in ("userTask", "manualTask", "serviceTask"):
            m.waiting[token.id] = token
        if turn_of is None:
            self._border(task, token)
        return token

    def _park(self, task: _Task, token: Token) -> None:
        came_from = task.parent.spec.partition(".Boundary")[0] if task.parent is not None else ""
        token.state = JOINING
        token.arrived = next((flow for flow in token.node.incoming if flow.source.id == came_from), None)
        token.scope.parked.setdefault(token.node.id, []).append(token)
        if token.node.ways is not None:
            self._m.joins[token.scope.id] = token.scope

    def _border(self, task: _Task, token: Token) -> None:
        """The boundary events beside an activity."""
        split = task.parent
        if split is None or not split.spec.endswith(".BoundaryEventSplit"):
            return
        for beside in split.children:
            node = token.scope.plan.nodes.get(beside.spec)
            if node is not None and node.host is token.node and beside.state == _WAITING:
                self._watch(token, (node,), beside)

    def _watch(self, token: Token, nodes: Iterable[Node], task: _Task) -> None:
        m = self._m
        for node in nodes:
            for trigger in node.triggers:
                if trigger.kind not in ARMED:
                    continue
                watch = Watch(m.new_id(), node, trigger, token, None)
                if trigger.kind == "message":
                    watch.key = self._key(task, node, token, trigger.name)
                elif trigger.kind == "timer":
                    watch.time = self._time(task, node, token, trigger.expression or "")
                m.watches[watch.id] = watch
                if trigger.kind == "conditional":
                    m.conditions[watch.id] = watch
                token.watches = [*(token.watches or ()), watch]
                m.known_as.setdefault(task.id, []).append(watch)
                wait = wait_of(watch)
                old = Wait(wait.kind, task.id, wait.element, wait.scope, wait.name)
                m.closed[old.identity] = old
                m.opened[wait.identity] = wait

    def _key(self, task: _Task, node: Node, token: Token, name: str) -> str:
        kept = task.internal.get("key:" + name)
        if kept is not None:
            return str(kept)
        value = self._m.evaluator.property(node.element.properties.get(KEY, ""), token.data, node.id)
        return "" if value is None else str(value)

    def _time(self, task: _Task, node: Node, token: Token, text: str) -> Schedule:
        planned = task.internal.get("event_value")
        if not isinstance(planned, dict):
            return self._m.evaluator.timer(text, token.data, node.id)
        due = datetime.fromisoformat(planned["due"])
        return Schedule(due, planned["cycles"], planned["period"], bool(planned.get("provisional")))

    def _loop(self, task: _Task, token: Token) -> None:
        """A loop with its turns; outputs of those that are done stand in the loop's own notes, or in the list that collects them."""
        plan = token.node.repetition
        assert plan is not None
        turns = [child for child in task.children if child.spec.endswith(" [child]")]
        items: Any = None
        total = -1
        if plan.source:
            items = self._m.evaluator.evaluate(plan.source, token.data, token.node.id)
            total = len(items)
        elif plan.cardinality:
            total = int(self._m.evaluator.evaluate(plan.cardinality, token.data, token.node.id))
        repetition = Repeating(total, items, token.data)
        token.repetition = repetition
        repetition.begun = len(turns)
        repetition.ended = sum(1 for each in turns if each.state == _COMPLETED)
        for number, each in enumerate(turns):
            key = each.internal.get("key_or_index", number)
            if each.state & _ACTIVE:
                turn = self._token(each, token.node, token.scope, token)
                turn.number = key
                repetition.turns[key] = turn
        if plan.target:
            repetition.outputs = _outputs(task, token.data.get(plan.target))


def _arrived(tasks: list[_Task], plan: Scope) -> set[str]:
    """What has come to a join that still waits: when the next came, the tree gave up the task of the one before."""
    found = set()
    for join in {task.spec for task in tasks if task.state == _WAITING}:
        node = plan.nodes.get(join)
        if node is not None and node.kind in ("parallelGateway", "inclusiveGateway"):
            fired = max((task.changed for task in tasks if task.spec == join and task.state == _COMPLETED), default=-1)
            found |= {
                task.id
                for task in tasks
                if task.spec == join
                and task.state == _CANCELLED
                and task.changed >= fired
                and task.parent is not None
                and task.parent.state == _COMPLETED
            }
    return found


def _outputs(task: _Task, collected: Any) -> dict[int | str, Any]:
    noted = task.internal.get("outputs")
    if isinstance(noted, dict):
        return {int(number): value for number, value in noted.items()}
    if isinstance(collected, dict):
        return dict(collected)
    return dict(enumerate(collected)) if isinstance(collected, list) else {}


def _common(all_data: list[Data]) -> Data:
    """What all have in common."""
    first, *others = all_data
    return {key: value for key, value in first.items() if all(key in each and each[key] == value for each in others)}
