"""Notices as they leave: who is meant, where each is reached, in whose words; and the owners' files that say it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from processes.casework import loading, notices
from processes.casework.assembly import Core
from processes.casework.notice_templates import filled
from processes.casework.reference import Reference
from processes.casework.reference_files import ReferenceDataError, read_folder
from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.messaging.jobs import CATALOGUE
from processes.store.database import Database
from tests.integration.casework.conftest import REFERENCE

ADDRESSES = """person,way,address
zj.wang,sms,13800000001
zj.wang,email,wang@bihuan.example
zj.qian,dingtalk,q-17
zj.wu,sms,13800000003
"""
NOTICES = """kind,ways,subject,text
reminder,sms;dingtalk,催办：{case},【请办理】{text}（{case}）
"""
BASIC = {"role": "board_handler", "organisation": "33.basic", "place": "33"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped folder, with addresses and words of the owners'."""
    copied = Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
    (copied / "addresses.csv").write_text(ADDRESSES, "utf-8")
    (copied / "notices.csv").write_text(NOTICES, "utf-8")
    return copied


def core(database: Database, folder: Path, clock: ManualClock) -> Core:
    with database.write() as connection:
        loading.load(connection, folder, clock)
    return Core.on(database, clock)


def left(core: Core, **changed: Any) -> dict[str, Any]:
    """The arguments of a notice as it leaves."""
    data = {**CATALOGUE["notice.send"].example, **changed}
    message = Message("n-1", "notice.send", "/engine", datetime(2026, 1, 5, tzinfo=UTC), data)
    CATALOGUE["notice.send"].check_arguments(core.resolve(message).data)
    return dict(core.resolve(message).data)


def test_a_notice_leaves_with_the_addresses_of_those_whom_it_means(
    database: Database, folder: Path, clock: ManualClock
) -> None:
    wang, qian = left(core(database, folder, clock), to=BASIC)["recipients"]
    assert wang.pop("name")
    assert qian.pop("name")
    assert wang == {"person": "zj.wang", "sms": "13800000001", "email": "wang@bihuan.example"}
    assert qian == {"person": "zj.qian", "dingtalk": "q-17"}


def test_an_owners_words_take_the_place_of_the_diagrams(database: Database, folder: Path, clock: ManualClock) -> None:
    found = core(database, folder, clock)
    said = left(found, case="C-1", kind="reminder", subject="请签收", text="即将到期 {case}")
    assert (said["subject"], said["text"], said["ways"]) == (
        "催办：C-1",
        "【请办理】即将到期 {case}（C-1）",
        ["sms", "dingtalk"],
    )
    other = left(found, kind="supervision", subject="督办", text="已超期")
    assert (other["subject"], other["text"], other.get("ways")) == ("督办", "已超期", None)


def test_words_are_resolved_before_they_are_filled_in(database: Database, folder: Path, clock: ManualClock) -> None:
    said = left(core(database, folder, clock), kind="reminder", text={"$text": "gone"})
    assert said["text"].startswith("【请办理】（")


@pytest.mark.parametrize(
    ("to", "people"),
    [
        ("zj.wu", ["zj.wu"]),
        ({"person": "zj.wu"}, ["zj.wu"]),
        ({"person": "nobody"}, []),
        ({"role": "board_handler", "organisation": None, "place": "nowhere"}, []),
        (None, []),
        ([1], []),
        ({"role": ["x"], "place": {}}, []),
    ],
)
def test_whom_a_notice_means(memory: Database, folder: Path, clock: ManualClock, to: Any, people: list[str]) -> None:
    assert [each["person"] for each in left(core(memory, folder, clock), to=to)["recipients"]] == people


def test_whoever_stands_in_today_is_told_too_and_whoever_left_is_not(
    memory: Database, folder: Path, clock: ManualClock
) -> None:
    (folder / "substitutes.csv").write_text(
        "person,substitute,since,until\nzj.wang,zj.wu,2026-01-01,2026-01-31\n", "utf-8"
    )
    people = (folder / "people.csv").read_text("utf-8").splitlines()
    (folder / "people.csv").write_text(
        "\n".join(line.replace(",yes", ",no") if line.startswith("zj.qian,") else line for line in people), "utf-8"
    )
    found = core(memory, folder, clock)
    assert [each["person"] for each in left(found, to=BASIC)["recipients"]] == ["zj.wang", "zj.wu"]
    with memory.read() as connection:
        reference = Reference.read(connection)
    later = datetime(2026, 2, 1, tzinfo=UTC).date()
    assert list(notices.recipients(reference, BASIC, later)) == ["zj.wang"]


def test_other_jobs_carry_no_addresses(memory: Database, folder: Path, clock: ManualClock) -> None:
    message = Message("m", "channel.answer", "/engine", datetime(2026, 1, 5, tzinfo=UTC), {"to": BASIC, "text": "x"})
    assert core(memory, folder, clock).resolve(message) is message


def test_files_that_vanish_take_their_rows_along(memory: Database, folder: Path, clock: ManualClock) -> None:
    found = core(memory, folder, clock)
    (folder / "addresses.csv").unlink()
    (folder / "notices.csv").unlink()
    with memory.write() as connection:
        summary = loading.load(connection, folder, clock)
    assert (summary.changes["address"], summary.changes["notice_template"]) == ((0, 0, 4), (0, 0, 1))
    said = left(found, to=BASIC, kind="reminder")
    assert [set(each) for each in said["recipients"]] == [{"person", "name"}] * 2
    assert "ways" not in said


@pytest.mark.parametrize(
    ("file", "row", "words"),
    [
        ("addresses.csv", "zj.nobody,sms,13800000009", "people.csv 里没有人员“zj.nobody”"),
        ("addresses.csv", "zj.li,pigeon,x", "sms"),
        ("addresses.csv", "zj.li,sms,call me", "手机号码"),
        ("addresses.csv", "zj.li,email,li@bihuan.example;x@evil.example", "电子邮箱"),
        ("addresses.csv", "zj.li,email,li", "电子邮箱"),
        ("notices.csv", "notice,pigeon,通报,{text}", "没有“pigeon”这种方式"),
        ("notices.csv", "notice,sms,通报,{txet}", "没有 {txet}，可用：case"),
    ],
)
def test_what_is_wrong_in_the_files_is_said_in_words(folder: Path, file: str, row: str, words: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.write(row + "\n")
    with pytest.raises(ReferenceDataError) as raised:
        read_folder(folder)
    [found] = raised.value.findings
    assert words in str(found)


def test_what_fills_a_place_opens_no_other() -> None:
    assert filled("{text}{case}", {"text": "{case}", "case": "C-1"}) == "{case}C-1"
    assert filled("{missing}|{text}", {"text": None}) == "|"


def test_a_message_whose_data_is_no_object_is_left_alone(memory: Database, folder: Path, clock: ManualClock) -> None:
    message = Message("m", "notice.send", "/engine", datetime(2026, 1, 5, tzinfo=UTC), {})
    found = core(memory, folder, clock)
    assert found.resolve(replace(message, data=["x"])).data == ["x"]
    assert found.resolve(message).data["recipients"] == []
