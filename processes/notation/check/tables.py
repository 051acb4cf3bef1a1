"""Rows of a decision table that match together where they may not, and inputs that no row matches.

Exact where the cells of a column hold constants only (see :mod:`table_space`). A cell that depends on more is taken to match
whatever would keep us silent: nothing when overlaps are looked for, everything when gaps are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations, islice
from operator import and_
from typing import Any

from processes.notation.check.findings import ERROR, INFO, WARNING, Both, Finding, Place, Rule
from processes.notation.check.table_search import Case, Dimension, Overlap, best, gaps, unreachable
from processes.notation.check.table_space import Piece, TooLarge, Undecidable, constant, matches, pieces_of
from processes.notation.diagram import Element, local
from processes.notation.feel import FeelError, UnaryTests, compile_expression, compile_unary, tree
from processes.notation.feel.scope import BUILT_IN

OVERLAP = Rule(
    "dmn-overlap", ERROR,
    "{it}的第 {one} 行和第 {other} 行会同时命中（例如 {example}），而命中策略 {policy} 不允许，到时会成为异常。",
    "Rows {one} and {other} of {it} match together (for example {example}), which {policy} forbids: it would become an incident.",
    "改条件使两行不重叠；若本来就想由上到下先命中的算，把命中策略改为 FIRST。",
    "Change the conditions so that they exclude each other; if the first match shall count, choose FIRST.",
)  # fmt: skip
GAP = Rule(
    "dmn-gap", WARNING,
    "{it}有一行也不命中的输入：{example}；这时结果为空。", "No row of {it} matches {example}: the result is null then.",
    "补上这些情况的行，或在最后加一行各格都是 - 的“其余”，或给输出列填默认值。",
    "Add rows for these, or a last row of - for all the rest, or a default output.",
)  # fmt: skip
FRACTION_GAP = Rule(
    "dmn-gap-fraction", INFO,
    "{it}只在整数上是完整的：如果输入可能有小数，{example} 时一行也不命中。",
    "{it} is complete for whole numbers only: no row matches {example}.",
    "如果只会是整数就不用改；否则把范围接上，例如 [1..3) 和 [3..6]。",
    "Nothing to do if it is always whole; else let the ranges meet, as [1..3) and [3..6] do.",
)  # fmt: skip
UNREACHABLE = Rule(
    "dmn-unreachable", WARNING,
    "{it}的第 {row} 行永远轮不到：它的每一种输入都先被前面的行命中。", "Row {row} of {it} is never reached: earlier rows match all it matches.",
    "把更具体的行放在更一般的行前面，或删去这一行。", "Put the more specific row before the more general one, or delete it.",
)  # fmt: skip
GIVEN_UP = Rule(
    "dmn-table-too-large", INFO,
    "{it}太大，重叠和遗漏没有查完。", "{it} is too large: overlaps and gaps were not looked for to the end.",
    "把表拆成几张小表，或用 FIRST 加一行“其余”。", "Split it into smaller tables, or use FIRST with a last row for the rest.",
)  # fmt: skip

MOST_TESTS = 200_000
"""Cells times pieces of a column: half a second."""

MOST_PAIRS = 200_000
MOST_SAID = 5
"""Overlaps told of one table: the next are seen when these have been corrected."""

MOST_EXAMPLES = 3

_SINGLE = ("UNIQUE", "ANY")
_LISTS = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")


def table_findings(place: Place, table: Element, root: Element, names: frozenset[str]) -> Iterator[Finding]:
    """Overlaps and gaps of one decision table whose cells can be read."""
    policy = " ".join((table.get("hitPolicy") or "UNIQUE").split()).upper()
    if policy in _LISTS:
        return
    try:
        space = dimensions(table, root, names)
        if policy in _SINGLE:
            for overlap in islice(overlaps(space, table, policy, names), MOST_SAID):
                one, other = overlap.rows
                rows = _row_ids(table, one, other)
                example = _both([overlap.case])
                yield OVERLAP.at(place, witness=rows, one=one, other=other, policy=policy, example=example)
        elif policy == "FIRST":
            for row in islice(unreachable(space), MOST_SAID):
                yield UNREACHABLE.at(place, witness=_row_ids(table, row), row=row)
        if not _has_default(table):
            yield from _gap(place, list(islice(gaps(space), MOST_EXAMPLES)))
    except (Undecidable, FeelError):
        return
    except TooLarge:
        yield GIVEN_UP.at(place)


def _row_ids(table: Element, *rows: int) -> tuple[str, ...]:
    """The ids of rows (counted from 1), as far as they have one."""
    found = _children(table, "rule")
    return tuple(own for row in rows if (own := found[row - 1].get("id")))


def _gap(place: Place, cases: list[Case]) -> Iterator[Finding]:
    whole = [case for case in cases if not case.fractional]
    if whole:
        yield GAP.at(place, example=_both(whole))
    elif cases:
        yield FRACTION_GAP.at(place, example=_both(cases))


def _both(cases: list[Case]) -> Both:
    return Both(
        "；或 ".join(str(case) for case in cases),
        "; or ".join(str(case) if case.values else "any input" for case in cases),
    )


# -- what the table says -----------------------------------------------------------------------------------------------


def dimensions(table: Element, root: Element, names: frozenset[str]) -> list[Dimension]:
    """One for each distinct input expression. Raises :class:`Undecidable` when they depend on each other, FeelError when
    something can't be read."""
    inputs = _children(table, "input")
    rows = [[_text(cell) for cell in _children(row, "inputEntry")] for row in _children(table, "rule")]
    if not rows or any(len(row) != len(inputs) for row in rows):
        raise Undecidable
    columns: dict[str, list[int]] = {}
    for place, column in enumerate(inputs):
        columns.setdefault(" ".join(_head(column).split()), []).append(place)
    active = {
        text: places
        for text, places in columns.items()
        if any(row[at] not in ("", "-") for row in rows for at in places)
    }
    _check_independent([compile_expression(text, names).tree for text in active])
    return [
        _dimension(text, [[row[at] for row in rows] for at in places], [inputs[at] for at in places], root, names)
        for text, places in active.items()
    ]


def _dimension(
    text: str, columns: list[list[str]], heads: list[Element], root: Element, names: frozenset[str]
) -> Dimension:
    cells = [[compile_unary(cell or "-", names) for cell in column] for column in columns]
    limits = [limit for head in heads for limit in _limits(head, root, names)]
    type_name = next((name for head in heads if (name := _type(head))), None)
    decidable = []
    for cell in (each for column in cells for each in column):
        try:
            pieces_of([cell], None, type_name)
            decidable.append(cell)
        except Undecidable:
            continue
    pieces = pieces_of([*decidable, *limits], None, _base(type_name, root))
    everything = (1 << len(pieces)) - 1
    space = reduce(and_, (_bits(limit, pieces) | 1 for limit in limits), everything)
    likely = sum(1 << place for place, piece in enumerate(pieces) if piece.likely or limits)
    # Equal cells are one object: compiled tests are cached by their text.
    known = {id(cell): cell for cell in decidable}
    if len(known) * len(pieces) > MOST_TESTS:
        raise TooLarge
    bits = {own: _bits(cell, pieces) for own, cell in known.items()}
    rows = range(len(cells[0]))
    sure = [reduce(and_, (bits.get(id(column[row]), 0) for column in cells)) & space for row in rows]
    possible = [reduce(and_, (bits.get(id(column[row]), everything) for column in cells)) & space for row in rows]
    # Where limits are declared, they say what can occur; the missing value (the first piece) is never asked for.
    return Dimension(text, pieces, sure, possible, space & likely & ~1, space)


def _bits(cell: UnaryTests, pieces: Sequence[Piece]) -> int:
    return sum(1 << place for place, piece in enumerate(pieces) if matches(cell, piece.sample))


def _limits(head: Element, root: Element, names: frozenset[str]) -> Iterator[UnaryTests]:
    """The declared values of a column: its own, and those of its type."""
    texts = [_text(each) for each in _children(head, "inputValues")]
    definition = _definition(_type(head), root)
    if definition is not None:
        texts += [_text(each) for each in _children(definition, "allowedValues")]
    for text in texts:
        if text:
            yield compile_unary(text, names)


def _definition(type_name: str | None, root: Element) -> Element | None:
    return next(
        (each for each in _children(root, "itemDefinition") if type_name and each.get("name") == type_name), None
    )


def _base(type_name: str | None, root: Element) -> str | None:
    definition = _definition(type_name, root)
    if definition is None:
        return type_name
    return next(((each.text or "").strip() for each in _children(definition, "typeRef")), definition.get("typeRef"))


def _check_independent(expressions: Sequence[tree.Node]) -> None:
    """Columns must not look at the same thing in two ways: what one says would bind the other."""
    for expression in expressions:
        if not _roots(expression):
            raise Undecidable
    for one, other in combinations(expressions, 2):
        first, second = _path(one), _path(other)
        if first is not None and second is not None:
            shorter = min(len(first), len(second))
            if first[:shorter] == second[:shorter]:
                raise Undecidable
        elif _roots(one) & _roots(other):
            raise Undecidable


def _path(node: tree.Node) -> tuple[str, ...] | None:
    if isinstance(node, tree.Name):
        return (node.name,)
    if isinstance(node, tree.Path):
        source = _path(node.source)
        return None if source is None else (*source, node.name)
    return None


def _roots(node: tree.Node) -> frozenset[str]:
    return frozenset(name for name in tree.free_names(node) if name not in BUILT_IN)


# -- the search --------------------------------------------------------------------------------------------------------


def overlaps(space: Sequence[Dimension], table: Element, policy: str, names: frozenset[str]) -> Iterator[Overlap]:
    """Pairs of rows that match together and may not. Raises when there are too many pairs to look at."""
    rows = _children(table, "rule")
    outputs = [_outputs(row, names) for row in rows] if policy == "ANY" else []
    for number, (one, other) in enumerate(combinations(range(len(rows)), 2)):
        if number >= MOST_PAIRS:
            raise TooLarge
        shared = [each.sure[one] & each.sure[other] for each in space]
        if all(shared) and (policy == "UNIQUE" or _differ(outputs[one], outputs[other])):
            yield Overlap((one + 1, other + 1), _case(space, list(zip(space, shared, strict=True)), one, other))


def _case(space: Sequence[Dimension], chosen: list[tuple[Dimension, int]], *rows: int) -> Case:
    values = []
    for each, bits in chosen:
        if rows and all(each.sure[row] == each.space for row in rows):
            continue
        values.append((each.text, best(each, bits).sample))
    return Case(tuple(values))


# -- outputs -----------------------------------------------------------------------------------------------------------


def _outputs(row: Element, names: frozenset[str]) -> list[Any] | None:
    """The constant outputs of a row; None when one is worked out."""
    try:
        return [
            constant(compile_expression(text, names).tree) if (text := _text(cell)) else None
            for cell in _children(row, "outputEntry")
        ]
    except (Undecidable, FeelError):
        return None


def _differ(one: list[Any] | None, other: list[Any] | None) -> bool:
    return one is not None and other is not None and one != other


def _has_default(table: Element) -> bool:
    return any(_text(each) for output in _children(table, "output") for each in _children(output, "defaultOutputEntry"))


# -- reading -----------------------------------------------------------------------------------------------------------


def _children(element: Element, name: str) -> list[Element]:
    return [each for each in element if local(each) == name]


def _text(element: Element) -> str:
    return next(((each.text or "").strip() for each in _children(element, "text")), "")


def _head(column: Element) -> str:
    return next((_text(each) for each in _children(column, "inputExpression")), "")


def _type(column: Element) -> str | None:
    return next((each.get("typeRef") for each in _children(column, "inputExpression")), None)
