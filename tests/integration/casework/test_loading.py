"""The folder of reference data goes into the database completely, once, and says in Chinese what is wrong with it."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from processes.casework.accounts import passwords
from processes.casework.calendar import WorkingCalendar
from processes.casework.loading import LoadSummary, load
from processes.casework.reference import Reference
from processes.casework.reference_files import ReferenceDataError, read_folder
from processes.clock import ManualClock
from processes.languages import ENGLISH
from processes.store.database import Database
from processes.store.tables import CalendarDay, CalendarYear, Duty, Organisation, Person
from tests.integration.casework.conftest import REFERENCE, House

Edit = Callable[[str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped folder that a test may edit."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "reference"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def loaded(database: Database, folder: Path, clock: ManualClock) -> LoadSummary:
    with database.write() as connection:
        return load(connection, folder, clock)


def reference_of(database: Database) -> Reference:
    with database.read() as connection:
        return Reference.read(connection)


def findings(folder: Path) -> list[str]:
    with pytest.raises(ReferenceDataError) as raised:
        read_folder(folder)
    return [str(finding) for finding in raised.value.findings]


def test_the_shipped_folder_loads_once(database: Database, clock: ManualClock) -> None:
    first = loaded(database, REFERENCE, clock)
    assert first.changed
    assert first.years == (2025, 2026)
    again = loaded(database, REFERENCE, clock)
    assert not again.changed
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Organisation)) == len(
            reference_of(database).organisations
        )


def test_every_role_of_every_place_has_somebody(memory: Database, clock: ManualClock) -> None:
    loaded(memory, REFERENCE, clock)
    reference = reference_of(memory)
    everywhere = {
        "intake_clerk",
        "coordinator",
        "board_handler",
        "department_handler",
        "leader_in_charge",
        "principal_leader",
        "supervisor",
    }
    for place in reference.places:
        held = {duty.role for duty in reference.duties if duty.place == place}
        assert everywhere <= held, place
        top = reference.superior(place) is None
        assert ({"reform_office", "task_force"} <= held) == top
    assert set(reference.roles) == {duty.role for duty in reference.duties}
    for organisation in reference.organisations.values():
        assert any(duty.organisation == organisation.id for duty in reference.duties), organisation.id


def test_boards_and_departments_are_records_of_each_place(memory: Database, clock: ManualClock) -> None:
    loaded(memory, REFERENCE, clock)
    reference = reference_of(memory)
    assert len(reference.boards("33")) == 9
    assert [each.code for each in reference.boards("3305")][-1] == "industry_chain"
    assert all(reference.departments(each.id) for each in reference.boards("330502"))
    assert reference.centre("330502") == "330502.centre"
    assert reference.centre("nowhere") is None


def test_places_know_who_is_above_and_below(memory: Database, clock: ManualClock) -> None:
    loaded(memory, REFERENCE, clock)
    reference = reference_of(memory)
    assert reference.path("330502001") == ("330502001", "330502", "3305", "33")
    assert set(reference.under("330502")) == {"330502", "330502001", "330502102", "330502104"}
    assert reference.superior("33") is None
    assert reference.level_of("330502001") == "township"


def test_a_named_superior_goes_before_the_prefix(folder: Path, memory: Database, clock: ManualClock) -> None:
    with (folder / "places.csv").open("a", encoding="utf-8") as file:
        file.write(
            "330599,南太湖新区,county,3305\n330502001001,月河社区,village,\n330502900,吴兴开发区,township,3305\n"
        )
    with (folder / "levels.csv").open("a", encoding="utf-8") as file:
        file.write("village,村,5\n")
    loaded(memory, folder, clock)
    reference = reference_of(memory)
    assert reference.superior("330502900") == "3305"
    assert reference.superior("330502001001") == "330502001"
    assert reference.level_of("330502001001") == "village"


def test_mentions_prefer_full_names_and_the_nearest_place(memory: Database, clock: ManualClock) -> None:
    loaded(memory, REFERENCE, clock)
    reference = reference_of(memory)
    assert reference.mentions("市场监管局不给办", "330502001") == ("330502.market",)
    assert reference.mentions("湖州市市场监督管理局不给办", "330502001") == ("3305.market",)
    assert reference.mentions("吴兴区司法局和德清县司法局", "330502") == ("330502.justice",)
    assert reference.mentions("没有点名谁", "330502") == ()


def test_edited_rows_change_and_vanished_rows_go(folder: Path, database: Database, clock: ManualClock) -> None:
    loaded(database, folder, clock)
    with database.write() as connection:
        passwords.set_missing(connection, "correct horse")
    edit(folder, "organisations.csv", "吴兴区政策板块", "吴兴区惠企政策板块")
    edit(folder, "people.csv", "wx.zou,", "wx.renamed,")
    edit(folder, "duties.csv", "wx.zou,analyst", "wx.renamed,analyst")
    summary = loaded(database, folder, clock)
    assert summary.changes["organisation"] == (0, 1, 0)
    assert summary.deactivated == ("wx.zou",)
    reference = reference_of(database)
    assert reference.organisation_name("330502.policy") == "吴兴区惠企政策板块"
    assert not reference.people["wx.zou"].active
    assert reference.duties_of("wx.zou") == ()
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Duty).where(Duty.person == "wx.zou")) == 0
        assert passwords.verify(connection, "wx.feng", "correct horse")
        assert connection.scalar(select(Person.active).where(Person.id == "wx.renamed"))


def test_a_dissolved_board_hands_its_work_on(folder: Path, memory: Database, clock: ManualClock) -> None:
    edit(
        folder,
        "organisations.csv",
        "330502,data,吴兴区数据板块,board,,,",
        "330502,data,吴兴区数据板块,board,,innovation,",
    )
    loaded(memory, folder, clock)
    reference = reference_of(memory)
    assert reference.organisation("330502", "data") == "330502.innovation"
    assert "330502.data" not in {each.id for each in reference.boards("330502")}
    assert reference.predecessors("330502.innovation") == ("330502.innovation", "330502.data")


def test_a_board_may_have_a_business_system(memory: Database, clock: ManualClock) -> None:
    loaded(memory, REFERENCE, clock)
    reference = reference_of(memory)
    assert reference.system_of("330502.data") == "boards"
    assert reference.system_of("330502.policy") is None
    assert reference.system_of("nowhere") is None
    assert reference.systems == {"boards"}


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "＝1"])
def test_a_name_that_a_spreadsheet_would_calculate_is_refused(folder: Path, name: str) -> None:
    edit(folder, "people.csv", "zj.li,李婷婷", f"zj.li,{name}")
    assert findings(folder) == [f"people.csv 第2行“name”列：姓名不能以“{name[0]}”开头"]


def test_a_system_for_what_is_no_board_is_refused(folder: Path, memory: Database, clock: ManualClock) -> None:
    edit(
        folder, "organisations.csv", "330502,centre,吴兴区企业综合服务中心,centre,,,企业综合服务中心;企服中心,",
        "330502,centre,吴兴区企业综合服务中心,centre,,,企业综合服务中心;企服中心,boards",
    )  # fmt: skip
    with pytest.raises(ReferenceDataError) as caught:
        loaded(memory, folder, clock)
    assert "“system”列：只有板块" in caught.value.zh


def test_organisations_without_the_columns_of_later_releases_load_as_before(
    folder: Path, memory: Database, clock: ManualClock
) -> None:
    file = folder / "organisations.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    kept = [name for name in rows[0] if name not in ("system", "name_en")]
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    loaded(memory, folder, clock)
    assert reference_of(memory).systems == frozenset()
    assert reference_of(memory).in_language(ENGLISH).organisation_name("330502.policy") == "吴兴区政策板块"


def test_names_are_english_for_those_who_read_it_where_the_data_has_it(
    folder: Path, memory: Database, clock: ManualClock
) -> None:
    places = folder / "places.csv"
    places.write_text(places.read_text("utf-8").replace("Deqing County", ""), "utf-8")
    loaded(memory, folder, clock)
    english = reference_of(memory).in_language(ENGLISH)
    assert (english.place_name("330502"), english.place_name("330521")) == ("Wuxing District", "德清县")
    assert english.organisation_name("330502.policy") == "Wuxing Policy Board"
    assert (english.role_name("owner"), english.channels["hotline"].name) == ("process owner", "12345 hotline")
    assert [stage.name for stage in english.stages][:2] == ["Intake", "Assignment"]
    assert reference_of(memory).place_name("330502") == "吴兴区"


def test_a_new_calendar_year_is_reported_and_a_removed_one_is_gone(
    folder: Path, database: Database, clock: ManualClock
) -> None:
    loaded(database, folder, clock)
    (folder / "calendar/2027.csv").write_text("day,working,note\n2027-01-01,no,元旦\n", encoding="utf-8")
    (folder / "calendar/2025.csv").unlink()
    assert loaded(database, folder, clock).years == (2025, 2027)
    with database.read() as connection:
        assert set(connection.scalars(select(CalendarYear.year))) == {2026, 2027}
        assert connection.scalars(select(CalendarDay.day).where(CalendarDay.day < date(2026, 1, 1))).all() == []
        calendar = WorkingCalendar.read(connection)
    assert calendar.years == {2026, 2027}


def test_every_mistake_is_named_with_file_row_and_column_at_once(folder: Path) -> None:
    edit(folder, "places.csv", "330503,南浔区,county,", "330503,南浔区,kingdom,330504")
    edit(folder, "duties.csv", "wx.chen,intake_clerk,330502,centre", "wx.chen,juggler,330502,3305.centre")
    edit(folder, "substitutes.csv", "2026-12-07,2026-12-11", "2026-12-11,明天")
    edit(folder, "people.csv", "wx.li,李雨桐,yes", "wx.li,,vielleicht")
    edit(folder, "calendar/2026.csv", "2026-01-01,no", "2025-01-01,no")
    edit(folder, "calendar/calendar.csv", "17:30", "半夜")
    found = findings(folder)
    for expected in (
        "places.csv 第5行“level”列：levels.csv 里没有层级“kingdom”",
        "places.csv 第5行“superior”列：places.csv 里没有地方“330504”",
        "roles.csv 里没有角色“juggler”",
        "机构“3305.centre”不在“330502”",
        "substitutes.csv 第4行“until”列：应为日期（如 2026-10-01），现为“明天”",
        "people.csv 第69行“name”列：不能为空",
        "people.csv 第69行“active”列：应为 yes 或 no，现为“vielleicht”",
        "calendar/2026.csv 第2行“day”列：2025-01-01不在2026年",
        "calendar/calendar.csv 第3行“value”列：“半夜”不是时刻（如 17:30）",
    ):
        assert any(expected in finding for finding in found), (expected, found)
    assert len(found) == 9, "nothing is said twice, and nothing that only follows from something else"


def test_circles_are_found(folder: Path) -> None:
    edit(
        folder,
        "organisations.csv",
        "330502,policy,吴兴区政策板块,board,,,",
        "330502,policy,吴兴区政策板块,board,,finance,",
    )
    edit(
        folder,
        "organisations.csv",
        "330502,finance,吴兴区金融板块,board,,,",
        "330502,finance,吴兴区金融板块,board,,policy,",
    )
    assert sum("绕一圈又回到自己" in finding for finding in findings(folder)) == 2


@pytest.mark.parametrize(
    ("file", "content", "zh"),
    [
        ("roles.csv", None, "roles.csv：缺少这个文件"),
        ("roles.csv", b"", "roles.csv 第1行“code”列：缺少这一列"),
        ("roles.csv", b"code,name,sees,colour\na,b,none,red\n", "roles.csv 第1行“colour”列：没有这一列"),
        ("roles.csv", b"code,name,sees\na,b\n", "“sees”列：应为"),
        ("roles.csv", b"code,name,sees\na,b,none,d,e\n", "有5格，多于表头的3列"),
        ("roles.csv", "code,name,sees\na,甲,none\na,乙,none\n".encode(), "roles.csv 第3行：与第2行重复"),
        ("roles.csv", b"\xff\xfe\xfa\xfb\x80\x81\xff", "文字编码应为"),
        ("calendar/2027年.csv", b"day,working,note\n", "文件名应为年份"),
    ],
)
def test_broken_files_are_named(folder: Path, file: str, content: bytes | None, zh: str) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    assert any(zh in finding for finding in findings(folder))


def test_files_saved_by_chinese_spreadsheets_are_read(folder: Path) -> None:
    for encoding in ("gb18030", "utf-8-sig"):
        path = folder / "places.csv"
        path.write_bytes((REFERENCE / "places.csv").read_text(encoding="utf-8").replace("\n", "\r\n").encode(encoding))
        assert [place.name for place in read_folder(folder).places][:2] == ["浙江省", "湖州市"]


def test_nothing_is_loaded_when_something_is_wrong(folder: Path, database: Database, clock: ManualClock) -> None:
    edit(folder, "people.csv", "wx.li,李雨桐,yes", "wx.li,李雨桐,perhaps")
    with pytest.raises(ReferenceDataError):
        loaded(database, folder, clock)
    assert reference_of(database).places == {}


def test_what_cases_rest_on_cannot_vanish(small_house: House, folder: Path) -> None:
    from processes.casework.doors import complete_form, report
    from tests.integration.casework.conftest import problem

    report(small_house.engine, problem())
    complete_form(small_house.engine, small_house.open_task().id, {"board": "330502.policy", "reason": "对"}, "wx.chen")
    for file, start in (("places.csv", "330502"), ("channels.csv", "hotline")):
        path = folder / file
        path.write_text(
            "".join(line for line in path.open(encoding="utf-8") if not line.startswith(start)), encoding="utf-8"
        )
    for file in ("organisations.csv", "duties.csv", "channels.csv"):
        path = folder / file
        path.write_text("".join(line for line in path.open(encoding="utf-8") if "330502" not in line), encoding="utf-8")
    (folder / "answers.csv").unlink()
    with small_house.database.write() as connection, pytest.raises(ReferenceDataError) as raised:
        load(connection, folder, small_house.clock)
    said = str(raised.value)
    assert "“330502”还有问题件，不能删去" in said
    assert "渠道“hotline”还有来件，不能删去" in said
