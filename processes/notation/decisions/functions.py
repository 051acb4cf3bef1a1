"""The functions a model defines: business knowledge models, boxed functions, decision services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processes.notation.decisions.item_types import ItemTypes
from processes.notation.feel.scope import Code, Run, Scope
from processes.notation.feel.values import Function


class ModelFunction(Function):
    """A function defined in the model, not in an expression."""


class BoxedFunction(ModelFunction):
    """A business knowledge model or boxed function, with the scope it was defined in."""

    def __init__(
        self, parameters: list[tuple[str, str | None]], body: Code, result: str | None, types: ItemTypes, scope: Scope
    ) -> None:
        self.parameters = tuple(name for name, _ in parameters)
        self._types_of_parameters = [type_name for _, type_name in parameters]
        self._body = body
        self._result = result
        self._types = types
        self._scope = scope

    def call(self, arguments: list[Any], run: Run) -> Any:
        """Evaluate the body over converted arguments; null when one does not fit its type."""
        if len(arguments) != len(self.parameters):
            return None
        values = {}
        for name, type_name, argument in zip(self.parameters, self._types_of_parameters, arguments, strict=True):
            values[name] = self._types.converted(argument, type_name, run)
            if values[name] is None and argument is not None:
                return None
        run.budget.spend(8)
        run.budget.enter_call()
        result = self._body(Scope(values, self._scope, run))
        run.budget.leave_call()
        return self._types.converted(result, self._result, run)


class ServiceFunction(ModelFunction):
    """A decision service as a function of its inputs."""

    def __init__(self, parameters: tuple[str, ...], invoke: Callable[[dict[str, Any], Run], Any]) -> None:
        self.parameters = parameters
        self._invoke = invoke

    def call(self, arguments: list[Any], run: Run) -> Any:
        """Evaluate the service over its inputs."""
        if len(arguments) != len(self.parameters):
            return None
        return self._invoke(dict(zip(self.parameters, arguments, strict=True)), run)
