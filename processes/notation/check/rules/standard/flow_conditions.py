"""Conditions and default flows: only where the source chooses among its flows."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Finding, Rule
from processes.notation.check.world import World, full_text
from processes.notation.diagram import ACTIVITIES, EVENTS, Diagram, Flow, Node, children

MISPLACED = Rule(
    "condition-ignored", ERROR,
    "{it}带有条件，但它从{source}出来；条件只能写在排他、包容、复杂网关或活动的出线上。",
    "{it} has a condition, but leaves {source}; conditions belong on the flows of exclusive, inclusive and complex gateways and of activities.",
    "删去条件；要按条件走，就在{source}后面加排他网关，把条件移到网关的出线上。",
    "Delete the condition; if it matters, put an exclusive gateway behind {source} and move the condition to one of its flows.",
    "8.4.13, 10.5.2, 10.6.4, 10.6.6",
)  # fmt: skip
LONELY = Rule(
    "condition-on-only-flow", ERROR,
    "{it}带有条件，却是{source}唯一的出线：条件不成立时就没有路可走。",
    "{it} has a condition, but is the only flow out of {source}: there is no other way when it does not hold.",
    "删去条件，或给{source}再画一条出线（例如默认流）。", "Delete the condition, or draw another flow out of {source} (a default, for example).",
    "8.4.13",
)  # fmt: skip
UNKNOWN_DEFAULT = Rule(
    "unknown-default-flow", ERROR,
    "{it}的默认流“{reference}”不是它的出线，等于没有默认流。",
    "The default flow {reference} of {it} is not one of its own: it has no default at all.",
    "重新选一条出线作默认流。", "Choose one of its outgoing flows as the default.",
    "8.4.13, 10.3, 10.6",
)  # fmt: skip
CONDITION_ON_DEFAULT = Rule(
    "condition-on-default", WARNING,
    "{it}是默认流，上面的条件不起作用。", "{it} is the default flow: the condition on it is ignored.",
    "删去条件；若条件有用，就换一条线作默认流。", "Delete the condition; if it matters, make another flow the default.",
    "10.3, 10.6",
)  # fmt: skip
IDLE_DEFAULT = Rule(
    "default-without-conditions", WARNING,
    "{it}有默认流“{reference}”，别的出线却都没有条件：默认流要在条件都不成立时才走。",
    "{it} has the default flow {reference}, but no other flow of it has a condition: a default is taken when no condition holds.",
    "给其余出线写条件，或去掉默认标记。", "Give the other flows conditions, or take off the default mark.",
    "8.4.13, 10.3",
)  # fmt: skip

CHOOSE = ACTIVITIES | {"exclusiveGateway", "inclusiveGateway", "complexGateway"}
NEVER_CHOOSE = EVENTS | {"parallelGateway", "eventBasedGateway"}


def is_conditional(flow: Flow) -> bool:
    """Whether a flow has a condition, be it in words; some tools write empty ones everywhere, which mean none."""
    return any(full_text(each) for each in children(flow.element, "conditionExpression"))


def conditions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No conditions behind events, parallel and event-based gateways; none on an activity's only flow."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            conditional = [flow for flow in node.outgoing if is_conditional(flow)]
            if node.kind in NEVER_CHOOSE:
                yield from (MISPLACED.at(flow, source=node) for flow in conditional)
            elif node.kind in ACTIVITIES and conditional and len(node.outgoing) == 1:
                yield LONELY.at(conditional[0], source=node)


def defaults(diagram: Diagram, world: World) -> Iterator[Finding]:
    """A default flow is one of the node's own, has no condition, and has others beside it that do."""
    for scope in diagram.scopes:
        for node in scope.nodes:
            default = (node.element.get("default") or "").strip()
            if default and node.kind in CHOOSE:
                yield from _default(node, default)


def _default(node: Node, default: str) -> Iterator[Finding]:
    own = next((flow for flow in node.outgoing if flow.id == default), None)
    if own is None:
        yield UNKNOWN_DEFAULT.at(node, reference=default[:60])
        return
    if is_conditional(own):
        yield CONDITION_ON_DEFAULT.at(own)
    elif node.kind in ACTIVITIES and not any(is_conditional(flow) for flow in node.outgoing):
        yield IDLE_DEFAULT.at(node, reference=default[:60])


CHECKS = (conditions, defaults)
