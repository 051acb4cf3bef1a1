"""Activities: how they repeat, what they ask of workers, decisions and scripts, and which data objects they read and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from processes.kernel.compiler.reading import (
    ParseError,
    child_text,
    expression_in,
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


def repetition_of(references: References, node: Node, counts: bool) -> Repetition | None:
    """The loop characteristics of an activity (10.3.8); ``counts``: its turns are to know their number."""
    for loop in children(node.element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"):
        inside = is_true(loop.get(f"{{{SPIFF}}}scriptsOnInstances"))
        if kind_of(loop) == "standardLoopCharacteristics":
            maximum = (loop.get("loopMaximum") or "").strip()
            return Repetition(
                "standard",
                condition=expression_in(loop, "loopCondition"),
                maximum=int(maximum) if maximum else None,
                test_before=is_true(loop.get("testBefore")),
                scripts_inside=inside,
                counts=counts,
            )
        return Repetition(
            "sequential" if is_true(loop.get("isSequential")) else "parallel",
            condition=expression_in(loop, "completionCondition"),
            cardinality=expression_in(loop, "loopCardinality"),
            source=_variable(references, node, loop, "loopDataInputRef"),
            item=(*_item(loop, "inputDataItem"), *_tied(references, node, loop, "inputDataItem")),
            target=_variable(references, node, loop, "loopDataOutputRef"),
            held=_target(references, node, loop, child_text(loop, "loopDataOutputRef")).kind.startswith("dataObject"),
            output=(*_tied(references, node, loop, "outputDataItem"), *_item(loop, "outputDataItem")),
            scripts_inside=inside,
            counts=counts,
        )
    return None


def _item(loop: Element, name: str) -> tuple[str, ...]:
    return names_of(next(iter(children(loop, name)), None))


def _target(references: References, node: Node, holder: Element, reference: str) -> Target:
    return references.resolve(references.by_file[node.file], holder, reference)


def _tied(references: References, node: Node, loop: Element, name: str) -> Iterator[str]:
    """The activity's own data inputs that associations give the current item to, or the outputs that a turn's output is taken from."""
    item = next(iter(children(loop, name)), None)
    kind, outer, inner = _INPUT if name == "inputDataItem" else _OUTPUT
    for association in children(node.element, kind):
        ends = [_target(references, node, each, text_of(each)).element for each in children(association, outer)]
        if item is not None and item in ends:
            for each in children(association, inner):
                yield from _names(_target(references, node, each, text_of(each)))


def _variable(references: References, node: Node, loop: Element, name: str) -> str:
    """The data object, or the variable of a data input or output, that a reference means; anything else is an expression as it stands."""
    text = child_text(loop, name)
    target = _target(references, node, loop, text)
    held = _data_object(references, target)
    if held:
        return held
    if target.element is not None and target.kind in ("dataInput", "dataOutput"):
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


_INPUT = ("dataInputAssociation", "sourceRef", "targetRef")
_OUTPUT = ("dataOutputAssociation", "targetRef", "sourceRef")


def moves_of(references: References, node: Node, reads: bool) -> tuple[DataMove, ...]:
    """The data associations of an activity or event into it (``reads``) or out of it (10.4.2)."""
    kind, outer, inner = _INPUT if reads else _OUTPUT
    found = []
    for association in children(node.element, kind):
        named = [_names(_target(references, node, each, text_of(each))) for each in children(association, inner)]
        named = [names for names in named if names]
        for each in children(association, outer):
            target = _target(references, node, each, text_of(each))
            held = _data_object(references, target)
            if held:
                found.append(_move(held, named, reads))
            elif named and (outside := _outside(target)):
                variables = (
                    tuple(names[0] for names in named) if reads else tuple(name for names in named for name in names)
                )
                found.append(DataMove("", variables, outside=outside))
    return tuple(found)


def _outside(target: Target) -> tuple[str, ...]:
    """The names of the variable that a data input or output is outside the activity."""
    known = target.element is not None and target.kind in ("dataInput", "dataOutput")
    return names_of(target.element) if known else ()


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
    return target.element.get("id", "") if target.element is not None and is_data_object(target.element) else ""


def is_data_object(element: Element) -> bool:
    """Whether a scope holds it as data: a data object, or a property of the process or sub-process."""
    if kind_of(element) != "property":
        return kind_of(element) == "dataObject"
    holder = element.getparent()
    scopes = ("process", "subProcess", "transaction")
    return holder is not None and kind_of(holder) in scopes and element.get("name") != _PLACEHOLDER
