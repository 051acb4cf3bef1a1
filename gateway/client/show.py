"""What the command line prints of cases and tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from processes.errors import BihuanError


def as_json(value: Any) -> str:
    """For programs."""
    return json.dumps(value, ensure_ascii=False, indent=1)


def _rows(value: Any, name: str) -> Sequence[Mapping[str, Any]]:
    return list(value[name] if isinstance(value, Mapping) else value)


def table(rows: Sequence[Sequence[object]], heading: Sequence[str]) -> str:
    """Columns in line; a Chinese sign counts as two."""
    lines = [[str(each if each is not None else "") for each in row] for row in (heading, *rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heading))]
    return "\n".join(
        "  ".join(_padded(each, width) for each, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def cases(found: Any) -> str:
    """A list of cases."""
    rows = [
        (each.get("number"), each.get("place"), each.get("stage"), each.get("status"), each.get("id"))
        for each in _rows(found, "cases")
    ]
    return table(rows, ("编号", "地区", "阶段", "状态", "内部编号")) if rows else "没有事项"


def tasks(found: Any) -> str:
    """A list of open tasks."""
    rows = [
        (
            each.get("name"),
            each.get("role"),
            each.get("organisation") or each.get("place"),
            each.get("due_at"),
            each.get("number"),
            each.get("id"),
        )
        for each in _rows(found, "tasks")
    ]
    return table(rows, ("任务", "岗位", "机构", "到期", "问题编号", "任务编号")) if rows else "没有待办任务"


def case(found: Mapping[str, Any]) -> str:
    """One case: what it is, where it stands, what happened."""
    return as_json(found)


def deployed(found: Any) -> str:
    """What a deployment put into force."""
    rows = [
        (each.get("process"), each.get("name"), str(each.get("definition", ""))[:12])
        for each in _rows(found, "deployed")
    ]
    return table(rows, ("流程", "名称", "版本"))


def parse_values(pairs: Sequence[str]) -> dict[str, Any]:
    """``key=value`` pairs; a value that reads as JSON is JSON, anything else text."""
    out: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise BihuanError(f"“{pair}”应写成 键=值", f"{pair!r} is not key=value")
        try:
            out[name] = json.loads(text)
        except ValueError:
            out[name] = text
    return out
