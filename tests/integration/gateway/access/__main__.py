"""The access matrix to be read: ``python -m tests.integration.gateway.access FILE.html`` writes down who may what.

A row is an endpoint and the home of the thing it is about, a column whoever asks. What is not as the tables say is
marked, and the program ends with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.gateway.access.matrix import ALLOWED, Cell, Theatre
from tests.integration.gateway.access.running import effects, refusals_and_reading
from tests.integration.gateway.access.world import stage

STYLE = """body{font:14px/1.6 sans-serif;margin:24px}table{border-collapse:collapse}td,th{border:1px solid #d9d9d9;padding:2px 6px;text-align:center}
th{background:#fafafa;position:sticky;top:0}td:first-child,td:nth-child(2){text-align:left;white-space:nowrap}
.may{background:#e6f4ff}.no{color:#8c8c8c}.wrong{background:#ffccc7;font-weight:bold}"""


def page(outcomes: Sequence[tuple[Cell, str]]) -> str:
    """The matrix as a page."""
    names = list(dict.fromkeys(cell.who.name for cell, _outcome in outcomes))
    lines: dict[tuple[str, str], dict[str, tuple[Cell, str]]] = {}
    for cell, outcome in outcomes:
        about = f"{cell.thing.home} {cell.row.object}" if cell.thing.home else ""
        lines.setdefault((f"{cell.method} {cell.row.endpoint}", about), {})[cell.who.name] = cell, outcome
    head = "".join(f"<th>{escape(name)}</th>" for name in ("endpoint", "of", *names))
    body = "".join(f"<tr>{''.join(_cells(key, line, names))}</tr>" for key, line in sorted(lines.items()))
    title = f"{len(outcomes)} cells; homes are seen from Wuxing (330502), its board of basic services"
    return f"<!doctype html><meta charset=utf-8><title>Access</title><style>{STYLE}</style><p>{title}<table><tr>{head}</tr>{body}</table>"


def _cells(key: tuple[str, str], line: dict[str, tuple[Cell, str]], names: Sequence[str]) -> Iterator[str]:
    yield from (f"<td>{escape(each)}</td>" for each in key)
    for name in names:
        cell, outcome = line.get(name, (None, ""))
        if cell is not None and outcome != cell.expected:
            yield f'<td class="wrong">{escape(outcome)}, not {escape(cell.expected)}</td>'
        else:
            kind = "may" if outcome == ALLOWED else "no"
            yield f'<td class="{kind}">{"✓" if outcome == ALLOWED else escape(outcome)}</td>'


def main(arguments: Sequence[str]) -> int:
    """Run it and write it."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with TemporaryDirectory() as name:
        folder = Path(name)
        theatre = Theatre(stage(folder), folder)
        reports = refusals_and_reading(theatre), effects(theatre)
        theatre.close()
    Path(arguments[0]).write_text(page([each for report in reports for each in report.outcomes]), encoding="utf-8")
    wrong = [each for report in reports for each in report.wrong]
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
