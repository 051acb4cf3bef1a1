"""Random processes and paths through them, as Hypothesis strategies.

>>> plays().example().trace                                         # doctest: +SKIP
['start_1', 'user_2', 'end_3']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.reference.blocks.events import EVENTS
from tests.reference.blocks.flows import FLOWS
from tests.reference.blocks.leaves import LEAVES
from tests.reference.blocks.nets import NETS
from tests.reference.blocks.scopes import SCOPES, scope
from tests.reference.blocks.undoing import UNDOING
from tests.reference.drawing import Block, Drawing, Ends, Model, often
from tests.reference.paths import Play, play

FAMILIES: Mapping[str, Mapping[str, Block]] = {
    "flows": FLOWS,
    "scopes": SCOPES,
    "events": EVENTS,
    "undoing": UNDOING,
    "nets": NETS,
}
"""Blocks that hold others, by what they are about. All but the nets are block-structured."""

COMPOUNDS: Mapping[str, Block] = {name: block for family in FAMILIES.values() for name, block in family.items()}

DETAILS = frozenset(
    {
        "implicit start", "implicit end", "typed start", "event sub-process", "beside", "cycle", "timer date", "shared", "nested",
        "any code", "error variable", "error event sub-process", "compensation beside", "by number", "by reference", "list expression", "enough",
        "several tasks", "several results", "several sub-processes",
    }
)  # fmt: skip
"""What blocks may have in them beside other blocks. ``beside``: events that do not interrupt; ``shared``: variables that several
branches write; ``nested``: such that are contexts."""

ALL = frozenset({*LEAVES, *COMPOUNDS, *DETAILS})


@st.composite
def models(draw: Any, kinds: frozenset[str] = ALL, family: str = "", most: int = 12) -> Model:
    """A process of these kinds of parts, with about so many blocks in blocks at most. It begins with a block of the family."""
    drawing = Drawing(draw, kinds, LEAVES, COMPOUNDS, draw(st.integers(1, most)))
    names = often(drawing.allowed(*(FAMILIES[family] if family else COMPOUNDS)))

    def fill(_: Drawing) -> Ends:
        first = drawing.named(drawing.choose(names))
        return drawing.chain(first, drawing.block()) if drawing.left > 0 and drawing.choose((False, True)) else first

    return drawing.model(scope(drawing, fill, is_whole=True))


@st.composite
def plays(draw: Any, kinds: frozenset[str] = ALL, family: str = "", most: int = 12) -> Play:
    """A process and a path through it to its end."""
    family = family or draw(st.sampled_from([name for name, blocks in FAMILIES.items() if kinds & set(blocks)]))
    return play(draw, draw(models(kinds, family, most // 2 if family == "nets" else most)))
