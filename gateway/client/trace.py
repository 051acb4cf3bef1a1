"""A problem's way round the loop as a person reads it: case by case, with stage, time, who did what, and the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.client.player import Family
from gateway.client.show import table

ZONE = ZoneInfo("Asia/Shanghai")
"""Traces are read in China."""

HEADING = ("时间", "阶段", "办理人", "事项", "消息")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a trace."""

    at: datetime
    who: str
    what: str
    message: str


def family(cases: Family) -> str:
    """The traces of a case and its child cases."""
    return "\n\n".join(case(each) for each in cases.cases)


def case(found: Json) -> str:
    """The trace of one case."""
    title = f"【{found['number']}】{found['place_name']}　{found['title']}　{found['status']}"
    if found["parent_number"]:
        title += f"（由 {found['parent_number']} 提交）"
    rows = [(_time(line.at), _stage(found, line.at), line.who, line.what, line.message) for line in lines(found)]
    return title + "\n" + table(rows, HEADING)


def lines(found: Json) -> Sequence[Line]:
    """What happened in a case, in order: what people and partners did, and the jobs that went out."""
    jobs = [row for row in found["jobs"] if row["state"] == "done"]
    sent = {row["name"] for row in jobs}
    told = [
        Line(
            _moment(row["at"]),
            row["who"] or _unnamed(row["kind"]),
            row["title"],
            f"← {row['message']}" if row["message"] else "",
        )
        for row in found["timeline"]
        if not (row["kind"] == "system" and row["title"] in sent)
    ]
    told += [Line(_moment(row["ended_at"]), "系统", row["name"], f"→ {row['topic']}") for row in jobs]
    if found["closed_at"]:
        told.append(Line(_moment(found["closed_at"]), "系统", found["status"], ""))
    return sorted(told, key=lambda line: line.at)


def _unnamed(kind: str) -> str:
    return {"message": "来文", "timer": "到时", "trouble": "异常"}.get(kind, "系统")


def _stage(found: Json, at: datetime) -> str:
    """The stage in which something was done: the one before what it led to."""
    rows = found["stages"]
    names = [row["name"] for row in rows if _moment(row["at"]) < at]
    if found["closed_at"] and at >= _moment(found["closed_at"]):
        names = [row["name"] for row in rows]
    return str((names or [row["name"] for row in rows[:1]] or [""])[-1])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%m-%d %H:%M:%S}"
