"""Processes: their type, and whether that fits what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import CHOREOGRAPHY, Diagram

PUBLIC_EXECUTABLE = Rule(
    "public-process-executable", ERROR,
    "{it}是公开流程（processType=\"Public\"），不能标为可执行。", '{it} is a public process (processType="Public"), which cannot be executable.',
    "去掉 isExecutable，或把 processType 改成 Private。", "Delete isExecutable, or make the processType Private.",
    "10.2",
)  # fmt: skip
CHOREOGRAPHY_IN_PROCESS = Rule(
    "choreography-in-process", ERROR,
    "{it}是编排活动，不能放在{process}里。", "{it} is a choreography activity, which cannot stand in {process}.",
    "改成任务，用消息流与对方往来；或把它移到编排（choreography）里。",
    "Make it a task that exchanges messages with the other party, or move it into a choreography.",
    "8.4.7, 8.4.13",
)  # fmt: skip


def public(diagram: Diagram, world: World) -> Iterator[Finding]:
    """``isExecutable`` must not be true for a public process (Table 10.1)."""
    for scope in diagram.processes:
        executable = (scope.element.get("isExecutable") or "").strip() in {"true", "1"}
        if executable and scope.element.get("processType") == "Public":
            yield PUBLIC_EXECUTABLE.at(scope)


def choreography(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Choreography activities are no flow elements of a process."""
    for scope in diagram.scopes:
        yield from (
            CHOREOGRAPHY_IN_PROCESS.at(node, process=scope.process) for node in scope.nodes if node.kind in CHOREOGRAPHY
        )


CHECKS = (public, choreography)
