"""A small part of the campaign against the outside systems' faults, and runs in which the checker must find what went wrong."""

from __future__ import annotations

import random

import pytest

from tests.standin_faults.__main__ import main
from tests.standin_faults.phases import HARMLESS, RANDOM, phases, share
from tests.standin_faults.problems import channels, draw
from workers.standins.faults import KINDS

FEW = ["channels lost_reply", "ratings copy_push", "seven-lists late_push", "boards huge", "notices status", RANDOM]


def only(*names: str) -> list[str]:
    return [part for name in names for part in ("--only", name)]


def test_every_fault_of_every_system_has_a_phase() -> None:
    found = phases()
    for target in ("channels", "ratings", "seven-lists", "boards"):
        kinds = {kind for each in found if each.name.startswith(f"{target} ") for kind in each.kinds}
        assert kinds == set(KINDS) - {"hold_push"}, target
    assert set(found[-1].kinds) == set(KINDS) - {"hold_push"}
    assert set(found[-1].systems) == {*channels(), "ratings", "seven-lists", "boards", "notices"}
    assert set(KINDS) >= HARMLESS


@pytest.mark.parametrize("problems", [80, 2000])
def test_all_problems_are_shared_out(problems: int) -> None:
    parts = share(phases(), problems)
    assert set(parts) == {each.name for each in phases()}
    assert sum(parts.values()) >= problems
    assert min(parts.values()) >= 1


def test_the_same_seed_draws_the_same_problems() -> None:
    first, again, other = (draw("p", 50, random.Random(seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert {each.channel for each in first} == set(channels())
    assert len({each.original for each in first}) == 50


@pytest.mark.slow
def test_no_fault_of_the_outside_loses_a_problem_or_doubles_an_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--problems", "60", "--seed", "7", *only(*FEW)]) == 0, capsys.readouterr().out
    assert "each effect once, each problem explained, each failure seen" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "said"), [("key", "no job has the key"), ("memory", "effects under the one key")])
def test_without_idempotency_the_checker_finds_effects_that_happened_twice(
    broken: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--problems", "12", "--seed", "7", "--break", broken, *only("channels lost_reply")]) == 1
    told = capsys.readouterr().out
    assert said in told
    assert "case 330502" in told
