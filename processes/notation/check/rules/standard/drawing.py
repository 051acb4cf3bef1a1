"""The picture (BPMN DI): it shows elements that are there, each by what can show it."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Rule
from processes.notation.check.world import World
from processes.notation.diagram import BPMN, BPMNDI, Diagram, Element, Item
from processes.notation.labels import kind_name

UNKNOWN = Rule(
    "unknown-drawing-reference", ERROR,
    "{it}指向不存在的元素“{reference}”；流程照常运行，但图画得不对。",
    "{it} points at {reference}, which is not there; the process runs, but the picture is wrong.",
    "在建模工具里打开并重新保存；若元素是误删的，请补画。",
    "Open and save the diagram in the modeler; draw the element again if it was deleted by mistake.",
    "12.2.3",
)  # fmt: skip
PLANE = Rule(
    "drawing-plane", ERROR,
    "{it}画的是{found}；一张图面画的必须是流程、子流程、协作或编排。",
    "{it} shows {found}; a plane shows a process, sub-process, collaboration or choreography.",
    "让图面的 bpmnElement 指向流程或协作。", "Let the plane's bpmnElement be the process or collaboration.",
    "12.2.3",
)  # fmt: skip
KIND = Rule(
    "drawing-kind", ERROR,
    "{it}画的是{found}；{what}。", "{it} shows {found}; {what}.",
    "在建模工具里打开并重新保存。", "Open and save the diagram in the modeler.",
    "12.2.3, 12.3",
)  # fmt: skip
NOT_DRAWN = Rule(
    "drawing-end", ERROR,
    "{it}的 {attribute}“{reference}”不是这张图里的图形。", "{attribute} {reference} of {it} is no shape or edge of the picture.",
    "在建模工具里打开并重新保存，或删去这个属性。", "Open and save the diagram in the modeler, or delete the attribute.",
    "12.2.3",
)  # fmt: skip
ATTRIBUTE = Rule(
    "drawing-attribute", WARNING,
    "{it}有属性 {attribute}，它只用于{kinds}，这里画的是{found}。",
    "{it} has the attribute {attribute}, which is for {kinds} only; it shows {found}.",
    "删去这个属性。", "Delete the attribute.",
    "12.2.3",
)  # fmt: skip

BAND = Rule(
    "drawing-band", ERROR,
    "{it}画的是编排活动里的参与方，却缺少 {missing}。", "{it} shows a participant of a choreography activity, but lacks {missing}.",
    "写上 participantBandKind 和 choreographyActivityShape。", "Give it a participantBandKind and a choreographyActivityShape.",
    "12.2.3",
)  # fmt: skip

PLANES = frozenset(
    {
        "process", "subProcess", "adHocSubProcess", "transaction", "collaboration", "choreography", "subChoreography",
        # Written by tools for a called diagram; and the kinds of collaboration.
        "globalConversation", "globalChoreographyTask", "subConversation", "callActivity", "callChoreography", "callConversation",
    }
)  # fmt: skip
EDGES = frozenset(
    {
        "sequenceFlow", "messageFlow", "association", "dataInputAssociation", "dataOutputAssociation", "dataAssociation",
        "conversationLink",
    }
)  # fmt: skip
EXPANDED = frozenset(
    {"subProcess", "adHocSubProcess", "transaction", "subChoreography", "callActivity", "callChoreography", "subConversation", "callConversation"}
)  # fmt: skip
ONLY_FOR: dict[str, frozenset[str]] = {
    "isHorizontal": frozenset({"participant", "lane"}),
    "isMarkerVisible": frozenset({"exclusiveGateway"}),
    "isExpanded": EXPANDED,
    "participantBandKind": frozenset({"participant"}),
    "choreographyActivityShape": frozenset({"participant"}),
    "isMessageVisible": frozenset({"participant"}),
}
ON_EDGES: dict[str, frozenset[str]] = {"messageVisibleKind": frozenset({"messageFlow"})}
CHOREOGRAPHY_SHAPES = frozenset({"choreographyTask", "subChoreography", "callChoreography"})


def _tag(name: str) -> str:
    return "{" + BPMNDI + "}" + name


def planes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What a plane shows is there, and a container."""
    for element in diagram.root.iter(_tag("BPMNPlane")):
        shown = element.get("bpmnElement")
        target = world.resolve(diagram, element, shown)
        if shown is not None and target.lost:
            yield UNKNOWN.at(diagram.item(element), reference=shown[:60] or "?")
        elif target.element is not None and target.kind not in PLANES:
            yield PLANE.at(diagram.item(element), found=diagram.item(target.element))


def shapes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Shapes show nodes, edges show connections, with the attributes that are meant for those."""
    for tag, attributes in (("BPMNShape", ONLY_FOR), ("BPMNEdge", ON_EDGES)):
        for element in diagram.root.iter(_tag(tag)):
            shown = element.get("bpmnElement")
            target = world.resolve(diagram, element, shown)
            if shown is not None and target.lost:
                yield UNKNOWN.at(diagram.item(element), reference=shown[:60] or "?")
            elif target.element is not None:
                yield from _kind(diagram, element, tag, target.element, target.kind)
                yield from _attributes(diagram, element, attributes, target.element, target.kind)


def _kind(diagram: Diagram, element: Element, tag: str, shown: Element, kind: str) -> Iterator[Finding]:
    if (tag == "BPMNEdge") == (kind in EDGES):
        return
    what = (
        Both("连线图形只画连线", "an edge shows a connection")
        if tag == "BPMNEdge"
        else Both("连线要用连线图形（BPMNEdge）来画", "a connection is shown by a BPMNEdge")
    )
    yield KIND.at(diagram.item(element), found=diagram.item(shown), what=what)


def _attributes(
    diagram: Diagram, element: Element, attributes: dict[str, frozenset[str]], shown: Element, kind: str
) -> Iterator[Finding]:
    for attribute, kinds in attributes.items():
        if element.get(attribute) is not None and kind not in kinds:
            words = Both("、".join(kind_name(each) for each in sorted(kinds)), ", ".join(sorted(kinds)))
            # A widespread modeler writes isExpanded on every task.
            severity = INFO if attribute == "isExpanded" else None
            yield ATTRIBUTE.at(
                diagram.item(element), severity=severity, attribute=attribute, kinds=words, found=diagram.item(shown)
            )


def bands(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A participant band says which one it is, and of which choreography activity."""
    wanted = ("participantBandKind", "choreographyActivityShape")
    for element in diagram.root.iter(_tag("BPMNShape")):
        missing = [attribute for attribute in wanted if element.get(attribute) is None]
        if len(missing) == 1:
            yield BAND.at(diagram.item(element), missing=missing[0])


def ends(diagram: Diagram, world: World) -> Iterator[Finding]:
    """References between parts of the picture lead to parts of the picture."""
    drawn: dict[str, Element] = {}
    for element in diagram.root.iter("{" + BPMNDI + "}*"):
        if element.get("id"):
            drawn.setdefault(element.get("id", ""), element)
    for tag, attribute, kinds in (
        ("BPMNEdge", "sourceElement", ("BPMNShape", "BPMNEdge")),
        ("BPMNEdge", "targetElement", ("BPMNShape", "BPMNEdge")),
        ("BPMNLabel", "labelStyle", ("BPMNLabelStyle",)),
        ("BPMNShape", "choreographyActivityShape", ("BPMNShape",)),
    ):
        for element in diagram.root.iter(_tag(tag)):
            reference = element.get(attribute)
            if reference is None:
                continue
            found = drawn.get(reference.strip().rpartition(":")[2])
            fits = found is not None and found.tag in {_tag(kind) for kind in kinds}
            if fits and attribute == "choreographyActivityShape" and found is not None:
                shown = world.resolve(diagram, found, found.get("bpmnElement"))
                fits = not shown.kind or shown.kind in CHOREOGRAPHY_SHAPES
            if not fits:
                yield NOT_DRAWN.at(_place(diagram, element), attribute=attribute, reference=reference[:60] or "?")


def _place(diagram: Diagram, element: Element) -> Item:
    """The part itself, or the one around it that has an id."""
    while not element.get("id") and (parent := element.getparent()) is not None and BPMN not in str(parent.tag):
        element = parent
    return diagram.item(element)


CHECKS = (planes, shapes, bands, ends)
