"""Blocks that part and meet again, and loops that are drawn with gateways."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagrams import flow
from tests.reference.drawing import Block, Drawing, Ends
from tests.reference.words import gateway


def sequence(drawing: Drawing) -> Ends:
    return drawing.sequence(3)


def exclusive(drawing: Drawing) -> Ends:
    """Somebody decides which way it goes."""
    decision, split, join = drawing.name("d"), drawing.name("split"), drawing.name("join")
    branches = [drawing.block() for _ in range(drawing.choose((2, 3)))]
    decide = drawing.user(*({decision: way} for way in range(len(branches))))
    drawing.add(gateway("exclusive", split, f"{split}_{branches[0][0]}"), gateway("exclusive", join))
    drawing.add(flow(decide, split))
    for way, (first, last) in enumerate(branches):
        drawing.add(flow(split, first, f"= {decision} = {way}" if way else ""), flow(last, join))
    return decide, join


def parallel(drawing: Drawing) -> Ends:
    split, join = drawing.name("split"), drawing.name("join")
    drawing.add(gateway("parallel", split), gateway("parallel", join))
    for _ in range(drawing.choose((2, 3))):
        first, last = drawing.sequence()
        drawing.add(flow(split, first), flow(last, join))
    return split, join


def fork(drawing: Drawing) -> Ends:
    """An activity with several ways out, all of which are taken."""
    split, join = drawing.choose((drawing.note, drawing.user))(), drawing.name("join")
    drawing.add(gateway("parallel", join))
    for _ in range(2):
        first, last = drawing.block()
        drawing.add(flow(split, first), flow(last, join))
    return split, join


def inclusive(drawing: Drawing) -> Ends:
    """Somebody decides which of the ways are taken."""
    decision, split = drawing.name("d"), drawing.name("split")
    decide, branches = drawing.user(*_sets(decision)), [drawing.block() for _ in range(3)]
    drawing.add(gateway("inclusive", split, f"{split}_{branches[0][0]}"), flow(decide, split))
    return decide, _joined(drawing, split, decision, branches)


def conditional(drawing: Drawing) -> Ends:
    """The ways out of an activity have conditions, and one of them perhaps none."""
    decision, split = drawing.name("d"), drawing.name("user")
    branches = [drawing.block() for _ in range(3)]
    drawing.user(*_sets(decision), name=split, default=f"{split}_{branches[0][0]}")
    if drawing.choose((False, True)):
        first, last = drawing.block()
        join = _joined(drawing, split, decision, branches)
        drawing.add(flow(split, first), flow(last, join))
        return split, join
    return split, _joined(drawing, split, decision, branches)


def _sets(decision: str) -> list[dict[str, list[int]]]:
    return [{decision: each} for each in ([1], [1, 2], [2], [])]


def _joined(drawing: Drawing, split: str, decision: str, branches: Sequence[Ends]) -> str:
    """Ways out of ``split``, the first by default, the others where the decision has their number; and their join."""
    join = drawing.name("join")
    drawing.add(gateway("inclusive", join))
    for way, (first, last) in enumerate(branches):
        condition = f"= list contains({decision}, {way})" if way else ""
        drawing.add(flow(split, first, condition), flow(last, join))
    return join


def skipping(drawing: Drawing) -> Ends:
    """Beside each other: something, and something that may turn away from the join."""
    decision, split, turn, join = drawing.name("d"), drawing.name("split"), drawing.name("turn"), drawing.name("join")
    first, last = drawing.block()
    decide, away = drawing.user({decision: 0}, {decision: 1}), drawing.note()
    drawing.add(
        gateway("parallel", split),
        gateway("exclusive", turn, f"{turn}_{join}"),
        gateway("inclusive", join),
        flow(split, first),
        flow(last, join),
        flow(split, decide),
        flow(decide, turn),
        flow(turn, join),
        flow(turn, away, f"= {decision} = 1"),
    )
    return split, join


def loop(drawing: Drawing) -> Ends:
    """Somebody decides whether to go round once more."""
    again, head, tail = drawing.name("again"), drawing.name("head"), drawing.name("tail")
    body, decide = drawing.sequence(), drawing.user({again: False}, {again: True})
    drawing.add(gateway("exclusive", head), gateway("exclusive", tail, f"{tail}_{head}"))
    out = drawing.note()
    drawing.chain(head, body, decide, tail)
    drawing.add(flow(tail, out, f"= not({again})"), flow(tail, head))
    return head, out


FLOWS: dict[str, Block] = {
    "sequence": sequence,
    "exclusive": exclusive,
    "parallel": parallel,
    "fork": fork,
    "inclusive": inclusive,
    "conditional flows": conditional,
    "skipping": skipping,
    "loop": loop,
}
