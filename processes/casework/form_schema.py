"""JSON Schema for forms that nobody can make stall: patterns by RE2, nothing fetched, and a budget for the rest.

A schema comes with a diagram, so it is as little trusted as an expression: references that double at every level, schemas
that refer to themselves, patterns that backtrack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from processes.errors import BihuanError
from processes.notation.patterns import form_pattern

STEPS = 20_000
"""Keywords that may be looked at for one form: a hundred fields need a thousand; ten thousand take a tenth of a second."""

MOST_UNIQUE = 1_000
"""Items of a list that are to differ: each is compared with each."""

_left: ContextVar[list[int]] = ContextVar("form_steps")

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


class BadSchema(BihuanError):
    """The form's own schema cannot be worked with; not the fault of who fills it in."""

    def __init__(self, problem_zh: str, problem_en: str) -> None:
        super().__init__(f"表单定义有误：{problem_zh}，请联系流程负责人。", f"the form's schema is wrong: {problem_en}")


def errors(schema: Mapping[str, Any], values: Any, formats: FormatChecker) -> list[ValidationError]:
    """What is wrong with the values. Raises :class:`BadSchema`."""
    token = _left.set([STEPS])
    try:
        validator = _Validator(schema, format_checker=formats, registry=_NOTHING)
        return list(validator.iter_errors(values))
    except RecursionError as error:
        raise BadSchema("层次太深，或引用了自己", "nested too deeply, or it refers to itself") from error
    except Unresolvable as error:
        raise BadSchema(f"引用的“{error.ref}”不存在", f"unresolvable: {error.ref}") from error
    except (TypeError, AttributeError, KeyError, ArithmeticError) as error:
        raise BadSchema("不是有效的 JSON Schema", f"{type(error).__name__}: {error}") from error
    finally:
        _left.reset(token)


def _counted(keyword: Keyword) -> Keyword:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        left = _left.get()
        left[0] -= 1
        if left[0] < 0:
            raise BadSchema("太复杂，核对要花太久", f"more than {STEPS} steps")
        yield from keyword(validator, value, instance, schema) or ()

    return counted


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _search(pattern, instance):
        yield ValidationError(f"{instance!r:.80} does not match {pattern!r:.80}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, inner in patterns.items():
            for name, value in instance.items():
                if _search(pattern, name):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    patterns = schema.get("patternProperties", {})
    for name in instance:
        if name in schema.get("properties", {}) or any(_search(pattern, name) for pattern in patterns):
            continue
        if isinstance(allowed, dict):
            yield from validator.descend(instance[name], allowed, path=name)
        elif allowed is False:
            yield ValidationError(f"additional property {name!r:.80}")


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, list) and len(instance) > MOST_UNIQUE:
        yield ValidationError("too many items to be compared with each other")
    else:
        yield from Draft202012Validator.VALIDATORS["uniqueItems"](validator, wanted, instance, schema) or ()


def _not_offered(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """What looks at everything again at each level."""
    raise BadSchema("不支持 unevaluatedProperties、unevaluatedItems 和 $dynamicRef", "unevaluated…, $dynamicRef")


def _search(pattern: Any, text: str) -> bool:
    try:
        return form_pattern(str(pattern)).search(text) is not None
    except ValueError as error:
        raise BadSchema(f"正则表达式“{str(pattern)[:40]}”不能用", f"pattern: {error}") from error


_NOTHING: Any = Registry()
"""Nothing but the schema itself can be referred to."""

_OURS: Mapping[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
    "unevaluatedProperties": _not_offered,
    "unevaluatedItems": _not_offered,
    "$dynamicRef": _not_offered,
}
_extend: Any = extend
_Validator: Any = _extend(
    Draft202012Validator,
    {name: _counted(_OURS.get(name, keyword)) for name, keyword in Draft202012Validator.VALIDATORS.items()},
)
