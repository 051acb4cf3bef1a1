"""What a step has given stands under a name that its element says, mostly its id. Where the new version says another name, what was given is there
under that name, too: conditions and forms ahead ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from processes.kernel.data import WRITTEN, Data, Fork
from processes.kernel.machine import Machine
from processes.kernel.plan import Node
from processes.kernel.state import Done, Running, Token


def given_by(node: Node) -> str:
    """The variable in which a step leaves what it brings; empty when there is no such."""
    said = node.element.properties
    if node.kind in ("userTask", "manualTask"):
        return said.get("resultVariable") or (node.id if "form" in said else "")
    if node.operator is not None:
        return node.operator.result
    return said.get("resultVariable", "") if node.kind == "businessRuleTask" else ""


def renamed(pairs: Iterable[tuple[Node, Node]]) -> dict[str, str]:
    """Names of the old version → of the new one, where they differ."""
    named = ((given_by(source), given_by(target)) for source, target in pairs)
    return {before: now for before, now in named if before and now and before != now}


def rename(m: Machine, names: Mapping[str, str]) -> None:
    """Let all variables of an instance be there under their new names as well. Variables that are one and the same object stay so: that is how
    the machine knows that a branch has changed nothing."""
    if names:
        _Renaming(names).scope(m.root)


class _Renaming:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._done: dict[int, tuple[Data, Data]] = {}
        self._forks: set[int] = set()

    def _data(self, data: Data) -> Data:
        if id(data) not in self._done:
            more = {now: data[before] for before, now in self._names.items() if before in data and now not in data}
            fresh = {**data, **more} if more else data
            if more and WRITTEN in data:
                stamps = data[WRITTEN]
                at = {now: stamps[before] for before, now in self._names.items() if now in more and before in stamps}
                fresh[WRITTEN] = {**stamps, **at}
            self._done[id(data)] = (data, fresh)  # held, so that no other gets its id
            self._done[id(fresh)] = (fresh, fresh)
        return self._done[id(data)][1]

    def scope(self, scope: Running) -> None:
        """Everything in a scope."""
        scope.base = self._data(scope.base)
        if scope.outcome is not None:
            scope.outcome = self._data(scope.outcome)
        self._dones(scope.done)
        for token in scope.tokens.values():
            self._token(token)

    def _token(self, token: Token) -> None:
        token.data = self._data(token.data)
        if token.view is not None:
            token.view = self._data(token.view)
        self._fork(token.fork)
        if token.undoing is not None:
            self._dones(token.undoing.pending)
        repetition = token.repetition
        if repetition is not None:
            repetition.base, repetition.merged = self._data(repetition.base), self._data(repetition.merged)
            for turn in repetition.turns.values():
                self._token(turn)
        if token.inner is not None:
            self.scope(token.inner)

    def _fork(self, fork: Fork | None) -> None:
        pending = [fork]
        while pending:
            each = pending.pop()
            if each is not None and id(each) not in self._forks:
                self._forks.add(id(each))
                each.data = self._data(each.data)
                pending += [each.parent, *each.also]

    def _dones(self, dones: Iterable[Done]) -> None:
        for done in dones:
            done.data = self._data(done.data)
            self._dones(done.inside)
