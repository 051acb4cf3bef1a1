"""A small part of the campaign against the outside systems' faults, and runs in which the checker must find what went wrong."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

import app
from processes.store.tables import Job
from tests.faults.world import MODELS
from tests.standin_faults import checker, models
from tests.standin_faults.__main__ import main
from tests.standin_faults.phases import HARMLESS, MAIL, NOTICES, RANDOM, phases, share
from tests.standin_faults.problems import channels, draw
from workers.standins.faults import AFTER, BEFORE, KINDS, Faults

FEW = [
    "channels lost_reply", "ratings copy_push", "seven-lists late_push", "boards huge", "notices status",
    "sms slow", "dingtalk garbage", "email lost_reply", "registry wrong_schema", RANDOM,
]  # fmt: skip


def only(*names: str) -> list[str]:
    return [part for name in names for part in ("--only", name)]


def test_every_fault_of_every_system_has_a_phase() -> None:
    found = phases()
    for target in ("channels", "ratings", "seven-lists", "boards"):
        kinds = {kind for each in found if each.name.startswith(f"{target} ") for kind in each.kinds}
        assert kinds == set(KINDS) - {"hold_push"}, target
    for target in ("notices", "sms", "dingtalk", "registry"):
        kinds = {kind for each in found if each.name.startswith(f"{target} ") for kind in each.kinds}
        assert kinds == {*BEFORE, *AFTER}, target
    assert {kind for each in found if each.name.startswith("email ") for kind in each.kinds} == set(MAIL)
    assert set(found[-1].kinds) == set(KINDS) - {"hold_push"} | set(MAIL)
    assert set(found[-1].systems) == {*channels(), "ratings", "seven-lists", "boards", *NOTICES, "registry"}


def test_each_fault_can_be_switched_on() -> None:
    for phase in phases():
        faults, wanted = Faults(), phase.faults(seed=1)
        assert {(faults.add(each).system, each["kind"]) for each in wanted} == phase.counted


def test_the_diagrams_of_the_campaign_are_sound(tmp_path: Path) -> None:
    shutil.copytree(MODELS, tmp_path / "bpmn")
    (tmp_path / "bpmn" / models.DIAGRAM.relative_to(MODELS)).write_bytes(models.diagrams()[models.DIAGRAM.name])
    for name, content in models.reference().items():
        (tmp_path / "bpmn" / "reference" / name).write_bytes(content)
    assert app.main(["check", str(tmp_path / "bpmn")]) == 0
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


KEY = "<job-1@bihuan.example>"


@pytest.mark.parametrize(("fault", "copies", "wrong"), [("lost_reply", 2, 0), ("lost_reply", 3, 1), ("status", 2, 1)])
def test_a_mail_may_come_again_only_when_its_acceptance_was_not_heard_of(fault: str, copies: int, wrong: int) -> None:
    effects = [{"system": "email", "kind": "sent", "subject": "a@people.example", "key": KEY}] * copies
    tries = [{"system": "email", "path": "email/messages", "key": KEY, "outcome": f"fault {fault}"}]
    found, job = checker.Findings(), Job(id="job-1", topic="notice.send", state="done", instance_id="i")
    checker.check_effects(found, {"job-1": (job, "330502-26-00001-1")}, [], effects, tries)
    assert len(found.wrong) == wrong


@pytest.mark.slow
def test_no_fault_of_the_outside_loses_a_problem_or_doubles_an_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--problems", "60", "--seed", "7", *only(*FEW)]) == 0, capsys.readouterr().out
    assert "each effect once, each problem explained, each failure seen" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "said"), [("key", "no job has the key"), ("memory", "effects under the one key")])
@pytest.mark.parametrize("system", ["channels", "sms"])
def test_without_idempotency_the_checker_finds_effects_that_happened_twice(
    broken: str, said: str, system: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--problems", "12", "--seed", "7", "--break", broken, *only(f"{system} lost_reply")]) == 1
    told = capsys.readouterr().out
    assert said in told
    assert "case 330502" in told
