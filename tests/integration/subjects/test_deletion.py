"""What was deleted at a person's request is nowhere any more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from processes.casework.audit.verifying import stored
from processes.casework.erasing.needles import STRUCK
from processes.casework.subjects import sweeping
from processes.casework.subjects.erasure import LEASE
from processes.casework.subjects.finding import Unfinished
from processes.casework.subjects.requests import RequestRefused
from processes.failpoints import VARIABLE
from processes.store import history
from processes.store.tables import Base, Case, CaseStage, RefusedMessage, ReportText
from tests.faults.failpoints import scan
from tests.integration.gateway.world import World
from tests.integration.subjects import held
from tests.integration.subjects.held import EMAIL, NAME, PHONE, TRACES

ROOT = Path(__file__).parents[3]

SPREAD = {
    "report_text.body",
    "report_text.raw",
    "personal_data.phone",
    "portal_report.phone",
    "portal_pass.phone",
    "portal_message.phone",
    "case_text.body",
    "case_search.words",
    "task_draft.data",
    "attachment_chunk.body",
    "instance.state",
    "instance_part.body",
    "history.input",
    "dossier.body",
    "job.error",
    "buffered_message.payload",
    "incident.detail",
    "incident.command",
    "operation.reason",
    "saved_filter.query",
    "outbox.dead_reason",
    "peer_message.body",
    "peer_message.dead_reason",
    "refused_message.body",
    "kept_answer.body",
}


def test_after_a_deletion_no_byte_of_the_person_is_left(either: World) -> None:
    held.spread(either)
    before = held.places(either)
    assert before[PHONE] >= SPREAD
    assert before[NAME] >= {"personal_data.contact", "attachment.name", "attachment_chunk.body", "refused_message.body"}
    assert before[EMAIL] >= {"personal_data.email", "report_text.body"}
    request = held.ask(either)
    held.decide(either, request)
    held.carry_out(either)
    assert held.request_row(either, request).state == "done"
    assert held.places(either) == {each: set() for each in TRACES}


def test_the_case_itself_stays_with_its_number_and_times(world: World) -> None:
    who = held.spread(world)
    _carried_out(world)
    page = _case_of(world, who.hotline)
    assert page.closed_at is not None
    with world.services.database.read() as connection:
        stages = connection.scalars(select(CaseStage.stage).where(CaseStage.case_id == page.id)).all()
        assert history.read(connection, page.instance_id)[0].kind == "Start"
    assert "intake" in stages


def test_what_is_others_stays(world: World) -> None:
    who = held.spread(world)
    _carried_out(world)
    with world.services.database.read() as connection:
        own = _case_of(world, who.others).report_id
        text = connection.scalar(select(ReportText.body).where(ReportText.report_id == own))
        bodies = connection.scalars(select(RefusedMessage.body)).all()
    assert text == f"隔壁厂的联系人电话是 {STRUCK}，他们也没通电。"
    assert [b"\xe5\x88\xab\xe4\xba\xba" in bytes(each) for each in bodies].count(True) == 1


def test_an_open_case_of_somebody_elses_keeps_what_it_needs_and_is_counted(world: World) -> None:
    held.spread(world)
    world.report("S-9", title="还在办", body=f"请联系隔壁厂 {PHONE}，一起协调。", phone=held.OTHER)
    request = _carried_out(world)
    assert held.request_row(world, request).remains == {"report_text": 1}
    assert held.places(world, (PHONE,))[PHONE] == {"report_text.body", "case_search.words", "file"}


def test_what_is_not_closed_is_refused_when_it_is_asked_for(world: World) -> None:
    number = world.report("O-1", phone=PHONE).number
    with pytest.raises(Unfinished) as refused:
        held.ask(world)
    assert number in refused.value.zh
    assert "撤回" in refused.value.zh
    assert held.log(world) == []


def test_what_was_opened_again_meanwhile_stops_it(world: World) -> None:
    who = held.spread(world)
    request = held.ask(world)
    held.decide(world, request)
    with world.services.database.write() as connection:
        connection.execute(update(Case).where(Case.number == who.portal).values(closed_at=None))
    held.carry_out(world)
    row = held.request_row(world, request)
    assert (row.state, row.subject) == ("stopped", {})
    assert who.portal in row.remains["stopped"]
    assert ("subject.deleted", "refused") in held.log(world)


def test_nobody_decides_what_he_has_asked_for_and_nothing_happens_before(world: World) -> None:
    held.spread(world)
    request = held.ask(world)
    held.carry_out(world)
    assert held.request_row(world, request).state == "asked"
    with pytest.raises(RequestRefused, match="另一位"):
        held.decide(world, request, by=held.ASKING)
    held.decide(world, request, approved=False)
    held.carry_out(world)
    row = held.request_row(world, request)
    assert (row.state, row.subject, row.reports) == ("refused", {}, [])
    assert held.log(world) == [("subject.ask_delete", "done"), ("subject.turn_down", "done")]
    with pytest.raises(RequestRefused, match="已经审批过"):
        held.decide(world, request)


@pytest.mark.parametrize("reason", [f"{NAME}本人申请", f"来电 {PHONE}", f"来信 {EMAIL}"])
def test_a_reason_tells_of_nobody(world: World, reason: str) -> None:
    held.spread(world)
    with pytest.raises(RequestRefused, match="审计日志"):
        held.ask(world, reason=reason)


def test_the_log_tells_who_asked_who_decided_and_why_and_nothing_of_whom(world: World) -> None:
    held.spread(world)
    request = _carried_out(world)
    with world.services.database.read() as connection:
        entries = [each for each in stored(connection) if each.act.startswith("subject.")]
    assert [(each.act, each.by) for each in entries] == [
        ("subject.ask_delete", held.ASKING),
        ("subject.approve", held.DECIDING),
        ("subject.deleted", held.ASKING),
    ]
    assert {each.about for each in entries} == {f"request:{request}"}
    assert json.loads(entries[0].detail)["reason"] == "本人持身份证到窗口申请"


def test_every_table_is_looked_through_or_there_is_a_reason_why_not() -> None:
    looked = {each.__tablename__ for each in sweeping.tables()}
    assert looked | set(sweeping.PASSED_OVER) == set(Base.metadata.tables)
    assert looked & set(sweeping.PASSED_OVER) == set()


@pytest.mark.slow
@pytest.mark.parametrize("gap", [each.name for each in scan() if each.asked])
def test_killed_in_the_middle_it_goes_on_where_it_was(world: World, gap: str) -> None:
    held.spread(world)
    request = held.ask(world)
    held.decide(world, request)
    database = world.services.database
    code = f"from tests.integration.subjects.victim import carry_out; carry_out({str(database.url.database)!r})"
    died = subprocess.run([sys.executable, "-c", code], env={**os.environ, VARIABLE: gap}, check=False, cwd=ROOT)
    assert died.returncode == -signal.SIGKILL
    assert held.request_row(world, request).state == "approved"
    world.clock.advance(LEASE)
    held.carry_out(world)
    assert held.request_row(world, request).state == "done"
    assert held.places(world) == {each: set() for each in TRACES}


def _carried_out(world: World) -> str:
    request = held.ask(world)
    held.decide(world, request)
    held.carry_out(world)
    return request


def _case_of(world: World, number: str) -> Any:
    with world.services.database.read() as connection:
        return connection.execute(select(Case.__table__).where(Case.number == number)).one()
