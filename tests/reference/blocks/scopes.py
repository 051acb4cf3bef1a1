"""Blocks that are scopes of their own: sub-processes with event sub-processes in them, called processes, and what is done several times."""

from __future__ import annotations

from collections.abc import Callable

from tests.diagrams import element, end, flow, process, script, start
from tests.reference import words
from tests.reference.blocks.leaves import job
from tests.reference.drawing import DEEPEST, OPENING, Block, Drawing, Ends
from tests.reference.words import call, gateway, many, reads, repeated, sub_process, writes

# -- insides ---------------------------------------------------------------------------------------------------------


def scope(drawing: Drawing, fill: Callable[[Drawing], Ends] = Drawing.sequence, is_whole: bool = False) -> str:
    """The inside of a process or sub-process: a block with a beginning and an end, and perhaps an event sub-process. The whole process
    may be one that only events start."""
    outer, drawing.parts = drawing.parts, []
    if drawing.left > 0 and drawing.depth < DEEPEST and drawing.may("event sub-process"):
        event_sub_process(drawing)
    first, last = fill(drawing)
    is_led_to = any(f'targetRef="{first}"' in part for part in drawing.parts)
    if is_whole and drawing.may("typed start") and drawing.choose((False, True)):
        _typed_starts(drawing, first)
    elif is_led_to or not drawing.may("implicit start"):
        begin = drawing.name("start")
        drawing.add(start(begin), flow(begin, first))
    drawing.finish(last)
    body, drawing.parts = drawing.body, outer
    return body


def _typed_starts(drawing: Drawing, first: str) -> None:
    """Two events of which the first to come begins; or a task, or a gateway, that waits for it."""
    way = drawing.choose(("events", "receive", "gateway"))
    race, merge = drawing.name("race"), drawing.name("merge")
    drawing.add(gateway("exclusive", merge), flow(merge, first))
    if way == "gateway":
        drawing.add(element("eventBasedGateway", race, instantiate="true"))
    for kind in ("message", "signal") if way == "gateway" else ("multiple", "all"):
        if way == "gateway":
            name = drawing.catching(kind, OPENING)
            drawing.add(flow(race, name))
        else:
            name = drawing.name("begin")
            definition, properties, _ = drawing.trigger(kind, name, OPENING)
            drawing.add(words.begins(name, definition, all_of=kind == "all", **properties))
        drawing.add(flow(name, merge))
    if way == "receive":
        name = drawing.name("receive")
        key = {"correlationKey": drawing.key(name)}
        drawing.add(
            element("receiveTask", name, properties=key, messageRef=OPENING, instantiate="true"), flow(name, merge)
        )


def event_sub_process(drawing: Drawing) -> None:
    """An event sub-process of the scope that is drawn now, which comes from outside."""
    kind = drawing.choose(drawing.allowed("message", "signal", "timer", "multiple", "all"))
    begin = drawing.name("begin")
    definition, properties, occurrence = drawing.trigger(kind, begin)
    interrupting = not drawing.may("beside")
    add_event_sub_process(
        drawing,
        begin,
        words.begins(begin, definition, interrupting=interrupting, all_of=kind == "all", **properties),
        "" if interrupting else occurrence,
    )


def add_event_sub_process(drawing: Drawing, begin: str, start_event: str, occurrence: str = "") -> None:
    """An event sub-process with this start event and anything behind it."""
    outer, drawing.parts = drawing.parts, [start_event]
    drawing.keys += [occurrence] if occurrence else []
    drawing.left -= 1
    drawing.depth += 1
    if (
        drawing.left > 0
        and drawing.depth < DEEPEST
        and drawing.may("event sub-process")
        and drawing.choose((False, True))
    ):
        event_sub_process(drawing)
    first, last = drawing.sequence()
    drawing.depth -= 1
    drawing.keys[len(drawing.keys) - bool(occurrence) :] = []
    drawing.add(flow(begin, first))
    drawing.finish(last)
    body, drawing.parts = drawing.body, outer
    drawing.add(words.event_sub_process(drawing.name("event"), body))


# -- sub-processes ---------------------------------------------------------------------------------------------------


def embedded(drawing: Drawing) -> Ends:
    name = drawing.name("sub")
    drawing.add(sub_process(name, scope(drawing)))
    return name, name


def branches_apart(drawing: Drawing) -> Ends:
    """A sub-process whose branches end each for itself; it begins where nothing leads to."""
    name = drawing.name("sub")
    outer, drawing.parts = drawing.parts, []
    for _ in range(drawing.choose((2, 3))):
        first, (begin, last) = drawing.name("task"), drawing.block()
        drawing.add(element("task", first), flow(first, begin))
        drawing.finish(last)
    body, drawing.parts = drawing.body, outer
    drawing.add(sub_process(name, body))
    return name, name


def several_tokens(drawing: Drawing) -> Ends:
    """A sub-process in which two tokens come to the same task, each for itself."""
    name, split, via, task = drawing.name("sub"), drawing.name("split"), drawing.name("via"), drawing.name("user")
    outer, drawing.parts = drawing.parts, []
    drawing.keys.append(via)
    drawing.user(name=task)
    drawing.keys.pop()
    begin, finish = drawing.name("start"), drawing.name("end")
    drawing.add(start(begin), gateway("parallel", split), end(finish), flow(begin, split), flow(task, finish))
    for way in ("a", "b"):
        mark = drawing.script(f'= {{{via}: "{way}"}}')
        drawing.add(flow(split, mark), flow(mark, task))
    body, drawing.parts = drawing.body, outer
    drawing.add(sub_process(name, body))
    return name, name


def objects(drawing: Drawing) -> Ends:
    """A sub-process with a data object that is written before something and read after it."""
    name, kept = drawing.name("sub"), drawing.name("object")

    def fill(_: Drawing) -> Ends:
        writer, reader, variable = drawing.name("script"), drawing.name("script"), drawing.name("v")
        drawing.add(words.data_object(kept))
        text = f"<bpmn:script>= {{{variable}: n}}</bpmn:script>"
        drawing.add(element("scriptTask", writer, writes(kept, writer, variable), text))
        seen = drawing.choose(("given", ""))
        text = f"<bpmn:script>= {{saw_{reader}: {seen or kept}}}</bpmn:script>"
        drawing.add(element("scriptTask", reader, reads(kept, reader, seen), text))
        return drawing.chain(writer, drawing.block(), reader)

    drawing.add(sub_process(name, scope(drawing, fill)))
    return name, name


# -- calls -----------------------------------------------------------------------------------------------------------


def called(drawing: Drawing) -> Ends:
    name, of = drawing.name("call"), drawing.name("process")
    drawing.processes.append(process(of, scope(drawing)))
    drawing.add(call(name, of))
    return name, name


def called_by_contract(drawing: Drawing) -> Ends:
    """A called process that declares what it takes and gives."""
    name, of, given = drawing.name("call"), drawing.name("process"), drawing.name("r")
    declared = (
        f'<bpmn:ioSpecification><bpmn:dataInput id="{of}_in" name="n"/><bpmn:dataOutput id="{of}_out" name="{given}"/>'
        f"<bpmn:inputSet><bpmn:dataInputRefs>{of}_in</bpmn:dataInputRefs></bpmn:inputSet>"
        f"<bpmn:outputSet><bpmn:dataOutputRefs>{of}_out</bpmn:dataOutputRefs></bpmn:outputSet></bpmn:ioSpecification>"
    )
    begin, work, finish = drawing.name("start"), drawing.name("script"), drawing.name("end")
    text = f"= {{{given}: n + 1, own: x}}"
    drawing.processes.append(
        process(of, declared, start(begin), script(work, text), end(finish), flow(begin, work), flow(work, finish))
    )
    drawing.add(call(name, of))
    return name, name


def global_task(drawing: Drawing) -> Ends:
    name, of = drawing.name("call"), drawing.name("global")
    kind = drawing.choose(("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask"))
    inner = f"<bpmn:script>= {{{of}: n}}</bpmn:script>" if kind == "globalScriptTask" else ""
    key = {"organisation": drawing.key(of)} if drawing.keys and kind in ("globalUserTask", "globalManualTask") else {}
    drawing.processes.append(element(kind, of, inner, properties=key or None))
    drawing.answers[of] = [{of: 1}, {of: 2}]
    drawing.add(call(name, of))
    return name, name


# -- several times ---------------------------------------------------------------------------------------------------


def several(drawing: Drawing) -> Ends:
    """Multi-instance: of a task, with or without outputs, or of a sub-process."""
    items, item = drawing.name("items"), drawing.name("item")
    number = drawing.choose((2, 3, 1, 0))
    by_number = drawing.may("by number")
    how = {"number": f"= {number}"} if by_number else {"items": items}
    listed = drawing.script("= {" + f"{items}: [" + ", ".join(f'"{letter}"' for letter in "abc"[:number]) + "]}")
    if not by_number and drawing.may("list expression"):
        how = {"items": f"= {items}"}
    drawing.keys.append(f"string({item})")
    one_by_one = drawing.choose((False, True))
    kind = drawing.choose(drawing.allowed("several tasks", "several results", "several sub-processes"))
    if kind == "several results":
        name = _with_results(drawing, item, how, one_by_one)
    elif kind == "several tasks":
        loop = many(item=item, one_by_one=one_by_one, **how)
        name = drawing.user(inner=loop) if drawing.choose((True, False)) else job(drawing, loop)
    else:
        name = drawing.name("sub")
        drawing.add(sub_process(name, many(item=item, one_by_one=one_by_one, **how), scope(drawing)))
    drawing.keys.pop()
    drawing.add(flow(listed, name))
    return listed, name


def _with_results(drawing: Drawing, item: str, how: dict[str, str], one_by_one: bool) -> str:
    """A task that keeps nothing but its outputs, and may be content with some of them."""
    results, result = drawing.name("results"), drawing.name("result")
    enough = f"= {result}.ok" if drawing.may("enough") else ""
    loop = many(item=item, outputs=results, output=result, enough=enough, one_by_one=one_by_one, **how)
    return drawing.user({"ok": True}, {"ok": False}, inner=loop, result=result)


def repeatedly(drawing: Drawing) -> Ends:
    """A standard loop of a script, a task for a person or a sub-process."""
    turns, before = drawing.name("turns"), drawing.choose((False, True))
    begin = drawing.script(f"= {{{turns}: {drawing.choose((0, 2, 3))}}}")
    counting = repeated(f"= {turns} < 2", drawing.choose((None, 1, 3)), before)
    kind = drawing.choose(("script", "user", "sub"))
    if kind == "script":
        name = drawing.name("script")
        drawing.add(element("scriptTask", name, counting, f"<bpmn:script>= {{{turns}: {turns} + 1}}</bpmn:script>"))
    elif kind == "user":
        again = drawing.name("again")
        name = drawing.user({again: False}, {again: True}, inner=repeated(f"= {again}", 3))
    else:
        name = drawing.name("sub")

        def fill(_: Drawing) -> Ends:
            return drawing.chain(drawing.block(), drawing.script(f"= {{{turns}: {turns} + 1}}"))

        drawing.add(sub_process(name, counting, scope(drawing, fill)))
    return drawing.chain(begin, name)


SCOPES: dict[str, Block] = {
    "sub-process": embedded,
    "branches apart": branches_apart,
    "several tokens": several_tokens,
    "data objects": objects,
    "call": called,
    "called by contract": called_by_contract,
    "global task": global_task,
    "several": several,
    "repeatedly": repeatedly,
}
