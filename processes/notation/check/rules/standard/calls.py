"""Call activities: what they call is there, is callable, and has the data they say it has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule, together
from processes.notation.check.rules.standard.data_objects import equivalent
from processes.notation.check.world import GLOBAL_TASKS, World, called_process, instantiates, starts_blank
from processes.notation.diagram import Diagram, Element, Item, Node, children, kind_of

UNKNOWN_CALLED = Rule(
    "unknown-called-process", ERROR,
    "{it}调用的流程“{process}”在所给的文件里没有{hint}。", "{it} calls the process {process}, which is in none of the given files{hint}.",
    "核对流程的 id（不是名称），或把含有它的 .bpmn 文件一起检查、一起部署。",
    "Check the process's id (not its name), or give the .bpmn file that holds it along.",
    "10.3.6",
)  # fmt: skip
NOT_CALLABLE = Rule(
    "called-element-kind", ERROR,
    "{it}调用的“{process}”是{found}，只能调用流程或全局任务。", "{it} calls {process}, a {found}; only processes and global tasks can be called.",
    "填写要调用的流程或全局任务的 id。", "Enter the id of the process or global task to be called.",
    "10.3.6",
)  # fmt: skip
NO_BLANK_START = Rule(
    "called-without-blank-start", ERROR,
    "{it}调用的{called}没有空白开始事件（只有{starts}），调用时没有东西来触发它，会一直停在这里。",
    "{it} calls {called}, which has no blank start event (only {starts}): a call triggers none of them, and nothing would begin.",
    "在那个流程里加一个空白开始事件，连到第一个步骤。", "Give that process a blank start event that leads to its first step.",
    "10.3.6, 10.5.2",
)  # fmt: skip
OTHER_DATA = Rule(
    "call-data", ERROR,
    "{it}的输入输出（{own}）与被调用的{called}（{theirs}）不一致，两边必须一样。",
    "The inputs and outputs of {it} ({own}) are not those of {called} ({theirs}): they must match.",
    "让调用活动的数据输入、数据输出与被调用的流程相同。", "Give the call activity the data inputs and outputs of what it calls.",
    "10.3.6",
)  # fmt: skip

CALLABLE = GLOBAL_TASKS | {"process"}


def calls(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What is called is a process or a global task among the files."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            if node.kind == "callActivity" and called_process(node):
                yield from _call(diagram, world, node)


def _call(diagram: Diagram, world: World, node: Node) -> Iterator[Finding]:
    process = called_process(node)
    target = world.resolve(diagram, node.element, node.element.get("calledElement"))
    called, where = target.element, Item(target.file, node.element)
    if called is None or target.kind not in CALLABLE:
        # Files that are deployed together call each other's processes by their ids alone.
        elsewhere: list[Item] = [*world.processes.get(process, ()), *world.global_tasks.get(process, ())]
        if elsewhere:
            called, where = elsewhere[0].element, elsewhere[0]
    if called is not None and kind_of(called) not in CALLABLE:
        yield NOT_CALLABLE.at(node, process=process, found=kind_of(called))
        return
    if called is None:
        if not target.open:
            yield UNKNOWN_CALLED.at(node, process=process[:80], hint=similar(process, world.processes))
        return
    yield from _start(world, node, called)
    own, theirs = children(node.element, "ioSpecification"), children(called, "ioSpecification")
    # In this engine's dialect a call passes its variables; elsewhere both sides declare the same data.
    lacking = theirs and not own and not world.speaks(diagram) and any(_count(theirs))
    if lacking or (own and theirs and _differ(_types(world, node, own), _types(world, where, theirs))):
        yield OTHER_DATA.at(node, own=_words(own), called=diagram.item(called), theirs=_words(theirs))


def _start(world: World, node: Node, called: Element) -> Iterator[Finding]:
    """What is called begins by itself: at a blank start event, or, where it has no start at all, wherever nothing leads to."""
    scope = world.scope_of(called)
    starts = [each for each in scope.nodes if each.kind == "startEvent" or instantiates(each)] if scope else []
    if scope and starts and not any(starts_blank(world, each) and not _refers(each.element) for each in starts):
        yield NO_BLANK_START.at(node, called=scope, starts=together(starts, 3))


def _refers(start: Element) -> bool:
    return bool(children(start, "eventDefinitionRef"))


Types = tuple[list[Element | None], list[Element | None]]


def _differ(own: Types, theirs: Types) -> bool:
    """Whether number or types of the data differ, whatever their order (a missing type may be any)."""
    return any(
        len(mine) != len(others) or not _match([each for each in mine if each is not None], others)
        for mine, others in zip(own, theirs, strict=True)
    )


def _match(mine: list[Element], others: list[Element | None]) -> bool:
    """Whether each type has an equivalent of its own on the other side."""
    left = list(others)
    for each in mine:
        found = next((other for other in left if other is not None and equivalent(each, other)), None)
        if found is None and None not in left:
            return False
        left.remove(found)
    return True


def _types(world: World, around: Item, specifications: list[Element]) -> Types:
    """The item definitions of the inputs and of the outputs."""
    diagram = world.diagram_of(around)
    found = [
        [
            world.resolve(diagram, each, each.get("itemSubjectRef")).element
            for specification in specifications
            for each in children(specification, kind)
        ]
        for kind in ("dataInput", "dataOutput")
    ]
    return found[0], found[1]


def _count(specifications: list[Element]) -> tuple[int, int]:
    inputs, outputs = (
        sum(len(children(each, kind)) for each in specifications) for kind in ("dataInput", "dataOutput")
    )
    return inputs, outputs


def _words(specifications: list[Element]) -> Both:
    inputs, outputs = _count(specifications)
    return Both(f"{inputs} 个输入、{outputs} 个输出", f"{inputs} inputs, {outputs} outputs")


def similar(wrong: str, known: Iterable[str]) -> Both:
    """Did you mean…"""
    close = difflib.get_close_matches(wrong[:100], list(known)[:500], n=1, cutoff=0.7)
    return Both(f"（是不是“{close[0]}”？）", f" (did you mean {close[0]}?)") if close else Both("", "")


CHECKS = (calls,)
