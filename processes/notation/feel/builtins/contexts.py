"""Functions on contexts."""

from __future__ import annotations

from typing import Any

from processes.notation.feel.builtins.registry import as_list, built_in, needs_string


@built_in("get value", "m, key", "context, key", "m, keys")
def _get_value(context: Any, key: Any) -> Any:
    if not isinstance(context, dict):
        return None
    if not isinstance(key, list):
        needs_string(key)
        return context.get(key)
    value: Any = context
    for step in key:
        value = value.get(step) if isinstance(value, dict) and isinstance(step, str) else None
    return value if key else None


@built_in("get entries", "m", "context")
def _get_entries(context: Any) -> list[dict[str, Any]] | None:
    if not isinstance(context, dict):
        return None
    return [{"key": key, "value": value} for key, value in context.items()]


@built_in("context", "entries")
def _context(entries: Any) -> dict[str, Any] | None:
    result: dict[str, Any] = {}
    for entry in as_list(entries):
        key = entry["key"]
        needs_string(key)
        if key in result:
            return None
        result[key] = entry["value"]
    return result


@built_in("context put", "context, keys, value")
def _context_put(context: Any, keys: Any, value: Any) -> dict[str, Any] | None:
    if not isinstance(context, dict):
        return None
    keys = keys if isinstance(keys, list) else [keys]
    if not keys:
        return None
    needs_string(*keys)
    return _with_value(context, keys, value)


@built_in("context put", "context, key, value")
def _context_put_key(context: Any, key: Any, value: Any) -> dict[str, Any] | None:
    """The form with one key by name; by position either form is meant."""
    needs_string(key)
    return _context_put(context, [key], value)


def _with_value(context: dict[str, Any], keys: list[str], value: Any) -> dict[str, Any] | None:
    """A copy of the context with the value at the end of the path; None when the path leads through something else."""
    root = copy = dict(context)
    for key in keys[:-1]:
        inner = copy.get(key, {})
        if not isinstance(inner, dict):
            return None
        copy[key] = dict(inner)
        copy = copy[key]
    copy[keys[-1]] = value
    return root


@built_in("context merge", "contexts")
def _context_merge(contexts: Any) -> dict[str, Any] | None:
    result: dict[str, Any] = {}
    for context in as_list(contexts):
        if not isinstance(context, dict):
            return None
        result.update(context)
    return result
