"""Imports: the files are there, are what they are said to be, and bring no id twice."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, Finding, Rule, Whole
from processes.notation.check.world import World
from processes.notation.diagram import BPMN, BPMNDI, Diagram, Item
from processes.notation.imports import REMOTE, TYPES, Import

MISSING = Rule(
    "import-missing", ERROR,
    "{it}要导入的文件“{location}”不在所给的文件里。", "The file {location}, which {it} imports, is not among the given files.",
    "把这个文件放到所写的位置，与本文件一起检查；不再需要就删掉这个 import。",
    "Put the file where the import says and check it along; delete the import if it is no longer needed.",
    "8.2.2",
)  # fmt: skip
WRONG_TYPE = Rule(
    "import-type", ERROR,
    "{it}的 importType“{kind}”不是 URI，或与文件“{location}”不符。", "The importType {kind} of {it} is no URI, or does not fit the file {location}.",
    "BPMN 写 " + BPMN + "，XML Schema 写 http://www.w3.org/2001/XMLSchema，WSDL 写 http://www.w3.org/TR/wsdl20/。",
    "Write " + BPMN + " for BPMN, http://www.w3.org/2001/XMLSchema for XML Schema, http://www.w3.org/TR/wsdl20/ for WSDL.",
    "8.2.2",
)  # fmt: skip
NOT_BPMN = Rule(
    "import-not-bpmn", ERROR,
    "{it}说“{location}”是 BPMN 文件，但它不是。", "{it} says that {location} is BPMN, which it is not.",
    "改正 importType，或换成正确的文件。", "Correct the importType, or name the right file.",
    "8.2.2",
)  # fmt: skip
NAMESPACE = Rule(
    "import-namespace", ERROR,
    "{it}的 namespace“{namespace}”与文件“{location}”的 targetNamespace“{target}”不同，引用会对不上。",
    "The namespace {namespace} of {it} is not the targetNamespace {target} of {location}: references do not meet.",
    "把 import 的 namespace 改成被导入文件的 targetNamespace。", "Make it the targetNamespace of the imported file.",
    "8.2.2",
)  # fmt: skip
TWICE = Rule(
    "import-duplicate-id", ERROR,
    "{it}与导入的文件“{location}”里的元素同 id，命名空间也相同，引用时分不清。",
    "{it} has the id of an element in the imported file {location}, in the same namespace: a reference could mean either.",
    "给其中一个换 id，或让两个文件用不同的 targetNamespace。", "Rename one of them, or give the two files different target namespaces.",
    "8.2.1, 8.2.2",
)  # fmt: skip


def files(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Each imported file is there and is of the type and namespace that the import says."""
    for each in world.imports(diagram):
        if any(each.element.get(name) is None for name in ("importType", "location", "namespace")):
            continue  # the schema says so
        place = Whole(diagram.file, Item(diagram.file, each.element).line)
        if not REMOTE.match(each.kind) or not _fits(each):
            yield WRONG_TYPE.at(place, kind=each.kind[:100] or "?", location=each.location[:100] or "?")
        elif each.remote:
            continue
        elif each.file is None:
            # Nothing runs on XML Schema or WSDL files, so a deployment may come without them.
            severity = INFO if world.deploying and each.kind != BPMN else None
            yield MISSING.at(place, severity=severity, location=each.location[:100] or "?")
        elif each.kind == BPMN:
            yield from _bpmn(diagram, each, place)


def _fits(each: Import) -> bool:
    """Whether the ending of the file is that of its type, where both are known."""
    ending = next((end for end in (".xsd", ".wsdl", ".bpmn") if each.location.lower().endswith(end)), None)
    return ending is None or TYPES.get(each.kind, "" if ending == ".bpmn" else ending) == ending


def _bpmn(diagram: Diagram, each: Import, place: Whole) -> Iterator[Finding]:
    if each.diagram is None:
        yield NOT_BPMN.at(place, location=each.location)
        return
    target = (each.diagram.root.get("targetNamespace") or "").strip()
    if target != each.namespace:
        yield NAMESPACE.at(
            place, namespace=each.namespace[:80] or "?", location=each.location, target=target[:80] or "?"
        )
    if each.diagram is not diagram and target == (diagram.root.get("targetNamespace") or "").strip():
        for own in diagram.by_id.keys() & each.diagram.by_id.keys():
            element = diagram.by_id[own]
            if element is not diagram.root and BPMNDI not in str(element.tag):
                yield TWICE.at(diagram.item(element), location=each.location)


CHECKS = (files,)
