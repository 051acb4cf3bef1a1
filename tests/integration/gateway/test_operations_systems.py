"""对接运行: external systems that are down, who may answer jobs, and who did what with dead letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from gateway import create_app
from processes.casework.assembly import Core
from processes.messaging.identity import Identity
from processes.runtime import commands as c
from processes.store import deeds
from processes.store.tables import Job
from tests.diagrams import definitions, end, path, process, service, start
from tests.integration.gateway.conftest import Browser, Program
from tests.integration.gateway.operating import give_up, hidden, row
from tests.integration.gateway.world import OPERATOR, World

Open = Callable[..., Browser]

ADMIN = "wx.yun"

# ---- who did what --------------------------------------------------------------------------------------------------------


def test_the_page_shows_who_put_letters_back_and_how_many(world: World, browser: Open, operator: Program) -> None:
    for number in range(4):
        give_up(world, f"n-{number}")
    ids = {each.message.id: each.id for each in world.services.upkeep.dead_letters()}
    admin, address = browser(ADMIN), "/operations/dead-letters"
    admin.post(f"{address}/replay", {"id": [ids["n-0"], "gone"]}, address)
    world.clock.advance(timedelta(minutes=1))
    admin.post(f"{address}/discard", {"id": ids["n-1"], "reason": "重复的催办"}, address)
    world.clock.advance(timedelta(minutes=1))
    assert operator.post("/api/dead-letters/replay", {"ids": [ids["n-2"]]})["replayed"] == 1
    done = operator.get("/api/dead-letters")["deeds"]
    assert [(each["by"], each["what"], each["asked"], each["done"], each["reason"]) for each in done] == [
        ("operator", "replayed", 1, 1, ""),
        (ADMIN, "discarded", 1, 1, "重复的催办"),
        (ADMIN, "replayed", 2, 1, ""),
    ]
    page = admin.get(address)
    assert "最近的处理" in page
    assert "重复的催办" in page
    assert "选了 2 条" in page


def test_all_put_back_in_parts_is_one_deed(world: World, browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.operations.dead.PART", 2)
    for number in range(3):
        give_up(world, f"n-{number}")
    admin, address = browser(ADMIN), "/operations/dead-letters/replay-all"
    form = hidden(admin.get("/operations/dead-letters"))
    page = admin.post(address, form, "/operations/dead-letters", status=200)
    admin.post(address, hidden(page), "/operations/send")
    with world.services.database.read() as connection:
        (deed,) = deeds.latest(connection)
    assert (deed.by, deed.asked, deed.done) == (ADMIN, 3, 3)


def test_nobody_writes_into_anothers_deed(world: World, browser: Open) -> None:
    with world.services.database.write() as connection:
        key = deeds.begin(connection, "somebody", deeds.REPLAYED, 7, world.clock.now())
    give_up(world, "n-0")
    admin = browser(ADMIN)
    form = {**hidden(admin.get("/operations/dead-letters")), "deed": key}
    admin.post("/operations/dead-letters/replay-all", form, "/operations/dead-letters")
    with world.services.database.read() as connection:
        (deed,) = deeds.latest(connection)
    assert (deed.by, deed.done) == ("somebody", None)


# ---- systems that are down -----------------------------------------------------------------------------------------------


def _held_up(world: World, number: int, worker: str) -> str:
    """A job that a worker did not do because its system is down; returns its id."""
    model = definitions(process("asking", start(), service("ask", "erp.ask"), end(), path("start", "ask", "end")))
    world.engine.deploy({"asking.bpmn": model})
    world.engine.execute(c.Start(f"s-{number}", "asking", key=str(number)))
    with world.services.database.read() as connection:
        found = connection.execute(select(Job.id, Job.state).where(Job.topic == "erp.ask", Job.attempts == 0)).one()
    since = world.clock.now() - timedelta(minutes=5)
    world.engine.execute(
        c.FailJob(f"f-{number}", found.id, "暂停呼叫", 60.0, counted=False, worker=worker, system="erp", since=since)
    )
    return str(found.id)


def test_a_system_that_is_down_is_shown_with_since_when_and_what_waits_for_it(
    world: World, browser: Open, operator: Program
) -> None:
    assert "没有答复的外部系统" not in browser(ADMIN).get("/operations/")
    began = world.clock.now() - timedelta(minutes=5)
    jobs = [_held_up(world, number, worker) for number, worker in enumerate(("/workers/a", "/workers/a", "/workers/b"))]
    page = browser(ADMIN).get("/operations/")
    assert "外部系统 erp 没有正常答复，3 件任务在等它恢复" in page
    line = row(page, "<code>erp</code>")
    assert "<code>/workers/a</code> 2 件" in line
    assert "<code>/workers/b</code> 1 件" in line
    (system,) = operator.get("/api/queues")["systems_down"]
    assert (system["system"], [each["jobs"] for each in system["workers"]]) == ("erp", [2, 1])
    assert datetime.fromisoformat(system["workers"][0]["since"]) == began
    world.clock.advance(timedelta(minutes=2))
    assert "已到时间，等工作程序来取" in browser(ADMIN).get("/operations/")
    for number, job in enumerate(jobs):
        world.engine.execute(c.CompleteJob(f"done-{number}", job, {}))
    assert operator.get("/api/queues")["systems_down"] == []


def test_a_partner_that_does_jobs_may_send_their_answers(world: World, operator: Program) -> None:
    identity = Identity(answers={"hotline": ("notice.send",)})
    core = Core.on(world.services.database, world.clock, identity=identity)
    services = replace(world.services, inlet=core.reception.inlet(lambda partner, kind: True))
    program = Program(create_app(services).test_client(), OPERATOR)
    may = {
        each["partner"]: {one["type"] for one in each["may_send"]} for each in program.get("/api/partners")["partners"]
    }
    assert {"job.accepted", "job.extended", "job.completed", "job.failed", "job.error"} <= may["hotline"]
    assert not any(
        type_.startswith("job.") for partner, types in may.items() if partner != "hotline" for type_ in types
    )
