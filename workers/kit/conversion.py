"""Values of a job, which are JSON, as a handler's type hints want them; and what a handler returns, as JSON again.

>>> convert(list[datetime], ["2026-11-23T09:00:00+08:00"], "days")
[datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.timezone(datetime.timedelta(seconds=28800)))]
>>> convert(int, "three", "count")
Traceback (most recent call last):
workers.kit.conversion.Unfit: 变量 count 应是整数，得到的是文字
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from workers.kit.job import Failed


class Unfit(Failed):
    """A variable of a job is not what its handler wants: trying again would not help."""

    def __init__(self, path: str, wanted: str, value: object) -> None:
        super().__init__(f"变量 {path} 应是{wanted}，得到的是{_called(value)}")


def convert(hint: Any, value: Any, path: str) -> Any:
    """The value as the hint says. ``path`` names it to people (``to.person``, ``days[2]``). Raises :class:`Unfit`."""
    if hint in _ANYTHING:
        return value
    origin, within = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(within, value, path)
    if origin is typing.Literal:
        if value in within and type(value) in {type(each) for each in within}:
            return value
        raise Unfit(path, "以下之一：" + "、".join(map(str, within)), value)
    kind = origin or hint
    if kind in _SIMPLE:
        wanted, read = _SIMPLE[kind]
        try:
            return read(value)
        except (TypeError, ValueError):
            raise Unfit(path, wanted, value) from None
    if kind in _LISTS:
        if not isinstance(value, list):
            raise Unfit(path, "列表", value)
        return [convert(within[0] if within else Any, each, f"{path}[{at}]") for at, each in enumerate(value)]
    if issubclass(kind, Enum):
        return _member(kind, value, path)
    if not isinstance(value, Mapping):
        raise Unfit(path, "对象", value)
    if kind in _OBJECTS:
        return {name: convert(within[1] if within else Any, each, f"{path}.{name}") for name, each in value.items()}
    return _structure(kind, value, path)


def check_hint(hint: Any, name: str) -> None:
    """Raises TypeError for a type that no JSON value could be made into: when a handler is registered, not when its first job comes."""
    origin, within = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal or hint in _ANYTHING or hint is type(None):
        return
    for each in within:
        check_hint(each, name)
    if origin in (typing.Union, types.UnionType):
        return
    kind = origin or hint
    if kind in _SIMPLE or kind in _LISTS or kind in _OBJECTS:
        return
    if not (isinstance(kind, type) and (is_dataclass(kind) or typing.is_typeddict(kind) or issubclass(kind, Enum))):
        raise TypeError(f"{name}: no JSON value can be made into {hint!r}")
    if not issubclass(kind, Enum):
        for field, inner in typing.get_type_hints(kind).items():
            check_hint(inner, f"{name}.{field}")


def plain(value: Any) -> Any:
    """What a handler returns, as JSON: dataclasses become objects, times texts, members of enumerations their values."""
    if type(value) in _AS_THEY_ARE:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _one_of(hints: Sequence[Any], value: Any, path: str) -> Any:
    if value is None and type(None) in hints:
        return None
    others = [hint for hint in hints if hint is not type(None)]
    for hint in others[:-1]:
        try:
            return convert(hint, value, path)
        except Unfit:
            continue
    return convert(others[-1], value, path)


def _member(kind: type[Enum], value: Any, path: str) -> Enum:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise Unfit(path, "以下之一：" + "、".join(str(each.value) for each in kind), value) from None


def _structure(kind: type[Any], value: Mapping[str, Any], path: str) -> Any:
    """A dataclass, or a TypedDict; what it does not know is left out."""
    hints = typing.get_type_hints(kind)
    if is_dataclass(kind):
        optional = {
            each.name for each in fields(kind) if each.default is not MISSING or each.default_factory is not MISSING
        }
        hints = {each.name: hints[each.name] for each in fields(kind) if each.init}
    else:
        optional = set(getattr(kind, "__optional_keys__", ()))
    missing = [name for name in hints if name not in value and name not in optional]
    if missing:
        raise Failed(f"变量 {path} 缺少{'、'.join(missing)}")
    return kind(**{name: convert(hint, value[name], f"{path}.{name}") for name, hint in hints.items() if name in value})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _integer(value: Any) -> int:
    number = _number(value)
    if isinstance(value, int):
        return value
    if not number.is_integer():
        raise ValueError
    return int(number)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment


_SIMPLE: Mapping[Any, tuple[str, Callable[[Any], Any]]] = {
    str: ("文字", _text),
    bool: ("是或否", _flag),
    int: ("整数", _integer),
    float: ("数字", _number),
    datetime: ("带时区的时间，如 2026-11-23T09:30:00+08:00", _moment),
    date: ("日期，如 2026-11-23", lambda value: date.fromisoformat(_text(value))),
}
_LISTS = frozenset({list, Sequence, MutableSequence})
_OBJECTS = frozenset({dict, Mapping, MutableMapping})
_ANYTHING = (Any, object)
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def _called(value: object) -> str:
    """What a value is, in words: not the value itself, which may be somebody's name."""
    names = ((bool, "是或否"), (int | float, "数字"), (str, "文字"), (list, "列表"), (Mapping, "对象"))
    return next((name for kind, name in names if isinstance(value, kind)), "空值")
