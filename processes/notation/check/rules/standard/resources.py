"""Resource roles: parameters that the resource has, and all that it requires."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule
from processes.notation.check.rules.standard.references import place_of
from processes.notation.check.world import World
from processes.notation.diagram import Diagram, Element, children, is_true, text_of

FOREIGN_PARAMETER = Rule(
    "resource-parameter", ERROR,
    "{it}给参数“{parameter}”赋值，但资源“{resource}”没有这个参数。",
    "{it} binds the parameter {parameter}, which the resource {resource} does not have.",
    "选择这个资源自己的参数。", "Choose a parameter of that resource.",
    "8.4.12, 10.3.1",
)  # fmt: skip
MISSING_PARAMETER = Rule(
    "resource-parameter-missing", ERROR,
    "{it}引用资源“{resource}”，但没有给必需的参数“{parameter}”赋值。",
    "{it} uses the resource {resource} without binding its required parameter {parameter}.",
    "加上 resourceParameterBinding。", "Add a resourceParameterBinding for it.",
    "8.4.12",
)  # fmt: skip

BOTH = Rule(
    "resource-and-expression", ERROR,
    "{it}的办理人既写了资源（resourceRef）又写了表达式，只能写一种。",
    "A role of {it} names a resource (resourceRef) and an expression: only one may be.",
    "只留 resourceRef 或 resourceAssignmentExpression。", "Keep the resourceRef or the resourceAssignmentExpression.",
    "10.3.1",
)  # fmt: skip

ROLES = ("resourceRole", "performer", "humanPerformer", "potentialOwner")


def bindings(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What is bound belongs to the resource; what it requires is bound."""
    for item in world.items(diagram, *ROLES):
        if children(item.element, "resourceRef") and children(item.element, "resourceAssignmentExpression"):
            yield BOTH.at(place_of(diagram, item.element))
        for reference in children(item.element, "resourceRef"):
            resource = world.resolve(diagram, reference, text_of(reference)).element
            if resource is not None:
                yield from _bindings(diagram, world, item.element, resource)


def _bindings(diagram: Diagram, world: World, role: Element, resource: Element) -> Iterator[Finding]:
    place, name = place_of(diagram, role), resource.get("name") or resource.get("id") or "?"
    parameters = children(resource, "resourceParameter")
    bound: list[Element] = []
    for binding in children(role, "resourceParameterBinding"):
        target = world.resolve(diagram, binding, binding.get("parameterRef")).element
        if target is not None:
            bound.append(target)
            if target not in parameters:
                said = target.get("name") or binding.get("parameterRef") or "?"
                yield FOREIGN_PARAMETER.at(place, parameter=said, resource=name)
    for parameter in parameters:
        if is_true(parameter.get("isRequired")) and parameter not in bound:
            said = parameter.get("name") or parameter.get("id") or "?"
            yield MISSING_PARAMETER.at(place, resource=name, parameter=said)


CHECKS = (bindings,)
