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
from tests.reference.drawing import Block, Drawing, Model
from tests.reference.paths import Play, play

COMPOUNDS: Mapping[str, Block] = {**FLOWS, **SCOPES, **EVENTS, **UNDOING, **NETS}
"""Blocks that hold others. All but those of ``NETS`` are block-structured."""

DETAILS = frozenset(
    {
        "implicit start", "implicit end", "event sub-process", "beside", "cycle", "timer date", "shared", "nested", "any code",
        "error variable", "error event sub-process", "compensation beside", "by number", "list expression", "enough", "several tasks",
        "several results", "several sub-processes",
    }
)  # fmt: skip
"""What blocks may have in them, beside other blocks. ``shared``: variables that several branches write."""

ALL = frozenset({*LEAVES, *COMPOUNDS, *DETAILS})
UNSTRUCTURED = frozenset(NETS)


@st.composite
def models(draw: Any, kinds: frozenset[str] = ALL, most: int = 8) -> Model:
    """Any process of these kinds of parts, with so many blocks in blocks at most."""
    drawing = Drawing(draw, kinds, LEAVES, COMPOUNDS, draw(st.integers(1, most)))
    return drawing.model(scope(drawing))


@st.composite
def unstructured(draw: Any, kinds: frozenset[str] = ALL, most: int = 3) -> Model:
    """A process that is a net or graph, of which a few nodes are blocks of any kind."""
    drawing = Drawing(draw, kinds, LEAVES, COMPOUNDS, draw(st.integers(0, most)))
    block = NETS[draw(st.sampled_from(sorted(UNSTRUCTURED & kinds)))]
    return drawing.model(scope(drawing, block))


@st.composite
def plays(draw: Any, kinds: frozenset[str] = ALL, most: int = 8) -> Play:
    """A process and a path through it to its end."""
    of = unstructured(kinds) if UNSTRUCTURED & kinds and draw(st.booleans()) else models(kinds, most)
    return play(draw, draw(of))
