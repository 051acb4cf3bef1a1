"""Whether a played scenario ended as its file expects, told as differences that a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from gateway.client.player import Family, is_organisation

Json = Mapping[str, Any]


def differences(expect: Json, family: Family) -> list[str]:
    """What differs from ``expect`` (see :mod:`gateway.client.scenario`); empty when nothing does."""
    root = family.root
    found: list[str] = []
    for name in ("outcome", "rating", "status"):
        if name in expect and root[name] != expect[name]:
            found.append(f"{name}：应为 {expect[name]}，实为 {root[name]}")
    if "stages" in expect:
        found += _unlike("stages", expect["stages"], _stages(root))
    if "tasks" in expect:
        found += _sequence("tasks", expect["tasks"], completed(family), _task_says)
    if "notices" in expect:
        found += _sequence("notices", expect["notices"], _notices(family), _notice_says)
    if "messages" in expect:
        found += _multiset("messages", expect["messages"], messages(family))
    if "cases" in expect:
        found += _sequence("cases", expect["cases"], family.cases, _case_says)
    found += [f"异常：{row['element']} {row['detail']}" for row in family.all("incidents")]
    return found


def completed(family: Family) -> list[Json]:
    """The tasks that people completed, in order."""
    rows = [row for row in family.all("tasks") if row["state"] == "completed"]
    return sorted(rows, key=lambda row: datetime.fromisoformat(row["ended_at"]))


def messages(family: Family) -> list[str]:
    """The topics of the finished jobs."""
    return [str(row["topic"]) for row in family.all("jobs") if row["state"] == "done"]


def _stages(case: Json) -> list[str]:
    return [str(row["stage"]) for row in case["stages"]]


def _notices(family: Family) -> list[Json]:
    return sorted(family.all("notices"), key=lambda row: datetime.fromisoformat(row["at"]))


def _task_says(row: Json) -> dict[str, Any]:
    said = {"task": row["element"], "place": row["place"], "role": row["role"]}
    return {**said, "organisation": row["organisation"], "by": row["completed_by"]}


def _notice_says(row: Json) -> dict[str, Any]:
    return {"kind": row["kind"], "day": row["day"], "role": row["to"].get("role"), "place": row["to"].get("place")}


def _case_says(row: Json) -> dict[str, Any]:
    return {"place": row["place"], "outcome": row["outcome"], "stages": _stages(row), "status": row["status"]}


def _sequence(name: str, expected: Sequence[Json], actual: Sequence[Json], says: Any) -> list[str]:
    """Row by row; of each row only what is expected is compared."""
    found = []
    for at, (want, row) in enumerate(zip_longest(expected, actual), start=1):
        if want is None:
            found.append(f"{name} 第 {at} 项：多出 {_shown(says(row))}")
        elif row is None:
            found.append(f"{name} 第 {at} 项：缺少 {_shown(want)}")
        elif not _like(want, says(row)):
            found.append(f"{name} 第 {at} 项：应为 {_shown(want)}，实为 {_shown(says(row))}")
    return found


def _like(want: Json, said: Json) -> bool:
    return all(
        is_organisation(said.get(name), value) if name == "organisation" and value else said.get(name) == value
        for name, value in want.items()
    )


def _unlike(name: str, expected: Sequence[str], actual: Sequence[str]) -> list[str]:
    if list(expected) == list(actual):
        return []
    return [f"{name}：应为 {' → '.join(expected)}，实为 {' → '.join(actual)}"]


def _multiset(name: str, expected: Iterable[str], actual: Iterable[str]) -> list[str]:
    want, have = Counter(expected), Counter(actual)
    found = [f"{name}：缺少 {each} × {count}" for each, count in sorted((want - have).items())]
    return found + [f"{name}：多出 {each} × {count}" for each, count in sorted((have - want).items())]


def _shown(row: Json) -> str:
    return "、".join(f"{name}={value}" for name, value in row.items() if value is not None)
