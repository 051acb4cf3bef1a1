"""The owners' page about FEEL says what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from processes.casework import handbook
from processes.casework.assembly import Core
from processes.casework.functions import Snapshots, build
from processes.clock import ManualClock
from processes.notation import expressions
from processes.store.database import Database

ROOT = Path(__file__).parents[3]
VARIABLES = {"case": {"place": "330502"}, "report": {"text": "我要办营业执照"}}


@pytest.fixture(scope="module")
def core() -> Core:
    core = Core.on(Database("sqlite://"), ManualClock())
    core.seed(ROOT / "bpmn", models={})
    return core


def test_the_page_is_what_the_functions_say() -> None:
    assert handbook.PAGE.read_text("utf-8") == handbook.render(), "run: python -m processes.casework.handbook"


@pytest.mark.parametrize("example", handbook.examples(handbook.render()))
def test_every_example_is_true(example: str, core: Core) -> None:
    functions = core.engine.functions
    assert expressions.evaluate(f"= {example}", VARIABLES, functions, core.clock.now) is True


def test_every_function_for_owners_has_an_example(core: Core) -> None:
    names = set(build(Snapshots(core.database)))
    assert {name for name, _ in handbook._methods()} == names
    listed = handbook.examples(handbook.render())
    assert all(any(f"{name}(" in example for example in listed) for name in names)
