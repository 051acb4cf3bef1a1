"""``worker --module``: a worker of somebody's own, found where Python finds modules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.worker import load
from processes.errors import BihuanError

MINE = """
from workers.kit import Worker
worker = Worker("mine")
other = Worker("other")
number = 7
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder, with a module in it."""
    (tmp_path / "mine_to_load.py").write_text(MINE, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_a_worker_is_found_by_module_and_variable() -> None:
    assert load("mine_to_load:other").name == "other"
    assert load("mine_to_load").name == "mine"


@pytest.mark.parametrize("name", ["mine_to_load:nobody", "no_such_module:worker", "mine_to_load:number"])
def test_what_is_no_worker_is_told(name: str) -> None:
    with pytest.raises(BihuanError) as caught:
        load(name)
    assert name.partition(":")[0] in caught.value.zh
