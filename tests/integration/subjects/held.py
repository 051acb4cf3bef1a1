"""A person who stands in as many places as the system can hold, and looking for what is left of that person."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import insert, select

from processes.casework import attachments, doors, uploads
from processes.casework.audit.verifying import stored
from processes.casework.portal import passes, reports
from processes.casework.subjects import finding, requests
from processes.casework.subjects.erasure import Erasure
from processes.casework.subjects.identity import Identity
from processes.messaging.bus import Message
from processes.messaging.incoming import ReportMessage
from processes.messaging.inlet import Correlation
from processes.runtime.commands import Correlate, FailJob, SetVariables
from processes.runtime.filing import Filing
from processes.store import peer_outbox
from processes.store.database import Database
from processes.store.tables import (
    JOB_IS_OPEN,
    Base,
    Case,
    Incident,
    Job,
    KeptAnswer,
    Operation,
    PeerMessage,
    PortalMessage,
    SavedFilter,
    SubjectRequest,
    TaskDraft,
)
from tests.integration.gateway.operating import give_up, receive
from tests.integration.gateway.portal_world import Post
from tests.integration.gateway.world import World

PHONE, NAME, EMAIL, ADDRESS = "13866667777", "欧阳静姝", "ouyang@jingshu.example", "织里镇吴兴大道 1288 号 3 幢"
SPOKEN = "138 6666 7777"
TRACES = (PHONE, SPOKEN, NAME, EMAIL, ADDRESS)
WHO = Identity(phone=PHONE)
OTHER = "13700001111"

ASKING, DECIDING = "wx.li", "wx.su"


@dataclass(frozen=True)
class Somebody:
    """The numbers of the person's cases: over the hotline (filed), and of the portal (not filed yet)."""

    hotline: str
    portal: str
    others: str
    """somebody else's, which mentions the number"""


def spread(world: World) -> Somebody:
    """Put the person everywhere, and close all of the cases."""
    post = Post(world)
    said = f"我是{NAME}，电话 {PHONE}（{SPOKEN}），邮箱 {EMAIL}，住{ADDRESS}。供电增容两个月未批复，请协调。"
    raw = {"caller": NAME, "number": int(PHONE), "nested": [{"mail": EMAIL, "said": said}]}
    given = {"contact": NAME, "phone": PHONE, "email": EMAIL, "address": ADDRESS}
    hotline = world.report("S-1", body=said, **given).number
    _into_the_instance(world, hotline)
    _into_a_form(world, hotline)
    _out_of_the_portal(world, raw, given)
    portal = _newest(world)
    _into_the_instance(world, portal)
    others = world.report("S-2", title="邻居也反映", body=f"隔壁厂的联系人电话是 {PHONE}，他们也没通电。", phone=OTHER)
    _withdraw(world, post, hotline, f"我是{NAME}，不用办了，{PHONE}")
    world.clock.advance(timedelta(hours=1))
    Filing(world.services.database, world.clock).run()
    _withdraw(world, post, portal, f"{EMAIL} 撤回")
    _withdraw(world, post, others.number, "撤回")
    _into_what_is_nobodys(world, hotline)
    return Somebody(hotline, portal, others.number)


def closed(world: World) -> str:
    """A case of the person's, closed, and no more."""
    number = str(world.report("S-0", phone=PHONE, contact=NAME, email=EMAIL).number)
    _withdraw(world, Post(world), number, "撤回")
    return number


def filed(world: World) -> None:
    """A problem reported in the portal from the person's number, and no more."""
    rules = world.services.snapshots.now().reference.portal_rules
    words = "我公司厂门口道路积水，货车进不来，请排水。"
    said = ReportMessage(
        "portal", "f-1", words, {}, title="道路积水", place="330502", contact=NAME, enterprise="甲公司"
    )
    reports.file(world.engine, rules, said, PHONE, "f-1")


def _into_the_instance(world: World, number: str) -> None:
    """A process owner's diagram, or a person who mends an instance, may put anything into variables; big ones lie in parts."""
    case = _case(world, number)
    values = {"caller": {"name": NAME, "phone": PHONE}, "long": [f"{NAME} {PHONE} {at}" for at in range(600)]}
    world.engine.execute(SetVariables(f"set-{number}", case.instance_id, f"联系 {NAME}", values, actor="wx.yun"))
    world.engine.execute(Correlate(f"early-{number}", "supplement.answered", "none-" + number, {"text": PHONE}))


def _into_a_form(world: World, number: str) -> None:
    task = world.open_tasks(number)[0]
    file = uploads.receive("通话记录.txt", io.BytesIO(f"{NAME} {PHONE}".encode()), 1000)
    with world.services.database.write() as connection:
        draft = {"task_id": task.id, "person_id": "wx.wu", "data": {"reason": f"已致电{NAME} {PHONE}"}}
        connection.execute(insert(TaskDraft).values(**draft, saved_at=world.clock.now()))
        uploads.add(connection, task.id, "wx.wu", "", file, world.clock.now())


def _out_of_the_portal(world: World, raw: dict[str, Any], given: dict[str, str]) -> None:
    now, form = world.clock.now(), "202611230930-aaaaaaaaaaaa"
    rules = world.services.snapshots.now().reference.portal_rules
    photo = uploads.receive(f"{NAME}.png", io.BytesIO(b"\x89PNG\r\n\x1a\n" + PHONE.encode()), 1000)
    unsent = uploads.receive("没有提交.png", io.BytesIO(b"\x89PNG\r\n\x1a\n" + EMAIL.encode()), 1000)
    with world.services.database.write() as connection:
        uploads.add(connection, form, reports.owner(PHONE), "", photo, now)
        uploads.add(connection, "202611230930-bbbbbbbbbbbb", reports.owner(PHONE), "", unsent, now)
        passes.grant(connection, now, 30, phone=PHONE)
        message = {"id": "pm-1", "phone": PHONE, "words": {"number": PHONE}, "wrong": 0}
        connection.execute(insert(PortalMessage).values(**message, ends_at=now + timedelta(days=1)))
    words = f"我公司厂门口道路积水，货车进不来，请排水。{NAME}，{EMAIL}"
    said = ReportMessage("portal", form, words, raw, title="道路积水", place="330502", **{**given, "phone": ""})
    reports.file(world.engine, rules, said, PHONE, form)
    with world.services.database.write() as connection:
        case = connection.scalars(select(Case.id).order_by(Case.opened_at.desc(), Case.number.desc())).first()
        attachments.add(connection, str(case), f"{NAME}的证明.txt", "text/plain", f"{NAME} {PHONE}".encode() * 20, now)


def _withdraw(world: World, post: Post, number: str, reason: str) -> None:
    with world.services.database.read() as connection:
        job = connection.scalars(select(Job.id).where(JOB_IS_OPEN)).first()
    if job:
        world.engine.execute(FailJob(f"fail-{job}", job, f"号码 {PHONE} 打不通", counted=False))
    said = {"case": number, "channel": None, "original": None, "reason": reason}

    doors.correlate(world.engine, f"w-{number}", Correlation("withdrawal.requested", number, said, texts=("reason",)))
    world.clock.advance(timedelta(minutes=5))
    post.run()
    assert _case(world, number).closed_at is not None


def _into_what_is_nobodys(world: World, number: str) -> None:
    now, database = world.clock.now(), world.services.database
    receive(world, "bad-1", {"id": "", "caller": NAME, "body": f"请回电 {PHONE}"})
    receive(world, "bad-2", {"id": "", "caller": NAME, "body": f"问题 {number} 的补充"})
    receive(world, "bad-3", {"id": "", "caller": "别人", "body": "别人的事"})
    give_up(world, "letter-1", reason=f"短信网关拒收 {PHONE}")
    message = Message("peer-1", "case.answered", "/here", now, {"text": f"请联系 {PHONE}"})
    incident = {"id": "i-1", "kind": "step_failed", "detail": f"短信发不到 {PHONE}", "command": {"to": [int(PHONE)]}}
    operation = {"id": "o-1", "act": "retry", "said": {}, "places": [], "reason": f"{PHONE} 来电催办", "actor": "wx.li"}
    look = {"person_id": "wx.li", "name": "他", "query": f"q={PHONE}", "preferred": False}
    with database.write() as connection:
        peer_outbox.put(connection, "zhejiang", message, now)
        connection.execute(PeerMessage.__table__.update().values(dead_at=now, dead_reason=PHONE))  # type: ignore[attr-defined]
        connection.execute(insert(Incident).values(**incident, created_at=now, resolved_at=now))
        connection.execute(
            insert(Operation).values(**operation, created_at=now, state="done", total=0, done=0, failed=0)
        )
        connection.execute(insert(SavedFilter).values(look))
        kept = {"key": "k-1", "request": "r", "at": now, "status": 200, "media_type": "application/json"}
        connection.execute(insert(KeptAnswer).values(**kept, body=f'{{"phone": "{PHONE}"}}'.encode()))


def _case(world: World, number: str) -> Any:
    with world.services.database.read() as connection:
        return connection.execute(select(Case.__table__).where(Case.number == number)).one()


def _newest(world: World) -> str:
    with world.services.database.read() as connection:
        newest = select(Case.number).order_by(Case.opened_at.desc(), Case.number.desc()).limit(1)
        return str(connection.execute(newest.where(Case.number.is_not(None))).scalar_one())


# ---- asking and deciding -----------------------------------------------------------------------------------------------


def ask(world: World, kind: str = requests.DELETE, who: Identity = WHO, reason: str = "本人持身份证到窗口申请") -> str:
    """Ask for it, for all reports that are found."""
    with world.services.database.write() as connection:
        found = [each.report_id for each in finding.held(connection, who)]
        return requests.ask(connection, kind, who, found, reason, "330502", world.clock.now(), by=ASKING)


def decide(world: World, request: str, approved: bool = True, by: str = DECIDING) -> None:
    """Somebody else decides."""
    with world.services.database.write() as connection:
        found = requests.get(connection, request, ["330502"])
        assert found is not None
        requests.decide(
            connection, found, approved, "材料齐全，同意" if approved else "材料不全", world.clock.now(), by=by
        )


def erasure(world: World) -> Erasure:
    """Who carries it out."""
    here = world.services
    return Erasure(here.database, here.clock, here.engine.settings.source, here.upkeep)


def carry_out(world: World) -> None:
    """Until nothing is left to do."""
    work = erasure(world)
    while work.round():
        pass


def log(world: World) -> list[tuple[str, str]]:
    """What the audit log tells of requests: act and outcome."""
    with world.services.database.read() as connection:
        return [(each.act, each.outcome) for each in stored(connection) if each.act.startswith("subject.")]


def request_row(world: World, request: str) -> Any:
    """How a request stands."""
    with world.services.database.read() as connection:
        return connection.execute(select(SubjectRequest.__table__).where(SubjectRequest.id == request)).one()


# ---- looking for what is left ------------------------------------------------------------------------------------------


def places(world: World, traces: tuple[str, ...] = TRACES) -> dict[str, set[str]]:
    """See :func:`places_in`."""
    return places_in(world.services.database, traces)


def places_in(database: Database, traces: tuple[str, ...] = TRACES) -> dict[str, set[str]]:
    """Where each trace stands: ``table.column``, compressed or not; on SQLite also ``file`` and ``log``, byte by byte."""
    found: dict[str, set[str]] = {each: set() for each in traces}
    for where, body in _everything(database):
        for trace in traces:
            if any(form in body for form in _written(trace)):
                found[trace].add(where)
    return found


def _written(trace: str) -> tuple[bytes, ...]:
    escaped = json.dumps(trace)[1:-1]
    return (trace.encode(), escaped.encode(), trace.encode("utf-16-le"), trace.encode("gb18030"))


def _everything(database: Database) -> Iterator[tuple[str, bytes]]:
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'):
                for name, value in row._mapping.items():
                    where = f"{table.name}.{name}"
                    if isinstance(value, bytes | memoryview):
                        yield where, _unpacked(bytes(value))
                    elif value is not None:
                        yield where, str(value).encode("utf-8", "surrogatepass")
    if database.dialect == "sqlite":
        file = Path(str(database.url.database))
        yield "file", file.read_bytes()
        log = file.with_name(f"{file.name}-wal")
        yield "log", log.read_bytes() if log.exists() else b""


def _unpacked(body: bytes) -> bytes:
    """With every frame of zstd in it unpacked."""
    at = body.find(b"\x28\xb5\x2f\xfd")
    if at < 0:
        return body
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body[at:])) as reader:
        return body[:at] + reader.read()
