"""Function definitions and calls."""

from __future__ import annotations

from typing import Any

from processes.notation.feel import tree
from processes.notation.feel.compiler.dispatch import compile_node, compiles
from processes.notation.feel.conformance import coerced
from processes.notation.feel.scope import Code, Run, Scope
from processes.notation.feel.values import Function


class UserFunction(Function):
    """A function written in FEEL, with the scope it was written in."""

    def __init__(self, definition: tree.FunctionDefinition, body: Code | None, weight: int, scope: Scope) -> None:
        self.parameters = definition.parameters
        self._types = definition.types
        self._body = body
        self._weight = weight
        self._scope = scope

    def call(self, arguments: list[Any], run: Run) -> Any:
        """Evaluate the body; null when number or types of the arguments do not fit, or the function is external."""
        if self._body is None or len(arguments) != len(self.parameters):
            return None
        values = {}
        for name, wanted, argument in zip(self.parameters, self._types, arguments, strict=True):
            value = argument if wanted is None else coerced(argument, wanted, run.is_of_named_type)
            if value is None and argument is not None:
                return None
            values[name] = value
        budget = run.budget
        budget.spend(self._weight)
        budget.enter_call()
        result = self._body(self._scope.inner(values))
        budget.leave_call()
        return result


@compiles(tree.FunctionDefinition)
def _definition(node: tree.FunctionDefinition) -> Code:
    body = compile_node(node.body) if node.body is not None else None
    weight = tree.weight(node.body) if node.body is not None else 1
    return lambda scope: UserFunction(node, body, weight, scope)


@compiles(tree.Call)
def _call(node: tree.Call) -> Code:
    callee = _callee(node.function)
    if node.named:
        named = [(name, compile_node(argument)) for name, argument in node.named]
        return lambda scope: _call_named(callee(scope), {name: value(scope) for name, value in named}, scope)
    arguments = [compile_node(argument) for argument in node.positional]

    def code(scope: Scope) -> Any:
        function = callee(scope)
        values = [argument(scope) for argument in arguments]
        return function.call(values, scope.run) if isinstance(function, Function) else None

    return code


def _callee(node: tree.Node) -> Code:
    if isinstance(node, tree.Name):
        name = node.name
        return lambda scope: scope.find_function(name)
    return compile_node(node)


def _call_named(function: Any, arguments: dict[str, Any], scope: Scope) -> Any:
    return function.call_named(arguments, scope.run) if isinstance(function, Function) else None
