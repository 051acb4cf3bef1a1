"""The one place that decides in which language an owner's text is read."""
# mypy: ignore-errors

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from processes.errors import BihuanError
from processes.notation import feel, python_subset
from processes.notation.feel import FeelError, FeelSyntaxError
from processes.notation.python_subset import SubsetError

Functions = Mapping[str, Callable[..., Any]]
Kind = Literal["condition", "script", "timer"]
_ISO = re.compile(
    r"(R\d*/)?(P(?=[\dT])[\dYMWDTHS.,]+|\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?)(/\S+)?\Z"
)


class ExpressionError(BihuanError):
    """An expression that cannot be read, or could not be evaluated."""

    def __init__(self, zh: str, en: str, line: int = 1, column: int = 1, **details: object) -> None:
        super().__init__(zh, en, line=line, column=column, **details)
        self.line, self.column = line, column


def _error(error: Exception, text: str) -> ExpressionError:
    cause = error.__cause__
    if isinstance(cause, BihuanError):
        return ExpressionError(cause.zh, cause.en, source=text[:200])
    line, column = getattr(error, "line", 1), getattr(error, "column", 1)
    if isinstance(error, FeelSyntaxError):
        return ExpressionError(f"表达式有语法错误（第{line}行第{column}列）", str(error), line, column, source=text[:200])
    return ExpressionError(f"表达式无法求值：{error}", str(error), line, column, source=text[:200])


def evaluate(
    text: str,
    variables: Mapping[str, Any],
    functions: Functions = {},
    clock: Callable[[], datetime.datetime] | None = None,
) -> Any:
    """The JSON value of a condition or other expression: ``=`` in front means FEEL, else the Python subset."""
    source = text.strip()
    try:
        if source.startswith("="):
            return feel.to_json(feel.compile_expression(source[1:]).evaluate(variables, functions, clock=clock))
        return feel.to_json(python_subset.evaluate(source, variables, functions))
    except (FeelError, SubsetError) as error:
        raise _error(error, text) from error


def execute(
    script: str,
    variables: Mapping[str, Any],
    functions: Functions = {},
    clock: Callable[[], datetime.datetime] | None = None,
) -> dict[str, Any]:
    """The variables a script changed or added: a FEEL context, or statements of the Python subset."""
    source = script.strip()
    try:
        if source.startswith("="):
            value = feel.compile_expression(source[1:]).evaluate(variables, functions, clock=clock)
            if not isinstance(value, dict):
                raise FeelError("a FEEL script must give a context {…}")
            return feel.to_json(value)
        return feel.to_json(python_subset.execute(script, variables, functions))
    except (FeelError, SubsetError) as error:
        raise _error(error, script) from error


def timer_value(
    text: str,
    variables: Mapping[str, Any],
    functions: Functions = {},
    clock: Callable[[], datetime.datetime] | None = None,
) -> str:
    """The ISO 8601 text of a timer: bare, quoted, or given by an expression."""
    source = text.strip()
    if _ISO.match(source):
        return source
    value = evaluate(source, variables, functions, clock)
    if not isinstance(value, str) or not _ISO.match(re.sub(r"@[\w/+-]+\Z", "", value)):
        raise ExpressionError("计时器的值不是 ISO 8601 的日期、时间或期限", f"not an ISO 8601 timer value: {value!r:.100}")
    if "@" in value:
        zoned = feel.compile_expression(f'@"{value}"').evaluate({})
        value = zoned.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    return value


def validate(text: str, kind: Kind) -> None:
    """Raise :class:`ExpressionError` when the text cannot be read in its language."""
    source = text.strip()
    try:
        if kind == "timer" and _ISO.match(source):
            return
        if source.startswith("="):
            feel.compile_expression(source[1:])
        elif kind == "script":
            python_subset.compile_script(text)
        else:
            python_subset.compile_condition(source)
    except (FeelError, SubsetError) as error:
        raise _error(error, text) from error
