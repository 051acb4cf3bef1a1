"""The one place that decides in which language an owner's text is read, and the only way in for the engine.

``=`` in front means FEEL; anything else is the Python subset, for diagrams from elsewhere. Timers may also be bare
ISO 8601. Variables, arguments and results are JSON values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from processes.errors import BihuanError
from processes.notation import feel, python_subset
from processes.notation.civil_time import Clock, civil
from processes.notation.feel import FeelError, FeelSyntaxError
from processes.notation.python_subset import SubsetError

Functions = Mapping[str, Callable[..., Any]]
Kind = Literal["condition", "script", "timer"]

_DURATION = r"P(?=[\dT])(?:\d+(?:[.,]\d+)?[YMWD])*(?:T(?:\d+(?:[.,]\d+)?[HMS])+)?"
_POINT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
_TIMER = re.compile(rf"(?:{_DURATION}|{_POINT}|R\d*/(?:{_POINT}/)?{_DURATION}(?:/{_POINT})?)\Z", re.ASCII)
_NOTHING: Functions = {}


class ExpressionError(BihuanError):
    """A text that can't be read, or could not be evaluated. ``line`` and ``column`` count from 1."""

    def __init__(self, zh: str, en: str, line: int = 1, column: int = 1, **details: object) -> None:
        super().__init__(zh, en, line=line, column=column, **details)
        self.line = line
        self.column = column


def is_feel(text: str) -> bool:
    """Whether a text is FEEL by its ``=``."""
    return text.lstrip().startswith("=")


def evaluate(
    text: str,
    variables: Mapping[str, Any],
    functions: Functions = _NOTHING,
    clock: Clock | None = None,
) -> Any:
    """The JSON value of a condition or any other expression. Raises :class:`ExpressionError`.

    >>> evaluate("= days > 3", {"days": 5})
    True
    """
    try:
        if is_feel(text):
            value = feel.compile_expression(_feel_source(text)).evaluate(variables, functions, clock=civil(clock))
            return feel.to_json(value)
        return python_subset.evaluate(text, variables, functions)
    except (FeelError, SubsetError) as error:
        raise _failure(error, text) from error


def execute(
    script: str,
    variables: Mapping[str, Any],
    functions: Functions = _NOTHING,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """The variables a script changed or added. Of FEEL that is every entry of the context it gives.

    Raises :class:`ExpressionError`, also when a FEEL script gives no context.

    >>> execute("= {a: 1, b: a + x}", {"x": 2})
    {'a': 1, 'b': 3}
    """
    if not is_feel(script):
        try:
            return python_subset.execute(script, variables, functions)
        except SubsetError as error:
            raise _failure(error, script) from error
    value = evaluate(script, variables, functions, clock)
    if not isinstance(value, dict):
        raise ExpressionError(
            "脚本须是一个上下文：= {名称: 值, …}", "a FEEL script must give a context", source=script[:200]
        )
    return value


def timer_value(
    text: str,
    variables: Mapping[str, Any],
    functions: Functions = _NOTHING,
    clock: Clock | None = None,
) -> str:
    """The ISO 8601 text of a timer: a duration, a point in time or a cycle; bare, quoted, or given by an expression.

    Raises :class:`ExpressionError`, also when the expression gives something else.
    """
    source = text.strip()
    if _TIMER.match(source):
        return source
    value = evaluate(source, variables, functions, clock)
    if isinstance(value, str) and _TIMER.match(value.strip()):
        return value.strip()
    raise ExpressionError(
        "计时器的值不是 ISO 8601 的期限、时间或周期", f"not an ISO 8601 timer: {value!r:.80}", source=text[:200]
    )


def validate(text: str, kind: Kind) -> frozenset[str]:
    """Check that a text can be read in its language; the names it takes from outside as far as they are known (FEEL).

    Raises :class:`ExpressionError`.
    """
    source = text.strip()
    try:
        if kind == "timer" and _TIMER.match(source):
            return frozenset()
        if is_feel(source):
            return feel.compile_expression(_feel_source(text)).names
        if kind == "script":
            python_subset.compile_script(text)
        else:
            python_subset.compile_condition(text)
    except (FeelError, SubsetError) as error:
        raise _failure(error, text) from error
    return frozenset()


def _feel_source(text: str) -> str:
    """The text with a blank for the ``=``, so that lines and columns stay those the owner sees."""
    return text.replace("=", " ", 1)


def _failure(error: FeelError | SubsetError, text: str) -> ExpressionError:
    """The error as a person may see it. What a function of ours has to say in Chinese is said."""
    line, column = getattr(error, "line", 1), getattr(error, "column", 1)
    cause = error.__cause__
    if isinstance(cause, BihuanError):
        return ExpressionError(cause.zh, cause.en, line, column, source=text[:200])
    if isinstance(error, FeelSyntaxError):
        zh = f"表达式有语法错误（第{line}行第{column}列）：{text.strip()[:80]}"
    elif isinstance(error, SubsetError):
        zh = f"表达式不在允许的范围内或无法求值（第{line}行第{column}列）：{text.strip()[:80]}"
    else:
        zh = f"表达式无法求值：{text.strip()[:80]}"
    return ExpressionError(zh, f"{error}: {text.strip()[:80]}", line, column, source=text[:200])
