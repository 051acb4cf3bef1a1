"""A list of one light is what the whole list has of that light, in its order, however far down it stands."""

from __future__ import annotations

import random
from datetime import date, timedelta

from sqlalchemy import insert, select

from processes.casework.doors import report
from processes.casework.people import authority
from processes.casework.reference import Reference
from processes.casework.views import inbox
from processes.casework.views.desk import LIGHTS, TODO, Desk, open_tasks
from processes.store.tables import UserTask
from tests.integration.casework.conftest import House, problem

TASKS = inbox.SEARCHED + 200


def test_each_light_is_found_however_far_down_it_stands(house: House) -> None:
    report(house.engine, problem())
    now, chance = house.clock.now(), random.Random(5)
    with house.database.write() as connection:
        task = connection.execute(select(UserTask.__table__)).one()._asdict()
        rows = []
        for at in range(TASKS):
            due = None if chance.random() < 0.1 else now + timedelta(hours=chance.randint(-500, 90))
            warn = None if chance.random() < 0.1 else now + timedelta(hours=chance.randint(-90, 90))
            created = task["created_at"] + timedelta(seconds=at)
            rows.append({**task, "id": f"copy-{at}", "due_at": due, "warn_at": warn, "created_at": created})
        connection.execute(insert(UserTask), rows)
    with house.database.read() as connection:
        reference = Reference.read(connection)
        desk = Desk.of(authority(reference, "wx.chen", date(2026, 11, 23)), reference)
        whole = open_tasks(connection, reference, desk, now, TASKS * 2)
        assert len(whole) == TASKS + 1
        for colour, light in enumerate(LIGHTS):
            wanted = [row.id for row in whole if row.light == colour]
            assert [row.id for row in open_tasks(connection, reference, desk, now, TASKS * 2, TODO, light)] == wanted
            narrowed = inbox.Narrowed(light=light)
            last = len(wanted) // inbox.PAGE + 1
            page = inbox.inbox(connection, reference, desk, now, narrowed=narrowed, page=last)
            assert [line.id for line in page.lines] == wanted[inbox.PAGE * (last - 1) :]
            assert not page.more
            assert page.counts == inbox.counts(connection, reference, desk, now)
