"""Calls a function with the variables that its parameters name."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.kit.job import Failed, Job

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Call:
    """A function and what it wants."""

    function: Callable[..., Any]
    required: frozenset[str]
    optional: frozenset[str]
    job: str | None
    """the parameter that gets the job itself"""
    others: bool
    """whether it takes ``**others``"""

    def __call__(self, job: Job) -> Any:
        """Call it. Raises :class:`Failed` when a required variable is missing."""
        missing = self.required - job.variables.keys()
        if missing:
            raise Failed(f"任务缺少变量：{'、'.join(sorted(missing))}")
        wanted = self.required | self.optional
        arguments = {name: value for name, value in job.variables.items() if self.others or name in wanted}
        if self.job is not None:
            arguments[self.job] = job
        return self.function(**arguments)


def call_of(function: Callable[..., Any]) -> Call:
    """Read a function's signature. Raises TypeError for one that can't be called by names."""
    parameters = inspect.signature(function).parameters
    hints = _hints(function)
    named = {name for name, parameter in parameters.items() if parameter.kind in _NAMED}
    unnamed = parameters.keys() - named - {name for name, each in parameters.items() if each.kind is each.VAR_KEYWORD}
    if unnamed:
        raise TypeError(f"a job's handler takes its variables by name; {sorted(unnamed)} can't be given by name")
    job = next((name for name in named if hints.get(name) is Job), None)
    variables = named - {job}
    required = {name for name in variables if parameters[name].default is inspect.Parameter.empty}
    others = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return Call(function, frozenset(required), frozenset(variables - required), job, others)


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(function)
    except NameError:
        # A name that only a type checker sees; the parameter's own annotation may still be the class itself.
        return {name: each.annotation for name, each in inspect.signature(function).parameters.items()}
