"""Ids: present, unique, and none of the engine's own."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Both, Finding, Rule, Whole, together
from processes.notation.check.labels import kind_name
from processes.notation.check.world import World
from processes.notation.diagram import BPMNDI, Diagram, Element, Item, kind_of

MISSING_ID = Rule(
    "missing-id", ERROR,
    "{it}没有 id，引擎无法认出它。", "{it} has no id: the engine cannot tell it apart.",
    "给它一个在整张图里唯一的 id。", "Give it an id that is unique in the diagram.",
)  # fmt: skip
DUPLICATE_ID = Rule(
    "duplicate-id", ERROR,
    "id “{id}”用了不止一次：{others}。引擎只会认得其中一个，另一个的连线和条件会错乱。",
    "The id {id} is used more than once: {others}. The engine knows only one of them, and mixes up their flows.",
    "给每个元素各自的 id（复制粘贴的元素要改 id），并更新引用它的连线。",
    "Give each its own id (change it after copy and paste) and update the flows that name it.",
)  # fmt: skip
DUPLICATE_SHAPE_ID = Rule(
    "duplicate-shape-id", WARNING,
    "图形信息里的 id “{id}”与别的元素重复。", "The id {id} of a shape is also used by another element.",
    "在建模工具里打开并重新保存，工具会换一个 id。", "Open and save the diagram in the modeler: it will choose another id.",
)  # fmt: skip
RESERVED_ID = Rule(
    "reserved-id", ERROR,
    "{it}的 id 与引擎内部任务的名字相同，运行时会互相覆盖。",
    "The id of {it} is the name of one of the engine's own tasks: one overwrites the other at run time.",
    "换一个 id，例如加上前缀“Step_”。", "Choose another id, for example with the prefix Step_.",
)  # fmt: skip
DUPLICATE_PROCESS = Rule(
    "duplicate-process", ERROR,
    "{it}的 id 也被别的文件里的流程使用：{files}。一起部署时只能留一个。",
    "Another file has a process with the id of {it}: {files}. They cannot be deployed together.",
    "给其中一个流程换 id，或只部署其中一个文件。", "Rename one of the processes, or deploy only one of the files.",
)  # fmt: skip
NO_PROCESS = Rule(
    "no-process", ERROR,
    "{it}里没有可以运行的流程。", "{it} holds no process that could run.",
    "画一个流程（从开始事件到结束事件）；只有泳池、消息或编排是不能运行的。",
    "Draw a process from a start event to an end event: pools, messages or choreographies alone cannot run.",
)  # fmt: skip
NOT_EXECUTABLE = Rule(
    "not-executable", ERROR,
    "{it}没有标为“可执行”（isExecutable=\"false\"），引擎会拒绝它。", '{it} is not marked executable (isExecutable="false"): the engine refuses it.',
    "在建模工具里选中流程，勾选“可执行”。", "Select the process in the modeler and tick Executable.",
)  # fmt: skip

RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
RESERVED_ENDINGS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]")
NEED_ID = frozenset({"process", "message", "error", "signal", "escalation", "dataObject"})


def missing(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Nodes, flows and what they refer to have ids."""
    for scope in diagram.scopes:
        items: list[Item] = [*scope.nodes, *scope.flows]
        yield from (MISSING_ID.at(item) for item in items if not item.id)
    yield from (MISSING_ID.at(item) for item in diagram.items(*sorted(NEED_ID)) if not item.id)


def duplicates(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No id twice in a file."""
    owners: dict[str, list[Element]] = {}
    shapes: dict[str, list[Element]] = {}
    for element in diagram.root.iter("*"):
        if element.get("id") and not _is_variable(element):
            table = owners if kind_of(element) else shapes
            table.setdefault(element.get("id", ""), []).append(element)
    for own, elements in owners.items():
        if len(elements) > 1:
            yield DUPLICATE_ID.at(
                diagram.item(elements[1]), id=own, others=together(_with_line(diagram.item(each)) for each in elements)
            )
    for own, elements in shapes.items():
        drawn = [each for each in elements if str(each.tag).startswith("{" + BPMNDI)]
        if drawn and (len(elements) > 1 or own in owners):
            yield DUPLICATE_SHAPE_ID.at(diagram.item(drawn[-1]), id=own)


def _is_variable(element: Element) -> bool:
    """The items of a multi-instance activity: their ids are variable names, which several activities may share."""
    return kind_of(element) in {"inputDataItem", "outputDataItem"}


def _with_line(item: Item) -> Both:
    """Elements with the same id are told apart by name and line."""
    zh = f"“{item.name}”" if item.name else ""
    en = f' "{item.name}"' if item.name else ""
    return Both(f"{kind_name(item.kind)}{zh}（第 {item.line} 行）", f"{item.kind}{en} on line {item.line}")


def reserved(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No id that SpiffWorkflow gives to a task of its own."""
    for node in diagram.nodes:
        if node.id in RESERVED or node.id.endswith(RESERVED_ENDINGS):
            yield RESERVED_ID.at(node)


def processes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """There is a process, it may run, and no other file has it."""
    found = diagram.processes
    if not found:
        yield NO_PROCESS.at(Whole(diagram.file))
    executable = [each for each in found if each.element.get("isExecutable", "true").strip() in {"true", "1"}]
    if found and not executable:
        yield from (NOT_EXECUTABLE.at(each) for each in found)
    for scope in executable:
        others = sorted(
            {
                each.file
                for each in world.processes.get(scope.id, [])
                if each.file != scope.file and world.is_own(each.file)
            }
        )
        if others:
            yield DUPLICATE_PROCESS.at(
                scope,
                severity=ERROR if world.together else WARNING,
                files=Both("、".join(others[:5]), ", ".join(others[:5])),
            )


CHECKS = (missing, duplicates, reserved, processes)
