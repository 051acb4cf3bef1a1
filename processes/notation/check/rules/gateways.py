"""Gateways: conditions on the right flows, a default, and nothing that two timers would share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from processes.notation.check.findings import ERROR, WARNING, Finding, Rule, together
from processes.notation.check.world import World
from processes.notation.diagram import GATEWAYS, Diagram, Flow, Node

COMPLEX = Rule(
    "complex-gateway", ERROR,
    "引擎不支持{it}。", "The engine does not support {it}.",
    "改用包容网关（满足条件的都走）或并行网关；“几个里完成几个就继续”用带完成条件的多实例任务。",
    "Use an inclusive gateway (all whose condition holds) or a parallel one; for m out of n use a multi-instance task with a completion condition.",
)  # fmt: skip
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
UNKNOWN_DEFAULT = Rule(
    "unknown-default-flow", ERROR,
    "{it}的默认流“{reference}”不是它的出线，等于没有默认流。",
    "The default flow {reference} of {it} is not one of its own: it has no default at all.",
    "重新选一条出线作默认流。", "Choose one of its outgoing flows as the default.",
)  # fmt: skip
CONDITION_ON_DEFAULT = Rule(
    "condition-on-default", WARNING,
    "{it}是默认流，上面的条件不起作用。", "{it} is the default flow: the condition on it is ignored.",
    "删去条件；若条件有用，就换一条线作默认流。", "Delete the condition; if it matters, make another flow the default.",
)  # fmt: skip
CONDITION_IGNORED = Rule(
    "condition-ignored", ERROR,
    "{it}带有条件，但它从{gateway}出来，引擎不看这个条件。", "{it} has a condition, but it leaves {gateway}: the engine ignores it.",
    "需要按条件走，就把网关换成排他或包容网关；都要走，就删去条件。",
    "Use an exclusive or inclusive gateway if the condition matters; delete the condition if not.",
)  # fmt: skip
NO_OUTGOING = Rule(
    "gateway-no-outgoing", ERROR,
    "{it}没有出线，流程走到这里会出错或断掉。", "{it} has no outgoing flow: the process fails or ends there.",
    "连到下一个步骤，或删掉这个网关。", "Connect it to the next step, or delete it.",
)  # fmt: skip
TWO_TIMERS = Rule(
    "two-timers", ERROR,
    "{it}后面有 {count} 个定时事件（{timers}），它们共用一个时间，只有第一个会响。",
    "{it} has {count} timers behind it ({timers}); they share one time, and only the first ever fires.",
    "只留最早的一个；其余画在它后面，或改为用户任务上的边界定时事件。",
    "Keep the earliest; draw the others behind it, or as boundary timers of a user task.",
)  # fmt: skip
EVENT_TARGET = Rule(
    "event-gateway-target", ERROR,
    "{it}的出线必须连到中间捕获事件或接收任务，不能连到{target}。",
    "The flows of {it} must lead to intermediate catch events or receive tasks, not to {target}.",
    "在{target}前加上它等待的消息或定时事件。", "Put the message or timer that is waited for in front of {target}.",
)  # fmt: skip
LONELY_EVENT = Rule(
    "event-gateway-single", WARNING,
    "{it}只有一条出线，等的是同一件事，不需要网关。", "{it} has a single outgoing flow: no gateway is needed to wait for one thing.",
    "删掉网关，或补上另一件可能先发生的事（例如超时）。", "Delete it, or draw the other thing that may come first (a timeout, say).",
)  # fmt: skip
INSTANTIATES = Rule(
    "instantiate", ERROR,
    "{it}被设为“由它启动流程”，引擎不支持，流程不会由此启动。", "{it} is marked to instantiate the process, which the engine does not support.",
    "改用消息开始事件；有几种启动方式就画几个消息开始事件。", "Use message start events, one for each way to start.",
)  # fmt: skip


def conditions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Flows of exclusive and inclusive gateways have conditions, or are the default."""
    for node in diagram.nodes:
        if node.kind not in {"exclusiveGateway", "inclusiveGateway"}:
            continue
        default = node.element.get("default")
        if default and all(flow.id != default for flow in node.outgoing):
            yield UNKNOWN_DEFAULT.at(node, reference=default)
            default = None
        if len(node.outgoing) > 1:
            for flow in node.outgoing:
                if flow.id != default and not flow.condition:
                    yield WITHOUT_CONDITION.at(flow, gateway=node)
        for flow in node.outgoing:
            if flow.id == default and flow.condition:
                yield CONDITION_ON_DEFAULT.at(flow)
        undecided = not default and node.outgoing and all(flow.condition for flow in node.outgoing)
        if undecided and not _exhaustive(node.outgoing):
            yield NO_DEFAULT.at(node)


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


def ignored(diagram: Diagram, world: World) -> Iterator[Finding]:
    """No conditions behind parallel and event-based gateways."""
    for node in diagram.nodes:
        if node.kind in {"parallelGateway", "eventBasedGateway"}:
            for flow in node.outgoing:
                if flow.condition:
                    yield CONDITION_IGNORED.at(flow, gateway=node)


def shapes(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Gateways the engine knows, leading somewhere."""
    for node in diagram.nodes:
        if node.kind == "complexGateway":
            yield COMPLEX.at(node)
        elif node.kind in GATEWAYS and not node.outgoing:
            yield NO_OUTGOING.at(node)
        if node.kind in {"eventBasedGateway", "receiveTask"} and node.element.get("instantiate") in {"true", "1"}:
            yield INSTANTIATES.at(node)


def waiting(diagram: Diagram, world: World) -> Iterator[Finding]:
    """What stands behind an event-based gateway."""
    for node in diagram.nodes:
        if node.kind != "eventBasedGateway":
            continue
        targets = [flow.target for flow in node.outgoing if flow.target is not None]
        timers = [target for target in targets if target.has_trigger("timer")]
        if len(timers) > 1:
            yield TWO_TIMERS.at(node, count=len(timers), timers=together(timers))
        for target in targets:
            if not _waits(target):
                yield EVENT_TARGET.at(node, target=target)
        if len(node.outgoing) == 1:
            yield LONELY_EVENT.at(node)


def _waits(node: Node) -> bool:
    return node.kind in {"intermediateCatchEvent", "receiveTask"}


CHECKS = (conditions, ignored, shapes, waiting)
