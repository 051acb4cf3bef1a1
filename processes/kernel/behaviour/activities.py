"""Activities: a task's own work, and what is common to all of them before and after it (BPMN 2.0.2, 13.3.2)."""

from __future__ import annotations

from processes.kernel.behaviour import arming, associations, compensation, flows, loops
from processes.kernel.data import Data
from processes.kernel.machine import WORK, Machine, entering, work_of, working
from processes.kernel.plan import Repetition
from processes.kernel.state import WAITING, Done, Token, Wait

# -- before and after ----------------------------------------------------------------------------------------------------


@entering(
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
    "subProcess", "transaction", "callActivity",
)  # fmt: skip
def enter(m: Machine, token: Token) -> None:
    """A token has come to an activity, or is one of its turns, or comes back to begin more of them."""
    if token.node.repetition is None or token.turn_of is not None:
        if token.turn_of is None:
            _open(m, token)
        else:
            m.record("entered", token)
        _prepare(m, token)
        token.state = WAITING
        WORK[token.node.kind](m, token)
        return
    if token.repetition is None:
        _open(m, token)
        _prepare(m, token)
    token.state = WAITING
    if loops.enter(m, token):
        finish(m, token)


def _open(m: Machine, token: Token) -> None:
    """The activity as a whole begins: its boundary events wait, its deadline runs."""
    node = token.node
    m.renew(token)
    m.record("entered", token)
    for event in node.armed_boundary:
        arming.arm(m, event, token, None)
    if node.deadline:
        m.open(Wait("deadline", token.id, node.element, node.scope.id))


def _prepare(m: Machine, token: Token) -> None:
    """Data objects are read, the script before it is run; with a loop, once for all turns or for each."""
    node, repetition = token.node, token.node.repetition
    if token.turn_of is None and node.inputs:
        m.put(token, associations.read(m, token))
    if node.before and _inside(token, repetition):
        m.put(token, m.evaluator.execute(node.before, token.data, node.id))


def _conclude(m: Machine, token: Token) -> None:
    """The script after it is run, data objects are written."""
    node = token.node
    if node.after and _inside(token, node.repetition):
        m.put(token, m.evaluator.execute(node.after, token.data, node.id))
    if token.turn_of is None and (node.outputs or node.inputs):
        associations.write(m, token)


def _inside(token: Token, repetition: Repetition | None) -> bool:
    """Whether scripts around an activity belong to this token: the turn, or the activity as a whole."""
    return repetition is None or repetition.scripts_inside is (token.turn_of is not None)


def finish(m: Machine, token: Token, done_inside: list[Done] | None = None) -> None:
    """The activity's own work is done."""
    node = token.node
    _conclude(m, token)
    m.disarm(token)
    m.stop_waiting(token)
    m.record("completed", token)
    if node.compensable and token.undoes is None and (token.turn_of is not None or node.repetition is None):
        token.scope.done.append(Done(node, token.data, done_inside or []))
    if token.turn_of is not None:
        if loops.turn_ended(m, token):
            finish(m, token.turn_of)
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
    m.close(work_of(token))
    m.put(token, values)
    finish(m, token)
