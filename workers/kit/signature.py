"""Calls a function with the variables that its parameters name, as their type hints want them."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.kit.conversion import check_hint, convert
from workers.kit.job import Failed, Job

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Parameter:
    """A variable that a function wants. ``empty``: whether null is a value for it; else null is as good as nothing, where nothing will do."""

    hint: Any
    required: bool
    empty: bool


@dataclass(frozen=True)
class Call:
    """A function and what it wants."""

    function: Callable[..., Any]
    parameters: Mapping[str, Parameter]
    job: str | None
    """the parameter that gets the job itself"""
    others: bool
    """whether it takes ``**others``"""

    def __call__(self, job: Job) -> Any:
        """Call it. Raises :class:`Failed` when a required variable is missing, or one is of another type."""
        variables, wanted = job.variables, self.parameters
        missing = [name for name, each in wanted.items() if each.required and name not in variables]
        if missing:
            raise Failed(f"任务缺少变量：{'、'.join(sorted(missing))}")
        arguments = dict(variables) if self.others else {}
        for name, each in wanted.items():
            value = variables.get(name)
            if value is not None or (name in variables and (each.required or each.empty)):
                arguments[name] = convert(each.hint, value, name)
            else:
                arguments.pop(name, None)
        if self.job is not None:
            arguments[self.job] = job
        return self.function(**arguments)


def call_of(function: Callable[..., Any]) -> Call:
    """Read a function's signature. Raises TypeError for one that can't be called by names, or not with JSON."""
    parameters = inspect.signature(function).parameters
    hints = _hints(function)
    named = {name for name, parameter in parameters.items() if parameter.kind in _NAMED}
    unnamed = parameters.keys() - named - {name for name, each in parameters.items() if each.kind is each.VAR_KEYWORD}
    if unnamed:
        raise TypeError(f"a job's handler takes its variables by name; {sorted(unnamed)} can't be given by name")
    job = next((name for name in parameters if name in named and hints.get(name) is Job), None)
    variables = {name: _parameter(parameters[name], hints) for name in parameters if name in named and name != job}
    for name, each in variables.items():
        check_hint(each.hint, name)
    others = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return Call(function, variables, job, others)


def _parameter(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Parameter:
    hint = hints.get(parameter.name, Any)
    empty = hint in (Any, object) or type(None) in typing.get_args(hint)
    return Parameter(hint, parameter.default is inspect.Parameter.empty, empty)


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(function)
    except NameError:
        # A name that only a type checker sees; a parameter's own annotation may still be the class itself.
        given = {name: each.annotation for name, each in inspect.signature(function).parameters.items()}
        return {
            name: hint for name, hint in given.items() if isinstance(hint, type) and hint is not inspect.Parameter.empty
        }
