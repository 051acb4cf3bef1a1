"""Turns statements of the subset into functions of Python, one for each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from processes.notation.python_subset.compiling import assigner, evaluator, steps_of
from processes.notation.python_subset.errors import Refused
from processes.notation.python_subset.library import CHANGING, iterate
from processes.notation.python_subset.operations import BINARY, check_key, check_size
from processes.notation.python_subset.run import Run

Execute = Callable[[Run], str | None]
"""runs a statement; the word ``break`` or ``continue`` when it says so"""


def block(body: Sequence[ast.stmt]) -> Execute:
    """Statements, one after the other."""
    statements = [_STATEMENTS[type(statement)](statement) for statement in body]

    def execute(run: Run) -> str | None:
        for statement in statements:
            signal = statement(run)
            if signal:
                return signal
        return None

    return execute


def changes_in_place(tree: ast.Module) -> bool:
    """Whether a script may change a value that it has not made: it assigns to an entry of one, deletes, or calls a method that changes."""
    return any(
        isinstance(node, ast.Delete)
        or (isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING)
        for node in ast.walk(tree)
    )


_CHANGING = {name for methods in CHANGING.values() for name in methods}


def _begun(node: ast.stmt, action: Execute) -> Execute:
    """A statement that pays for itself, but for the statements within it."""
    steps = 1 + steps_of(node)

    def execute(run: Run) -> str | None:
        run.at = node
        run.budget.spend(steps)
        return action(run)

    return execute


def _assignment(node: ast.Assign) -> Execute:
    value, targets = evaluator(node.value), [assigner(target) for target in node.targets]

    def assign(run: Run) -> None:
        found = value(run)
        for target in targets:
            target(run, found)

    return _begun(node, assign)


def _annotated(node: ast.AnnAssign) -> Execute:
    if node.value is None:
        return _begun(node, lambda run: None)
    value, target = evaluator(node.value), assigner(node.target)
    return _begun(node, lambda run: target(run, value(run)))


def _augmented(node: ast.AugAssign) -> Execute:
    before, value, target = evaluator(node.target), evaluator(node.value), assigner(node.target)
    operator = BINARY[type(node.op)]
    return _begun(node, lambda run: target(run, check_size(operator(before(run), value(run)), run.budget)))


def _bare(node: ast.Expr) -> Execute:
    value = evaluator(node.value)

    def execute(run: Run) -> None:
        value(run)

    return _begun(node, execute)


def _if(node: ast.If) -> Execute:
    test, body, orelse = evaluator(node.test), block(node.body), block(node.orelse)
    return _begun(node, lambda run: body(run) if test(run) else orelse(run))


def _for(node: ast.For) -> Execute:
    source, target, body = evaluator(node.iter), assigner(node.target), block(node.body)

    def execute(run: Run) -> None:
        for item in iterate(source(run), run.budget):
            target(run, item)
            if body(run) == "break":
                return

    return _begun(node, execute)


def _delete(node: ast.Delete) -> Execute:
    targets = [_deletion(target) for target in node.targets]

    def execute(run: Run) -> None:
        for delete in targets:
            delete(run)

    return _begun(node, execute)


def _deletion(node: ast.expr) -> Callable[[Run], None]:
    if isinstance(node, ast.Name):
        return _name_deletion(node)
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        owner, index = evaluator(node.value), evaluator(node.slice)

        def delete(run: Run) -> None:
            target, key = owner(run), index(run)
            del target[check_key(key)]

        return delete

    def refuse(run: Run) -> None:
        raise Refused("that can't be deleted")

    return refuse


def _name_deletion(node: ast.Name) -> Callable[[Run], None]:
    name, value = node.id, evaluator(node)

    def delete(run: Run) -> None:
        value(run)
        del run.names[name]
        run.deleted.add(name)

    return delete


def _said(word: str | None) -> Callable[[ast.stmt], Execute]:
    return lambda node: _begun(node, lambda run: word)


_STATEMENTS: dict[type[ast.AST], Callable[[Any], Execute]] = {
    ast.Assign: _assignment,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _bare,
    ast.If: _if,
    ast.For: _for,
    ast.Delete: _delete,
    ast.Pass: _said(None),
    ast.Break: _said("break"),
    ast.Continue: _said("continue"),
}
