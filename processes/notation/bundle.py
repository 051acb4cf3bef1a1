"""Model files and the versions made of them.

A definition is one process with everything it needs (called processes, decisions, forms), pinned by the hashes of their files: its id is the hash of
that list, so the same content is the same version wherever it is deployed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes.errors import BihuanError
from processes.notation.check.sanity import kind_by_name
from processes.notation.diagram import Diagram
from processes.notation.models import Models, ParseError, read_models, read_xml

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
GLOBAL_TASKS = tuple(
    BPMN + name
    for name in ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask")
)
"""What a call activity may call beside processes."""


@dataclass(frozen=True)
class Version:
    """A process with the files it needs: name → content hash."""

    id: str
    process_id: str
    name: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class _Needs:
    processes: frozenset[str]
    decisions: frozenset[str]
    forms: frozenset[str]


def read_folder(paths: Iterable[Path]) -> dict[str, bytes]:
    """The model files in ``paths`` (files, or folders looked through), by file name. Raises when two files share a name.

    A file that is named itself is taken whatever it is called; what it holds is looked at when it is deployed.
    """
    found: dict[str, tuple[Path, bytes]] = {}
    for path in paths:
        inside = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
        for each in inside:
            if each != path and not _is_model(each):
                continue
            body = each.read_bytes()
            if each.name in found and found[each.name][1] != body:
                raise BihuanError(
                    f"两个模型文件同名:{found[each.name][0]} 和 {each};请改名,模型文件名不能重复",
                    f"two model files share the name {each.name}",
                )
            found[each.name] = (each, body)
    return {name: body for name, (_, body) in sorted(found.items())}


def content_hash(body: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def versions(files: Mapping[str, bytes]) -> Sequence[Version]:
    """One version for each executable process in ``files`` (which must have been checked). Raises ``ParseError`` when one can't be read."""
    models = read_models(files)
    processes: dict[str, tuple[str, Any]] = {}
    for name, diagram in models.diagrams.items():
        for process in diagram.root.iter(BPMN + "process", *GLOBAL_TASKS):
            processes[process.get("id", "")] = (name, process)
    decisions = {
        element.get("id", ""): name for name, root in models.decisions.items() for element in root.iter("{*}decision")
    }
    hashes = {name: content_hash(body) for name, body in files.items()}
    found = []
    for process_id, (_, process) in processes.items():
        if process.tag in GLOBAL_TASKS or process.get("isExecutable", "true") not in ("true", "1"):
            continue
        needed = {name: hashes[name] for name in sorted(_closure(process_id, processes, decisions, files, models))}
        digest = hashlib.sha256(process_id.encode())
        for file, content in needed.items():
            digest.update(f"\n{file} {content}".encode())
        found.append(Version(digest.hexdigest(), process_id, process.get("name") or process_id, needed))
    return found


def named_files(files: Mapping[str, bytes]) -> Mapping[str, Sequence[str]]:
    """Each process with the files that it names itself: its diagram first, then decisions and forms. Raises ``ParseError``."""
    models = read_models(files)
    decisions = {
        element.get("id", ""): name for name, root in models.decisions.items() for element in root.iter("{*}decision")
    }
    found: dict[str, Sequence[str]] = {}
    for name, diagram in models.diagrams.items():
        for process in diagram.root.iter(BPMN + "process"):
            needs = _needs(process)
            tables = {decisions[each] for each in needs.decisions if each in decisions}
            forms = {each for each in needs.forms if each in files}
            found[process.get("id", "")] = [name, *sorted(tables), *sorted(forms)]
    return found


def kind_of_file(name: str, body: bytes) -> str:
    """What a model file is, by its content: bpmn, dmn, or json for a form; anything else goes by its ending. Raises ``ParseError``."""
    if kind_by_name(name) == "form":
        return "json"
    try:
        return read_xml(name, body).kind
    except ParseError:
        return name.rpartition(".")[2]


def _is_model(file: Path) -> bool:
    """Whether a file in a folder is taken for a model, as ``check`` takes it."""
    return kind_by_name(file.name) is not None or file.name.lower().endswith(".xml")


def _closure(
    start: str,
    processes: Mapping[str, tuple[str, Any]],
    decisions: Mapping[str, str],
    files: Mapping[str, bytes],
    models: Models,
) -> set[str]:
    needed: set[str] = set()
    todo, done = [start], set[str]()
    while todo:
        process_id = todo.pop()
        if process_id not in processes:
            process_id = process_id.rpartition(":")[2]  # a reference may carry a namespace's prefix
        if process_id in done or process_id not in processes:
            continue
        done.add(process_id)
        name, process = processes[process_id]
        _add_imported(models, models.diagrams[name], needed)
        needs = _needs(process)
        needed.update(decisions[each] for each in needs.decisions if each in decisions)
        needed.update(each for each in needs.forms if each in files)
        todo.extend(needs.processes)
    return needed


def _add_imported(models: Models, diagram: Diagram, needed: set[str]) -> None:
    """Add a diagram and the diagrams it imports, which may hold what it refers to."""
    pending = [diagram]
    while pending:
        each = pending.pop()
        if each.file not in needed:
            needed.add(each.file)
            pending += [found.diagram for found in models.references.imports(each) if found.diagram is not None]


def _needs(process: Any) -> _Needs:
    called = {each.get("calledElement") or "" for each in process.iter(BPMN + "callActivity")}
    decided = {(each.text or "").strip() for each in process.iter(SPIFF + "calledDecisionId")}
    forms = {each.get("value") or "" for each in process.iter(SPIFF + "property") if each.get("name") == "form"}
    return _Needs(frozenset(called), frozenset(decided), frozenset(forms))
