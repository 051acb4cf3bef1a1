"""From bytes to a machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from processes.kernel import upgrade
from processes.kernel.codec.form import NOTHING, STATES, State, unpack
from processes.kernel.data import Data, Fork
from processes.kernel.data import ended as mark_ended
from processes.kernel.evaluation import Evaluator
from processes.kernel.machine import Machine, groups_of
from processes.kernel.plan import Node, Process, Scope
from processes.kernel.state import WAITING, Done, Repeating, Running, Token, Undoing, Watch
from processes.kernel.timers import Schedule


def load(state: State, process: Process, evaluator: Evaluator, prefix: str) -> Machine:
    """The machine whose state :func:`dump` wrote, on the same process; older formats, which know no ``prefix``, are brought up to date."""
    if state.blob[:1] == upgrade.FORMAT:
        return upgrade.load(state.blob, process, evaluator, prefix)
    return _Reader(state, process, evaluator).read()


class _Reader:
    def __init__(self, state: State, process: Process, evaluator: Evaluator) -> None:
        self._state = state
        self._used: set[str] = set()
        self._values: dict[str, Any] = {}
        self._tokens: dict[str, Token] = {}
        self._scopes: dict[str, Running] = {}
        self._later: list[Callable[[], None]] = []
        self._m = Machine(process, evaluator, "")

    def read(self) -> Machine:
        m = self._m
        m.prefix, m.serial, m.moves, m.taken, m.ended, root, queue = unpack(self._state.blob)
        m.root = self._scope(root, m.process.scope, None, NOTHING)
        for mend in self._later:
            mend()
        for token_id in queue:
            m.queue.append(self._tokens[token_id])
        m.uses[""] = frozenset(self._used)
        m.stored = {name for name in self._state.parts if name.startswith("v:")}
        m.groups = self._state.parts.keys() - m.stored
        return m

    def _data(self, written: Any, base: Data) -> Data:
        if written == 0:
            return base
        if isinstance(written, dict):
            return {**base, **written}
        values, removed, held = written
        data = {**base, **values, **{key: self._big(name) for key, name in held.items()}}
        for key in removed:
            del data[key]
        return data

    def _big(self, name: str) -> Any:
        self._used.add(name)
        if name not in self._values:
            value = self._values[name] = unpack(self._state.parts[name])
            self._m.big[id(value)] = (value, name)
        return self._values[name]

    def _scope(self, written: list[Any], plan: Scope, owner: Token | None, around: Data) -> Running:
        (scope_id, _, base, outcome, outcome_fork, forks, objects, interrupted, done, parked, watches, tokens) = written
        scope = Running(scope_id, plan, owner, self._data(base, around))
        self._scopes[scope_id] = scope
        made: list[Fork] = []
        for parent, count, data, *more in forks:
            before, also = made[parent] if parent >= 0 else None, more[1] if len(more) > 1 else ()
            ended, others = bool(more and more[0]), tuple(made[each] for each in also)
            made.append(Fork(before, self._data(data, scope.base), count, ended, others))
        scope.outcome = None if outcome is None else self._data(outcome[0], scope.base)
        if outcome_fork >= 0:  # an older version kept no more than the last one
            mark_ended(made[outcome_fork])
        scope.objects, scope.interrupted = objects or {}, bool(interrupted)
        scope.done = self._dones(done or [], plan, scope.base)
        for each in tokens:
            token = self._token(each, scope, scope.base, made)
            scope.tokens[token.id] = token
        for node, ids in (parked or {}).items():
            scope.parked[node] = [scope.tokens[each] for each in ids]
            if plan.nodes[node].ways is not None:
                self._m.joins[scope.id] = scope
        if watches:
            starts = {
                each.inner.typed_starts[0].id: each.inner.typed_starts[0] for each in plan.event_scopes if each.inner
            }
            scope.watches = [self._watch(each, starts, None, scope) for each in watches]
        return scope

    def _token(self, written: list[Any], scope: Running, base: Data, forks: list[Fork]) -> Token:
        token_id, node_id, state, data, fork_index, arrived, moved, extra = written
        nodes = scope.plan.nodes
        fork = forks[fork_index] if fork_index >= 0 else None
        token = Token(token_id, nodes[node_id], scope, self._data(data, base if fork is None else fork.data), fork)
        token.state, token.moved = STATES[state], moved
        self._tokens[token_id] = token
        if arrived:
            token.arrived = next((flow for flow in token.node.incoming if flow.id == arrived), None)
        if extra:
            self._extra(token, extra, base)
        if token.state is WAITING and _works(token):
            self._m.waiting[token_id] = token
        return token

    def _extra(self, token: Token, extra: dict[str, Any], base: Data) -> None:
        if "w" in extra:
            token.watches = [self._watch(each, token.scope.plan.nodes, token, None) for each in extra["w"]]
        if "v" in extra:
            token.view = self._data(extra["v"][0], base)
        if "r" in extra:
            self._repeating(token, extra["r"])
        if "in" in extra:
            assert token.node.inner is not None
            token.inner = self._scope(extra["in"], token.node.inner, token, token.data)
        if "h" in extra:
            self._later.append(lambda: setattr(token, "undoes", self._tokens.get(extra["h"]) or self._alone(token)))
        if "u" in extra:
            pending, scope_id, then = extra["u"]
            self._later.append(lambda: self._undoing(token, pending, scope_id, then, base))

    def _alone(self, handler: Token) -> Token:
        """Who waits for a handler whose thrower is gone: earlier versions withdrew it and left the handler behind."""
        scope = handler.scope
        token = Token(self._m.new_id(), next(iter(scope.plan.event_scopes), handler.node), scope, handler.data)
        token.state, token.view, token.undoing = WAITING, handler.data, Undoing([], scope, "vanish")
        scope.tokens[token.id] = token
        return token

    def _undoing(self, token: Token, pending: list[Any], scope_id: str, then: str, base: Data) -> None:
        scope = self._scopes[scope_id]
        token.undoing = Undoing(self._dones(pending, scope.plan, base), scope, then)

    def _dones(self, written: list[Any], plan: Scope, base: Data) -> list[Done]:
        found = []
        for node_id, data, inside in written:
            node = plan.nodes[node_id]
            own = self._data(data, base)
            found.append(Done(node, own, self._dones(inside, node.inner, own) if node.inner is not None else []))
        return found

    def _watch(
        self, written: list[Any], nodes: Mapping[str, Node], token: Token | None, scope: Running | None
    ) -> Watch:
        watch_id, node_id, trigger, key, time, was_true, kept = written
        node = nodes[node_id]
        watch = Watch(watch_id, node, node.triggers[trigger], token, scope)
        watch.key, watch.was_true, watch.kept = key, bool(was_true), kept or {}
        if time:
            watch.time = Schedule(datetime.fromisoformat(time[0]), time[1], time[2], bool(time[3]))
        self._m.watches[watch_id] = watch
        if watch.trigger.kind == "conditional":
            self._m.conditions[watch_id] = watch
        return watch

    def _repeating(self, token: Token, written: list[Any]) -> None:
        total, items, base, merged, begun, ended, turns, outputs, wide = written
        repetition = Repeating(
            total, self._big(items) if isinstance(items, str) else items, self._data(base, token.data)
        )
        repetition.begun, repetition.ended = begun, ended
        repetition.merged = self._data(merged, repetition.base)
        token.repetition = repetition
        if wide:
            repetition.changed = set()
            self._m.wide += 1
            for group in groups_of(repetition):
                self._group(token, repetition, f"t:{token.id}:{group}")
        else:
            self._turns(token, repetition, turns, outputs)

    def _group(self, token: Token, repetition: Repeating, name: str) -> None:
        if name not in self._state.parts:
            return
        outer, self._used = self._used, set()
        turns, outputs = unpack(self._state.parts[name])
        self._turns(token, repetition, turns, outputs)
        self._m.uses[name] = frozenset(self._used)
        self._used = outer

    def _turns(self, token: Token, repetition: Repeating, turns: list[Any], outputs: list[Any]) -> None:
        for number, each in turns:
            turn = self._token(each, token.scope, repetition.base, [])
            turn.turn_of, turn.number = token, number
            repetition.turns[number] = turn
        for number, value in outputs:
            repetition.outputs[number] = value


def _works(token: Token) -> bool:
    """Whether a waiting token is a person's task or a job of its own, and no loop around them."""
    own = token.node.repetition is None or token.repetition is None
    return own and token.node.kind in ("userTask", "manualTask", "serviceTask")
