"""``app.py report FILE``: a file of problems in through a channel, with progress, outcomes and a summary that adds up."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from gateway.client.api import Api
from gateway.client.problem_files import Row, read

BATCH = 50
"""Rows a request: small enough for steady progress, large enough that the request itself costs nothing."""

NAMES = {
    "pool": "进入问题池",
    "refused": "退回渠道(附理由)",
    "person": "待人工研判",
    "duplicate": "并入在办的同一问题",
    "known": "以前已收过",
    "incident": "已收下,出现异常待处理",
    "bad": "未收(格式有误)",
}
"""What became of a row, in the words of the summary."""


@dataclass
class Summary:
    """How many rows came to which end, and which were bad."""

    rows: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[int, str]] = field(default_factory=list)

    def add(self, number: int, end: str, reason: str) -> None:
        """Count a row."""
        self.rows += 1
        self.ends[end] += 1
        if end == "bad":
            self.bad.append((number, reason))

    def lines(self) -> list[str]:
        """The summary as a person reads it."""
        out = [f"共 {self.rows} 行:"]
        out += [
            f"  {NAMES.get(end, end)} {count} 行" for end, count in sorted(self.ends.items(), key=lambda each: -each[1])
        ]
        total = sum(self.ends.values())
        out.append(f"合计 {total} 行,{'与文件相符' if total == self.rows else '与文件不符'}。")
        out += [f"  第 {number} 行未收:{reason}" for number, reason in self.bad[:20]]
        if len(self.bad) > 20:
            out.append(f"  …另有 {len(self.bad) - 20} 行未收,见结果文件(--outcomes)")
        return out


def report_file(api: Api, path: Path, channel: str, outcomes: Path | None, screen: TextIO = sys.stderr) -> Summary:
    """Report every row; writes one JSON line a row to ``outcomes``.

    ``id``, ``outcome`` (pool, refused, person, duplicate, bad; of a row that had come before: what became of it then), ``known``, ``reason``,
    ``board``, ``number``.
    """
    rows = list(read(path))
    summary = Summary()
    file = outcomes.open("w", encoding="utf-8") if outcomes else None
    try:
        with tqdm(total=len(rows), unit="行", desc=path.name, file=screen, disable=None) as bar:
            for batch in _batches(rows):
                for row, result in _sent(api, channel, batch):
                    summary.add(row.number, result["outcome"], str(result.get("reason") or ""))
                    if file is not None:
                        file.write(json.dumps(_line(row, result), ensure_ascii=False) + "\n")
                bar.update(len(batch))
    finally:
        if file is not None:
            file.close()
    return summary


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _sent(api: Api, channel: str, batch: list[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    good = [row for row in batch if row.error is None]
    answers = api.report(channel, [{**row.fields, "row": row.number} for row in good]) if good else []
    by_number = {answer["row"]: answer for answer in answers}
    for row in batch:
        yield row, {"outcome": "bad", "reason": row.error.zh} if row.error is not None else by_number[row.number]


def _line(row: Row, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row.fields.get("id", "")) or None,
        "row": row.number,
        "outcome": result.get("state") or result["outcome"],
        "known": result["outcome"] == "known",
        "reason": result.get("reason"),
        "board": result.get("board"),
        "number": result.get("number"),
    }
