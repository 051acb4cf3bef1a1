"""The README's examples run and print what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PRINTED = {
    "Workers": ["{'receipt': 'C-1-1'}", "变量 copies 应是整数，得到的是文字"],
    "Python face": [
        "{'text': '您好，湖州！'}",
        "completed ['begin', 'late', 'remind', 'reminded_end', 'approve', 'greet', 'done']",
    ],
}


@pytest.mark.parametrize("section", PRINTED)
def test_the_examples_of_a_section_run_one_after_the_other(section: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(examples(section))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == PRINTED[section]


def test_a_worker_has_five_lines() -> None:
    worker, _ = examples("Workers")
    assert len([line for line in worker.splitlines() if line]) == 5


def examples(section: str) -> Sequence[str]:
    """Its blocks of Python."""
    text = (ROOT / "README.md").read_text("utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [block.strip("\n") for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
