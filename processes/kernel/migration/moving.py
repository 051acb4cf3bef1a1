"""Lets the tokens of an instance go where ``look`` has found that they can. Ids stay, so that rows, messages and drafts find what they are for."""

from __future__ import annotations

from typing import Any

from processes.kernel.behaviour import arming
from processes.kernel.machine import WORK, Machine, groups_of, wait_of, work_of
from processes.kernel.migration.fitting import counterpart
from processes.kernel.migration.looking import Course
from processes.kernel.migration.variables import rename
from processes.kernel.migration.watching import Watching
from processes.kernel.plan import ACTIVITIES, COUNTER, Node, Repetition, Scope
from processes.kernel.state import READY, WAITING, Done, Repeating, Running, Token, Wait, Watch


def move(m: Machine, course: Course, timers_anew: bool = False) -> None:
    """``timers_anew``: a timer whose time is written otherwise in the new version is worked out anew; else it keeps the time it has left."""
    m.process = course.process
    m.joins.clear()
    moving = _Move(m, course, timers_anew)
    moving.scope(m.root, course.process.scope)
    rename(m, course.names)
    moving.begin()


class _Move:
    def __init__(self, m: Machine, course: Course, timers_anew: bool) -> None:
        self._m = m
        self._course = course
        self._timers_anew = timers_anew
        self._arm: list[tuple[Node, Token | None, Running | None]] = []
        """what is to be waited for, once everything is where it belongs"""
        self._deadlines: list[Token] = []
        self._replan: list[Watch] = []

    def scope(self, scope: Running, plan: Scope) -> None:
        """Everything in a scope."""
        self._watches(scope, self._course.watching[scope], None, scope)
        scope.plan = plan
        scope.done = self._dones(scope.done)
        for token in list(scope.tokens.values()):
            self._token(token)
        self._joins(scope, plan)

    def begin(self) -> None:
        """What begins with the new version: it sees all variables where they now are."""
        m = self._m
        for node, token, scope in self._arm:
            arming.arm(m, node, token, scope)
        for watch in self._replan:
            arming.replan(m, watch)
        for token in self._course.anew:
            WORK[token.node.kind](m, token)
        for token in self._deadlines:
            m.open(Wait("deadline", token.id, token.node.element, token.node.scope.id))

    # -- tokens ------------------------------------------------------------------------------------------------------

    def _token(self, token: Token) -> None:
        m, old = self._m, token.node
        new = self._course.nodes[token]
        if token in self._course.anew:
            self._withdraw(token)
        self._watches(token, self._course.watching[token], token, None)
        token.node, token.arrived = new, self._course.flows.get(token)
        if token.id in m.waiting:
            m.carry(work_of(token), old.element)
        if token.state is WAITING and token.turn_of is None and old.kind in ACTIVITIES:
            self._deadline(token, old, new)
        if token.undoing is not None:
            token.undoing.pending = self._dones(token.undoing.pending)
        if token.repetition is not None and new.repetition is not None:
            self._turns(token, token.repetition, new.repetition)
        if token.inner is not None:
            assert new.inner is not None
            self.scope(token.inner, new.inner)

    def _withdraw(self, token: Token) -> None:
        """The job is another worker's in the new version: it gets a new id, since that is the job's."""
        m = self._m
        m.close(work_of(token))
        del m.waiting[token.id]
        if token.node.deadline and token.turn_of is None:
            m.close(Wait("deadline", token.id, token.node.element, token.node.scope.id))
        if token.turn_of is None:
            m.renew(token)
        else:
            token.id = m.new_id()

    def _deadline(self, token: Token, old: Node, new: Node) -> None:
        wait = Wait("deadline", token.id, new.element, new.scope.id)
        if new.deadline and (not old.deadline or token in self._course.anew):
            self._deadlines.append(token)
        elif new.deadline:
            self._m.carry(wait, old.element)
        elif old.deadline:
            self._m.close(wait)

    def _turns(self, token: Token, repetition: Repeating, plan: Repetition) -> None:
        if repetition.changed is not None:
            repetition.changed.update(groups_of(repetition))
        for turn in repetition.turns.values():
            self._token(turn)
            own = self._own(repetition, plan, turn)
            if own:
                self._m.set_data(turn, {**own, **turn.data})

    @staticmethod
    def _own(repetition: Repeating, plan: Repetition, turn: Token) -> dict[str, object]:
        """What a turn of the new version begins with: its item, by the name that it has there, and its number."""
        items: Any = repetition.items
        number = turn.number
        order = list(items).index(number) if isinstance(items, dict) else int(number)
        item = order if items is None else items[number]
        own = dict.fromkeys(plan.item, item)
        return own | {COUNTER: order + 1} if plan.counts else own

    def _dones(self, dones: list[Done]) -> list[Done]:
        """What the new version cannot undo is not kept for it."""
        found = []
        for done in dones:
            done.node = self._course.undone[done]
            done.inside = self._dones(done.inside) if done.node.inner is not None else []
            if done.node.compensable:
                found.append(done)
        return found

    def _joins(self, scope: Running, plan: Scope) -> None:
        """What has arrived at joins; one that waits for nothing more in the new version goes on."""
        m, arrived = self._m, scope.parked
        scope.parked = {}
        for tokens in arrived.values():
            scope.parked.setdefault(tokens[0].node.id, []).extend(tokens)
        for id, parked in list(scope.parked.items()):
            node = plan.nodes[id]
            if node.ways is not None:
                m.joins[scope.id] = scope
            elif len({token.arrived for token in parked}) == len(node.incoming):
                last = parked.pop()
                last.state = READY
                m.queue.append(last)
                if not parked:
                    del scope.parked[id]

    # -- events ------------------------------------------------------------------------------------------------------

    def _watches(self, holder: Token | Running, found: Watching, token: Token | None, scope: Running | None) -> None:
        for watch in found.dropped:
            self._m.drop(watch)
        for watch, node in found.kept:
            self._keep(watch, node)
        holder.watches = [watch for watch, _ in found.kept] or None
        self._arm += [(node, token, scope) for node in found.armed]

    def _keep(self, watch: Watch, node: Node) -> None:
        old, before = watch.node, watch.trigger
        watch.node, watch.trigger = node, counterpart(before, old, node)
        self._m.carry(wait_of(watch), old.element)
        if self._timers_anew and watch.trigger.kind == "timer" and watch.trigger.expression != before.expression:
            self._replan.append(watch)
