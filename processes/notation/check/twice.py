"""What several files define at once: file names and decision ids (processes: see ``rules/ids``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from processes.notation.check.decisions import child
from processes.notation.check.findings import ERROR, INFO, Both, Finding, Rule, Severity, Whole
from processes.notation.check.sanity import kind_by_name
from processes.notation.diagram import Element, Item

SAME_NAME = Rule(
    "duplicate-file-name", ERROR,
    "{it}与别的文件同名而内容不同：{others}。模型按文件名存放，只能留一个。",
    "{it} has the name of another file with other content: {others}. Models are kept by file name: only one of them can be.",
    "给其中一个文件改名，并更新引用它的地方。", "Rename one of them, and update what refers to it.",
)  # fmt: skip
SAME_DECISION = Rule(
    "duplicate-decision", ERROR,
    "{it}的 id 也被别的文件使用：{others}。一起部署时只能留一个。",
    "Another file has a decision with the id of {it}: {others}. They cannot be deployed together.",
    "给其中一个决策换 id，或只部署其中一个文件。", "Rename one of them, or deploy only one of the files.",
)  # fmt: skip


def twice_findings(files: Mapping[str, bytes], dmn: Mapping[str, Element], together: bool) -> Iterator[Finding]:
    """File names and decisions that there are twice; only a note where the files need not be deployed ``together``."""
    severity: Severity = ERROR if together else INFO
    by_name: dict[str, list[str]] = {}
    for file in files:
        if kind_by_name(file) is not None:
            by_name.setdefault(file.replace("\\", "/").rsplit("/", 1)[-1], []).append(file)
    for same in by_name.values():
        if len({files[each] for each in same}) > 1:
            yield from (SAME_NAME.at(Whole(file), severity=severity, others=_others(same, file)) for file in same)
    owners: dict[str, list[str]] = {}
    decisions = [(file, each) for file, root in dmn.items() for each in child(root, "decision") if each.get("id")]
    for file, decision in decisions:
        owners.setdefault(decision.get("id", ""), []).append(file)
    for file, decision in decisions:
        same = owners[decision.get("id", "")]
        if len(set(same)) > 1:
            yield SAME_DECISION.at(Item(file, decision), severity=severity, others=_others(same, file))


def _others(same: Sequence[str], file: str) -> Both:
    others = sorted({each for each in same if each != file})[:5]
    return Both("、".join(others), ", ".join(others))
