"""A platform full of cases: a few real ones are played through the engine, all others are copies of their rows under ids of their own.

Each copy lies at a place of its own, was opened at a time of its own, and says words of its own (those of ``../shared/data``, where that folder
is, else some that are written here). The state of a case with an open task is its own, too: the task can be opened and completed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import count, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Insert, LargeBinary, MetaData, String, Table, case, func, insert, select, text

from processes.casework import numbers, words
from processes.kernel.codec import FORMAT
from processes.kernel.instance import PREFIX, prefix_of
from processes.packing import compress, decompress
from processes.runtime import commands as c
from processes.runtime.filing import Filing
from processes.runtime.scheduler import Scheduler
from processes.store import word_index
from processes.store.tables import (
    Case,
    CaseSearch,
    CaseStage,
    CaseText,
    Deadline,
    Dossier,
    HistoryEntry,
    Instance,
    Instant,
    Job,
    PersonalData,
    Report,
    ReportText,
    Subscription,
    Timer,
    UserTask,
)
from tests.integration.gateway.world import World

TEXTS = Path(__file__).parents[3] / "shared" / "data" / "hotline.jsonl"

PLACE = "330502"
"""Where the originals are."""

PLACES = {"330502": 40, "330503": 25, "330521": 20, "3305": 10, "33": 5}
"""The places of the copies, by how many of a hundred cases come to each."""

YEARS = 3
CHUNK = 20_000

_TITLES = (
    "供电增容迟迟不批",
    "项目用地审批卡住",
    "政策奖补没有兑现",
    "贷款续贷被拒",
    "人才公寓申请不到",
    "消防验收两次退回",
    "排水管网不通",
)
_BODIES = (
    "我公司申请{}个月，仍未批复，影响投产，请协调解决。",
    "园区内{}家企业都遇到同样的情况，希望有关部门给予答复。",
    "已经跑了{}趟窗口，要求前后不一致。",
)
_ENTERPRISES = ("湖州{}机械有限公司", "吴兴{}纺织厂", "德清{}竹业有限公司", "南浔{}木业股份公司", "浙江{}科技有限公司")
_PLAYED = (
    ("供电增容迟迟不批", "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"),
    ("项目用地审批", "我公司新建项目用地审批卡了三个月，厂房建设项目不能开工，请协调。"),
    ("车间供电不稳", "高新园区的车间每周停电两次以上，供电部门答复要等线路改造，订单赔了不少，希望尽快改造供电线路。"),
)
"""What the originals say: the board of projects has to do with all of them."""

_SIGNS = "华宏新达盛远明康泰和兴隆正安瑞丰金鑫天海"


@dataclass(frozen=True)
class Original:
    """A case that was played, as far as its rows name it."""

    case: str
    report: str
    instance: str
    number: str
    closed: bool


def originals(world: World) -> list[Original]:
    """Play the originals: one that waits to be signed for, one that is being handled, one that was closed and filed."""
    found = [world.report(f"original-{at}", title=title, body=body).number for at, (title, body) in enumerate(_PLAYED)]
    for number in found[1:]:
        world.complete(world.task(number, "签收").id, {"outcome": "accept"}, "wx.wu")
    answered = {"outcome": "answer", "resolution": "solved", "answer": "已协调供电部门批复，本周内送电。"}
    world.complete(world.task(found[2], "办理并答复").id, answered, "wx.wu")
    scheduler = Scheduler(world.engine)
    for _ in range(20):
        _jobs(world, found[2])
        if _one(world, found[2]).closed:
            break
        world.clock.advance(timedelta(days=1))
        scheduler.run_due()
    world.clock.advance(timedelta(minutes=5))
    Filing(world.services.database, world.clock).run()
    return [_one(world, number) for number in found]


def _one(world: World, number: str) -> Original:
    with world.services.database.read() as connection:
        row = connection.execute(select(Case.__table__).where(Case.number == number)).one()
    return Original(row.id, row.report_id, row.instance_id, row.number, row.closed_at is not None)


def _jobs(world: World, number: str) -> None:
    statement = select(Job.id, Job.topic).join(Case, Case.instance_id == Job.instance_id).where(Case.number == number)
    with world.services.database.read() as connection:
        waiting = connection.execute(statement.where(Job.state == "open")).all()
    for job in waiting:
        result = {"request": job.id} if job.topic == "rating.request" else {"delivered": True}
        world.engine.execute(c.CompleteJob(f"done-{job.id}", job.id, result))


class Texts:
    """Words for so many cases as are wanted."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.said: list[tuple[str, str]] = []
        if TEXTS.exists():
            with TEXTS.open(encoding="utf-8") as lines:
                self.said = [(one["title"], one["body"][:600]) for one in map(json.loads, lines)]

    def one(self, number: int) -> tuple[str, str]:
        """A title and a body: every fifth is an enterprise's typical problem."""
        if self.said and number % 5:
            return self._chance.choice(self.said)
        return self._chance.choice(_TITLES), self._chance.choice(_BODIES).format(self._chance.randint(2, 40))

    def enterprise(self) -> str:
        """A name that few others have."""
        return self._chance.choice(_ENTERPRISES).format("".join(self._chance.choices(_SIGNS, k=3)))


# ---- the rows ----------------------------------------------------------------------------------------------------------

_made = Table(
    "made",
    MetaData(),
    *(Column(name, String) for name in ("original_case", "original_report", "original_instance")),
    *(Column(name, String) for name in ("case_id", "report_id", "instance_id", "prefix", "number", "place", "person")),
    *(Column(name, String) for name in ("original", "enterprise", "title", "body", "phone")),
    *(Column(name, Instant) for name in ("opened_at", "closed_at", "due_at", "warn_at")),
    Column("state", LargeBinary),
    prefixes=["TEMPORARY"],
)
"""What each copy has of its own; its rows are made of this and of the original's."""


def _spread(table: Any, by: str, **own: Any) -> Insert:
    """The original's rows of a table, once for each copy. ``by``: the column by which they are the original's."""
    columns = [
        each
        for each in table.__table__.c
        if not (each.primary_key and each.name in ("id", "seq") and each.name not in own)
    ]
    values = [own.get(each.name, each) for each in columns]
    of = {"case_id": "case", "report_id": "report", "instance_id": "instance"}.get(by, table.__tablename__)
    joined = select(*values).join(_made, _made.c[f"original_{of}"] == table.__table__.c[by])
    return insert(table).from_select([each.name for each in columns], joined)


def _of_task(column: Any) -> Any:
    return _made.c.prefix.concat(func.substr(column, PREFIX + 1))


def _there(column: Any) -> Any:
    """An organisation or board of the original's place, at the copy's."""
    return func.replace(column, f"{PLACE}.", _made.c.place.concat("."))


_m = _made.c
_ROWS = (
    _spread(Report, "id", id=_m.report_id, original=_m.original, place=_m.place, received_at=_m.opened_at),
    _spread(ReportText, "report_id", report_id=_m.report_id, title=_m.title, body=_m.body),
    _spread(PersonalData, "report_id", report_id=_m.report_id, enterprise=_m.enterprise, phone=_m.phone),
    _spread(
        Instance, "id", id=_m.instance_id, key=_m.number, prefix=_m.prefix, place=_m.place, created_at=_m.opened_at,
        ended_at=_m.closed_at, state=func.coalesce(_m.state, Instance.state),
    ),
    _spread(
        Case, "id", id=_m.case_id, number=_m.number, report_id=_m.report_id, instance_id=_m.instance_id, place=_m.place,
        board=_there(Case.board), due_at=_m.due_at, warn_at=_m.warn_at, opened_at=_m.opened_at, closed_at=_m.closed_at,
    ),
    _spread(CaseStage, "case_id", case_id=_m.case_id, at=_m.opened_at),
    _spread(CaseText, "case_id", case_id=_m.case_id, id=_m.prefix.concat(func.substr(CaseText.id, 1, 12)), at=_m.opened_at),
    _spread(
        UserTask, "instance_id", id=_of_task(UserTask.id), instance_id=_m.instance_id, case_id=_m.case_id, place=_m.place,
        organisation=_there(UserTask.organisation), created_at=_m.opened_at, due_at=_m.due_at, warn_at=_m.warn_at,
        completed_by=case((UserTask.completed_by.is_not(None), _m.person)),
    ),
    _spread(Job, "instance_id", id=_of_task(Job.id), instance_id=_m.instance_id, available_at=_m.opened_at),
    _spread(Timer, "instance_id", task_id=_of_task(Timer.task_id), instance_id=_m.instance_id),
    _spread(Subscription, "instance_id", task_id=_of_task(Subscription.task_id), instance_id=_m.instance_id, key=_m.number),
    _spread(
        Deadline, "instance_id", task_id=_of_task(Deadline.task_id), instance_id=_m.instance_id, due_at=func.coalesce(_m.due_at, Deadline.due_at),
    ),
    _spread(HistoryEntry, "instance_id", instance_id=_m.instance_id, at=_m.opened_at),
    _spread(Dossier, "instance_id", instance_id=_m.instance_id),
)  # fmt: skip


def fill(world: World, played: Sequence[Original], cases: int, waiting: int) -> None:
    """Make ``cases`` copies, of which the newest ``waiting`` have an open task."""
    database = world.services.database
    on_postgresql = database.dialect == "postgresql"
    if on_postgresql:
        with database.write() as connection:
            connection.execute(text(f"DROP INDEX {word_index.GIN}"))
    copies = _copies(world, played, cases, waiting)
    done = 0
    while batch := list(islice(copies, CHUNK)):
        with database.write(foreign_keys=on_postgresql) as connection:
            if on_postgresql:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(text("SET LOCAL synchronous_commit = off"))
            _made.create(connection)
            connection.execute(insert(_made), batch)
            for statement in _ROWS:
                connection.execute(statement)
            connection.execute(insert(CaseSearch), [_found_by(world, each) for each in batch])
            _made.drop(connection)
        done += len(batch)
        if cases > CHUNK:
            print(f"  {done:,} of {cases:,} cases", file=sys.stderr, flush=True)
    if on_postgresql:
        # Made at once it takes a tenth of the time.
        with database.write() as connection:
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            for statement in word_index.POSTGRESQL:
                connection.execute(text(statement))


def _copies(world: World, played: Sequence[Original], cases: int, waiting: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(7)
    texts, now = Texts(chance), world.clock.now()
    places, weights = list(PLACES), list(PLACES.values())
    states = {each.instance: _state(world, each) for each in played if not each.closed}
    kinds = {closed: [each for each in played if each.closed == closed] for closed in (True, False)}
    serials: dict[tuple[str, int], Any] = {}
    for number in range(cases):
        closed = number < cases - waiting
        of = chance.choice(kinds[closed])
        (place,) = chance.choices(places, weights)
        opened_at = now - YEARS * timedelta(days=365) * (1 - (number + chance.random()) / (cases + 1))
        due_at = None if closed else now + timedelta(days=chance.uniform(-5, 10))
        serial = next(serials.setdefault((place, opened_at.year), count(1000)))
        title, body = texts.one(number)
        instance_id = str(UUID(int=int(opened_at.timestamp() * 1000) << 80 | number))
        own = {
            "original_case": of.case,
            "original_report": of.report,
            "original_instance": of.instance,
            "case_id": _identity("case", number),
            "report_id": _identity("report", number),
            "instance_id": instance_id,
            "prefix": prefix_of(instance_id),
            "number": numbers.compose(place, opened_at.year, serial),
            "place": place,
            "person": f"person-{chance.randrange(500)}" if chance.randrange(50) else "wx.wu",
            "original": f"copy-{number}",
            "enterprise": texts.enterprise(),
            "title": title,
            "body": body,
            "phone": f"139{number:08d}",
            "opened_at": opened_at,
            "closed_at": opened_at + timedelta(days=4) if closed else None,
            "due_at": due_at,
            "warn_at": due_at - timedelta(days=1) if due_at else None,
        }
        yield own | {"state": None if closed else _own_state(of, states[of.instance], own)}


def _identity(kind: str, number: int) -> str:
    return str(UUID(bytes=blake2b(f"{kind}-{number}".encode(), digest_size=16).digest()))


def _state(world: World, of: Original) -> bytes:
    with world.services.database.read() as connection:
        blob = connection.execute(select(Instance.state).where(Instance.id == of.instance)).scalar_one()
    return decompress(blob[1:])


def _own_state(of: Original, state: bytes, own: Mapping[str, Any]) -> bytes:
    """The original's state with the ids of the copy."""
    names = {
        prefix_of(of.instance): own["prefix"],
        of.case: own["case_id"],
        of.report: own["report_id"],
        of.instance: own["instance_id"],
        of.number: own["number"],
    }
    for old, new in names.items():
        state = state.replace(old.encode(), new.encode())
    return FORMAT + compress(state)


def _found_by(world: World, own: Mapping[str, Any]) -> dict[str, Any]:
    said = SimpleNamespace(
        title=own["title"], body=own["body"], enterprise=own["enterprise"], uscc="", phone=own["phone"]
    )
    path = world.services.snapshots.now().reference.path(own["place"])
    return words.row(own["case_id"], own["opened_at"], path, said)
