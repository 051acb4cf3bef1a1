"""Block-structured processes are sound whatever they are made of; breaking one block's join is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from processes.notation.check.sanity import parse
from processes.notation.diagram import Diagram, read
from processes.notation.soundness import Verdict, examine
from tests.diagrams import boundary, definitions, element, end, flow, process, start, timer

DAY = timer("timeDuration", "P1D")
GATEWAYS = {"xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway"}


@dataclass
class Block:
    """A task, or blocks put together: a sequence, a split and join, a loop, a sub-process, a task with a boundary event."""

    kind: str
    parts: list[Block] = field(default_factory=list)


@dataclass
class Drawing:
    """Writes blocks down. ``swap`` changes the kind of the join of the block with that number."""

    swap: Callable[[int, str], str] = lambda number, kind: kind
    number: int = 0
    drawn: list[str] = field(default_factory=list)

    def fresh(self, word: str) -> str:
        self.number += 1
        return f"{word}{self.number}"

    def write(self, block: Block) -> tuple[str, str]:
        """Draw the block; its first and last node."""
        return getattr(self, f"_{block.kind}")(block)

    def _task(self, block: Block) -> tuple[str, str]:
        name = self.fresh("task")
        self.drawn.append(element("serviceTask", name))
        return name, name

    def _sequence(self, block: Block) -> tuple[str, str]:
        ends = [self.write(part) for part in block.parts]
        self.drawn += [flow(a[1], b[0]) for a, b in pairwise(ends)]
        return ends[0][0], ends[-1][1]

    def _split(self, block: Block, kind: str) -> tuple[str, str]:
        split, join = self.fresh("split"), self.fresh("join")
        number = self.number
        self.drawn += [element(GATEWAYS[kind], split), element(GATEWAYS[self.swap(number, kind)], join)]
        for part in block.parts:
            first, last = self.write(part)
            self.drawn += [flow(split, first), flow(last, join)]
        return split, join

    def _xor(self, block: Block) -> tuple[str, str]:
        return self._split(block, "xor")

    def _and(self, block: Block) -> tuple[str, str]:
        return self._split(block, "and")

    def _or(self, block: Block) -> tuple[str, str]:
        return self._split(block, "or")

    def _loop(self, block: Block) -> tuple[str, str]:
        merge, again = self.fresh("merge"), self.fresh("again")
        first, last = self.write(block.parts[0])
        self.drawn += [element("exclusiveGateway", merge), element("exclusiveGateway", again)]
        self.drawn += [flow(merge, first), flow(last, again), flow(again, merge)]
        return merge, again

    def _sub(self, block: Block) -> tuple[str, str]:
        """A sub-process that an error of its own leaves as well; both ways meet again."""
        name, caught, merge = self.fresh("sub"), self.fresh("caught"), self.fresh("merge")
        error = f'<bpmn:errorEventDefinition errorRef="E{self.number}"/>'
        inside = Drawing(self.swap, self.number)
        first, last = inside.write(block.parts[0])
        inside.drawn += [
            start(f"{name}_start"),
            end(f"{name}_end"),
            flow(f"{name}_start", first),
            flow(last, f"{name}_end"),
        ]
        self.number = inside.number
        self.drawn += [
            element("subProcess", name, *inside.drawn),
            boundary(caught, name, error),
            element("exclusiveGateway", merge),
        ]
        self.drawn += [flow(name, merge), flow(caught, merge)]
        return name, merge

    def _timed(self, block: Block) -> tuple[str, str]:
        """A task with a deadline that leads past it and a reminder that ends by itself."""
        name, merge = self.fresh("task"), self.fresh("merge")
        self.drawn += [
            element("userTask", name), boundary(f"{name}_late", name, DAY), boundary(f"{name}_soon", name, DAY, False),
            element("exclusiveGateway", merge), element("task", f"{name}_remind"), end(f"{name}_reminded"), flow(name, merge),
            flow(f"{name}_late", merge), flow(f"{name}_soon", f"{name}_remind"), flow(f"{name}_remind", f"{name}_reminded"),
        ]  # fmt: skip
        return name, merge


def diagram(block: Block, swap: Callable[[int, str], str] = lambda number, kind: kind) -> Diagram:
    drawing = Drawing(swap)
    first, last = drawing.write(block)
    body = [start(), *drawing.drawn, end(), flow("start", first), flow(last, "end")]
    errors = [f'<bpmn:error id="E{number}" errorCode="{number}"/>' for number in range(drawing.number + 1)]
    xml, findings = parse("b.bpmn", definitions(*errors, process("p", *body)))
    assert xml is not None, findings
    return read("b.bpmn", xml.root)


def joins(block: Block) -> list[tuple[int, str]]:
    """The blocks that split, by the number of their join, and their kind."""
    found: list[tuple[int, str]] = []

    def note(number: int, kind: str) -> str:
        found.append((number, kind))
        return kind

    diagram(block, note)
    return found


def compound(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.sampled_from(["sequence", "xor", "and", "or"])
    one = st.sampled_from(["loop", "sub"])
    return st.builds(Block, several, st.lists(inner, min_size=2, max_size=3)) | st.builds(
        Block, one, st.lists(inner, min_size=1, max_size=1)
    )


LEAVES = st.builds(Block, st.sampled_from(["task", "task", "timed"]))
BLOCKS = st.recursive(LEAVES, compound, max_leaves=12)


def told(verdicts: list[Verdict]) -> list[tuple[str, str | None]]:
    return [(each.kind, each.node and each.node.id) for each in verdicts]


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
def test_block_structured_processes_are_sound(block: Block) -> None:
    assert told(examine(diagram(block))) == []


@settings(max_examples=150, deadline=None)
@given(BLOCKS.filter(lambda block: any(kind == "xor" for _, kind in joins(block))), st.data())
def test_a_parallel_join_for_an_exclusive_split_is_found_and_called_certain(block: Block, data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from([number for number, kind in joins(block) if kind == "xor"]))
    verdicts = examine(diagram(block, lambda number, kind: "and" if number == chosen else kind))
    (verdict,) = [each for each in verdicts if each.node is not None and each.node.id == f"join{chosen}"]
    assert verdict.kind in {"deadlock", "token-left"}
    assert verdict.witness[0] == "start"
    assert verdict.certain or verdict.kind == "token-left"


@settings(max_examples=100, deadline=None)
@given(BLOCKS.filter(lambda block: any(kind == "or" for _, kind in joins(block))), st.data())
def test_a_parallel_join_for_an_inclusive_split_is_found_and_not_called_certain(
    block: Block, data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from([number for number, kind in joins(block) if kind == "or"]))
    verdicts = examine(diagram(block, lambda number, kind: "and" if number == chosen else kind))
    (verdict,) = [each for each in verdicts if each.node is not None and each.node.id == f"join{chosen}"]
    assert verdict.kind in {"deadlock", "token-left"}
    assert not verdict.certain


@settings(max_examples=100, deadline=None)
@given(st.lists(BLOCKS, min_size=2, max_size=3))
def test_an_exclusive_join_for_a_parallel_split_in_front_of_a_parallel_join_leaves_tokens(parts: list[Block]) -> None:
    inner, outer = Block("and", parts), Block("task")
    whole = Block("and", [inner, outer])
    (_, _), (inside, _) = joins(whole)[:2]
    verdicts = examine(diagram(whole, lambda number, kind: "xor" if number == inside else kind))
    assert ("token-left", "join2") in told(verdicts)
