"""Gateways that choose: conditions on their flows, and a default."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Finding, Rule
from processes.notation.check.world import World, made_for
from processes.notation.diagram import ACTIVITIES, Diagram, Flow, Node

WITHOUT_CONDITION = Rule(
    "flow-without-condition", ERROR,
    "{it}从{gateway}出来却没有条件，也不是默认流：引擎不知道何时走它。",
    "{it} leaves {gateway} with neither a condition nor the default mark: when should it be taken?",
    "给它写条件，或把它设为默认流（其余条件都不成立时走）。", "Give it a condition, or make it the default flow (taken when no condition holds).",
)  # fmt: skip
NO_DEFAULT = Rule(
    "no-default-flow", WARNING,
    "{it}没有默认流：所有条件都不成立时，流程会出错停住。", "{it} has no default flow: when no condition holds, the process stops with an error.",
    "选一条出线设为默认流（去掉它的条件）。", "Make one of its flows the default (and take off its condition).",
)  # fmt: skip


def conditions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Flows of exclusive and inclusive gateways have conditions, or are the default; an activity's may."""
    for node in world.nodes(diagram):
        chooses = node.kind in {"exclusiveGateway", "inclusiveGateway"}
        if len(node.outgoing) > 1 and (chooses or node.kind in ACTIVITIES):
            yield from _choice(world, node, chooses)


def _choice(world: World, node: Node, chooses: bool) -> Iterator[Finding]:
    default = (node.element.get("default") or "").strip()
    default = default if any(flow.id == default for flow in node.outgoing) else ""
    need = world.need(WITHOUT_CONDITION, node.file)
    # Where no flow has a condition they may be still to come; where some have, one was forgotten, whichever engine is meant to run it.
    begun = node.kind == "exclusiveGateway" and any(flow.condition for flow in node.outgoing)
    begun = begun and not made_for(world.diagram_of(node))
    for flow in node.outgoing if chooses else ():
        if not flow.condition and (not default or flow.id != default):
            yield WITHOUT_CONDITION.at(flow, severity=None if begun else need, gateway=node)
    if not default and all(flow.condition for flow in node.outgoing) and not _exhaustive(node.outgoing):
        yield NO_DEFAULT.at(node, severity=world.need(NO_DEFAULT, node.file))


def _exhaustive(flows: list[Flow]) -> bool:
    """Whether one condition plainly holds whenever the others don't: true, or a pair of opposites."""
    conditions = [_normal(flow.condition) for flow in flows[:20]]
    if any(each in {"true", "1=1"} for each in conditions):
        return True
    return any(_opposite(a, b) for index, a in enumerate(conditions) for b in conditions[index + 1 :])


def _normal(condition: str) -> str:
    """FEEL and the Python subset alike, without spaces: ``=`` is equality, ``not(x)`` negation."""
    text = re.sub(r"\s+", " ", condition.strip().removeprefix("=").strip())
    text = text.replace("==", "=").replace("True", "true").replace("False", "false").replace("None", "null")
    text = re.sub(r"\bnot (.+)\Z", r"not(\1)", text)
    return text.replace(" ", "").replace("not((", "not(").replace("'", '"')


OPPOSITES = (("!=", "="), (">=", "<"), ("<=", ">"))


def _opposite(a: str, b: str) -> bool:
    for one, other in ((a, b), (b, a)):
        if one in {f"not({other})", f"{other}=false", f"{other}!=true"}:
            return True
        if one == other.replace("=true", "=false") and one != other:
            return True
        for sign, counter in OPPOSITES:
            left, found, right = one.partition(sign)
            if found and other == f"{left}{counter}{right}":
                return True
    return False


CHECKS = (conditions,)
