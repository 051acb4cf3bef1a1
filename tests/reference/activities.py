"""Activities: what each kind does, sub-processes and calls, and doing one several times (BPMN 2.0 §10.3, §13.3)."""

from __future__ import annotations

from typing import Any

from tests.reference import catching, gateways
from tests.reference.data import ABSENT, Arrival, Data
from tests.reference.machine import Incident, Machine
from tests.reference.reading import Scope
from tests.reference.state import Activity, Causes, Frame, Record, Token, Wait

FOR_PEOPLE = frozenset({"userTask", "manualTask", "globalUserTask", "globalManualTask"})
SCRIPTS = frozenset({"scriptTask", "globalScriptTask"})
RULES = frozenset({"businessRuleTask", "globalBusinessRuleTask"})


# -- beginning -------------------------------------------------------------------------------------------------------


def begin(machine: Machine, token: Token) -> None:
    """A token has come to an activity."""
    activity = Activity(token.node, token.frame, token.data, token.causes, token)
    token.activity = activity
    catching.arm_boundaries(machine, activity)
    begin_handler(machine, activity)


def begin_handler(machine: Machine, activity: Activity) -> None:
    """Begin an activity that has no boundary events to arm: what a compensation handler never has."""
    _prepare(machine, activity)
    loop = activity.node.loop
    if loop is None:
        _work(machine, activity)
    elif loop.kind == "standard":
        _turn(machine, activity)
    else:
        _begin_instances(machine, activity)


def _prepare(machine: Machine, activity: Activity) -> None:
    """Data objects are copied in, then the script before runs."""
    objects = {variable: _holder(activity.frame, name).objects[name] for name, variable in activity.node.reads}
    activity.data = machine.write(activity.data, objects)
    if activity.node.before:
        activity.data = machine.run_script(activity.node.before, activity.data)


def _holder(frame: Frame, data_object: str) -> Frame:
    """The scope that declares a data object."""
    while data_object not in frame.objects:
        assert frame.parent is not None, data_object
        frame = frame.parent
    return frame


def _work(machine: Machine, activity: Activity) -> None:
    node, data = activity.node, activity.data
    if node.tag in FOR_PEOPLE:
        key = machine.property(node, "organisation", data.values)
        machine.waits.append(Wait("user", machine.number(), activity, key=key))
    elif node.tag == "serviceTask":
        arguments = {name: machine.evaluate(text, data.values) for name, text in node.arguments.items()}
        machine.waits.append(Wait("job", machine.number(), activity, name=node.topic, key=repr(arguments)))
    elif node.tag == "receiveTask":
        catching.arm_message(machine, activity)
    elif node.inner is not None:
        activity.inner = begin_scope(machine, node.inner, activity.frame, data, activity.causes, activity)
    elif node.tag == "callActivity":
        _call(machine, activity)
    else:
        machine.finished.append((activity, _at_once(machine, activity), activity.causes))


def _at_once(machine: Machine, activity: Activity) -> Data:
    """What a task that waits for nothing makes of the variables."""
    node, data = activity.node, activity.data
    if node.tag in SCRIPTS:
        return machine.run_script(node.script, data)
    if node.tag in RULES:
        decided = machine.decisions[node.decision].evaluate(
            node.decision, data.values, machine.functions, lambda: machine.now
        )
        if "resultVariable" in node.properties:
            return machine.write(data, {node.properties["resultVariable"]: decided.value})
        return machine.write(data, decided.outputs if decided.outputs is not None else {node.decision: decided.value})
    if node.tag == "sendTask":
        catching.send(machine, node, node.triggers[0], data, activity.causes)
    return data


# -- scopes ----------------------------------------------------------------------------------------------------------


def begin_scope(
    machine: Machine,
    scope: Scope,
    parent: Frame | None,
    data: Data,
    causes: Causes,
    activity: Activity | None = None,
    called: bool = False,
) -> Frame:
    """A scope begins with a copy of the variables; its event sub-processes are armed before anything runs."""
    frame = Frame(scope, parent, data, causes, activity, called=called, objects=dict.fromkeys(scope.objects))
    catching.arm_starts(machine, frame)
    for node in scope.beginnings:
        machine.put(node, frame, data, causes)
    if not frame.tokens:
        _wait_for_start(machine, frame)
    return frame


def _wait_for_start(machine: Machine, frame: Frame) -> None:
    """A process that only events can start waits for the first of them; at an instantiating event-based gateway as at any other."""
    starts = [node for node in frame.scope.nodes if node.is_typed_start]
    events = [node for node in starts if node.tag != "eventBasedGateway"]
    for node in starts:
        if node.tag == "eventBasedGateway":
            machine.put(node, frame, frame.start, frame.causes)
    if events:
        token = Token(events[0], frame, frame.start, frame.causes)
        frame.tokens.append(token)
        catching.arm_token(machine, token, events)


def _call(machine: Machine, activity: Activity) -> None:
    """A called process takes everything, or what it declares to take."""
    scope = machine.callables[activity.node.attributes["calledElement"]]
    data = activity.data
    if scope.inputs is not None:
        data = Data.first({name: data.values.get(name) for name in scope.inputs})
    activity.inner = begin_scope(machine, scope, activity.frame, data, activity.causes, activity, called=True)


def end_scope(machine: Machine, frame: Frame) -> None:
    """No token is left in a sub-process or called process: what its branches know together is handed back."""
    data, activity = machine.outcome(frame), frame.activity
    frame.die()
    assert activity is not None
    if frame.called and frame.scope.outputs is not None:
        data = machine.write(activity.data, {name: data.values.get(name) for name in frame.scope.outputs})
    machine.finished.append((activity, data, activity.causes | frame.ended_causes))


# -- finishing -------------------------------------------------------------------------------------------------------


def finish(machine: Machine, activity: Activity, data: Data, causes: Causes) -> None:
    """The work of an activity is done: it, or this instance of it, is completed."""
    activity.data = data
    if activity.whole is None:
        data = activity.data = _conclude(machine, activity)
    activity.causes = machine.happened(activity.node, causes)
    activity.die()
    if activity.node.loop is None or activity.whole is not None:
        activity.frame.records.append(Record(activity.node, activity.frame, activity.inner, data, min(activity.causes)))
    if activity.whole is not None:
        _count(machine, activity.whole, activity)
    elif activity.compensation is not None:
        assert activity.begun is not None
        activity.compensation.go_on(activity.frame, activity.begun, data, activity.causes)
    elif activity.token is not None:
        token = activity.token
        token.data, token.causes = data, activity.causes
        machine.leave(token, gateways.flows_out(machine, activity.node, data))


def _conclude(machine: Machine, activity: Activity) -> Data:
    """The script after runs, then variables are copied into data objects; those that bear an object's name are the object's alone."""
    data = machine.run_script(activity.node.after, activity.data) if activity.node.after else activity.data
    for variable, name in activity.node.writes:
        _holder(activity.frame, name).objects[name] = data.values.get(variable)
    own = {name for name, variable in activity.node.reads if variable == name}
    own |= {name for variable, name in activity.node.writes if variable == name}
    return machine.write(data, dict.fromkeys(own & data.values.keys(), ABSENT))


# -- several times ---------------------------------------------------------------------------------------------------


def _instance(machine: Machine, whole: Activity, index: int, item: dict[str, Any]) -> None:
    data = machine.write(whole.data, item)
    instance = Activity(whole.node, whole.frame, data, whole.causes, whole.token, whole, index)
    whole.instances.append(instance)
    _work(machine, instance)


def _turn(machine: Machine, whole: Activity) -> None:
    """A standard loop goes on while its condition holds, so often at most; it looks at that before or after each turn."""
    loop = whole.node.loop
    assert loop is not None
    if whole.turns or loop.tests_before:
        enough = loop.maximum is not None and whole.turns >= loop.maximum
        if enough or (loop.condition and not machine.holds(loop.condition, whole.data.values)):
            machine.finished.append((whole, whole.data, whole.causes))
            return
    whole.turns += 1
    _instance(machine, whole, whole.turns, {})


def _begin_instances(machine: Machine, whole: Activity) -> None:
    """An instance for each item (the numbers from 0 where a number of instances is given); without any the activity is passed."""
    loop = whole.node.loop
    assert loop is not None
    found = machine.evaluate(loop.items or loop.cardinality, whole.data.values)
    items = list(range(found)) if isinstance(found, int) and not loop.items else found
    if not isinstance(items, list):
        raise Incident(f"{whole.node.id}: {found!r} is no list, or no number of instances")
    whole.todo = list(enumerate(items))
    if not items:
        _end_instances(machine, whole)
    elif loop.kind == "sequential":
        _next_instance(machine, whole)
    else:
        while whole.todo:
            _next_instance(machine, whole)


def _next_instance(machine: Machine, whole: Activity) -> None:
    assert whole.node.loop is not None
    index, item = whole.todo.pop(0)
    _instance(machine, whole, index, {whole.node.loop.item: item} if whole.node.loop.item else {})


def _count(machine: Machine, whole: Activity, instance: Activity) -> None:
    """An instance is completed. Of a multi-instance with outputs only these are kept, else its changes as those of a branch."""
    loop = whole.node.loop
    assert loop is not None
    whole.instances.remove(instance)
    whole.causes |= instance.causes
    if loop.kind == "standard":
        whole.data = instance.data
        _turn(machine, whole)
        return
    if loop.outputs:
        whole.outputs[instance.index] = instance.data.values.get(loop.output)
    else:
        own = {loop.item: whole.data.get(loop.item)} if loop.item else {}
        whole.arrivals.append(Arrival(machine.write(instance.data, own), machine.step))
    if loop.condition and machine.holds(loop.condition, instance.data.values):
        _end_instances(machine, whole)
    elif loop.kind == "sequential" and whole.todo:
        if whole.arrivals:
            whole.data = machine.gather(whole.arrivals)
        _next_instance(machine, whole)
    elif not whole.instances:
        _end_instances(machine, whole)


def _end_instances(machine: Machine, whole: Activity) -> None:
    """All is done, or enough of it: the outputs come in the order of the items."""
    for instance in whole.instances:
        instance.die()
    whole.instances.clear()
    data = machine.gather(whole.arrivals) if whole.arrivals else whole.data
    assert whole.node.loop is not None
    if whole.node.loop.outputs:
        outputs = [whole.outputs[index] for index in sorted(whole.outputs)]
        data = machine.write(data, {whole.node.loop.outputs: outputs})
    machine.finished.append((whole, data, whole.causes))
