"""The standard's correlation, which this engine does by a property of its own."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Finding, Rule, together
from processes.notation.check.rules.engine.messages import CATCHING
from processes.notation.check.world import World, instantiates
from processes.notation.diagram import Diagram, Item, Node, children

SUBSCRIPTION = Rule(
    "correlation-subscription", ERROR,
    "{it}里有 correlationSubscription，引擎不执行：{nodes}会收下别的实例的消息。",
    "{it} has a correlationSubscription, which the engine does not carry out: {nodes} would take messages for other instances.",
    "给每个等消息的元素加属性 correlationKey，写订阅里的 dataPath，例如 = order；发送方用同样的值。",
    "Give each of them the property correlationKey with the subscription's dataPath, = order for example, and let the sender use the same value.",
)  # fmt: skip


def subscriptions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """Where a process subscribes by a key, all that wait for a message have the key in the form that counts here."""
    for scope in world.running(diagram):
        if scope.parent is None and children(scope.element, "correlationSubscription"):
            inside = [node for node in world.nodes(diagram) if node.scope.process is scope]
            waiting: list[Item] = [
                node for node in inside if _waits(world, node) and "correlationKey" not in node.properties
            ]
            if waiting:
                severity = world.need(SUBSCRIPTION, diagram.file)
                yield SUBSCRIPTION.at(scope, severity=severity, nodes=together(waiting))


def _waits(world: World, node: Node) -> bool:
    if node.kind not in CATCHING or instantiates(node):
        return False
    return node.kind == "receiveTask" or "message" in world.trigger_kinds(node)


CHECKS = (subscriptions,)
