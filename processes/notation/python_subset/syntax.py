"""Reading a source into a tree of whitelisted nodes. ``ast`` only parses here; nothing is ever compiled to code."""

from __future__ import annotations

import ast
import warnings
from typing import Literal

from processes.notation.python_subset.errors import SubsetError

MAX_SOURCE = 20_000
"""Characters of a source."""

MAX_BRACKETS = 60
"""Brackets within brackets, counted before Python's parser sees them."""

MAX_DEPTH = 150
"""Nodes within nodes: each takes two frames of Python's stack of a thousand."""

_EXPRESSIONS = (
    ast.Expression, ast.Constant, ast.Name, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.List,
    ast.Tuple, ast.Set, ast.Dict, ast.Subscript, ast.Slice, ast.Attribute, ast.JoinedStr, ast.FormattedValue, ast.Call,
    ast.keyword, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.expr_context,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr, ast.Not, ast.USub,
    ast.UAdd, ast.boolop, ast.cmpop,
)  # fmt: skip
_STATEMENTS = (
    ast.Module, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.Delete, ast.Pass, ast.Break,
    ast.Continue,
)  # fmt: skip
_CONSTANTS = (str, int, float, bool, type(None))
_MAX_BITS = 4096


def parse_expression(source: str) -> ast.Expression:
    """The tree of an expression; raises SubsetError."""
    tree = _parsed(source.strip(), "eval")
    assert isinstance(tree, ast.Expression)
    _check(tree, _EXPRESSIONS)
    return tree


def parse_script(source: str) -> ast.Module:
    """The tree of a script; raises SubsetError."""
    tree = _parsed(source, "exec")
    assert isinstance(tree, ast.Module)
    _check(tree, _EXPRESSIONS + _STATEMENTS)
    return tree


def _parsed(source: str, mode: Literal["eval", "exec"]) -> ast.AST:
    if len(source) > MAX_SOURCE:
        raise SubsetError(f"longer than {MAX_SOURCE} characters")
    _check_brackets(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, mode=mode)
    except SyntaxError as error:
        raise SubsetError(f"not Python: {error.msg}", error.lineno or 1, error.offset or 1) from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise SubsetError("not Python, or nested too deeply") from error


def _check_brackets(source: str) -> None:
    depth = 0
    for char in source:
        if char in "([{":
            depth += 1
            if depth > MAX_BRACKETS:
                raise SubsetError("nested too deeply")
        elif char in ")]}":
            depth -= 1


def _check(tree: ast.AST, allowed: tuple[type[ast.AST], ...]) -> None:
    todo = [(tree, 0, 1, 1)]
    while todo:
        node, depth, line, column = todo.pop()
        line = getattr(node, "lineno", line)
        column = getattr(node, "col_offset", column - 1) + 1
        if depth > MAX_DEPTH:
            raise SubsetError("nested too deeply", line, column)
        problem = "not part of the subset" if not isinstance(node, allowed) else _problem(node)
        if problem:
            raise SubsetError(f"{type(node).__name__}: {problem}", line, column)
        todo.extend((child, depth + 1, line, column) for child in ast.iter_child_nodes(node))


def _problem(node: ast.AST) -> str | None:
    """What is wrong with a node of an allowed type."""
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, _CONSTANTS):
            return "no such constant"
        return "too large" if isinstance(node.value, int) and node.value.bit_length() > _MAX_BITS else None
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        return "names that start with an underscore are not reached into"
    if isinstance(node, ast.Name) and node.id.startswith("__"):
        return "names that start with two underscores are not known"
    if isinstance(node, ast.FormattedValue) and (node.format_spec is not None or node.conversion not in (-1, 115)):
        return "no format specifications"
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name | ast.Attribute):
            return "only functions and methods by name are called"
        if any(keyword.arg is None for keyword in node.keywords):
            return "no unpacking"
    if isinstance(node, ast.Dict) and None in node.keys:
        return "no unpacking"
    if isinstance(node, ast.comprehension) and node.is_async:
        return "not asynchronous"
    if isinstance(node, ast.For) and node.orelse:
        return "no else of a loop"
    return None
