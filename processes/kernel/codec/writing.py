"""From a machine to bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from processes.kernel.codec.form import BIG, LONG, MISSING, NOTHING, STATES, NotJson, Written, pack
from processes.kernel.data import Data, Fork
from processes.kernel.machine import GROUP, Machine
from processes.kernel.state import READY, WAITING, Done, Repeating, Running, Token, Watch
from processes.kernel.timers import Schedule


def dump(m: Machine) -> Written:
    """The state as bytes. Raises :class:`NotJson` when it cannot be written."""
    try:
        return _Writer(m).write()
    except (TypeError, RecursionError) as error:
        if "ecursion" in str(error):
            raise NotJson(
                "嵌套得太深，存不下来：请检查一层层套进自己的变量，或不断调用自己的流程",
                "nested too deep to be stored: a variable within itself again and again, or a process that calls itself",
            ) from error
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
        return Written(pack(body), self._parts, frozenset(gone), len(m.stored) + len(m.groups))

    def _body(self) -> bytes:
        m = self._m
        self._used = set()
        root = self._scope(m.root, NOTHING)
        queue = [token.id for token in m.queue if token.state is READY]
        return orjson.dumps([m.prefix, m.serial, m.moves, m.taken, m.ended, root, queue])

    # -- variables -----------------------------------------------------------------------------------------------------

    def _data(self, data: Data, base: Data) -> Any:
        """What differs: 0, a context of values, or ``[values, names taken away, names of big values by variable]``."""
        if data is base:
            return 0
        big, held = self._m.big, {}
        values = {key: value for key, value in data.items() if base.get(key, MISSING) is not value}
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
                            m.fresh[name] = pack(body)
        return len(m.big) > known

    # -- scopes and tokens -----------------------------------------------------------------------------------------------

    def _scope(self, scope: Running, around: Data) -> list[Any]:
        forks: dict[int, int] = {}
        written: list[Any] = []
        for token in scope.tokens.values():
            if token.fork is not None and id(token.fork) not in forks:
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

    def _fork(self, fork: Fork, known: dict[int, int], written: list[Any], base: Data) -> None:
        """Each after those it comes from."""
        pending = [fork]
        while pending:
            each = pending[-1]
            missing = [other for other in (each.parent, *each.also) if other is not None and id(other) not in known]
            if missing:
                pending += missing
                continue
            pending.pop()
            if id(each) not in known:
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
            STATES.index(token.state),
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
            self._parts[name] = pack(body)
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
