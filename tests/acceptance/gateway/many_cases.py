"""A database with many cases of one place, before the platform that goes on with them is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select

from processes.casework import doors
from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.messaging.incoming import ReportMessage
from processes.scenarios import kept
from processes.store.database import Database
from processes.store.tables import TASK_IS_OPEN, UserTask
from tests.integration.gateway.world import MODELS

BEGIN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
"""A Friday, nine in the morning there."""

APART = timedelta(seconds=8)

PLACE, HANDLER = "330521", "dq.shen"

BODY = "我公司流动资金贷款下个月到期，客户经理说额度收紧，要先还清再审批，请帮助对接续贷。"
SIGNS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"
"""Of which the rest of each problem is made: alike, they would be taken for one."""

ANSWER = {"outcome": "answer", "resolution": "solved", "answer": "已对接续贷，银行本周内放款。"}


@dataclass(frozen=True)
class Filled:
    """``running``: cases that a board has not answered yet; ``answered``: those that it has."""

    running: int
    answered: int


def fill(database: Path, answered: int, running: int) -> Filled:
    """So many problems of one board, through the engine: some answered, of the others half signed for."""
    database.parent.mkdir(parents=True, exist_ok=True)
    clock = ManualClock(BEGIN)
    core = Core.on(Database(f"sqlite:///{database}"), clock)
    core.seed(MODELS, scenarios=lambda: kept.in_folders([MODELS]))
    for at in range(answered + running):
        _report(core, at)
        clock.advance(APART)
    signing = _open(core)
    assert len(signing) == answered + running
    for each in signing[: answered + running // 2]:
        doors.complete_form(core.engine, each, {"outcome": "accept"}, HANDLER)
        clock.advance(timedelta(seconds=1))
    for each in _open(core, "handle")[:answered]:
        doors.complete_form(core.engine, each, ANSWER, HANDLER)
        clock.advance(timedelta(seconds=1))
    core.database.dispose()
    return Filled(running, answered)


def title_of(at: int) -> str:
    """What a problem is called. The first ones are answered, the next half of the others waits for an answer."""
    return f"续贷难（{at}）"


def _report(core: Core, at: int) -> None:
    body = BODY + "".join(Random(at).choices(SIGNS, k=300))
    whose = {"enterprise": f"德清{at}号机械有限公司", "contact": "王明", "phone": f"138{at:08}", "place": PLACE}
    message = ReportMessage("hotline", f"m-{at}", body, {}, title=title_of(at), **whose)
    doors.report(core.engine, message, actor="hotline")


def _open(core: Core, element: str = "sign") -> Sequence[str]:
    """The open tasks of a step, the oldest first."""
    statement = select(UserTask.id).where(TASK_IS_OPEN, UserTask.element_id == element)
    with core.database.read() as connection:
        return connection.scalars(statement.order_by(UserTask.created_at, UserTask.id)).all()
