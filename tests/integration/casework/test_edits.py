"""Pages change duties and substitutes by the rules of the files, and no folder undoes it unseen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from processes.casework import edits, loading
from processes.casework.records import Duty, Substitute
from processes.casework.reference import Reference
from processes.casework.reference_files import ReferenceDataError, read_folder
from tests.integration.casework.conftest import REFERENCE, House

Edit = Callable[..., None]


def edited(house: House, edit: Edit, *given: Any) -> Reference:
    with house.database.write() as connection:
        edit(connection, *given, by="wx.yun")
    with house.database.read() as connection:
        return Reference.read(connection)


def reloaded(house: House, folder: Path) -> loading.LoadSummary:
    with house.database.write() as connection:
        return loading.load(connection, folder, house.clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped folder, in which a note has been added."""
    copy = Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
    append(copy, "stages.csv", "other,其他,9")
    return copy


def append(folder: Path, file: str, line: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")


DUTY = Duty("wx.chen", "coordinator", "330502", "330502.centre")
AWAY = Substitute("wx.zheng", "wx.han", date(2026, 1, 1), date(2026, 12, 31))


def test_a_duty_is_added_and_ended_at_once(house: House) -> None:
    assert DUTY in edited(house, edits.add, DUTY).duties_of("wx.chen")
    with pytest.raises(edits.EditRefused, match="已经有"):
        edited(house, edits.add, DUTY)
    assert DUTY not in edited(house, edits.end, DUTY).duties_of("wx.chen")
    assert DUTY not in edited(house, edits.end, DUTY).duties_of("wx.chen")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Duty("nobody", "coordinator", "330502", None), "没有人员“nobody”"),
        (Duty("wx.chen", "king", "330502", None), "没有角色“king”"),
        (Duty("wx.chen", "coordinator", "330503", "330502.centre"), "不在“330503”"),
        (Duty("wx.yun", "admin_audit", "330502", None), "三员分立"),
        (Substitute("wx.zheng", "wx.zheng", date(2026, 1, 1), date(2026, 1, 2)), "不能由本人代理本人"),
        (Substitute("wx.zheng", "wx.han", date(2026, 1, 2), date(2026, 1, 1)), "早于开始日期"),
        (Substitute("wx.su", "wx.yun", date(2026, 1, 1), date(2026, 1, 2)), "三员分立"),
    ],
)
def test_what_files_may_not_say_pages_may_not_either(small_house: House, record: Any, why: str) -> None:
    with pytest.raises(edits.EditRefused, match=why):
        edited(small_house, edits.add, record)


def test_a_substitute_and_a_duty_of_the_other_kind_do_not_go_together(small_house: House) -> None:
    edited(small_house, edits.add, Substitute("wx.su", "wx.chen", date(2026, 1, 1), date(2026, 12, 31)))
    with pytest.raises(edits.EditRefused, match="三员分立"):
        edited(small_house, edits.add, Duty("wx.chen", "admin_audit", "330502", None))


def test_a_folder_that_would_undo_an_edit_is_refused_until_it_says_the_same(house: House, folder: Path) -> None:
    edited(house, edits.add, DUTY)
    edited(house, edits.end, Duty("wx.su", "admin_security", "330502", None))
    edited(house, edits.set_active, "wx.wu", False)
    with pytest.raises(ReferenceDataError) as raised:
        reloaded(house, folder)
    assert {each.file for each in raised.value.findings} == {"duties.csv", "people.csv"}
    assert len(raised.value.findings) == 3
    append(folder, "duties.csv", "wx.chen,coordinator,330502,centre")
    for file, old, new in (("duties.csv", "wx.su,admin_security,330502,\n", ""), ("people.csv", "wx.wu,", "x")):
        text = (folder / file).read_text("utf-8")
        assert old in text
        if file == "people.csv":
            line = next(each for each in text.splitlines() if each.startswith(old))
            old, new = line, line.replace(",yes", ",no")
        (folder / file).write_text(text.replace(old, new), "utf-8")
    assert reloaded(house, folder).changed
    append(folder, "stages.csv", "third,再其他,10")
    shutil.copy(REFERENCE / "duties.csv", folder / "duties.csv")
    assert reloaded(house, folder).changed, "what a folder has said once is the folder's again"


def test_an_edit_is_not_undone_by_the_same_folder(house: House) -> None:
    edited(house, edits.add, DUTY)
    assert not reloaded(house, REFERENCE).changed
    with house.database.read() as connection:
        assert DUTY in Reference.read(connection).duties_of("wx.chen")


def test_a_substitute_whose_time_is_over_need_not_be_written_down(small_house: House, folder: Path) -> None:
    edited(small_house, edits.add, AWAY)
    with pytest.raises(ReferenceDataError, match=r"wx\.han"):
        reloaded(small_house, folder)
    small_house.clock.set(small_house.clock.now().replace(year=2027))
    assert reloaded(small_house, folder).changed


def test_nobody_holds_two_roles_that_are_to_be_apart(folder: Path) -> None:
    append(folder, "duties.csv", "wx.yun,admin_audit,330502,")
    append(folder, "substitutes.csv", "wx.pan,wx.su,2026-01-01,2026-01-02")
    with pytest.raises(ReferenceDataError) as raised:
        read_folder(folder)
    said = [str(each) for each in raised.value.findings]
    rows = len((folder / "duties.csv").read_text("utf-8").splitlines())
    assert said[0].startswith(f"duties.csv 第{rows}行“role”列：“wx.yun”已是“admin_system”")
    assert "substitutes.csv" in said[1]
