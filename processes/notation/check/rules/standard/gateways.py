"""Gateways split or join, in the direction they say."""

from __future__ import annotations

from collections.abc import Iterator

from processes.notation.check.findings import ERROR, Both, Finding, Rule
from processes.notation.check.world import World, is_torn
from processes.notation.diagram import GATEWAYS, Diagram, Item

ONE_WAY = Rule(
    "gateway-without-purpose", ERROR,
    "{it}有 {incoming} 条入线、{outgoing} 条出线；网关必须分支（多条出线）或汇合（多条入线）。",
    "{it} has {incoming} incoming and {outgoing} outgoing flows; a gateway must split (several out) or join (several in).",
    "补上缺的线；不需要分支或汇合就删掉网关，把前后两步直接连起来。",
    "Draw the missing flows; if nothing splits or joins, delete the gateway and connect the steps before and after it.",
    "8.4.10",
)  # fmt: skip
DIRECTION = Rule(
    "gateway-direction", ERROR,
    "{it}写着 gatewayDirection=\"{direction}\"（{meaning}），却有 {incoming} 条入线、{outgoing} 条出线。",
    '{it} says gatewayDirection="{direction}" ({meaning}), but has {incoming} incoming and {outgoing} outgoing flows.',
    "改正连线，或把 gatewayDirection 改成相符的值（可以不写）。", "Correct the flows, or the gatewayDirection (which may be left out).",
    "8.4.10",
)  # fmt: skip

MEANINGS = {
    "Converging": Both("多条入线、至多一条出线", "several incoming, at most one outgoing"),
    "Diverging": Both("至多一条入线、多条出线", "at most one incoming, several outgoing"),
    "Mixed": Both("多条入线、多条出线", "several incoming, several outgoing"),
}


def directions(diagram: Diagram, world: World) -> Iterator[Finding]:
    """The flows of a gateway fit its direction, and there are several on one side at least."""
    for scope in diagram.scopes:
        torn = is_torn(scope)
        for node in scope.nodes:
            if node.kind in GATEWAYS and not torn:
                yield from judge(node, len(node.incoming), len(node.outgoing))


def judge(node: Item, incoming: int, outgoing: int) -> Iterator[Finding]:
    """What is wrong with a gateway that has so many flows."""
    direction = (node.element.get("gatewayDirection") or "Unspecified").strip()
    fits = {
        "Converging": incoming > 1 and outgoing <= 1,
        "Diverging": incoming <= 1 and outgoing > 1,
        "Mixed": incoming > 1 and outgoing > 1,
    }
    if not fits.get(direction, True):
        yield DIRECTION.at(node, direction=direction, meaning=MEANINGS[direction], incoming=incoming, outgoing=outgoing)
    elif incoming <= 1 and outgoing <= 1 and node.kind != "eventBasedGateway":
        # An event-based gateway needs two outgoing flows in any case: a rule of its own.
        yield ONE_WAY.at(node, incoming=incoming, outgoing=outgoing)


CHECKS = (directions,)
