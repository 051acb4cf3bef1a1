"""Everything an owner wrote is evaluated here: FEEL or the Python subset, never ``eval`` or ``exec`` (shared facts: EXPRESSIONS)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from SpiffWorkflow.bpmn.script_engine.python_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment

from processes.clock import Clock, provisional
from processes.errors import BihuanError
from processes.notation import expressions
from processes.spiff.mended import timers


class ElementError(BihuanError):
    """Something an element of the diagram asked for could not be done."""

    def __init__(self, element_id: str, cause: BihuanError) -> None:
        super().__init__(f"{element_id}:{cause.zh}", f"{element_id}: {cause.en}", element=element_id, **cause.details)
        self.element_id = element_id


class Environment(BasePythonScriptEngineEnvironment):
    """The innermost hook: the library calls it directly in places."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], clock: Clock) -> None:
        super().__init__({})
        self.functions = functions
        self.clock = clock

    def evaluate(self, expression: str, context: dict[str, Any], external_context: Any = None) -> Any:
        """The value of an expression over the data."""
        data = {**external_context, **context} if external_context else context
        return expressions.evaluate(expression, data, self.functions, self.clock.now)

    def execute(self, script: str, context: dict[str, Any], external_context: Any = None) -> bool:
        """Run a script; what it changed is put into the data, nothing nested is changed in place."""
        context.update(expressions.execute(script, context, self.functions, self.clock.now))
        return True


class ScriptEngine(PythonScriptEngine):
    """The library's port to languages, with errors that name their element."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], clock: Clock) -> None:
        super().__init__(Environment(functions, clock))

    def validate(self, expression: str) -> None:
        """Called by the parser: raises when the text cannot be read."""
        expressions.validate(expression, "condition")

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        try:
            return self.environment.evaluate(expression, task.data, external_context)
        except BihuanError as error:
            raise ElementError(_element(task), error) from error

    def execute(self, task: Any, script: str, external_context: Any = None) -> bool:
        try:
            return bool(self.environment.execute(script, task.data, external_context))
        except BihuanError as error:
            raise ElementError(_element(task), error) from error

    def property(self, task: Any, text: str) -> Any:
        """The value of a named property: FEEL behind ``=``, anything else literally."""
        return self.evaluate(task, text) if text.startswith("=") else (text or None)

    def timer(self, task: Any, text: str) -> dict[str, Any]:
        """A timer's plan (see ``mended.timers``), with ``provisional`` when a calendar year behind it is not loaded."""
        environment = self.environment
        token = provisional.set(False)
        try:
            value = expressions.timer_value(text, task.data, environment.functions, environment.clock.now)
            return {**timers.plan(value, environment.clock.now()), "provisional": provisional.get()}
        except BihuanError as error:
            raise ElementError(_element(task), error) from error
        except (ArithmeticError, ValueError) as error:
            cause = timers.TimerError(f"“{text:.80}”超出了日历的范围", f"{text:.80}: {error}")
            raise ElementError(_element(task), cause) from error
        finally:
            provisional.reset(token)


def _element(task: Any) -> str:
    return str(getattr(task.task_spec, "bpmn_id", None) or task.task_spec.name)
