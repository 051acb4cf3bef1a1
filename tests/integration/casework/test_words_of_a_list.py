"""A list of the tasks with a word has all of them and no other, in their order."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Connection, select

from processes.casework.doors import report
from processes.casework.people import authority
from processes.casework.reference import Reference
from processes.casework.views import inbox
from processes.casework.views.desk import TODO, Desk, open_tasks
from processes.store.tables import Case, PersonalData, ReportText, UserTask
from tests.integration.casework.conftest import House, problem

BODIES = (
    "供电增容的手续要跑几趟",
    "5G基站旁边排水管网堵了",
    "供电不稳，100%停产",
    "用地审批等了三个月",
    "物业不让装桩",
)
WORDS = ("供电", "排水管网", "用地审批", "没有这个词", "初审", "5g", "5G", "电", "停产", "0%", "供电 增容", "园区第")


@pytest.fixture
def tasks(house: House) -> House:
    """Forty of them, whose titles say which they are."""
    for number in range(40):
        report(
            house.engine,
            problem(f"园区第{number}号：{BODIES[number % len(BODIES)][:4]}", body=BODIES[number % len(BODIES)]),
        )
    return house


@pytest.mark.parametrize("word", WORDS)
def test_all_of_a_word_are_found(tasks: House, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "WINDOW", 5)
    monkeypatch.setattr(inbox, "PAGE", 7)
    now = tasks.clock.now()
    with tasks.database.read() as connection:
        reference, desk = _of_the_clerk(connection)
        said = (
            select(UserTask.id, UserTask.name, Case.number, ReportText.title, ReportText.body, PersonalData.enterprise)
            .join(Case, Case.id == UserTask.case_id)
            .join(ReportText, ReportText.report_id == Case.report_id)
            .join(PersonalData, PersonalData.report_id == Case.report_id)
        )
        with_it = {
            row.id for row in connection.execute(said) if any(word.lower() in str(each).lower() for each in row[1:])
        }
        whole = open_tasks(connection, reference, desk, now, 1000, TODO)
        assert len(whole) == 40
        wanted = [row.id for row in whole if row.id in with_it]
        found, more, page = [], True, 1
        while more:
            part = inbox.inbox(connection, reference, desk, now, narrowed=inbox.Narrowed(text=word), page=page)
            found += [line.id for line in part.lines]
            more, page = part.more, page + 1
        assert found == wanted


def test_a_list_says_when_less_urgent_ones_were_not_looked_through(
    tasks: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "WINDOW", 5)
    monkeypatch.setattr(inbox, "SEARCHED", 20)
    now = tasks.clock.now()
    with tasks.database.read() as connection:
        reference, desk = _of_the_clerk(connection)
        few = inbox.inbox(connection, reference, desk, now, narrowed=inbox.Narrowed(text="排水管网"))
        assert (len(few.lines), few.more, few.beyond) == (4, False, True)
        assert few.counts == inbox.counts(connection, reference, desk, now), "as the page asks for by itself"
        monkeypatch.setattr(inbox, "PAGE", 3)
        assert not inbox.inbox(connection, reference, desk, now, narrowed=inbox.Narrowed(text="排水管网")).beyond
        monkeypatch.setattr(inbox, "SEARCHED", 100)
        whole = inbox.inbox(connection, reference, desk, now, narrowed=inbox.Narrowed(text="排水管网"), page=3)
        assert (len(whole.lines), whole.more, whole.beyond) == (2, False, False)


def _of_the_clerk(connection: Connection) -> tuple[Reference, Desk]:
    reference = Reference.read(connection)
    return reference, Desk.of(authority(reference, "wx.chen", date(2026, 11, 23)), reference)
