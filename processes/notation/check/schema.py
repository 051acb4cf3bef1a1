"""BPMN's own XML schema: misspelt elements and attributes, missing parts, impossible values.

The schemas are those inside the SpiffWorkflow package. The order of children, which the schema fixes and many tools do not heed, is put
right in a copy before validation and only noted. What a rule says in better words is left to it.
"""

from __future__ import annotations

import copy
import functools
import re
import threading
from collections.abc import Iterable, Iterator
from importlib import util
from itertools import islice, pairwise
from pathlib import Path
from typing import cast

from lxml import etree

from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule, Severity, Whole
from processes.notation.check.wording import expected_instead, schema_detail
from processes.notation.diagram import BPMN, SPIFF, Diagram, Element, Item, children, kind_of, local

UNEXPECTED = Rule(
    "schema-element", ERROR,
    "{it}：<{what}> 不该出现在 <{parent}> 的这个位置，要么名字写错了，要么放错了地方，引擎会当它不存在{instead}。",
    "{it}: <{what}> does not belong here in <{parent}>; it is misspelt or misplaced, and ignored{instead}.",
    "核对名称，或在建模工具里重新画这一处。", "Check its name, or draw this part again in the modeler.",
)  # fmt: skip
INCOMPLETE = Rule(
    "schema-incomplete", ERROR,
    "{it}里缺少必需的内容：{detail}。", "{it} lacks something it needs: {detail}.",
    "在建模工具里补全这个元素。", "Complete it in the modeler.",
)  # fmt: skip
AFTER_DRAWING = Rule(
    "schema-element", ERROR,
    "{it}写在图形信息（BPMNDiagram）后面；流程、协作等内容都要写在图形信息前面。",
    "{it} stands behind the drawing (BPMNDiagram), which comes last: processes, collaborations and the like stand in front of it.",
    "在建模工具里打开并重新保存，或把 BPMNDiagram 移到文件末尾。", "Open and save it in the modeler, or move BPMNDiagram to the end of the file.",
)  # fmt: skip
BAD_ATTRIBUTE = Rule(
    "schema-attribute", ERROR,
    "{it}的属性有误：{detail}。", "An attribute of {it} is wrong: {detail}.",
    "核对属性名和取值，或在建模工具里重新设置。", "Check its name and value, or set it again in the modeler.",
)  # fmt: skip
BAD_ID = Rule(
    "schema-id", ERROR,
    "{it}的 id 不合规则：不能以数字开头，不能有空格或冒号。", "The id of {it} is not allowed: no digit in front, no spaces or colons.",
    "换一个以字母或下划线开头的 id，并更新引用它的连线。", "Choose one that starts with a letter or underscore, and update the flows that name it.",
)  # fmt: skip
UNBOUND = Rule(
    "unbound-prefix", ERROR,
    "{it}的引用“{value}”用了没有声明的前缀。", "The reference {value} of {it} uses a prefix that is not declared.",
    "在 definitions 上用 xmlns 声明这个前缀；引用本文件里的元素可以不写前缀。",
    "Declare the prefix by xmlns on the definitions; references within the file need none.",
    "15.3.2",
)  # fmt: skip
MISORDERED = Rule(
    "schema-order", INFO,
    "{it}里的内容没有按格式规定的次序排列；不影响运行，个别工具会不认。",
    "What {it} contains is not in the order of the schema; it runs all the same, but some tools refuse it.",
    "在建模工具里打开并重新保存。", "Open and save the diagram in the modeler.",
)  # fmt: skip
OTHER = Rule(
    "schema", ERROR,
    "{it}不符合 BPMN 2.0 的格式：{detail}。", "{it} is not valid BPMN 2.0: {detail}.",
    "在建模工具里重新画这一处，再导出。", "Draw this part again in the modeler and export it.",
)  # fmt: skip

# The order BPMN's schema wants, for all elements at once; what is not listed (flow elements, event definitions…) comes after these.
ORDER = (
    "documentation", "extensionElements", "import", "extension", "supportedInterfaceRef", "auditing", "monitoring",
    "categoryValueRef", "incoming", "outgoing", "participant", "messageFlow", "ioSpecification", "ioBinding", "property",
    "dataInput", "dataOutput", "dataInputAssociation", "dataOutputAssociation", "inputSet", "outputSet", "performer",
    "humanPerformer", "potentialOwner", "resourceRole", "standardLoopCharacteristics", "multiInstanceLoopCharacteristics",
    "laneSet", "loopCardinality", "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem",
    "complexBehaviorDefinition",
)  # fmt: skip
# What our own rules judge: times of timers, lists of multi-instance activities.
TOLD = frozenset({"timeDate", "timeDuration", "timeCycle", "loopDataInputRef", "loopDataOutputRef"})
TOLD_ATTRIBUTES = frozenset(
    {
        ("boundaryEvent", "attachedToRef"), ("linkEventDefinition", "name"), ("definitions", "targetNamespace"),
        ("sequenceFlow", "sourceRef"), ("sequenceFlow", "targetRef"),
    }
)  # fmt: skip
TOLD_CHILDREN = frozenset(
    {
        ("conditionalEventDefinition", "condition"), ("choreographyTask", "participantRef"), ("subChoreography", "participantRef"),
        ("callChoreography", "participantRef"),
    }
)  # fmt: skip
# A name with a prefix, each of them a letter or underscore and what may follow it (Namespaces in XML 1.0).
QNAME = re.compile(r"([^\W\d][\w.\-]*):[^\W\d][\w.\-]*")
LOOPS = frozenset({"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"})
# BPMN itself and its pictures.
OMG = "{http://www.omg.org/spec/"
# Beyond this many the list helps nobody, and each costs a search.
MOST_ERRORS = 300
MOST_CHILDREN = 500
# What may have many children, in any number of each: the schema knows these as elements of their own.
CONTAINERS = frozenset(
    {
        "definitions", "process", "subProcess", "transaction", "adHocSubProcess", "collaboration", "choreography", "subChoreography",
        "laneSet", "lane", "BPMNPlane",
    }
)  # fmt: skip
LAST = ("association", "group", "textAnnotation", "correlationSubscription", "supports")
RANKS = {name: index for index, name in enumerate(ORDER)} | dict.fromkeys(LAST, len(ORDER) + 1)
# A process wants its resources after its flow elements, and its interface before everything.
SPECIAL_RANKS = {
    "process": RANKS
    | {
        "ioSpecification": RANKS["supportedInterfaceRef"],
        "supports": len(ORDER) + 4,
        "correlationSubscription": len(ORDER) + 3,
    }
    | dict.fromkeys(("resourceRole", "performer", "humanPerformer", "potentialOwner"), len(ORDER) + 2),
    "collaboration": RANKS | dict.fromkeys(LAST, RANKS["messageFlow"] + 1),
}


# A compiled schema keeps the errors of its last validation: two threads must not validate at once.
_LOCK = threading.Lock()


@functools.cache
def _schema() -> etree.XMLSchema:
    """The compiled schema, with SpiffWorkflow's extension elements in it."""
    found = util.find_spec("SpiffWorkflow")
    folder = Path((found.origin if found else None) or ".").parent
    document = etree.parse(str(folder / "bpmn" / "parser" / "schema" / "BPMN20.xsd"))
    imported = etree.Element("{http://www.w3.org/2001/XMLSchema}import")
    imported.set("namespace", SPIFF)
    imported.set("schemaLocation", str(folder / "spiff" / "parser" / "schema" / "spiffworkflow.xsd"))
    document.getroot().insert(0, imported)
    return etree.XMLSchema(document)


def schema_findings(diagram: Diagram) -> Iterator[Finding]:
    """What the schema says against a diagram, at the element it means."""
    root, misordered = _tolerant_copy(diagram.root)
    if misordered:
        yield MISORDERED.at(Item(diagram.file, diagram.by_id.get(misordered, diagram.root)))
    duplicates = _repeated_ids(root)
    rest = MOST_ERRORS
    for piece in _pieces(root):
        entries = _validate(piece, rest)
        rest -= len(entries)
        tree = piece.getroottree()
        for entry in entries:
            element = _find(tree, piece, entry.path, entry.line)
            yield from _finding(diagram.file, element, entry, duplicates)
        if rest <= 0:
            return


def _pieces(root: Element) -> Iterator[Element]:
    """The tree in pieces that can be validated by themselves: of an element with many children only so many at a time.

    The validator looks up the place of each error by counting siblings, which takes minutes where there are thousands of both.
    """
    pieces: list[Element] = [root]
    for element in [each for each in root.iter("*") if local(each) in CONTAINERS and len(each) > MOST_CHILDREN]:
        children_of = list(element)
        for start in range(MOST_CHILDREN, len(children_of), MOST_CHILDREN):
            shell = etree.Element(element.tag, nsmap=cast("dict[str, str]", element.nsmap))
            shell.attrib.update(dict(element.attrib))
            shell.extend(children_of[start : start + MOST_CHILDREN])
            pieces.append(shell)
    yield from pieces


def _validate(root: Element, most: int) -> list[etree._LogEntry]:
    with _LOCK:
        schema = _schema()
        schema.validate(root)
        return list(islice(cast("Iterable[etree._LogEntry]", schema.error_log), most))


def _find(tree: etree._ElementTree, root: Element, path: str | None, line: int) -> Element | None:
    spaces = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found = tree.xpath(path or "", namespaces=spaces) if path else []
    except etree.XPathError:
        found = []
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):
        return found[0]
    return next((each for each in root.iter("*") if Item("", each).line == line), None)


def _finding(
    file: str, element: Element | None, entry: etree._LogEntry, duplicates: frozenset[str]
) -> Iterator[Finding]:
    message = entry.message.replace("{" + BPMN + "}", "").replace("{" + SPIFF + "}", "spiffworkflow:")
    if element is None:
        yield OTHER.at(Whole(file, entry.line), detail=schema_detail(message))
        return
    if _is_foreign(element):
        return
    item = _owner(file, element)
    # Other programs' elements outside extensionElements, and slips inside our own extensions, harm nobody else.
    severity = ERROR if str(element.tag).startswith(OMG) else WARNING
    kind = entry.type_name
    if "no corresponding namespace declaration" in message:
        value = re.search(r"The QName value '([^']*)'", message)
        yield UNBOUND.at(item, value=value[1][:60] if value else "?")
    elif _is_unbound(element, message) or _is_told(element, message):
        return
    elif "xs:ID'" in message:
        if (element.get("id") or "") not in duplicates:
            yield BAD_ID.at(item)
    elif "xs:IDREF'" in message or kind_of(element) in TOLD:
        return  # said in better words by a rule of ours
    elif kind == "SCHEMAV_ELEMENT_CONTENT" and "Missing child" in message:
        yield INCOMPLETE.at(item, severity=severity, detail=schema_detail(message))
    elif kind == "SCHEMAV_ELEMENT_CONTENT":
        yield from _unexpected(item, element, message, severity)
    elif "attribute" in message:
        yield BAD_ATTRIBUTE.at(item, severity=severity, detail=schema_detail(message))
    else:
        yield OTHER.at(item, severity=severity, detail=schema_detail(message))


def _unexpected(item: Item, element: Element, message: str, severity: Severity) -> Iterator[Finding]:
    """A child that the schema does not expect: what is missing in front of it, where that is what is meant."""
    parent = element.getparent()
    if any(local(each) == "BPMNDiagram" for each in element.itersiblings(preceding=True)):
        yield AFTER_DRAWING.at(item, severity=severity)
    elif kind_of(element) == "outputSet" and parent is not None and not children(parent, "inputSet"):
        missing = Both("没有输入集（inputSet）", "there is no inputSet")
        yield INCOMPLETE.at(_owner(item.file, parent), severity=severity, detail=missing)
    else:
        within = local(parent) if parent is not None else "?"
        instead = expected_instead(message)
        yield UNEXPECTED.at(item, severity=severity, what=local(element), parent=within, instead=instead)


def _is_foreign(element: Element) -> bool:
    """Whether an element is another program's business: in ``extensionElements``, in a namespace that is neither BPMN's nor ours."""
    known = str(element.tag).startswith((OMG, "{" + SPIFF + "}"))
    return not known and any(kind_of(each) == "extensionElements" for each in element.iterancestors())


def _is_unbound(element: Element, message: str) -> bool:
    """Whether a value is no QName only because of its prefix, which is said once already."""
    value = re.search(r"'([^']*)' is not a valid value of the atomic type 'xs:QName'", message)
    parts = QNAME.fullmatch(value[1]) if value is not None else None
    return parts is not None and parts[1] not in element.nsmap


def _is_told(element: Element, message: str) -> bool:
    """Whether a rule of ours says in better words what is missing, or one too many."""
    if local(element) == "resourceAssignmentExpression" and "not expected" in message:
        return True
    if kind_of(element) in LOOPS and any(kind_of(each) in LOOPS for each in element.itersiblings(preceding=True)):
        return True
    if attribute := re.search(r"The attribute '([^']+)' is required", message):
        return (local(element), attribute[1]) in TOLD_ATTRIBUTES
    if "Missing child" in message:
        parts = re.findall(r"[A-Za-z]+", message.partition("Expected is")[2])
        return any((local(element), part) in TOLD_CHILDREN for part in parts)
    return False


def _owner(file: str, element: Element) -> Item:
    """The element itself, or the nearest around it that has an id."""
    here: Element | None = element
    while here is not None and not here.get("id"):
        here = here.getparent()
    if here is None or local(here) == "definitions":
        return Item(file, element)
    return Item(file, here)


def _repeated_ids(root: Element) -> frozenset[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for element in root.iter("*"):
        own = element.get("id")
        if own is not None:
            (twice if own in seen else seen).add(own)
    return frozenset(twice)


def _tolerant_copy(root: Element) -> tuple[Element, str]:
    """A copy in the schema's order, and the id of the first element whose children were not in it (empty if all were)."""
    root = copy.deepcopy(root)
    misordered: list[str] = []
    for element in root.iter("*"):
        kind = kind_of(element)
        if kind:
            if _reorder(element, kind):
                misordered.append(element.get("id") or "-")
        elif element.tag == f"{{{SPIFF}}}serviceTaskOperator" and element.find(f"{{{SPIFF}}}parameters") is None:
            element.insert(0, etree.Element(f"{{{SPIFF}}}parameters"))
    for key in children(root, "correlationKey"):  # SpiffWorkflow's modeler puts them here, and the engine finds them
        root.remove(key)
    for expression in root.iterfind(f".//{{{BPMN}}}correlationPropertyRetrievalExpression/{{{BPMN}}}formalExpression"):
        expression.tag = f"{{{BPMN}}}messagePath"  # bpmn-js writes it so, and everybody reads it so
    return root, next(iter(misordered), "")


def _reorder(element: Element, kind: str) -> bool:
    ranks = SPECIAL_RANKS.get(kind, RANKS)
    own = [ranks.get(kind_of(child), len(ORDER)) for child in element]
    if any(before > after for before, after in pairwise(own)):
        element[:] = [child for _, child in sorted(zip(own, element, strict=True), key=lambda pair: pair[0])]
        return True
    return False
