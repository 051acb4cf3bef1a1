"""Sub-processes, called processes and event sub-processes: how they are entered, and what their end means (BPMN 2.0.2, 13.3.4 and 13.3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from processes.kernel.behaviour import activities, compensation, scopes
from processes.kernel.data import Data
from processes.kernel.errors import Stuck
from processes.kernel.machine import Machine, ending, working
from processes.kernel.plan import Scope
from processes.kernel.state import Done, Running, Token

DEEPEST = 50
"""Scopes within each other; some sixty can be stored, and no sensible diagram needs as many."""


@working("subProcess", "transaction")
def enter_sub_process(m: Machine, token: Token) -> None:
    """What is drawn inside runs with a copy of the variables."""
    scopes.begin(m, token.node.inner, token, token.data)


@working("callActivity")
def call(m: Machine, token: Token) -> None:
    """The called process runs with a copy of the variables, or with those it declares (10.3.6)."""
    plan = token.node.inner
    assert plan is not None
    if plan.chooser is not None or any(each in plan.typed_starts for each in plan.starts):
        # It would wait for a trigger that no call gives.
        zh = f"调用的流程“{plan.id}”没有空白开始事件,请给它加一个"
        raise Stuck(token.node.id, zh, f"the called process {plan.id!r} has no blank start event")
    if _depth(token) > DEEPEST:
        zh = f"调用嵌套超过 {DEEPEST} 层,请检查不断调用自己的流程"
        raise Stuck(token.node.id, zh, f"calls are nested deeper than {DEEPEST} levels: does a process call itself?")
    data = token.data
    if plan.inputs:
        given = _declared(token, plan, plan.inputs, data, "被调用的流程需要变量", "the called process needs")
        data = {name: value for names, value in given.items() for name in names}
        missing = [name for names in plan.inputs if names not in given for name in names]
        data.update(dict.fromkeys(missing))
    scopes.begin(m, plan, token, data)


def _depth(token: Token) -> int:
    """In how many scopes a token stands."""
    depth, scope = 1, token.scope
    while scope.owner is not None:
        depth, scope = depth + 1, scope.owner.scope
    return depth


def _declared(
    token: Token, plan: Scope, declared: Sequence[tuple[str, ...]], data: Data, zh: str, en: str
) -> dict[tuple[str, ...], Any]:
    """The values of declared inputs or outputs, by whichever of their names they go. Raises :class:`Stuck` for one that is missing, and
    not optional (10.4.1)."""
    found = {}
    for names in declared:
        present = next((name for name in names if name in data), None)
        if present is not None:
            found[names] = data[present]
        elif names[0] not in plan.optional:
            raise Stuck(token.node.id, f"{zh}“{names[0]}”", f"{en} {names[0]!r}")
    return found


@ending("subProcess", "transaction", "process")
def sub_process_ended(m: Machine, token: Token, scope: Running) -> None:
    """The variables come back, and the activity is done."""
    token.inner = None
    if token.undoing is not None:
        compensation.go_on(m, token)
        return
    outcome = scope.base if scope.outcome is None else scope.outcome
    if scope.plan.outputs:
        zh, en = "被调用的流程没有给出变量", "the called process did not give"
        given = _declared(token, scope.plan, scope.plan.outputs, outcome, zh, en)
        m.put(token, {names[0]: value for names, value in given.items()})
    elif scope.plan.inputs:
        m.put(token, {name: value for name, value in outcome.items() if scope.base.get(name) is not value})
    else:
        m.set_data(token, outcome)
    activities.finish(m, token, scope.done)


@ending("eventSubProcess")
def event_sub_process_ended(m: Machine, token: Token, scope: Running) -> None:
    """Its changes go into the scope it stands in; what was completed in it can be undone there, as of any activity."""
    token.inner = None
    if token.undoing is not None:
        compensation.go_on(m, token)
        return
    if scope.outcome is not None:
        m.set_data(token, scope.outcome)
    m.record("completed", token)
    if scope.done:
        token.scope.done.append(Done(token.node, token.data, scope.done))
    m.end(token)
