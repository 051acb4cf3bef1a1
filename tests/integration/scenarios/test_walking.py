"""A walk goes on where it stands, shows the same when it is taken anew, and what is recorded of it holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from processes.clock import ManualClock
from processes.errors import BihuanError
from processes.notation.bundle import read_folder
from processes.scenarios import files, recording, surroundings
from processes.scenarios import stage as stage_module
from processes.scenarios.stage import Stage
from processes.scenarios.standing import standing, which, which_job
from processes.scenarios.walking import Walker
from processes.store.database import Database
from tests.integration.scenarios.house import FULL, folder, scenario

LOOK = {"task": "look", "form": {"ok": True}}
SENT = {"job": "send", "result": "P-1"}
ASKED = {"message": "asked", "key": "7", "payload": {}}


@pytest.fixture
def walker(tmp_path: Path) -> Walker:
    return Walker(Stage(read_folder([folder(tmp_path)]), None))


def data(*when: Mapping[str, Any]) -> dict[str, Any]:
    return scenario([*when], {})


def read(one: Mapping[str, Any]) -> files.Scenario:
    return files.of_data(Path("walk"), one)


def test_going_on_is_the_same_as_going_again(walker: Walker) -> None:
    steps = [LOOK, SENT, ASKED]
    for count in range(len(steps) + 1):
        on = walker.walk(read(data(*steps[:count])))
        anew = walker.walk(read(data(*steps[:count])), anew=True)
        assert (on.reached, on.parts, on.failure) == (anew.reached, anew.parts, None)
    assert walker.stage.instance(on.instance).state == "completed"


def test_what_is_taken_back_has_not_happened(walker: Walker) -> None:
    walker.walk(read(data(LOOK, SENT)))
    back = walker.walk(read(data()))
    assert [each.element_id for each in standing(walker.stage).tasks] == ["look"]
    assert back.taken == 0


def test_a_step_that_cannot_be_taken_is_told_and_those_before_stand(walker: Walker) -> None:
    walked = walker.walk(read(data(LOOK, ASKED)))
    assert isinstance(walked.failure, BihuanError)
    assert walked.taken == 1
    assert walker.walk(read(data(LOOK, SENT))).failure is None


@pytest.mark.parametrize(
    "when", [[], [LOOK], [LOOK, SENT], [LOOK, SENT, ASKED], [{"wait": "P3D"}], [LOOK, {"job": "send", "error": "lost"}]]
)
def test_what_is_recorded_holds_and_tells_another_way(walker: Walker, when: list[dict[str, Any]]) -> None:
    one = data(*when)
    made = recording.recorded(one, read(one), walker)
    played = files.parse(Path("made"), recording.written(made))
    assert walker.play(played).failure is None
    assert made["then"]["state"] in ("active", "completed")
    assert made["then"]["path"][0] == "begun"
    other = (
        {**made, "when": [*when, {"cancel": "另一条路"}]}
        if made["then"]["state"] == "active"
        else {**made, "when": when[:-1]}
    )
    assert walker.play(read(other)).failure is not None


def test_a_wait_that_sets_off_timer_after_timer_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "MOST_TURNS", 40)
    body = (folder(tmp_path) / "order.bpmn").read_bytes()
    assert b'"P2D"' in body or b"&quot;P2D&quot;" in body
    often = (
        body.replace(b"timeDuration", b"timeCycle")
        .replace(b'"P2D"', b'"R/PT1M"')
        .replace(b"&quot;P2D&quot;", b"&quot;R/PT1M&quot;")
    )
    walker = Walker(Stage({**read_folder([tmp_path]), "order.bpmn": often}, None))
    walked = walker.walk(read(data({"wait": "P400D"})))
    assert walked.failure is not None
    assert "停不下来" in walked.failure.zh


def test_one_of_several_is_named_by_what_it_alone_has(walker: Walker) -> None:
    walker.walk(read({**FULL, "when": FULL["when"][:2]}))
    job = standing(walker.stage).jobs[0]
    assert which_job(job, []) == {}
    walker.walk(read(data()))
    task = standing(walker.stage).tasks[0]
    assert which(task, []) == {}


def test_the_reference_data_of_a_database_is_that_of_the_folder(tmp_path: Path) -> None:
    from processes.casework.assembly import Core

    models = Path(__file__).parents[3] / "bpmn"
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    Core.on(database, ManualClock()).seed(models)
    with database.read() as connection:
        around = surroundings.read(connection)
        version = surroundings.version(connection)
    walker = Walker(Stage(read_folder([models]), around))
    with walker.stage.database.read() as connection:
        assert surroundings.version(connection) == version
        assert surroundings.read(connection) == around
    for name in ("leadership/instructed", "handling/one-board"):
        assert walker.play(files.read(models / f"{name}.scenario.json")).failure is None
    database.dispose()
