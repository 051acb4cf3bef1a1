"""``python app.py scenarios``: on every change, and for owners."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import app
from tests.integration.models.desk import MODELS, copy_of_models
from tests.integration.scenarios.house import FULL, folder, scenario


def test_the_shipped_scenarios_hold_and_pass_every_flow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "coverage.json"
    code = app.main(["scenarios", "--least", "100", "--coverage", str(file)])
    said = capsys.readouterr().out
    assert code == 0, said
    diagrams = json.loads(file.read_text("utf-8"))
    drawn = sorted(path.stem for path in MODELS.glob("*/*.bpmn"))
    assert sorted(diagrams) == drawn
    assert {name: diagram["percent"] for name, diagram in diagrams.items()} == dict.fromkeys(drawn, 100)
    assert all(all(diagram["nodes"].values()) for diagram in diagrams.values())
    assert "0 份不符" in said


def test_the_example_in_the_readme_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = (
        (MODELS.parent / "README.md")
        .read_text("utf-8")
        .partition("\n## Scenarios of a model\n")[2]
        .partition("\n## ")[0]
    )
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    models = copy_of_models(tmp_path)
    file = models / "leadership" / "of-the-readme.scenario.json"
    file.write_text(example, "utf-8")
    assert app.main(["scenarios", str(file)]) == 0, capsys.readouterr().out


def test_a_changed_model_fails_the_scenarios_that_it_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = copy_of_models(tmp_path)
    diagram = models / "leadership" / "leadership.bpmn"
    diagram.write_text(diagram.read_text("utf-8").replace("limits.leader_days", "limits.route_days"), "utf-8")
    assert app.main(["scenarios", str(models / "leadership")]) == 1
    said = capsys.readouterr().out
    assert '第 1 步（then）：deadlines leader_in_charge：应为 {"due": "2026-01-08T17:30", "light": "green"}' in said
    assert "2 份不符" in said


def test_a_folder_of_the_shipped_ones_finds_what_it_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["scenarios", str(MODELS / "problem"), "--least", "100"]) == 0
    assert "problem/withdrawn.scenario.json" in capsys.readouterr().out


def test_a_scenario_that_fails_is_told_with_its_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = scenario([{"task": "look", "form": {"ok": True}}], {"state": "completed"})
    assert app.main(["scenarios", str(folder(tmp_path, FULL, wrong))]) == 1
    said = capsys.readouterr().out
    assert "符  " in said
    assert 'then：state：应为 "completed"，实为 "active"' in said
    assert "1 份不符" in said


def test_too_little_is_told_with_the_flows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = str(folder(tmp_path, FULL))
    assert app.main(["scenarios", here]) == 0
    capsys.readouterr()
    assert app.main(["scenarios", here, "--least", "60"]) == 1
    said = capsys.readouterr().out
    assert "顺序流 8/17，47.1 %" in said
    assert "没有经过 gone_note_loss（gone → note_loss）" in said
    assert "覆盖不到 60 % 的：order" in said


def test_files_that_cannot_be_read_or_deployed_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = folder(tmp_path, FULL, {**FULL, "when": [{"tusk": "look"}]})
    assert app.main(["scenarios", str(here)]) == 2
    assert "2.scenario.json：when 第 1 步：要写、而且只写一种：task" in capsys.readouterr().err
    (here / "2.scenario.json").unlink()
    (here / "order.bpmn").write_text("<html/>")
    assert app.main(["scenarios", str(here)]) == 2
    assert capsys.readouterr().err
    assert app.main(["scenarios", str(tmp_path / "nowhere.scenario.json")]) == 2


def test_reference_data_of_its_own_and_none_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A township more, and its working day."""
    models = copy_of_models(tmp_path)
    shutil.copytree(models / "reference", tmp_path / "other")
    places = tmp_path / "other" / "places.csv"
    places.write_text(places.read_text("utf-8") + "330502999,新设镇,township,,New Town\n", "utf-8")
    due = {"status": "已提交吴兴区", "messages": [{"message": "case.escalated", "place": "330502"}]}
    case = {
        "case": {"id": "c", "number": "n", "place": "330502999"},
        "report": {"id": "r"},
        "classification": {"category": None, "major": False},
    }
    one = scenario([{"then": due}], {"state": "active"}, variables=case) | {"process": "escalation"}
    file = models / "escalation" / "new-town.scenario.json"
    for reference, code in (("../../other", 0), ("../reference", 1), ("../nowhere", 2)):
        given = {**one["given"], "reference": reference}
        file.write_text(json.dumps(one | {"given": given}), "utf-8")
        assert app.main(["scenarios", str(file)]) == code, capsys.readouterr().out
