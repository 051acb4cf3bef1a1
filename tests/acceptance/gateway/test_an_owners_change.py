"""A process owner who has never seen the studio puts a "法律审核" before the answer: drawn, tried, approved, in force, running cases migrated, and
taken back. On the running system, through its pages.

``CASES=1000`` takes that many problems instead of a few (half of them still running); ``SHOTS=folder`` keeps a picture of each station.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import ColumnElement, func, select

from processes.casework.doors import PROCESS
from processes.store.database import Database
from processes.store.tables import Case, Definition, Instance, ReportText, UserTask
from tests.acceptance.gateway import owner_tour as tour
from tests.acceptance.gateway import tours
from tests.acceptance.gateway.many_cases import HANDLER, Filled, fill, title_of
from tests.acceptance.gateway.people import Mouse
from tests.acceptance.gateway.running import Running
from tests.acceptance.gateway.test_a_days_work import Office
from tests.integration.gateway.world import START

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AFTER, BACK = "流动资金贷款续不上", "授信额度减了三成"

TOLD = {
    AFTER: ("厂里八百万流动资金贷款月底到期，银行要求先还清，过桥资金没有着落，请协调续贷。", "德清莫干山木业有限公司"),
    BACK: (
        "去年的授信今年银行却把额度减了三成，贷款到期续不上，融资缺口很大，请帮助对接。",
        "德清乾元纺织有限公司",
    ),
}
"""What enterprises say at the counter once the change is in force, and once it is taken back."""

CASES = int(os.environ.get("CASES", "60"))

APART = 4
"""So many fewer are open than half: of a thousand, the handler's inbox looks for words through 500."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled]:
    """A folder of the platform in which there are cases already."""
    folder = tmp_path_factory.mktemp("owners")
    return folder, fill(folder / "data" / "bihuan.db", CASES // 2 + APART, CASES // 2 - APART)


@pytest.fixture(scope="module")
def system(filled: tuple[Path, Filled]) -> Iterator[Running]:
    """The platform."""
    with Running(filled[0]) as running:
        yield running


def test_an_owner_adds_a_step(system: Running, filled: tuple[Path, Filled], chromium: Browser) -> None:
    office, (folder, cases) = Office(system, chromium, Mouse, "dq"), filled
    with office.at_work("owner") as owner:
        tours.log_in(owner, "dq.xie")
        tour.begin(owner)
        step = tour.add_the_step(owner)
        tour.make_its_form(owner)
        tour.set_the_deadline(owner, step)
        tour.add_a_reminder(owner)
        tour.walk_and_record(owner)
        tour.what_if(owner, CASES)
        tour.ask_for_approval(owner)
    with office.at_work("second") as second:
        tours.log_in(second, "hz.xie")
        tour.approve(second)
    database = Database(f"sqlite:///{folder / 'data' / 'bihuan.db'}")
    old = newest(database, Definition.created_at < START)
    new = newest(database, Definition.created_at >= START)
    with office.at_work("clerk") as clerk:
        tours.log_in(clerk, "dq.chen")
        tour.register(clerk, AFTER, *TOLD[AFTER])
    running = on(database, old)
    assert running >= cases.running
    with office.at_work("owner again") as owner:
        tours.log_in(owner, "dq.xie")
        tour.migrate(owner, running)
        tour.compare(owner)
        tour.roll_back(owner)
    with office.at_work("clerk again") as clerk:
        tours.log_in(clerk, "dq.chen")
        tour.register(clerk, BACK, *TOLD[BACK])
    migrated = title_of(cases.answered)
    with office.at_work("handler") as handler:
        tours.log_in(handler, HANDLER)
        tour.finish(handler, migrated)
        tour.answer(handler, AFTER)
        tour.answer(handler, BACK)
    with office.at_work("lawyer") as lawyer:
        tours.log_in(lawyer, "dq.han")
        tour.review(lawyer, migrated)
        tour.review(lawyer, AFTER)
    reviews = {title: reviewed(database, title) for title in (migrated, AFTER, BACK)}
    assert reviews == {migrated: ["completed"], AFTER: ["completed"], BACK: []}
    assert (on(database, old), on(database, new)) == (1, running + 1)


def newest(database: Database, when: ColumnElement[bool]) -> str:
    """The version of the process that carries cases that is the newest of these."""
    statement = select(Definition.id).where(Definition.process_id == PROCESS, when)
    with database.read() as connection:
        return connection.scalars(statement.order_by(Definition.created_at.desc())).first() or ""


def on(database: Database, version: str) -> int:
    """How many cases run on it."""
    statement = select(func.count()).where(Instance.ended_at.is_(None), Instance.definition_id == version)
    with database.read() as connection:
        return connection.scalar(statement) or 0


def reviewed(database: Database, title: str) -> list[str]:
    """The states of the reviews of a problem."""
    statement = select(UserTask.state).join(Case, Case.id == UserTask.case_id)
    statement = statement.join(ReportText, ReportText.report_id == Case.report_id)
    with database.read() as connection:
        return list(connection.scalars(statement.where(ReportText.title == title, UserTask.name == tour.STEP)))
