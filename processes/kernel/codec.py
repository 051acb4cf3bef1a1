"""The state of a running instance as compact bytes, and back.

A state is one blob, and parts beside it: big variables (``v:HASH``, written once) and groups of turns of wide loops (``t:TOKEN:GROUP``,
each written when it has changed), so that a command writes what it has touched and not the whole of a giant instance.

The blob is ``b"2"`` (the format's version) and zstd-compressed JSON. Plans are not stored (the definition's id is): nodes go by their ids.
Variables are stored as what differs from those around them. The order of keys matters: never put a blob into a JSONB column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from processes.errors import BihuanError
from processes.kernel import upgrade
from processes.kernel.data import Data, Fork
from processes.kernel.data import ended as mark_ended
from processes.kernel.evaluation import Evaluator
from processes.kernel.machine import GROUP, Machine, group_of
from processes.kernel.plan import Node, Process, Scope
from processes.kernel.state import JOINING, READY, WAITING, Done, Repeating, Running, Token, Undoing, Watch
from processes.kernel.timers import Schedule
from processes.packing import compress, decompress

FORMAT = b"2"

LONG = 8_192
"""Bytes of a blob from which on it is worth looking for big variables in it."""

BIG = 2_048
"""Bytes of a variable that is kept in a part of its own."""

_STATES = (READY, WAITING, JOINING)
_NOTHING: Data = {}
_MISSING = object()


class NotJson(BihuanError):
    """A variable that is not JSON got into the data."""


@dataclass(frozen=True)
class State:
    """What is stored of an instance."""

    blob: bytes
    parts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What is to be stored: the blob, the parts that are new or have changed, the names of those that are gone, and how many there are then."""

    blob: bytes
    parts: Mapping[str, bytes]
    gone: frozenset[str]
    count: int


def _pack(value: Any) -> bytes:
    return FORMAT + compress(value)


def _unpack(blob: bytes) -> Any:
    if blob[:1] != FORMAT:
        raise BihuanError(f"不认识的状态格式 {blob[:1]!r}", f"unknown state format {blob[:1]!r}")
    return orjson.loads(decompress(blob[1:]))


# -- writing ---------------------------------------------------------------------------------------------------------------


def dump(m: Machine) -> Written:
    """The state as bytes. Raises :class:`NotJson` when a variable is not JSON."""
    try:
        return _Writer(m).write()
    except TypeError as error:
        raise NotJson(f"流程变量必须是 JSON:{error}", f"variables must be JSON: {error}") from error


class _Writer:
    def __init__(self, m: Machine) -> None:
        self._m = m
        self._parts: dict[str, bytes] = {}
        self._used: set[str] = set()
        self._changed: list[set[int]] = []

    def write(self) -> Written:
        m = self._m
        body = self._body()
        if len(body) > LONG and self._set_big_apart(m.root):
            self._parts.clear()
            body = self._body()
        gone = m.forgotten & m.groups
        m.forgotten = set()
        m.groups = (m.groups - gone) | self._parts.keys()
        m.uses[""] = frozenset(self._used)
        for name in gone:
            m.uses.pop(name, None)
        needed = frozenset().union(*m.uses.values())
        for name in m.stored - needed:
            gone.add(name)
        m.big = {key: held for key, held in m.big.items() if held[1] in needed}
        for name in needed - m.stored:
            self._parts[name] = m.fresh.pop(name)
        m.fresh.clear()
        m.stored = set(needed)
        for changed in self._changed:
            changed.clear()
        return Written(_pack(body), self._parts, frozenset(gone), len(m.stored) + len(m.groups))

    def _body(self) -> bytes:
        m = self._m
        self._used = set()
        root = self._scope(m.root, _NOTHING)
        queue = [token.id for token in m.queue if token.state is READY]
        return orjson.dumps([m.prefix, m.serial, m.moves, m.taken, m.ended, root, queue])

    # -- variables -----------------------------------------------------------------------------------------------------

    def _data(self, data: Data, base: Data) -> Any:
        """What differs: 0, a context of values, or ``[values, names taken away, names of big values by variable]``."""
        if data is base:
            return 0
        big, held = self._m.big, {}
        values = {key: value for key, value in data.items() if base.get(key, _MISSING) is not value}
        if big:
            held = {key: big[id(value)][1] for key, value in values.items() if id(value) in big}
            for key, name in held.items():
                del values[key]
                self._used.add(name)
        removed = [key for key in base if key not in data]
        if removed or held:
            return [values, removed, held]
        return values

    def _set_big_apart(self, scope: Running) -> bool:
        """Look for big variables; whether there were any that were not known yet."""
        m = self._m
        known = len(m.big)
        for data in _all_data(scope):
            for value in data.values():
                if isinstance(value, str | list | dict) and id(value) not in m.big:
                    body = value.encode() if isinstance(value, str) and len(value) <= BIG else orjson.dumps(value)
                    if len(body) > BIG:
                        name = "v:" + hashlib.blake2b(body, digest_size=16).hexdigest()
                        m.big[id(value)] = (value, name)
                        if name not in m.stored:
                            m.fresh[name] = _pack(body)
        return len(m.big) > known

    # -- scopes and tokens -----------------------------------------------------------------------------------------------

    def _scope(self, scope: Running, around: Data) -> list[Any]:
        forks: dict[int, int] = {}
        written: list[Any] = []
        for token in scope.tokens.values():
            self._fork(token.fork, forks, written, scope.base)
        return [
            scope.id,
            scope.plan.id,
            self._data(scope.base, around),
            None if scope.outcome is None else [self._data(scope.outcome, scope.base)],
            -1,  # for older versions: the fork of the branch that has ended last
            written,
            scope.objects or 0,
            int(scope.interrupted),
            self._dones(scope.done, scope.base) or 0,
            {node: [token.id for token in parked] for node, parked in scope.parked.items()} or 0,
            _watches(scope.watches),
            [self._token(token, scope.base, forks) for token in scope.tokens.values()],
        ]

    def _fork(self, fork: Fork | None, known: dict[int, int], written: list[Any], base: Data) -> None:
        """Each after those it comes from."""
        pending = [fork]
        while pending:
            each = pending[-1]
            before = [] if each is None else [other for other in (each.parent, *each.also) if other is not None]
            missing = [other for other in before if id(other) not in known]
            if each is None or id(each) in known or not missing:
                pending.pop()
            else:
                pending += missing
                continue
            if each is not None and id(each) not in known:
                known[id(each)] = len(written)
                also = [known[id(other)] for other in each.also]
                more: list[Any] = [int(each.ended), also] if also else [1] if each.ended else []
                written.append([known.get(id(each.parent), -1), each.count, self._data(each.data, base), *more])

    def _token(self, token: Token, base: Data, forks: Mapping[int, int]) -> list[Any]:
        extra: dict[str, Any] = {}
        if token.inner is not None:
            extra["in"] = self._scope(token.inner, token.data)
        if token.watches:
            extra["w"] = _watches(token.watches)
        if token.repetition is not None:
            extra["r"] = self._repeating(token)
        if token.undoing is not None:
            undoing = token.undoing
            extra["u"] = [self._dones(undoing.pending, base), undoing.scope.id, undoing.then]
        if token.undoes is not None:
            extra["h"] = token.undoes.id
        if token.view is not None:
            extra["v"] = [self._data(token.view, base)]
        return [
            token.id,
            token.node.id,
            _STATES.index(token.state),
            self._data(token.data, base if token.fork is None else token.fork.data),
            forks.get(id(token.fork), -1),
            token.arrived.id if token.arrived is not None and token.state is not WAITING else 0,
            token.moved,
            extra or 0,
        ]

    def _dones(self, dones: Iterable[Done], base: Data) -> list[Any]:
        return [[each.node.id, self._data(each.data, base), self._dones(each.inside, each.data)] for each in dones]

    def _repeating(self, token: Token) -> list[Any]:
        repetition = token.repetition
        assert repetition is not None
        items: Any = repetition.items
        if id(items) in self._m.big:
            items = self._m.big[id(items)][1]
            self._used.add(items)
        wide = repetition.changed is not None
        turns = None if wide else self._turns(repetition, repetition.turns.items())
        outputs = None if wide else list(repetition.outputs.items())
        if wide:
            self._groups(token, repetition)
        base = self._data(repetition.base, token.data)
        merged = self._data(repetition.merged, repetition.base)
        return [repetition.total, items, base, merged, repetition.begun, repetition.ended, turns, outputs, int(wide)]

    def _turns(self, repetition: Repeating, turns: Iterable[tuple[int | str, Token]]) -> list[Any]:
        return [[number, self._token(turn, repetition.base, {})] for number, turn in turns]

    def _groups(self, token: Token, repetition: Repeating) -> None:
        changed = repetition.changed
        assert changed is not None
        outer = self._used
        turns: dict[int, list[tuple[int | str, Token]]] = {group: [] for group in changed}
        outputs: dict[int, list[tuple[int | str, Any]]] = {group: [] for group in changed}
        for group in changed:
            for number in _numbers(repetition, group):
                if number in repetition.turns:
                    turns[group].append((number, repetition.turns[number]))
                elif number in repetition.outputs:
                    outputs[group].append((number, repetition.outputs[number]))
        for group in changed:
            self._used = set()
            name = f"t:{token.id}:{group}"
            body = orjson.dumps([self._turns(repetition, turns[group]), outputs[group]])
            self._m.uses[name] = frozenset(self._used)
            self._parts[name] = _pack(body)
        self._used = outer
        self._changed.append(changed)


def _numbers(repetition: Repeating, group: int) -> Iterable[int | str]:
    if isinstance(repetition.items, dict):
        return list(repetition.items)
    return range(group * GROUP, (group + 1) * GROUP)


def _watches(watches: Iterable[Watch] | None) -> Any:
    return [
        [
            watch.id,
            watch.node.id,
            watch.node.triggers.index(watch.trigger),
            watch.key,
            _time(watch.time),
            int(watch.was_true),
            watch.kept or 0,
        ]
        for watch in watches or ()
    ] or 0


def _time(time: Schedule | None) -> Any:
    return 0 if time is None else [time.due.isoformat(), time.cycles, time.period, int(time.provisional)]


def _all_data(scope: Running) -> Iterable[Data]:
    yield scope.base
    if scope.outcome is not None:
        yield scope.outcome
    for token in scope.tokens.values():
        yield from _token_data(token)


def _token_data(token: Token) -> Iterable[Data]:
    yield token.data
    if token.fork is not None:
        yield token.fork.data
    if token.inner is not None:
        yield from _all_data(token.inner)
    repetition = token.repetition
    if repetition is not None:
        yield repetition.base
        yield repetition.merged
        if repetition.items is not None:
            yield {"": repetition.items}
        if repetition.changed is None:  # a wide one's turns are written in groups
            for turn in repetition.turns.values():
                yield from _token_data(turn)


# -- reading ---------------------------------------------------------------------------------------------------------------


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
        m.prefix, m.serial, m.moves, m.taken, m.ended, root, queue = _unpack(self._state.blob)
        m.root = self._scope(root, m.process.scope, None, _NOTHING)
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
            value = self._values[name] = _unpack(self._state.parts[name])
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
        token.state, token.moved = _STATES[state], moved
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
            self._later.append(lambda: setattr(token, "undoes", self._tokens[extra["h"]]))
        if "u" in extra:
            pending, scope_id, then = extra["u"]
            self._later.append(lambda: self._undoing(token, pending, scope_id, then, base))

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
            for group in _groups_of(repetition):
                self._group(token, repetition, f"t:{token.id}:{group}")
        else:
            self._turns(token, repetition, turns, outputs)

    def _group(self, token: Token, repetition: Repeating, name: str) -> None:
        if name not in self._state.parts:
            return
        outer, self._used = self._used, set()
        turns, outputs = _unpack(self._state.parts[name])
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


def _groups_of(repetition: Repeating) -> range:
    """The groups that a wide loop's turns are in."""
    return range(1 if isinstance(repetition.items, dict) else group_of(max(repetition.total - 1, 0)) + 1)


def _works(token: Token) -> bool:
    """Whether a waiting token is a person's task or a job of its own, and no loop around them."""
    own = token.node.repetition is None or token.repetition is None
    return own and token.node.kind in ("userTask", "manualTask", "serviceTask")
