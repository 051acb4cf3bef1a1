"""Loops and multi-instance activities (BPMN 2.0.2, 10.3.8 and 13.3.6). The activity's token stays; each turn is a token of its own inside it.
That an activity is over is told to ``activities``, which finishes it."""

from __future__ import annotations

from typing import Any

from processes.kernel import data as variables
from processes.kernel.behaviour import associations
from processes.kernel.data import Data
from processes.kernel.errors import Stuck
from processes.kernel.machine import GROUP, Machine
from processes.kernel.plan import COUNTER, Repetition
from processes.kernel.state import GONE, READY, WAITING, Repeating, Token

MOST = 20_000
"""Turns of one multi-instance."""


def enter(m: Machine, token: Token) -> bool:
    """Begin the turns of an activity, or more of them; returns whether the activity is over with that, there being none to begin."""
    if token.repetition is None:
        _begin(m, token)
    repetition, plan = token.repetition, token.node.repetition
    assert repetition is not None
    assert plan is not None
    if plan.kind == "standard":
        if plan.test_before and not _goes_on(m, token, repetition):
            _close(m, token)
            return True
        _turn(m, token, repetition)
    elif repetition.total == 0:
        _close(m, token)
        return True
    elif plan.kind == "sequential":
        _turn(m, token, repetition)
    else:
        _begin_many(m, token, repetition)
    return False


def _begin(m: Machine, token: Token) -> None:
    plan = token.node.repetition
    assert plan is not None
    items: list[Any] | dict[str, Any] | None = None
    total = -1
    if plan.source:
        data = m.visible(token)
        found = data[plan.source] if plan.source in data else m.evaluator.evaluate(plan.source, data, token.node.id)
        if not isinstance(found, list | dict):
            raise Stuck(
                token.node.id, f"要逐项处理的应为列表，现为 {found!r:.40}", f"no list to go through: {found!r:.40}"
            )
        items, total = found, len(found)
    elif plan.cardinality:
        turns = m.evaluator.evaluate(plan.cardinality, m.visible(token), token.node.id)
        if type(turns) is not int or turns < 0:
            raise Stuck(
                token.node.id,
                f"重复次数应为不小于 0 的整数，现为 {turns!r:.40}",
                f"not a number of turns: {turns!r:.40}",
            )
        total = turns
    elif plan.kind != "standard":
        raise Stuck(token.node.id, "没有写重复多少次，也没有写逐项处理哪个列表", "neither a number of turns nor a list")
    if total > MOST:
        raise Stuck(token.node.id, f"要重复 {total} 次，最多 {MOST} 次", f"{total} turns, {MOST} at most")
    token.repetition = Repeating(total, items, token.data)
    if total > GROUP:
        token.repetition.changed = set()
        m.wide += 1


def _begin_many(m: Machine, token: Token, repetition: Repeating) -> None:
    """Begin parallel turns, as many as this command may; the rest in its next slice."""
    while repetition.begun < repetition.total:
        if m.effort.left <= 0:
            token.state = READY
            m.queue.append(token)
            return
        m.effort.spend(token.node.id)
        _turn(m, token, repetition)


def _turn(m: Machine, token: Token, repetition: Repeating) -> None:
    plan = token.node.repetition
    assert plan is not None
    index, items = repetition.begun, repetition.items
    repetition.begun += 1
    number: int | str = index
    item: Any = index
    if isinstance(items, dict):
        number = list(items)[index]
        item = items[number]
    elif items is not None:
        item = items[index]
    data = {"standard": token.data, "sequential": repetition.merged, "parallel": repetition.base}[plan.kind]
    own = dict.fromkeys(plan.item, item)
    if plan.counts:
        own[COUNTER] = repetition.begun
    turn = Token(m.new_id(), token.node, token.scope, {**data, **own} if own else data)
    turn.turn_of, turn.number = token, number
    repetition.turns[number] = turn
    m.queue.append(turn)
    m.touch(turn)


def turn_ended(m: Machine, turn: Token) -> bool:
    """A turn is done: its output is kept, and the next begins; returns whether the activity is over with that, there being no more."""
    token = turn.turn_of
    assert token is not None
    repetition, plan = token.repetition, token.node.repetition
    assert repetition is not None
    assert plan is not None
    turn.state = GONE
    del repetition.turns[turn.number]
    repetition.ended += 1
    m.touch(turn)
    if plan.kind == "standard":
        m.set_data(token, _given(plan, turn.data, token.data))
        if not _goes_on(m, token, repetition):
            _close(m, token)
            return True
        _turn(m, token, repetition)
        return False
    _keep_output(m, token, turn, plan, repetition)
    if repetition.ended == repetition.total or (plan.condition and _is_complete(m, token, turn, plan, repetition)):
        _close(m, token)
        return True
    if plan.kind == "sequential":
        _turn(m, token, repetition)
    return False


def _goes_on(m: Machine, token: Token, repetition: Repeating) -> bool:
    """Whether a standard loop has another turn."""
    plan = token.node.repetition
    assert plan is not None
    if plan.maximum is not None and repetition.ended >= plan.maximum:
        return False
    if not plan.condition:
        return True
    data = m.visible(token)
    return m.evaluator.holds(
        plan.condition, {**data, COUNTER: repetition.ended} if plan.counts else data, token.node.id
    )


def _keep_output(m: Machine, token: Token, turn: Token, plan: Repetition, repetition: Repeating) -> None:
    if plan.target and plan.output:
        name = next((name for name in plan.output if name in turn.data), "")
        repetition.outputs[turn.number] = turn.data.get(name)
        return
    given = _given(plan, turn.data, repetition.base)
    if plan.kind == "sequential":  # it has begun with what those before it have done
        repetition.merged = given
    else:
        repetition.merged = variables.changed(repetition.base, given, repetition.merged)


def _given(plan: Repetition, data: Data, base: Data) -> Data:
    """What a turn gives to what follows: not its item nor its number, which are its own."""
    own = {*plan.item, COUNTER} if plan.counts else {*plan.item}
    if not own:
        return data
    given = {key: value for key, value in data.items() if key not in own}
    return given | {name: base[name] for name in own if name in base}


def _is_complete(m: Machine, token: Token, turn: Token, plan: Repetition, repetition: Repeating) -> bool:
    """The completion condition, over the turn's variables and what BPMN lets it know (table 10.30). ``numberOfInstances`` is the number of
    all turns, also of a sequential one that has not begun the last (as Camunda and Flowable have it): else every share would be 1."""
    data = {
        **turn.data,
        COUNTER: _ordinal(repetition, turn),
        "numberOfInstances": repetition.total if repetition.total >= 0 else repetition.begun,
        "numberOfActiveInstances": len(repetition.turns),
        "numberOfCompletedInstances": repetition.ended,
        "numberOfTerminatedInstances": 0,
    }
    if plan.target and plan.target in plan.condition:
        data[plan.target] = _collected(repetition)
    return m.evaluator.holds(plan.condition, {**m.objects(token.scope), **data}, token.node.id)


def _ordinal(repetition: Repeating, turn: Token) -> int:
    """Which turn it is, the first being 1."""
    number, items = turn.number, repetition.items
    if isinstance(number, int):
        return number + 1
    return list(items).index(number) + 1 if isinstance(items, dict) else 0


def _collected(repetition: Repeating) -> Any:
    """The outputs in the order of the inputs; a context when one was gone through."""
    outputs, items = repetition.outputs, repetition.items
    if isinstance(items, dict):
        return {key: outputs[key] for key in items if key in outputs}
    return [outputs[number] for number in range(repetition.begun) if number in outputs]


def _close(m: Machine, token: Token) -> None:
    """Every turn is done, or enough of them: what still runs is withdrawn."""
    repetition, plan = token.repetition, token.node.repetition
    assert repetition is not None
    assert plan is not None
    if token.state is READY:  # it was about to begin more turns
        m.queue.remove(token)
        token.state = WAITING
    for turn in list(repetition.turns.values()):
        m.cancel_inside(turn)
        turn.state = GONE
    m.forget(token)
    m.set_data(token, variables.changed(repetition.base, repetition.merged, token.data))
    if plan.target and plan.output:
        if plan.held:
            associations.keep(token, plan.target, _collected(repetition))
        else:
            m.put(token, {plan.target: _collected(repetition)})
