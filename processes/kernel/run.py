"""Letting an instance run: first in, first out, until nothing moves any more or the slice is used up."""

from __future__ import annotations

from processes.kernel.behaviour import events, gateways
from processes.kernel.machine import ENTER, Machine
from processes.kernel.state import READY


def run(m: Machine) -> None:
    """Go on until nothing can move (then ``queue`` is empty), or the slice is used up."""
    queue, effort, enter, passing = m.queue, m.effort, ENTER, m.evaluator.passing
    if m.conditions:
        events.look(m)
    looked = m.moves
    while True:
        while queue and effort.left > 0:
            token = queue.popleft()
            if token.state is not READY:
                continue
            effort.spend(token.node.id)
            if passing is not None and token.arrived is not None:
                passing(token.arrived)
            enter[token.node.kind](m, token)
            if m.conditions and m.moves != looked:
                looked = m.moves
                events.look(m)
        if queue or not (m.joins and gateways.join_inclusive(m)):
            break
    m.taken = effort.taken if queue else 0
