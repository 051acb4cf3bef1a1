"""The last word: does the engine's own parser take it? Its first objection a process, where our rules have not said it already."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from processes.notation.check.findings import ERROR, INFO, Both, Finding, Rule, Whole
from processes.notation.check.world import World, called_process
from processes.notation.diagram import Diagram, Element, Item, Scope, kind_of

REFUSED = Rule(
    "engine", ERROR,
    "引擎不接受{it}：{problem}。", "The engine refuses {it}: {problem}",
    "按提示修改这个元素；看不明白时，删掉它重新画。", "Change it as the message says; if that does not help, delete it and draw it again.",
)  # fmt: skip

NOT_ALL = Rule(
    "engine-not-all", INFO,
    "流程太多，从{it}起没有再让引擎试读。", "Too many processes: from {it} on the engine has not tried them.",
    "分几次检查。", "Check them in several turns.",
)  # fmt: skip

Parse = Callable[[Mapping[str, bytes], str], object]
# Its message is lost where it raises for an unknown reference: see "What raises at parse" in the engine notes.
LOST = re.compile(r"raise_validation_exception\(\) got an unexpected keyword|TypeError\(")
# The parser reads every file of a process anew, some 10,000 to 30,000 elements a second; beyond this some processes are left to deployment.
MOST_ELEMENTS = 100_000


def engine_findings(files: Mapping[str, bytes], world: World, told: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    """What the parser says beyond what has been told; ``files`` are all those checked, ``told`` the findings by file."""
    parse = _parser()
    if parse is None:
        return
    checked = [diagram for diagram in world.diagrams if diagram.file in files]
    scopes = [scope for diagram in checked for scope in diagram.processes if _runs(scope)]
    sizes = {diagram.file: sum(1 for _ in diagram.root.iter("*")) for diagram in world.diagrams}
    spent = 0
    for scope in scopes:
        needed = _closure(world, scope)
        spent += sum(sizes.get(file, 0) for file in needed)
        if spent > MOST_ELEMENTS:
            yield NOT_ALL.at(Whole(scope.file))
            return
        # Files are handed on under plain names: the parser goes by their endings.
        handed = {f"{index}.{'dmn' if file in world.dmn_roots else 'bpmn'}": file for index, file in enumerate(needed)}
        bodies = {plain: world.body(file) for plain, file in handed.items()}
        try:
            parse(bodies, scope.id)
        except Exception as error:
            finding = _finding(world, scope, error, handed)
            if not _already_told(finding, world, told, needed):
                yield finding


def _parser() -> Parse | None:
    """``processes.kernel.compiler`` stands above this package, so it is found by name when it is needed, and not imported."""
    try:
        return importlib.import_module("processes.kernel.compiler").compile_process  # type: ignore[no-any-return]
    except (ImportError, AttributeError):
        return None


def _runs(scope: Scope) -> bool:
    return bool(scope.id) and scope.element.get("isExecutable", "true") != "false"


def _closure(world: World, scope: Scope) -> list[str]:
    """The files a process needs: its own, those of the processes it calls (the nearest where several have one), decisions."""
    files = [scope.file]
    pending, seen = [scope], {scope.id}
    while pending:
        here = pending.pop()
        for node in world.diagram_of(here).nodes:
            process = called_process(node) if node.kind == "callActivity" else ""
            if process and process not in seen and process in world.processes:
                seen.add(process)
                found = world.processes[process]
                nearest = min(found, key=lambda each: (each.file not in files, each.file))
                pending.append(nearest)
                if nearest.file not in files:
                    files.append(nearest.file)
    return files + sorted(world.dmn_roots)


def _finding(world: World, scope: Scope, error: Exception, handed: Mapping[str, str]) -> Finding:
    cause: Any = error.__cause__ if error.__cause__ is not None else error
    own = (
        getattr(error, "element", None)
        or getattr(cause, "id", None)
        or getattr(getattr(cause, "node", None), "id", None)
    )
    named = getattr(error, "file", None) or getattr(cause, "file_name", None)
    file = handed.get(str(named), scope.file)
    element = _element(world, file, own)
    place = Item(file, element) if element is not None else Item(scope.file, scope.element)
    said = str(cause)
    for plain, real in handed.items():
        said = said.replace(plain, real.rsplit("/", 1)[-1])
    zh = getattr(error, "zh", said) if cause is error else f"它的原话是“{said}”"
    return REFUSED.at(place if place.id else Whole(scope.file), problem=Both(zh[:300], said[:300]))


def _element(world: World, file: str, own: object) -> Element | None:
    diagram = next((each for each in world.diagrams if each.file == file), None)
    return diagram.by_id.get(own) if diagram is not None and isinstance(own, str) else None


def _already_told(finding: Finding, world: World, told: Mapping[str, list[Finding]], files: Iterable[str]) -> bool:
    """Whether an error of ours stands at the same element or beside it, or the parser cannot say where it stumbled."""
    errors = {each.element for file in files for each in told.get(file, []) if each.severity == ERROR}
    if not errors:
        return False
    diagram = next((each for each in world.diagrams if each.file == finding.file), None)
    if diagram is None or finding.element is None or LOST.search(finding.en):
        return True
    own = diagram.by_id.get(finding.element)
    vague = own is None or kind_of(own) == "process"
    return vague or finding.element in errors or bool(errors & _beside(diagram, finding.element))


def _beside(diagram: Diagram, element: str) -> set[str]:
    """Flows, boundary events and neighbours of a node; for a sub-process, all that is in it."""
    near: set[str] = set()
    for scope in diagram.scopes:
        if scope.id == element:
            near.update(item.id for item in (*scope.nodes, *scope.flows))
        for node in scope.nodes:
            if node.id == element:
                near.update(flow.id for flow in (*node.incoming, *node.outgoing))
                near.update(event.id for event in node.boundary)
                near.update(flow.target.id for flow in node.outgoing if flow.target is not None)
                near.add(scope.id)
    return near
