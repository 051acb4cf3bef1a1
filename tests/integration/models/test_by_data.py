"""What owners change by data and diagrams alone: boards renamed, a fifth level, a third leader's step."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from processes.notation import bundle
from processes.notation.check import check_files
from tests.integration.models.desk import COUNTY, MODELS, TOWNSHIP, Desk, copy_of_models, models_with_test_decisions

VARIANTS = Path(__file__).parent / "variants"
VILLAGE = TOWNSHIP + "201"

Row = dict[str, str]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the models that the test may edit."""
    return copy_of_models(tmp_path)


def edit(path: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(change(rows))


def desk_of(models: Path, **replaced: bytes) -> Desk:
    files = models_with_test_decisions(models) | {name.replace("_dmn", ".dmn"): body for name, body in replaced.items()}
    assert list(check_files(files)) == []
    return Desk(files, models / "reference")


def test_a_problem_climbs_from_a_village_when_there_is_a_fifth_level(models: Path) -> None:
    reference = models / "reference"
    edit(reference / "levels.csv", lambda rows: [*rows, {"code": "village", "name": "村", "rank": "5"}])
    village = {"code": VILLAGE, "name": "大港村", "level": "village", "superior": TOWNSHIP}
    edit(reference / "places.csv", lambda rows: [*rows, village])
    centre = {"place": VILLAGE, "code": "centre", "name": "大港村为企服务点", "kind": "centre"}
    edit(reference / "organisations.csv", lambda rows: [*rows, centre])
    edit(reference / "people.csv", lambda rows: [*rows, {"id": "dg.wu", "name": "吴大港", "active": "yes"}])
    duty = {"person": "dg.wu", "role": "coordinator", "place": VILLAGE, "organisation": "centre"}
    edit(reference / "duties.csv", lambda rows: [*rows, duty])
    desk = desk_of(models)
    number = desk.report("分不清的一件", place=VILLAGE).number
    lower, places = number, []
    for _ in range(4):
        desk.do("route", outcome="escalation", reason="权限在上级。")
        child = desk.child(lower)
        places.append(child.place)
        lower = child.number
    assert places == [TOWNSHIP, COUNTY, "3305", "33"]
    desk.do("route", outcome="escalation", reason="权限在上级。")
    desk.do("reform_office", outcome="answered", answer="已协调。")
    desk.say("rating.given", number, level=5)
    assert desk.case(number).status == "已办结"
    assert desk.tasks() == []


def test_boards_with_other_names_and_codes_work_the_same(models: Path) -> None:
    codes = {"finance": "jinrong", "project": "xiangmu", "policy": "zhengce"}

    def renamed(rows: list[Row]) -> list[Row]:
        for row in rows:
            for column in ("code", "parent", "organisation"):
                if column in row:
                    row[column] = codes.get(row[column], row[column])
            if "name" in row:
                row["name"] = row["name"].replace("板块", "专区")
        return rows

    for name in ("organisations.csv", "duties.csv", "answers.csv"):
        edit(models / "reference" / name, renamed)
    table = models_with_test_decisions(models)["classification.dmn"].decode()
    for old, new in codes.items():
        table = table.replace(f'"{old}"', f'"{new}"')
    desk = desk_of(models, classification_dmn=table.encode())
    number = desk.report("贷款到期续不上").number
    assert desk.case(number).status == "已交办吴兴区金融专区，等待签收"
    assert desk.task("sign").organisation == f"{COUNTY}.jinrong"
    desk.report("跨板块的一件")
    asked = {task.organisation for task in desk.engine.tasks() if task.element == "consult"}
    assert asked == {f"{COUNTY}.{code}" for code in codes.values()}


def test_a_third_leader_decides_when_the_other_two_could_not(models: Path) -> None:
    edited = VARIANTS / "third_leader" / "leadership.bpmn"
    (models / "leadership" / "leadership.bpmn").write_bytes(edited.read_bytes())
    reference = models / "reference"
    edit(reference / "roles.csv", lambda rows: [*rows, {"code": "secretary", "name": "书记", "sees": "place"}])
    edit(reference / "people.csv", lambda rows: [*rows, {"id": "wx.shuji", "name": "于书记", "active": "yes"}])
    duty = {"person": "wx.shuji", "role": "secretary", "place": COUNTY, "organisation": "leaders"}
    edit(reference / "duties.csv", lambda rows: [*rows, duty])
    desk = desk_of(models)
    desk.report("疑难的一件")
    desk.do("leader_in_charge", outcome="passed")
    desk.do("principal_leader", outcome="passed")
    desk.do("secretary", outcome="instructed", instruction="特事特办。")
    assert desk.tasks() == ["route"]


def test_running_cases_stay_on_their_diagram_and_new_ones_take_the_edited_one(models: Path) -> None:
    desk = desk_of(models)
    desk.report("疑难的旧件")
    desk.do("leader_in_charge", outcome="passed")
    edited = {"leadership.bpmn": (VARIANTS / "third_leader" / "leadership.bpmn").read_bytes()}
    desk.engine.deploy(models_with_test_decisions(models) | edited)
    desk.do("principal_leader", outcome="passed")
    assert desk.tasks() == ["route"]  # at the city: two leaders, as before
    desk.report("疑难的新件")
    desk.do("leader_in_charge", outcome="passed")
    desk.do("principal_leader", outcome="passed")
    assert desk.tasks() == ["route", "secretary"]


def test_the_shipped_models_have_no_finding() -> None:
    assert list(check_files(bundle.read_folder([MODELS]))) == []


def test_the_shipped_tables_send_the_demonstration_s_problems_somewhere() -> None:
    desk = Desk(bundle.read_folder([MODELS]))
    lines = (MODELS / "demo" / "problems.jsonl").read_text(encoding="utf-8").splitlines()
    reports = [json.loads(line)["report"] for line in lines]
    outcomes = [desk.report(each["title"], each["body"], each.get("place", COUNTY)).outcome for each in reports]
    assert outcomes
    assert set(outcomes) <= {"pool", "refused", "duplicate", "person"}
