"""Everything an owner wrote is evaluated here: FEEL or the Python subset, never ``eval`` or ``exec`` (shared facts: EXPRESSIONS)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from processes.clock import Clock, provisional
from processes.errors import BihuanError
from processes.kernel.decisions import Decision
from processes.kernel.errors import ElementError
from processes.kernel.plan import Flow
from processes.kernel.timers import Schedule, TimerError, schedule
from processes.notation import expressions

Data = Mapping[str, Any]


class Evaluator:
    """Expressions, scripts, decisions and timers over variables; errors name the element they stand at.

    ``functions`` may be called by them; ``clock`` is what ``now()`` and timers go by. ``passing``, if anybody sets it, is told of each
    sequence flow that a token comes by.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Any]], clock: Clock) -> None:
        self.functions = functions
        self.clock = clock
        self.passing: Callable[[Flow], None] | None = None

    def evaluate(self, text: str, data: Data, element: str) -> Any:
        """The JSON value of an expression."""
        try:
            return expressions.evaluate(text, data, self.functions, self.clock.now)
        except BihuanError as error:
            raise ElementError(element, error) from error

    def holds(self, text: str, data: Data, element: str) -> bool:
        """Whether a condition is true."""
        return bool(self.evaluate(text, data, element))

    def execute(self, script: str, data: Data, element: str) -> dict[str, Any]:
        """The variables a script changes."""
        try:
            return expressions.execute(script, data, self.functions, self.clock.now)
        except BihuanError as error:
            raise ElementError(element, error) from error

    def decide(self, decision: Decision, data: Data, element: str) -> tuple[dict[str, Any], list[str]]:
        """The variables a decision gives, and the rules that fired."""
        try:
            return decision.decide(data, self.functions, self.clock.now)
        except BihuanError as error:
            raise ElementError(element, error) from error

    def property(self, text: str, data: Data, element: str) -> Any:
        """The value of a named property: FEEL behind ``=``, anything else literally."""
        return self.evaluate(text, data, element) if text.startswith("=") else (text or None)

    def timer(self, text: str, data: Data, element: str) -> Schedule:
        """When a timer is due; provisional when a calendar year behind it is not loaded."""
        token = provisional.set(False)
        try:
            value = expressions.timer_value(text, data, self.functions, self.clock.now)
            return schedule(value, self.clock.now(), provisional.get())
        except BihuanError as error:
            raise ElementError(element, error) from error
        except (ArithmeticError, ValueError) as error:
            cause = TimerError(f"“{text:.80}”超出了日历的范围", f"{text:.80}: {error}")
            raise ElementError(element, cause) from error
        finally:
            provisional.reset(token)
