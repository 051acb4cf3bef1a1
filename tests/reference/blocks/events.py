"""Blocks about events: what interrupts, what is told by one branch and heard in another, and what ends a scope before its time.

Whatever is thrown stands right behind a task for a person: when that is done, everything else waits.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.diagrams import end, flow, message, process, service, start, timer
from tests.reference import words
from tests.reference.blocks.leaves import job, receive_task
from tests.reference.blocks.scopes import add_event_sub_process, scope
from tests.reference.drawing import Block, Drawing, Ends
from tests.reference.words import TERMINATE, begins, call, catch, gateway, guard, many, root, sub_process, throw

JOINS = ("<bpmn:parallelGateway", "<bpmn:inclusiveGateway")

# -- boundary events -------------------------------------------------------------------------------------------------


def guarded(drawing: Drawing) -> Ends:
    """Something with a boundary event that comes from outside."""
    kind = drawing.choose(drawing.allowed("message", "signal", "timer", "multiple", "all"))
    host = _host(drawing)
    event = drawing.name("bound")
    definition, properties, occurrence = drawing.trigger(kind, event)
    if drawing.may("beside"):
        if kind == "timer" and drawing.may("cycle"):
            definition = timer("timeCycle", f"R2/{drawing.duration()}")
        drawing.add(guard(event, host, definition, interrupting=False, all_of=kind == "all", **properties))
        return beside(drawing, host, event, occurrence)
    drawing.add(guard(event, host, definition, all_of=kind == "all", **properties))
    return instead(drawing, host, event)


def _host(drawing: Drawing) -> str:
    """Something that waits."""
    kind = drawing.choose(("user", *drawing.allowed("service", "receive", "several tasks", "sub-process", "call")))
    if kind == "user":
        return drawing.user()
    if kind == "service":
        return job(drawing)
    if kind == "receive":
        return receive_task(drawing)[0]
    if kind == "several tasks":
        item = drawing.name("item")
        drawing.keys.append(f"string({item})")
        host = drawing.user(inner=many(item=item, number="= 2", one_by_one=drawing.choose((False, True))))
        drawing.keys.pop()
        return host
    return waiting_scope(drawing, lambda _: drawing.chain(drawing.user(), drawing.block()), kind == "call")


def waiting_scope(drawing: Drawing, fill: Callable[[Drawing], Ends], is_called: bool = False) -> str:
    """A sub-process or a called process with this inside."""
    if is_called:
        name, of = drawing.name("call"), drawing.name("process")
        drawing.processes.append(process(of, scope(drawing, fill)))
        drawing.add(call(name, of))
    else:
        name = drawing.name("sub")
        drawing.add(sub_process(name, scope(drawing, fill)))
    return name


def instead(drawing: Drawing, host: str, *events: str) -> Ends:
    """What comes behind events that interrupt takes the place of what they interrupted."""
    join = drawing.name("join")
    drawing.add(gateway("exclusive", join), flow(host, join))
    for event in events:
        first, last = drawing.block()
        drawing.add(flow(event, first), flow(last, join))
    return host, join


def beside(drawing: Drawing, host: str, event: str, occurrence: str = "") -> Ends:
    """What comes behind an event that does not interrupt ends for itself.

    It may happen again before that. Should it have joins, it is put into a sub-process of its own: tokens of different occurrences could
    meet at them otherwise, and no text says what branches that never parted have changed "since their fork".
    """
    outer, drawing.parts = drawing.parts, []
    drawing.keys += [occurrence] if occurrence else []
    first, last = drawing.block()
    drawing.keys[len(drawing.keys) - bool(occurrence) :] = []
    if any(part.startswith(JOINS) for part in drawing.parts):
        name, begin = drawing.name("sub"), drawing.name("start")
        drawing.add(start(begin), flow(begin, first))
        drawing.finish(last)
        drawing.parts, first, last = [sub_process(name, drawing.body)], name, name
    drawing.parts = outer + drawing.parts
    drawing.add(flow(event, first))
    drawing.finish(last)
    return host, host


def conditional(drawing: Drawing) -> Ends:
    """A sub-process in which somebody may make a condition true that its boundary, or an event sub-process in it, looks at."""
    hot, place = drawing.name("hot"), drawing.choose(("boundary", "event sub-process"))
    interrupting = not drawing.may("beside")
    event = drawing.name("bound" if place == "boundary" else "begin")

    def fill(_: Drawing) -> Ends:
        changes = [drawing.user({hot: False}, {hot: True}) for _ in range(drawing.choose((1, 3)))]
        if place != "boundary":
            begin = begins(event, words.condition(f"= {hot}"), interrupting=interrupting)
            add_event_sub_process(drawing, event, begin)
        return drawing.chain(*changes, drawing.user())

    cool = drawing.script(f"= {{{hot}: false}}")
    host = waiting_scope(drawing, fill)
    drawing.add(flow(cool, host))
    if place != "boundary":
        return cool, host
    drawing.add(guard(event, host, words.condition(f"= {hot}"), interrupting=interrupting))
    return cool, (instead if interrupting else beside)(drawing, host, event)[1]


# -- from branch to branch -------------------------------------------------------------------------------------------


def condition_of_another(drawing: Drawing) -> Ends:
    """One branch waits for a condition that another makes true."""
    ready = drawing.name("ready")
    cool = drawing.script(f"= {{{ready}: false}}")
    writer = drawing.chain(drawing.block(), drawing.user({ready: True}), drawing.user())
    return _beside_each_other(drawing, cool, writer, _hearing(drawing, words.condition(f"= {ready}")))


def signal_from_another(drawing: Drawing) -> Ends:
    """One branch throws a signal; others catch it, or are interrupted by it, if they are there already."""
    name = drawing.name("told")
    drawing.roots.append(root("signal", name, payload=_payload(drawing.key(name)), variable=name))
    definition = words.signal(name)
    others = [_hearing(drawing, definition, "event sub-process") for _ in range(drawing.choose((1, 2)))]
    return _beside_each_other(drawing, drawing.note(), _telling(drawing, definition), *others)


def message_from_another(drawing: Drawing) -> Ends:
    """One branch sends a message to another, which may not be there yet."""
    letter, wait = drawing.name("letter"), drawing.name("catch")
    key = drawing.key(letter)
    drawing.add(catch(wait, message("news", variable=letter), correlationKey=key))
    sender = _telling(drawing, message("news", _payload(key)), correlationKey=key)
    receiver = drawing.chain(*([drawing.block()] if drawing.choose((True, False)) else []), wait)
    return _beside_each_other(drawing, drawing.note(), sender, receiver)


def _payload(key: str) -> str:
    """A context that no other occurrence writes: whether an entry was written that has the value it had before, nobody can tell afterwards."""
    return f"= {{n: {key.removeprefix('= ')}}}"


def _beside_each_other(drawing: Drawing, before: str, *branches: Ends) -> Ends:
    split, join = drawing.name("split"), drawing.name("join")
    drawing.add(gateway("parallel", split), gateway("parallel", join), flow(before, split))
    for first, last in branches:
        drawing.add(flow(split, first), flow(last, join))
    return before, join


def _telling(drawing: Drawing, definition: str, **properties: str) -> Ends:
    """A task, and then something that throws: on the way, or at an end of its own beside something else."""
    way, told, before = drawing.choose(("throw", "end", "several")), drawing.name("tell"), drawing.user()
    if way == "throw":
        drawing.add(throw(told, definition, **properties))
        return drawing.chain(before, told, drawing.block())
    if way == "several":
        unheard = drawing.name("unheard")
        drawing.roots.append(root("signal", unheard))
        definition += words.signal(unheard)
    split, (first, last) = drawing.name("split"), drawing.block()
    drawing.add(gateway("parallel", split), end(told, definition, **properties))
    drawing.add(flow(split, before), flow(before, told), flow(split, first))
    return split, last


def _hearing(drawing: Drawing, definition: str, *more: str) -> Ends:
    """Something that catches what another branch tells."""
    kind = drawing.choose(("catch", "boundary", "gateway", *more))
    event = drawing.name("hear")
    if kind == "catch":
        drawing.add(catch(event, definition))
        return event, event
    if kind == "gateway":
        drawing.add(catch(event, definition))
        return _race(drawing, [event, drawing.catching("message")])
    interrupting = not drawing.may("beside")
    if kind == "boundary":
        host = drawing.user()
        drawing.add(guard(event, host, definition, interrupting=interrupting))
        return (instead if interrupting else beside)(drawing, host, event)

    def fill(_: Drawing) -> Ends:
        add_event_sub_process(drawing, event, begins(event, definition, interrupting=interrupting))
        name = drawing.user()
        return name, name

    host = waiting_scope(drawing, fill, drawing.may("call"))
    return host, host


def first_event(drawing: Drawing) -> Ends:
    """Whatever comes first."""
    options = []
    for _ in range(drawing.choose((2, 3))):
        kind = drawing.choose(drawing.allowed("message", "timer", "signal", "receive"))
        options.append(receive_task(drawing)[0] if kind == "receive" else drawing.catching(kind))
    return _race(drawing, options)


def _race(drawing: Drawing, options: list[str]) -> Ends:
    race, join = drawing.name("race"), drawing.name("join")
    drawing.add(gateway("eventBased", race), gateway("exclusive", join))
    for option in options:
        first, last = drawing.block()
        drawing.add(flow(race, option), flow(option, first), flow(last, join))
    return race, join


# -- errors, escalations, terminate ----------------------------------------------------------------------------------


def failing_job(drawing: Drawing) -> Ends:
    """A worker's business error, caught by its code or by any."""
    name, code = drawing.name("service"), drawing.name("error")
    variable = f"v_{code}" if drawing.may("error variable") else ""
    drawing.roots.append(root("error", code, variable=variable, errorCode=code))
    event, other = drawing.name("bound"), drawing.name("bound")
    drawing.add(service(name, "work", {"k": drawing.key(name)}, f"r_{name}"))
    drawing.add(guard(event, name, words.error(code)))
    drawing.errors[name] = [code]
    if not drawing.may("any code"):
        return instead(drawing, name, event)
    drawing.errors[name].append("surprise")
    drawing.add(guard(other, name, words.error()))
    return instead(drawing, name, event, other)


def failing(drawing: Drawing) -> Ends:
    """A scope that may end by an error, caught at its boundary or by an event sub-process inside it."""
    code = drawing.name("error")
    drawing.roots.append(root("error", code, errorCode=code))
    caught, inside = words.error("" if drawing.may("any code") else code), drawing.may("error event sub-process")

    def fill(_: Drawing) -> Ends:
        if inside:
            begin = drawing.name("begin")
            add_event_sub_process(drawing, begin, begins(begin, caught))
        return _perhaps(drawing, words.error(code))

    host = waiting_scope(drawing, fill, drawing.may("call"))
    if inside:
        return host, host
    event = drawing.name("bound")
    drawing.add(guard(event, host, caught))
    return instead(drawing, host, event)


def _perhaps(drawing: Drawing, definition: str) -> Ends:
    """Somebody decides whether an end event with this definition is reached; perhaps something else goes on beside that."""
    decision, choice, bad = drawing.name("d"), drawing.name("choice"), drawing.name("end")
    decide, good = drawing.user({decision: 0}, {decision: 1}), drawing.note()
    drawing.add(gateway("exclusive", choice, f"{choice}_{good}"), end(bad, definition))
    drawing.add(flow(decide, choice), flow(choice, good), flow(choice, bad, f"= {decision} = 1"))
    if not drawing.may("fork"):
        return decide, good
    before, (first, last) = drawing.note(), drawing.block()
    drawing.add(flow(before, decide), flow(before, first))
    drawing.finish(last)
    return before, good


def escalating(drawing: Drawing) -> Ends:
    """A scope that tells of something by an escalation, on its way or at an end."""
    code, told = drawing.name("escalation"), drawing.name("tell")
    drawing.roots.append(root("escalation", code, escalationCode=code))
    caught = words.escalation("" if drawing.may("any code") else code)
    place = drawing.choose(("boundary", "event sub-process", "nowhere"))
    interrupting, event = not drawing.may("beside"), drawing.name("hear")

    def fill(_: Drawing) -> Ends:
        if place == "event sub-process":
            add_event_sub_process(drawing, event, begins(event, caught, interrupting=interrupting))
        if drawing.choose((True, False)):
            drawing.add(throw(told, words.escalation(code)))
            return drawing.chain(drawing.user(), told, drawing.block())
        return _perhaps(drawing, words.escalation(code))

    def deeper(_: Drawing) -> Ends:
        inner = drawing.name("sub")
        drawing.add(sub_process(inner, scope(drawing, fill)))
        return inner, inner

    host = waiting_scope(drawing, deeper if drawing.may("sub-process") else fill, drawing.may("call"))
    if place != "boundary":
        return host, host
    drawing.add(guard(event, host, caught, interrupting=interrupting))
    return (instead if interrupting else beside)(drawing, host, event)


def terminating(drawing: Drawing) -> Ends:
    """A scope that somebody may end at once."""
    host = waiting_scope(drawing, lambda _: _perhaps(drawing, TERMINATE), drawing.may("call"))
    return host, host


EVENTS: dict[str, Block] = {
    "boundary": guarded,
    "conditional": conditional,
    "condition of another": condition_of_another,
    "signal of another": signal_from_another,
    "message of another": message_from_another,
    "first event": first_event,
    "error of a job": failing_job,
    "error": failing,
    "escalation": escalating,
    "terminate": terminating,
}
