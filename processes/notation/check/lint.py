"""What ``bpmn-io`` (the Python port of bpmnlint) notices: only the rules that help an owner, none of them an error.

Its rules look at ``bpmn:incoming`` and ``bpmn:outgoing``, which hand-written diagrams leave out, so they are written in from the flows first.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from bpmn_io.bpmn_moddle.simple import create_moddle
from bpmn_io.lint.rules import (
    global_,
    label_required,
    no_bpmndi,
    no_duplicate_sequence_flows,
    no_gateway_join_fork,
    superfluous_gateway,
    superfluous_termination,
)
from bpmn_io.lint.test_rule import test_rule
from lxml import etree

from processes.notation.check.findings import INFO, WARNING, Finding, Rule, Whole, together
from processes.notation.diagram import BPMN, Diagram, Element, Item, children

# The port reads about 2,000 elements a second; beyond this the picture is a machine's, and labels are no help.
MOST_ELEMENTS = 4_000

RULES: dict[str, Rule] = {
    "no-duplicate-sequence-flows": Rule(
        "lint-duplicate-flow", WARNING,
        "{it}与另一条顺序流重复：起点、终点和条件都一样。", "{it} repeats another flow: same ends, same condition.",
        "删去其中一条。", "Delete one of them.",
    ),
    "superfluous-gateway": Rule(
        "lint-superfluous-gateway", INFO,
        "{it}只有一进一出，可以删去。", "{it} has one flow in and one out, and could go.",
        "直接把前后两步连起来。", "Connect the steps before and after it.",
    ),
    "superfluous-termination": Rule(
        "lint-superfluous-termination", INFO,
        "{it}是唯一的结束，不需要“终止”。", "{it} is the only end: it need not terminate.",
        "改成普通结束事件。", "Make it a plain end event.",
    ),
    "no-gateway-join-fork": Rule(
        "lint-join-and-fork", INFO,
        "{it}既汇合又分支，看图的人不易分清。", "{it} joins and forks at once, which is hard to read.",
        "画成两个网关：先汇合，再分支。", "Draw two gateways: join first, then fork.",
    ),
}  # fmt: skip
UNLABELLED = Rule(
    "lint-label", INFO,
    "没有名称的元素：{items}。", "Without a name: {items}.",
    "给它们起名，办理的人才看得懂流程图。", "Name them, so that people can read the diagram.",
)  # fmt: skip
UNDRAWN = Rule(
    "lint-not-drawn", INFO,
    "没有图形的元素：{items}；能运行，但图上看不到。", "Without a shape: {items}; they run, but cannot be seen.",
    "在建模工具里打开并补上图形，或用自动布局。", "Draw them in the modeler, or use its automatic layout.",
)  # fmt: skip
UNUSED = Rule(
    "lint-unused", INFO,
    "{it}没有被使用。", "{it} is not used.",
    "不需要就删掉。", "Delete it if it is not needed.",
)  # fmt: skip
SKIPPED = Rule(
    "lint-skipped", INFO,
    "没有检查{it}的画法（{problem}）。", "The style of {it} was not checked ({problem}).",
    "先改正其他问题，再检查一次。", "Correct the other findings first, then check again.",
)  # fmt: skip
GATHERED = {"label-required": UNLABELLED, "no-bpmndi": UNDRAWN}


# Rule factories of the port by our name for them; called afresh for each file, as some remember what they saw.
FACTORIES: dict[str, Callable[[], dict[str, Any]]] = {
    "no-duplicate-sequence-flows": no_duplicate_sequence_flows.factory,
    "superfluous-gateway": superfluous_gateway.factory,
    "superfluous-termination": superfluous_termination.factory,
    "no-gateway-join-fork": no_gateway_join_fork.factory,
    "label-required": label_required.factory,
    "no-bpmndi": no_bpmndi.factory,
    "global": global_.factory,
}


def lint_findings(diagram: Diagram) -> Iterator[Finding]:
    """The port's reports in our words."""
    if not diagram.processes or sum(1 for _ in diagram.root.iter("*")) > MOST_ELEMENTS:
        return
    try:
        root: Any = create_moddle().from_xml(_text(diagram)).root_element
        reports = {name: test_rule(root, factory()) for name, factory in FACTORIES.items()}
    except Exception as error:  # the port gives up on models that are only a little wrong; the other layers name what
        yield SKIPPED.at(Whole(diagram.file), problem=f"{type(error).__name__}: {error}"[:120])
        return
    yield from _findings(diagram, reports)


def _findings(diagram: Diagram, reports: dict[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    for name, found in reports.items():
        items = [item for report in found if (item := _item(diagram, report)) is not None]
        if name in GATHERED and items:
            yield GATHERED[name].at(items[0] if len(items) == 1 else Whole(diagram.file), items=together(items))
        elif name == "global":
            unused = [_item(diagram, report) for report in found if report.get("message") == "Element is unused"]
            yield from (UNUSED.at(item) for item in unused if item is not None)
        elif name in RULES:
            yield from (RULES[name].at(item) for item in items if _is_own(name, item))


def _is_own(name: str, item: Item) -> bool:
    """The duplicate-flow rule also reports both ends: the flow is enough."""
    return name != "no-duplicate-sequence-flows" or item.kind == "sequenceFlow"


def _item(diagram: Diagram, report: dict[str, Any]) -> Item | None:
    element = diagram.by_id.get(str(report.get("id") or ""))
    return diagram.item(element) if element is not None else None


def _text(diagram: Diagram) -> str:
    """The diagram with every node's flows listed in it."""
    root = copy.deepcopy(diagram.root)
    by_id: dict[str, Element] = {}
    for element in root.iter(f"{{{BPMN}}}*"):
        for stale in children(element, "incoming", "outgoing"):
            element.remove(stale)
        if element.get("id"):
            by_id.setdefault(element.get("id", ""), element)
    for flow in root.iter(f"{{{BPMN}}}sequenceFlow"):
        for attribute, tag in (("targetRef", "incoming"), ("sourceRef", "outgoing")):
            node = by_id.get(flow.get(attribute, ""))
            if node is not None and flow.get("id"):
                listed = etree.Element(f"{{{BPMN}}}{tag}")
                listed.text = flow.get("id")
                node.insert(_after_extensions(node), listed)
    return etree.tostring(root, encoding="unicode")


def _after_extensions(node: Element) -> int:
    return len(children(node, "documentation", "extensionElements"))
