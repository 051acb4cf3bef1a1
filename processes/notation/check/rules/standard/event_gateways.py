"""Event-based gateways: what stands behind them, and how they start a process."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule, together
from processes.notation.check.rules.standard.triggers import trigger_label
from processes.notation.check.world import World, instantiates, is_torn
from processes.notation.diagram import Diagram, Node

SINGLE = Rule(
    "event-gateway-single", ERROR,
    "{it}有 {count} 条出线；事件网关至少要有两条，谁先发生走谁。", "{it} has {count} outgoing flows; an event-based gateway has two at least.",
    "补上另一件可能先发生的事（例如超时），或删掉网关。", "Draw the other thing that may come first (a timeout, say), or delete the gateway.",
    "10.6.6",
)  # fmt: skip
TARGET = Rule(
    "event-gateway-target", ERROR,
    "{it}的出线必须连到中间捕获事件或接收任务，不能连到{target}。",
    "The flows of {it} must lead to intermediate catch events or receive tasks, not to {target}.",
    "在{target}前加上它等待的消息或定时事件。", "Put the message or timer that is waited for in front of {target}.",
    "10.6.6",
)  # fmt: skip
TRIGGER = Rule(
    "event-gateway-trigger", ERROR,
    "{it}后面的{target}等的是{trigger}；事件网关后面只能等消息、信号、定时或条件。",
    "{target} behind {it} waits for {trigger}; only messages, signals, timers and conditions may be waited for there.",
    "换一种事件，或不经过事件网关。", "Choose another event, or lead the flow past the gateway.",
    "10.6.6",
)  # fmt: skip
MIXED = Rule(
    "event-gateway-mixed", ERROR,
    "{it}后面既有接收任务（{tasks}），又有消息捕获事件（{events}），只能用一种。",
    "{it} has receive tasks ({tasks}) and message catch events ({events}) behind it: only one kind may be used.",
    "都画成消息捕获事件，或都画成接收任务。", "Make them all message catch events, or all receive tasks.",
    "10.6.6",
)  # fmt: skip
SHARED = Rule(
    "event-gateway-shared-target", ERROR,
    "{target}除了从{it}来的线还有别的入线；事件网关后面的事件不能再有别的入线。",
    "{target} has other incoming flows beside that from {it}; what stands behind an event-based gateway has no others.",
    "在那条路上另画一个事件，或让它连到事件之后的步骤。", "Draw another event on that way, or lead it to the step behind the event.",
    "10.6.6",
)  # fmt: skip
BOUNDARY = Rule(
    "event-gateway-boundary", ERROR,
    "{it}后面的接收任务{target}带有边界事件（{events}），这里不能有。",
    "The receive task {target} behind {it} has boundary events ({events}), which are not allowed there.",
    "删去边界事件，把它等的事画成事件网关的另一条出线。", "Delete them, and draw what they wait for as another way out of the gateway.",
    "10.6.6",
)  # fmt: skip
INSTANTIATES = Rule(
    "instantiate-with-incoming", ERROR,
    "{it}被设为启动流程（instantiate），却有入线（{flows}）。", "{it} is to instantiate the process, but has incoming flows ({flows}).",
    "删去入线；它在流程中间，就去掉 instantiate。", "Delete the flows; take off instantiate if it stands in the middle of the process.",
    "10.3.3, 10.6.6",
)  # fmt: skip
PARALLEL = Rule(
    "event-gateway-parallel", ERROR,
    "{it}写着 eventGatewayType=\"Parallel\"，却不启动流程（instantiate）；只有启动流程的事件网关才能等齐所有事件。",
    '{it} says eventGatewayType="Parallel" without instantiate; only a gateway that instantiates the process can wait for all events.',
    "去掉 eventGatewayType，或把它设为启动流程；要等齐几件事用并行网关。",
    "Delete the eventGatewayType, or make it instantiate; to wait for several things use a parallel gateway.",
    "10.6.6",
)  # fmt: skip

WAITS = frozenset({"message", "signal", "timer", "conditional"})


def gateways(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Each event-based gateway has two ways out at least, each to something that waits."""
    for scope in diagram.scopes:
        torn = is_torn(scope)
        for node in scope.nodes:
            if node.kind == "eventBasedGateway":
                if len(node.outgoing) < 2 and not torn:
                    yield SINGLE.at(node, count=len(node.outgoing))
                yield from _targets(world, node)
                if node.element.get("eventGatewayType") == "Parallel" and not instantiates(node):
                    yield PARALLEL.at(node)
            if instantiates(node) and node.incoming:
                yield INSTANTIATES.at(node, flows=together(node.incoming, 3))


def _targets(world: World, node: Node) -> Iterator[Finding]:
    targets = list(dict.fromkeys(flow.target for flow in node.outgoing if flow.target is not None))
    tasks = [target for target in targets if target.kind == "receiveTask"]
    events = [target for target in targets if target.kind == "intermediateCatchEvent"]
    for target in targets:
        if target.kind not in {"receiveTask", "intermediateCatchEvent"}:
            yield TARGET.at(node, target=target)
            continue
        for kind in world.trigger_kinds(target) if target.kind == "intermediateCatchEvent" else ():
            if kind not in WAITS:
                yield TRIGGER.at(node, target=target, trigger=trigger_label(kind))
        if any(flow.source is not node for flow in target.incoming):
            yield SHARED.at(node, target=target)
        if target.kind == "receiveTask" and target.boundary:
            yield BOUNDARY.at(node, target=target, events=together(target.boundary))
    messages = [event for event in events if "message" in world.trigger_kinds(event)]
    if tasks and messages:
        yield MIXED.at(node, tasks=together(tasks), events=together(messages))


CHECKS = (gateways,)
