"""There is something to run here, and no other file has it too."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, Both, Finding, Rule, Whole
from processes.notation.check.world import World
from processes.notation.diagram import Diagram

DUPLICATE_PROCESS = Rule(
    "duplicate-process", ERROR,
    "{it}的 id 也被别的文件里的流程使用：{files}。一起部署时只能留一个。",
    "Another file has a process with the id of {it}: {files}. They cannot be deployed together.",
    "给其中一个流程换 id，或只部署其中一个文件。", "Rename one of the processes, or deploy only one of the files.",
)  # fmt: skip
NO_PROCESS = Rule(
    "no-process", ERROR,
    "{it}里没有可以运行的流程。", "{it} holds no process that could run.",
    "要运行就画一个流程（从开始事件到结束事件）；只有泳池、消息或编排是不能运行的。",
    "To run something, draw a process from a start event to an end event: pools, messages or choreographies alone cannot run.",
)  # fmt: skip
NOT_EXECUTABLE = Rule(
    "not-executable", ERROR,
    "{it}没有标为“可执行”（isExecutable=\"false\"），只作说明，不会运行。",
    '{it} is not marked executable (isExecutable="false"): it only explains, and never runs.',
    "要运行它，就在建模工具里选中流程，勾选“可执行”。", "To run it, select the process in the modeler and tick Executable.",
)  # fmt: skip
EMPTY = Rule(
    "empty-process", ERROR,
    "{it}里什么也没有，无法启动。", "{it} is empty: it cannot start.",
    "画一个开始事件，连到第一个步骤。", "Draw a start event and connect it to the first step.",
)  # fmt: skip


def processes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """There is a process that may run; documentation alone is only an error where it is to be deployed."""
    running = [scope for scope in world.running(diagram) if scope.parent is None]
    if not running:
        severity = ERROR if world.deploying and not _any_runs(world) else INFO
        if not diagram.processes:
            yield NO_PROCESS.at(Whole(diagram.file), severity=severity)
        yield from (
            NOT_EXECUTABLE.at(scope, severity=severity)
            for scope in diagram.processes
            if scope.element.get("isExecutable") is not None
        )
    for scope in running:
        if not scope.nodes:
            yield EMPTY.at(scope, severity=world.need(EMPTY, diagram.file))
        others = sorted(
            {
                each.file
                for each in world.processes.get(scope.id, [])
                if each.file != scope.file and world.is_own(each.file) and world.runs(each)
            }
        )
        if others:
            yield DUPLICATE_PROCESS.at(
                scope,
                severity=ERROR if world.together else INFO,
                files=Both("、".join(others[:5]), ", ".join(others[:5])),
            )


def _any_runs(world: World) -> bool:
    return any(world.running(each) for each in world.diagrams if world.is_own(each.file))


CHECKS = (processes,)
