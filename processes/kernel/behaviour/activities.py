"""Activities: a task's own work, and what is common to all of them before and after it (BPMN 2.0.2, 13.3.2)."""

from __future__ import annotations

from typing import Any

from processes.kernel.behaviour import arming, compensation, flows, loops
from processes.kernel.data import Data
from processes.kernel.errors import Stuck
from processes.kernel.machine import WORK, Machine, entering, working
from processes.kernel.plan import Node
from processes.kernel.state import WAITING, Done, Token, Wait

# -- before and after ----------------------------------------------------------------------------------------------------


@entering(
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
    "subProcess", "transaction", "callActivity",
)  # fmt: skip
def enter(m: Machine, token: Token) -> None:
    """A token has come to an activity, or is one of its turns."""
    if token.node.repetition is None or token.turn_of is not None:
        if token.turn_of is None:
            open_activity(m, token)
        else:
            m.record("entered", token)
        prepare(m, token)
        token.state = WAITING
        WORK[token.node.kind](m, token)
    else:
        loops.enter(m, token)


def open_activity(m: Machine, token: Token) -> None:
    """The activity as a whole begins: its boundary events wait, its deadline runs."""
    node = token.node
    m.renew(token)
    m.record("entered", token)
    for event in node.armed_boundary:
        arming.arm(m, event, token, None)
    if node.deadline:
        m.open(Wait("deadline", token.id, node.element, node.scope.id))


def prepare(m: Machine, token: Token) -> None:
    """Data objects are read, the script before it is run; with a loop, once for all turns or for each."""
    node, repetition = token.node, token.node.repetition
    if token.turn_of is None and node.inputs:
        m.put(token, read(m, token))
    if node.before and inside(token, repetition):
        m.put(token, m.evaluator.execute(node.before, token.data, node.id))


def conclude(m: Machine, token: Token) -> None:
    """The script after it is run, data objects are written."""
    node = token.node
    if node.after and inside(token, node.repetition):
        m.put(token, m.evaluator.execute(node.after, token.data, node.id))
    if token.turn_of is None and (node.outputs or node.inputs):
        write(m, token)


def read(m: Machine, token: Token) -> Data:
    """What data associations bring into an activity or event."""
    objects, data = m.objects(token.scope), token.data
    found: Data = {}
    for move in token.node.inputs:
        value = objects.get(move.data_object)
        if move.outside:
            value = next((data[name] for name in move.outside if name in data), None)
        found.update(dict.fromkeys(move.variables, value))
    return found


def inside(token: Token, repetition: Any) -> bool:
    """Whether scripts around an activity belong to this token: the turn, or the activity as a whole."""
    return repetition is None or repetition.scripts_inside is (token.turn_of is not None)


def write(m: Machine, token: Token) -> None:
    """Data associations take something out of an activity or event."""
    data = dict(token.data)
    for move in token.node.outputs:
        variable = next((name for name in move.variables if name in data), None)
        if variable is None:
            names = "、".join(move.variables)
            raise Stuck(token.node.id, f"没有要存进数据对象的变量“{names}”", f"no variable {names} for a data object")
        if move.outside:
            data[move.outside[0]] = data[variable]
        else:
            keep(token, move.data_object, data[variable])
        if move.temporary:
            del data[variable]
    m.set_data(token, without_copies(token.node, data))


def without_copies(node: Node, data: Data) -> Data:
    """The variables that leave an activity: not those that bear the name of a data object it has read, which are the object's alone."""
    copies = {move.data_object for move in node.inputs if move.temporary} & data.keys()
    return {name: value for name, value in data.items() if name not in copies} if copies else data


def keep(token: Token, data_object: str, value: Any) -> None:
    """Put a value into a data object of the running scope that declares it."""
    scope = token.scope
    while data_object not in scope.plan.data_objects and scope.owner is not None:
        scope = scope.owner.scope
    scope.objects = {**scope.objects, data_object: value}


def finish(m: Machine, token: Token, done_inside: list[Done] | None = None) -> None:
    """The activity's own work is done."""
    node = token.node
    conclude(m, token)
    m.disarm(token)
    m.stop_waiting(token)
    m.record("completed", token)
    if node.compensable and token.undoes is None and (token.turn_of is not None or node.repetition is None):
        token.scope.done.append(Done(node, token.data, done_inside or []))
    if token.turn_of is not None:
        loops.turn_ended(m, token)
    elif token.undoes is not None:
        compensation.handled(m, token)
    else:
        m.leave(token, flows.chosen(m, token) if node.conditional else node.outgoing)


# -- the work itself -------------------------------------------------------------------------------------------------------


@working("task")
def pass_through(m: Machine, token: Token) -> None:
    """A task of no kind does nothing."""
    finish(m, token)


@working("userTask", "manualTask")
def wait_for_person(m: Machine, token: Token) -> None:
    """A person's task is open until it is completed."""
    node = token.node
    m.waiting[token.id] = token
    m.open(Wait("user", token.id, node.element, node.scope.id))


@working("serviceTask")
def wait_for_worker(m: Machine, token: Token) -> None:
    """A job is open until a worker answers; the arguments are worked out now."""
    node, operator = token.node, token.node.operator
    assert operator is not None
    data = token.data
    arguments = {name: m.evaluator.evaluate(text, data, node.id) for name, text in operator.parameters}
    m.waiting[token.id] = token
    m.open(Wait("job", token.id, node.element, node.scope.id, operator.topic, arguments=arguments))


@working("scriptTask")
def run_script(m: Machine, token: Token) -> None:
    """A script changes variables."""
    m.put(token, m.evaluator.execute(token.node.script, token.data, token.node.id))
    finish(m, token)


@working("businessRuleTask")
def decide(m: Machine, token: Token) -> None:
    """A decision's outputs become variables; which rules fired is kept for the history."""
    node, decision = token.node, token.node.decision
    assert decision is not None
    values, rules = m.evaluator.decide(decision, token.data, node.id)
    m.fired.append((node.id, decision.id, rules))
    m.put(token, values)
    finish(m, token)


def complete(m: Machine, token: Token, values: Data) -> None:
    """What was waited for outside has come: the values become variables, and the flow goes on."""
    m.waiting.pop(token.id, None)
    m.close(Wait("job" if token.node.operator is not None else "user", token.id, token.node.element, token.node.scope.id,
                 token.node.operator.topic if token.node.operator is not None else ""))  # fmt: skip
    m.put(token, values)
    finish(m, token)
