"""Random block-structured processes: each reaches its end, and restarting the engine after every single step changes nothing."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from processes.orchestrator import InstanceView, Orchestrator
from tests.diagrams import boundary, definitions, element, end, flow, path, process, script, service, start, timer, user

LEAVES = ("user", "script", "service", "timer", "guarded", "message")
Block = tuple[str, list["Block"]] | str

blocks: st.SearchStrategy[Block] = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.tuples(
        st.sampled_from(("sequence", "parallel", "exclusive", "sub", "loop")), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


class Drawing:
    """Draws a block between two element ids; collects the XML."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.parts: list[str] = []

    def name(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def draw(self, block: Block) -> tuple[str, str]:
        """Returns the ids of the block's first and last element."""
        if isinstance(block, str):
            return self._leaf(block)
        kind, inner = block
        if kind == "sub":
            return self._sub(inner)
        if kind == "loop":
            return self._loop(inner)
        if kind == "sequence":
            ends = [self.draw(each) for each in inner]
            self.parts.extend(flow(a[1], b[0]) for a, b in pairwise(ends))
            return ends[0][0], ends[-1][1]
        return self._gateways(kind, inner)

    def _leaf(self, kind: str) -> tuple[str, str]:
        name = self.name(kind)
        if kind == "user":
            self.parts.append(user(name))
        elif kind == "script":
            self.parts.append(script(name, "= {n: n + 1}"))
        elif kind == "service":
            self.parts.append(service(name, "work", {"n": "= n"}, "result"))
        elif kind == "timer":
            self.parts.append(element("intermediateCatchEvent", name, timer("timeDuration", "PT1H")))
        elif kind == "message":
            self.parts.append(
                element("receiveTask", name, messageRef="M", properties={"correlationKey": f'= number + "{name}"'})
            )
        else:
            self.parts.append(service(name, "slow", {}, "result"))
            late, over = self.name("late"), self.name("over")
            self.parts += [
                boundary(late, name, timer("timeDuration", "PT2H"), interrupting=False),
                end(over),
                flow(late, over),
            ]
        return name, name

    def _sub(self, inner: list[Block]) -> tuple[str, str]:
        name, outer = self.name("sub"), self.parts
        self.parts = []
        first, last = self.draw(("sequence", inner))
        begin, finish = self.name("begin"), self.name("finish")
        body = [start(begin), end(finish), *self.parts, flow(begin, first), flow(last, finish)]
        self.parts = [*outer, element("subProcess", name, *body)]
        return name, name

    def _loop(self, inner: list[Block]) -> tuple[str, str]:
        head, tail, turn = self.name("head"), self.name("tail"), self.name("turn")
        first, last = self.draw(("sequence", inner))
        out = self.name("out")
        self.parts += [
            element("exclusiveGateway", head),
            script(turn, f"= {{{turn}: if {turn} = null then 1 else {turn} + 1}}"),
            element("exclusiveGateway", tail, default=f"{tail}_{out}"),
            script(out, f"= {{{turn}: null}}"),
            path(head, first),
            path(last, turn, tail),
            flow(tail, head, f"= {turn} < 2"),
            flow(tail, out),
        ]
        return head, out

    def _gateways(self, kind: str, inner: list[Block]) -> tuple[str, str]:
        split, join = self.name("split"), self.name("join")
        tag = "parallelGateway" if kind == "parallel" else "exclusiveGateway"
        ends = [self.draw(each) for each in inner]
        default = {} if kind == "parallel" else {"default": f"{split}_{ends[-1][0]}"}
        self.parts += [element(tag, split, **default), element(tag, join)]
        for number, (first, last) in enumerate(ends):
            condition = f"= modulo(n, {len(ends)}) = {number}" if kind == "exclusive" and number < len(ends) - 1 else ""
            self.parts += [flow(split, first, condition), flow(last, join)]
        return split, join


def drawn(block: Block) -> bytes:
    drawing = Drawing()
    first, last = drawing.draw(block)
    body = process("p", start(), end(), *drawing.parts, flow("start", first), flow(last, "end"))
    return definitions('<bpmn:message id="M" name="news"/>', body)


def play(model: bytes, seed: int, restart: bool) -> InstanceView:
    """Do whatever can be done, in an order of the seed's, until nothing is left."""
    dice = random.Random(seed)
    engine = Orchestrator()
    engine.deploy({"p.bpmn": model})
    case = engine.start("p", {"n": seed % 7, "number": "A"})
    for _ in range(200):
        if restart:
            engine.engine.workshop.hot.clear()
        todo = [("user", each.element, each.id) for each in engine.tasks(case)]
        todo += [("job", each.element, each.id) for each in engine.jobs(instance=case)]
        todo += [("message", each, each) for each in waiting_elements(engine, case)]
        todo.sort(key=lambda each: each[:2])
        if not todo:
            if engine.scheduler.next_due() is None:
                break
            engine.advance(timedelta(minutes=61))
            continue
        kind, element_id, identity = dice.choice(todo)
        if kind == "user":
            engine.complete(identity, {f"by_{element_id}": True})
        elif kind == "job":
            engine.complete_job(identity, {"of": element_id})
        else:
            engine.correlate("news", f"A{element_id}", {"from": element_id})
    return engine.instance(case)


def waiting_elements(engine: Orchestrator, case: str) -> list[str]:
    from sqlalchemy import select

    from processes.store.tables import Subscription

    with engine.database.read() as connection:
        return sorted(
            connection.execute(select(Subscription.element_id).where(Subscription.instance_id == case)).scalars()
        )


@settings(max_examples=60, deadline=None)
@given(blocks, st.integers(0, 10_000))
def test_a_restart_after_every_step_changes_nothing(block: Block, seed: int) -> None:
    model = drawn(block)
    hot, cold = play(model, seed, restart=False), play(model, seed, restart=True)
    assert hot.state == "completed", (hot.trace, hot.incidents)
    assert (hot.state, list(hot.trace), hot.variables) == (cold.state, list(cold.trace), cold.variables)
