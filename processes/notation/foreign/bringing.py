"""A diagram drawn elsewhere, made the diagram of one of our processes. Nothing of it is lost: what stands where it would be is moved or
becomes text, and each change is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from lxml import etree

from processes.errors import BihuanError
from processes.notation.check.findings import Both
from processes.notation.check.world import engine_of
from processes.notation.diagram import BPMN, BPMNDI, FLOW_NODES, SPIFF, Element, children, is_true, kind_of, local
from processes.notation.models import read_xml

LARGEST = 1024 * 1024
"""bytes; a diagram that people draw has well below 300 kB"""

MOST_ELEMENTS = 20_000
"""of XML; a diagram that people draw has some thousands, and a browser takes half a minute for more"""

DI = "http://www.omg.org/spec/DD/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
OWN = (BPMN, BPMNDI, DI, DC)
NAMING = ("processRef", "bpmnElement", "calledElement")
"""attributes that may name a process"""

REFERRING = (*NAMING, "default", "labelStyle", "choreographyActivityShape")
"""attributes that name an element, beside those that end in Ref"""

ROOM = 60
"""characters of a name that are shown"""


class NotBrought(BihuanError):
    """A file that does not become the diagram of a process; nothing was changed."""


class Several(NotBrought):
    """There are several processes in the file, and nobody has said which."""

    def __init__(self, processes: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            f"文件里有 {len(processes)} 个流程，请选一个作为这里的流程，其余只作图示。",
            f"the file has {len(processes)} processes: choose the one that becomes the process here; the others are only drawn",
        )
        self.processes = processes


@dataclass(frozen=True)
class Brought:
    """The diagram's text, and what was changed or should be known; ``drawn``: whether it says where its elements stand."""

    text: str
    told: Sequence[Both]
    drawn: bool


def bring(file: str, body: bytes, process: str, name: str, chosen: str = "") -> Brought:
    """The content of a foreign file as the diagram of ``process``; ``name``: what that is called if the file does not say; ``chosen``: which of
    several processes is meant. Raises :class:`NotBrought`, or ``ParseError`` for what can't be read."""
    if len(body) > LARGEST:
        raise NotBrought(
            "文件超过 1 MB，没有打开。一张流程图只有几百 KB，请确认选对了文件。",
            "the file has more than 1 MB and was not opened: a diagram has a few hundred kB, make sure it is the right file",
        )
    found = read_xml(_named(file), body)
    root = found.root
    if found.kind != "bpmn":
        raise NotBrought(
            "这是决策表，不是流程图。请在“决策表和表单”里处理。",
            "this is a decision table, no diagram: add it under decision tables and forms",
        )
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise NotBrought(
            f"图里的内容超过 {MOST_ELEMENTS} 项，没有打开。请把流程拆成几个。",
            f"the diagram has more than {MOST_ELEMENTS} elements and was not opened: split the process",
        )
    _unprefix(root)
    _line_ends(root)
    taken = _taken(root, process, chosen)
    told = [*_origin(root), *_identity(root, taken, process, name), *_kept(root)]
    return Brought(_written(root), told, any(True for _ in root.iter(f"{{{BPMNDI}}}BPMNShape")))


def _unprefix(root: Element) -> None:
    """References to what stands in the file itself, without the prefix of its namespace: editors look for the bare id."""
    own = {prefix for prefix, space in root.nsmap.items() if prefix and space == root.get("targetNamespace")}
    known = {each.get("id") for each in root.iter(etree.Element)} if own else set()
    for each in root.iter(etree.Element) if own else ():
        if etree.QName(each).namespace not in OWN:
            continue
        for name, value in each.attrib.items():
            prefix, _, bare = str(value).partition(":")
            if prefix in own and bare in known and (str(name).endswith("Ref") or name in REFERRING):
                each.set(name, bare)
        prefix, _, bare = str(each.text or "").strip().partition(":")
        if prefix in own and bare in known and not len(each):
            each.text = bare


def _line_ends(root: Element) -> None:
    """Of Windows in names: editors write them so that they are read as blanks."""
    for each in root.iter(etree.Element):
        for name, value in each.attrib.items():
            if "\r" in value:
                each.set(name, str(value).replace("\r\n", "\n").replace("\r", "\n"))


def _written(root: Element) -> str:
    """The file's text; it says that it is for this engine too, so that what is missing for that counts as an error."""
    text = etree.tostring(root, encoding="utf-8", xml_declaration=True).decode()
    if SPIFF in root.nsmap.values():
        return text
    prefix = next(each for each in ("spiffworkflow", "spiffworkflow1") if each not in root.nsmap)
    return re.sub(r"<([\w.-]+:)?definitions\b", lambda tag: f'{tag[0]} xmlns:{prefix}="{SPIFF}"', text, count=1)


def _named(file: str) -> str:
    """Other tools call their files .xml or .bpmn20.xml; only the content counts."""
    return PurePath(file.replace("\\", "/")).name[:ROOM] or "diagram"


def _taken(root: Element, process: str, chosen: str) -> Element:
    """The process that becomes ours: the one of that id, the chosen one, or the only one that comes into question."""
    every = children(root, "process")
    by_id = {each.get("id", ""): each for each in every}
    for wanted in (chosen, process):
        if wanted in by_id:
            return by_id[wanted]
    running = [each for each in every if is_true(each.get("isExecutable"))]
    drawn = [each for each in every if any(kind_of(node) in FLOW_NODES for node in each)]
    for few in (running, drawn, every):
        if len(few) == 1:
            return few[0]
    if not every:
        raise NotBrought(
            "文件里没有流程，只有协作图或编排图，没有打开。",
            "the file holds no process, only a collaboration or choreography; it was not opened",
        )
    offered = drawn or every
    raise Several([(each.get("id", ""), _called(root, each)) for each in offered if each.get("id")])


def _called(root: Element, process: Element) -> str:
    """What people see of a process: its pool's name, else its own."""
    pools = root.iterfind(f"{{{BPMN}}}collaboration/{{{BPMN}}}participant")
    named = [each.get("name", "") for each in pools if _local(each.get("processRef")) == process.get("id")]
    said = next(iter(named), "") or process.get("name") or process.get("id") or ""
    return " ".join(said.split())[:ROOM]


def _local(value: str | None) -> str:
    return (value or "").rpartition(":")[2]


def _origin(root: Element) -> Iterator[Both]:
    tool = " ".join(f"{root.get('exporter') or ''} {root.get('exporterVersion') or ''}".split())[:ROOM]
    made_for = engine_of(set(root.nsmap.values()))
    if tool or made_for:
        yield Both(f"图来自 {tool or made_for}。", f"The diagram comes from {tool or made_for}.")


def _identity(root: Element, taken: Element, process: str, name: str) -> Iterator[Both]:
    """One process is ours, to be executed; the others are only drawn."""
    before = taken.get("id", "")
    if before != process:
        if any(each.get("id") == process for each in root.iter()):
            raise NotBrought(
                f"图里另有一个元素的编号也是 {process}，和这里的流程重名，没有打开。请在原来的工具里改掉它的编号。",
                f"another element of the diagram has the id {process} of the process here; it was not opened: change that id in the other tool",
            )
        taken.set("id", process)
        for each in root.iter(etree.Element):
            for attribute in NAMING:
                if before and _local(each.get(attribute)) == before:
                    each.set(attribute, process)
        said = _called(root, taken) if taken.get("name") or before else ""
        yield Both(
            f"流程“{said}”的编号改成了这里的 {process}。",
            f"The process {said} has the id of the process here, {process}.",
        )
    if not (taken.get("name") or "").strip():
        taken.set("name", name)
    if not is_true(taken.get("isExecutable")):
        taken.set("isExecutable", "true")
        yield Both("原来只是图示，已设为要执行的流程。", "It was only a drawing; it is marked to be executed now.")
    others = [each for each in children(root, "process") if each is not taken and is_true(each.get("isExecutable"))]
    for each in others:
        each.set("isExecutable", "false")
    if others:
        yield Both(
            f"另外 {len(others)} 个流程只作图示，不执行。",
            f"{len(others)} other processes are only drawn, not executed.",
        )


def _kept(root: Element) -> Iterator[Both]:
    """What an editor would throw away gets a place where it stays."""
    written = [each for each in root.iter(f"{{{BPMN}}}documentation", f"{{{BPMN}}}text") if len(each)]
    for each in written:
        _as_text(each)
    if written:
        yield Both(
            f"{len(written)} 处说明是网页格式，已改成文字。",
            f"{len(written)} descriptions were formatted like web pages; they are plain text now.",
        )
    strays = [each for each in root.iter(etree.Element) if _is_stray(each)]
    for each in strays:
        _move(each)
    if strays:
        names = "、".join(sorted({local(each) for each in strays})[:5])
        yield Both(
            f"{len(strays)} 处别的工具的内容（{names}）移到了附加内容里，没有丢。",
            f"{len(strays)} parts of the other tool ({names}) were moved among the extensions; nothing is lost.",
        )


def _as_text(element: Element) -> None:
    inner = [element.text or ""]
    for child in list(element):
        inner.append(etree.tostring(child, encoding="unicode", with_tail=True))
        element.remove(child)
    element.text = "".join(inner)


def _is_stray(element: Element) -> bool:
    """Whether it stands, with a namespace of its own, directly in an element of BPMN or of the drawing."""
    parent = element.getparent()
    if parent is None or etree.QName(element).namespace in OWN:
        return False
    space, name = etree.QName(parent).namespace, local(parent)
    if space == BPMN:
        return name not in ("extensionElements", "extension", "documentation", "text")
    return space in (BPMNDI, DI) and name != "extension"


def _move(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    space = BPMN if etree.QName(parent).namespace == BPMN else DI
    tag = f"{{{BPMN}}}extensionElements" if space == BPMN else f"{{{DI}}}extension"
    holder = parent.find(tag)
    if holder is None:
        holder = parent.makeelement(tag)
        behind = len(children(parent, "documentation")) if space == BPMN else 0
        parent.insert(behind, holder)
    element.tail = None
    holder.append(element)
