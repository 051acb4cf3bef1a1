"""Who may see and do what, for one row and for a list alike."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from processes.casework.access import cases_of, doing, may_do, may_see_case, tasks_of
from processes.casework.doors import complete_form, report
from processes.casework.people import Authority, authority
from processes.casework.reference import Reference
from processes.store.tables import Case, Organisation, Person, Setting, Substitute, UserTask
from tests.integration.casework.conftest import House, problem

TODAY = date(2026, 11, 23)


def reference_of(house: House) -> Reference:
    with house.database.read() as connection:
        return Reference.read(connection)


def authority_of(house: House, person: str, today: date = TODAY) -> Authority:
    return authority(reference_of(house), person, today)


def change(house: House, table: Any, **values: Any) -> None:
    with house.database.write() as connection:
        connection.execute(update(table).values(**values))


def everybody(house: House) -> list[str]:
    return [*reference_of(house).people]


def doers(house: House, today: date = TODAY) -> set[str]:
    """Who may do the one open task; a list and the row itself must say the same of everybody."""
    reference, task = reference_of(house), house.open_task()
    found = set()
    with house.database.read() as connection:
        for person in everybody(house):
            given = authority(reference, person, today)
            listed = connection.scalar(select(UserTask.id).where(UserTask.id == task.id, tasks_of(given, reference)))
            assert (listed is not None) == may_do(given, reference, task), person
            if listed is not None:
                found.add(person)
    return found


def viewers(house: House, today: date = TODAY) -> set[str]:
    """Who may see the one case."""
    reference, case = reference_of(house), house.row(Case)
    found = set()
    with house.database.read() as connection:
        for person in everybody(house):
            given = authority(reference, person, today)
            listed = connection.scalar(select(Case.id).where(Case.id == case.id, cases_of(given, reference)))
            assert (listed is not None) == may_see_case(connection, given, reference, case)
            if listed is not None:
                found.add(person)
    return found


@pytest.fixture
def desk(house: House) -> House:
    """One case with one task open, made a board's."""
    report(house.engine, problem())
    change(house, UserTask, role="board_handler", organisation="330502.policy")
    return house


def test_a_task_is_for_its_role_organisation_and_place(desk: House) -> None:
    assert doers(desk) == {"wx.zheng", "wx.feng"}
    change(desk, UserTask, organisation=None)
    assert {"wx.zheng", "wx.han"} < doers(desk)
    assert "nx.zheng" not in doers(desk)
    change(desk, UserTask, place="330503")
    assert "nx.zheng" in doers(desk)
    assert "wx.zheng" not in doers(desk)


def test_an_assigned_task_is_for_that_person_alone_and_whoever_stands_in(desk: House) -> None:
    change(desk, UserTask, assignee="wx.zhou")
    assert doers(desk) == {"wx.zhou"}
    assert doers(desk, date(2026, 12, 8)) == {"wx.zhou", "wx.zhao"}
    assert doers(desk, date(2026, 12, 12)) == {"wx.zhou"}


def test_who_stands_in_acts_in_the_other_name(desk: House) -> None:
    change(desk, UserTask, role="leader_in_charge", organisation=None)
    given = authority_of(desk, "wx.zhao", date(2026, 12, 11))
    assert doing(given, reference_of(desk), desk.open_task()) == "wx.zhou"
    assert given.principals == ("wx.zhao", "wx.zhou")
    assert given.has_role("leader_in_charge", "330502")
    assert not authority_of(desk, "wx.zhao").has_role("leader_in_charge")


def test_whoever_is_excluded_neither_sees_nor_does(desk: House) -> None:
    change(desk, UserTask, excluded=["330502.policy"])
    assert doers(desk) == set()
    change(desk, UserTask, excluded=["wx.zheng", "330502.legal"])
    assert doers(desk) == {"wx.feng"}
    change(desk, Case, excluded=["330502.policy", "wx.li"])
    seen = viewers(desk)
    assert "wx.zheng" not in seen
    assert "wx.li" not in seen
    assert "wx.chen" in seen


def test_an_excluded_person_is_not_reached_through_a_substitute(desk: House) -> None:
    while_away = date(2026, 12, 8)
    change(desk, UserTask, role="leader_in_charge", organisation=None)
    assert doers(desk, while_away) == {"wx.zhou", "wx.zhao"}
    change(desk, UserTask, excluded=["wx.zhou"])
    assert doers(desk, while_away) == set()
    change(desk, UserTask, assignee="wx.zhou")
    assert doers(desk, while_away) == set()


def test_an_excluded_organisation_is_not_reached_through_a_substitute(desk: House) -> None:
    with desk.database.write() as connection:
        connection.execute(insert(Substitute).values(person="wx.han", substitute="wx.feng", since=TODAY, until=TODAY))
        connection.execute(update(Setting).where(Setting.key == "reference").values(value={"version": "standing in"}))
    change(desk, UserTask, organisation="330502.legal")
    assert doers(desk) == {"wx.han", "wx.feng"}
    change(desk, UserTask, excluded=["330502.legal"])
    assert doers(desk) == set()


def test_cases_are_seen_as_far_as_a_role_sees(desk: House) -> None:
    seen = viewers(desk)
    assert {"wx.chen", "wx.li", "wx.sun", "wx.zhou", "wx.zhao"} <= seen, "the place itself"
    assert {"hz.sun", "hz.zhao", "zj.sun"} <= seen, "leaders and supervisors above"
    assert {"wx.zheng", "wx.feng"} <= seen, "the board whose task it is"
    assert not {"wx.han", "hz.zheng", "hz.li", "nx.li", "yh.li"} & seen, "other boards and places"
    admins = {duty.person for duty in reference_of(desk).duties if duty.role.startswith("admin_")}
    assert not admins & seen


def test_a_board_goes_on_seeing_what_it_has_handed_on(desk: House) -> None:
    change(desk, UserTask, state="completed", completed_by="wx.feng")
    assert {"wx.zheng", "wx.feng"} <= viewers(desk)


def test_a_confidential_case_is_seen_only_by_those_who_have_a_part_in_it(desk: House) -> None:
    change(desk, Case, confidential=True)
    assert viewers(desk) == {"wx.zheng", "wx.feng"}
    change(desk, UserTask, state="completed", completed_by="wx.feng")
    assert viewers(desk) == {"wx.feng"}


def test_the_heir_of_a_dissolved_board_does_its_tasks(desk: House) -> None:
    with desk.database.write() as connection:
        connection.execute(
            update(Organisation).where(Organisation.id == "330502.policy").values(successor="330502.legal")
        )
        connection.execute(update(Setting).where(Setting.key == "reference").values(value={"version": "dissolved"}))
    assert doers(desk) == {"wx.zheng", "wx.feng", "wx.han"}
    assert "wx.han" in viewers(desk)


def test_inactive_and_unknown_people_have_no_authority(desk: House) -> None:
    with desk.database.write() as connection:
        connection.execute(update(Person).where(Person.id == "wx.feng").values(active=False))
        connection.execute(update(Setting).where(Setting.key == "reference").values(value={"version": "left"}))
    assert doers(desk) == {"wx.zheng"}
    assert authority_of(desk, "nobody").acting == ()


def test_a_substitute_completes_a_task(house: House) -> None:
    report(house.engine, problem())
    change(house, UserTask, role="board_handler", organisation="330502.policy", assignee="wx.zheng")
    with pytest.raises(Exception, match="您不能办理"):
        complete_form(house.engine, house.open_task().id, {"board": "330502.policy", "reason": "对"}, "wx.feng")
    house.clock.set(house.clock.now().replace(month=11))
    complete_form(house.engine, house.open_task().id, {"board": "330502.policy", "reason": "对"}, "wx.feng")
    assert house.row(UserTask).completed_by == "wx.feng"
