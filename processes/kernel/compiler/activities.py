"""Activities: how they repeat, what they ask of workers, decisions and scripts, and which data objects they read and write."""

from __future__ import annotations

from collections.abc import Mapping

from processes.kernel.compiler.reading import (
    ParseError,
    child_text,
    extension,
    extension_text,
    names_of,
)
from processes.kernel.decisions import Decision
from processes.kernel.plan import DataMove, Operator, Repetition
from processes.notation.decisions import DecisionModel
from processes.notation.diagram import SPIFF, Element, Node, children, is_true, kind_of, text_of
from processes.notation.references import References, Target

GLOBAL_TASKS: Mapping[str, str] = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
"""What a call of a global task runs as (10.3.6)."""

_PLACEHOLDER = "__targetRef_placeholder"
"""What bpmn-js writes as the target of an input association that stands for nothing."""


def repetition_of(references: References, node: Node) -> Repetition | None:
    """The loop characteristics of an activity (10.3.8)."""
    for loop in children(node.element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"):
        inside = is_true(loop.get(f"{{{SPIFF}}}scriptsOnInstances"))
        if kind_of(loop) == "standardLoopCharacteristics":
            maximum = (loop.get("loopMaximum") or "").strip()
            return Repetition(
                "standard",
                condition=child_text(loop, "loopCondition"),
                maximum=int(maximum) if maximum else None,
                test_before=is_true(loop.get("testBefore")),
                scripts_inside=inside,
            )
        return Repetition(
            "sequential" if is_true(loop.get("isSequential")) else "parallel",
            condition=child_text(loop, "completionCondition"),
            cardinality=child_text(loop, "loopCardinality"),
            source=_variable(references, node, loop, "loopDataInputRef"),
            item=_item(loop, "inputDataItem"),
            target=_variable(references, node, loop, "loopDataOutputRef"),
            output=_item(loop, "outputDataItem"),
            scripts_inside=inside,
        )
    return None


def _item(loop: Element, name: str) -> tuple[str, ...]:
    return names_of(next(iter(children(loop, name)), None))


def _variable(references: References, node: Node, loop: Element, name: str) -> str:
    """The variable a reference to a data input or output means; anything else is an expression as it stands."""
    text = child_text(loop, name)
    target = references.resolve(references.by_file[node.file], loop, text)
    if target.kind in ("dataInput", "dataOutput", "dataObject", "dataObjectReference"):
        names = names_of(target.element)
        return names[0] if names else text
    return text


def operator_of(node: Node) -> Operator:
    """The job a service task asks for."""
    found = extension(node.element, "serviceTaskOperator")
    topic = "" if found is None else (found.get("id") or "").strip()
    if found is None or not topic:
        raise ParseError(
            f"{node.label('zh')}没有写由哪个系统任务执行", f"{node.label('en')} names no operator", node.file, node.id
        )
    parameters = tuple(
        (each.get("id", ""), each.get("value", ""))
        for each in found.iter(f"{{{SPIFF}}}parameter")
        if each.get("value") is not None
    )
    result = (found.get("resultVariable") or "").strip() or f"spiff__{node.id.replace('-', '_')}_result"
    return Operator(topic, parameters, result)


def decision_of(node: Node, element: Element, decisions: Mapping[str, DecisionModel], result: str) -> Decision:
    """The decision a business rule task calls."""
    reference = extension_text(element, "calledDecisionId")
    if reference not in decisions:
        raise ParseError(
            f"{node.id}:找不到决策“{reference}”,请把含有它的 .dmn 文件一起部署",
            f"{node.id}: no decision {reference!r} among the files",
            node.file,
            node.id,
        )
    return Decision(decisions[reference], reference, result)


def moves_of(references: References, node: Node, kind: str) -> tuple[DataMove, ...]:
    """The data associations of an activity: ``dataInputAssociation`` or ``dataOutputAssociation`` (10.4.2)."""
    outer, inner = ("sourceRef", "targetRef") if kind == "dataInputAssociation" else ("targetRef", "sourceRef")
    diagram = references.by_file[node.file]
    found = []
    for association in children(node.element, kind):
        named = [_names(references.resolve(diagram, each, text_of(each))) for each in children(association, inner)]
        for each in children(association, outer):
            held = _data_object(references, references.resolve(diagram, each, text_of(each)))
            if held:
                found.append(_move(held, [names for names in named if names], reads=kind == "dataInputAssociation"))
    return tuple(found)


def _move(held: str, named: list[tuple[str, ...]], reads: bool) -> DataMove:
    """What is read goes into one variable; what is written may stand in any that the association names, or in the object's own."""
    written = (*(name for names in named for name in names), held)
    variables = (tuple(names[0] for names in named) or (held,)) if reads else written
    return DataMove(held, variables, temporary=not named or variables[0] == held)


def _names(target: Target) -> tuple[str, ...]:
    element = target.element
    return () if element is None or element.get("name") == _PLACEHOLDER else names_of(element)


def _data_object(references: References, target: Target) -> str:
    """The id of the data object that a reference leads to; empty when it is something else."""
    if target.element is not None and target.kind == "dataObjectReference":
        target = references.resolve(target.diagram, target.element, target.element.get("dataObjectRef"))
    return target.element.get("id", "") if target.element is not None and target.kind == "dataObject" else ""
