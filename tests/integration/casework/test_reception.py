"""The reception: groups of messages, answers of workers and partners, and what is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.messaging.bus import Message, Raw, Unreadable
from processes.messaging.identity import Identity
from processes.messaging.inlet import Status, anyone
from processes.runtime.commands import Start
from processes.store.database import Database
from processes.store.tables import Case, Incident, Instance, Job, OutboxMessage, RefusedMessage
from tests.diagrams import definitions, end, path, process, service, start

MODELS = Path(__file__).parents[3] / "bpmn"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
NOTICE = {"case": '="1"', "kind": '="reminder"', "to": '="p"', "subject": '="s"', "text": '="t"'}
JOBS = definitions(
    process(
        "asking",
        start(),
        service("known", "notice.send", NOTICE),
        service("unknown", "somebody.elses", {}),
        end(),
        path("start", "known", "unknown", "end"),
    )
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with models and reference data, copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    database = Database(f"sqlite:///{folder / 'core.db'}")
    Core.on(database, ManualClock(NOW)).seed(MODELS)
    database.dispose()
    return folder / "core.db"


@pytest.fixture
def core(template: Path, tmp_path: Path) -> Iterator[Core]:
    (tmp_path / "core.db").write_bytes(template.read_bytes())
    database = Database(f"sqlite:///{tmp_path / 'core.db'}")
    identity = Identity(answers={"acme": ("notice.send",)})
    core = Core.on(database, ManualClock(NOW), identity=identity, events=True)
    yield core
    database.dispose()


def message(id: str, type_: str, data: Any, **extensions: str) -> Message:
    return Message(id, type_, "/tests", NOW, data, extensions=extensions)


def order(id: str) -> Message:
    words = "我公司在吴兴区申请供电增容已两个月，仍未批复，影响新生产线投产，请协调解决。"
    return message(f"order-{id}", "hotline.order", {"id": id, "title": "供电增容", "body": words}, partner="hotline")


def withdrawal(original: str) -> Message:
    data = {"channel": "hotline", "original": original, "reason": "已解决"}
    return message(f"withdrawal-{original}", "withdrawal.requested", data, partner="hotline")


def rows(core: Core, table: Any) -> Sequence[Any]:
    with core.database.read() as connection:
        return connection.execute(select(table.__table__)).all()


def told(core: Core, type_: str) -> list[Any]:
    return [row for row in rows(core, OutboxMessage) if row.topic == type_]


# ---- groups ------------------------------------------------------------------------------------------------------------


def test_a_withdrawal_right_behind_its_report_finds_the_case(core: Core) -> None:
    endings = core.reception.receive_all([order("1"), withdrawal("1")], anyone)
    assert endings == [None, None]
    assert rows(core, RefusedMessage) == []
    assert [row.status for row in rows(core, Case)] == ["企业已撤回"]


def test_a_withdrawal_of_what_never_came_is_refused(core: Core) -> None:
    assert core.reception.receive_all([withdrawal("2"), order("1")], anyone) == [None, None]
    (kept,) = rows(core, RefusedMessage)
    assert kept.message_id == "withdrawal-2"
    assert "hotline" in kept.reason_en


def test_what_is_no_message_is_kept_in_its_place_among_others(core: Core) -> None:
    raw = Raw("amqp", "garbage", {"ce-partner": "hotline"}, "text/plain", b"[", {"message_id": "m-1"})
    unreadable = Unreadable(raw, "不是 CloudEvents", "not a CloudEvent")
    assert core.reception.receive_all([order("1"), unreadable, withdrawal("1")], anyone) == [None, None, None]
    (kept,) = rows(core, RefusedMessage)
    assert (kept.partner, kept.message_id, kept.body, kept.reason) == ("hotline", "m-1", b"[", "不是 CloudEvents")
    assert [row.status for row in rows(core, Case)] == ["企业已撤回"]


# ---- what the sender is told -------------------------------------------------------------------------------------------


def refuse(core: Core, **properties: str) -> None:
    raw = Raw("amqp", "hotline.order", {}, "application/json", b"{}", properties)
    bad = Message("m-1", "hotline.order", "/hotline", NOW, {}, extensions={"partner": "hotline"}, raw=raw)
    assert core.reception.receive_all([bad], anyone) == [None]


def test_the_sender_is_told_in_the_queue_that_it_named(core: Core) -> None:
    refuse(core, reply_to="my-answers", correlation_id="c-1")
    (row,) = rows(core, OutboxMessage)
    assert (row.address, row.topic, row.headers["type"]) == ("reply", "my-answers", "message.refused")
    assert row.headers["extensions"]["correlationkey"] == "c-1"
    assert '"id":"m-1"' in row.body.decode()
    assert "id: required, and missing" in row.body.decode()
    refuse(core, reply_to="my-answers", correlation_id="c-1")
    assert len({row.headers["id"] for row in rows(core, OutboxMessage)}) == 2, "told as often as it is refused"


@pytest.mark.parametrize("queue", ["inbox", "dead", "jobs.channel.answer", "events.engine.1", "wait.1000", "q" * 121])
def test_nobody_is_told_in_a_queue_of_the_platforms_own(core: Core, queue: str) -> None:
    refuse(core, reply_to=queue)
    assert rows(core, OutboxMessage) == []


# ---- jobs --------------------------------------------------------------------------------------------------------------


def job(core: Core, topic: str) -> Any:
    return next(row for row in rows(core, Job) if row.topic == topic)


@pytest.fixture
def asking(core: Core) -> Core:
    """An instance that waits for a job of the catalogue, and then for one that nobody knows."""
    core.engine.deploy({"asking.bpmn": JOBS})
    core.engine.execute(Start("s-1", "asking"))
    return core


def answer(core: Core, job_id: str, result: Any, id: str = "a-1", **extensions: str) -> list[Exception | None]:
    return core.reception.receive_all(
        [message(id, "job.completed", {"result": result}, jobid=job_id, **extensions)], anyone
    )


def test_a_result_that_does_not_fit_is_a_failure_of_the_job_which_is_tried_again(asking: Core) -> None:
    waiting = job(asking, "notice.send")
    assert answer(asking, waiting.id, {"receipt": 7}, attempt="1") == [None]
    (kept,) = rows(asking, RefusedMessage)
    assert "receipt：应是文字" in kept.reason
    assert "receipt: must be a string" in kept.reason_en
    failed = job(asking, "notice.send")
    assert (failed.state, failed.attempts) == ("open", 1)
    assert failed.available_at == NOW + timedelta(seconds=10)
    assert failed.error == f"答复不能用：{kept.reason}（原文在隔离区）"
    assert answer(asking, waiting.id, {"receipt": 7}, attempt="1") == [None], "delivered again"
    assert job(asking, "notice.send").attempts == 1
    assert answer(asking, waiting.id, {"receipt": 8}, "a-2", attempt="1") == [None], "late"
    assert job(asking, "notice.send").attempts == 1
    assert answer(asking, waiting.id, {"receipt": "r-7"}) == [None], "the same id: it has had no effect yet"
    assert job(asking, "notice.send").state == "done"


def test_results_that_never_fit_are_an_incident_and_a_mended_one_is_still_taken(asking: Core) -> None:
    waiting = job(asking, "notice.send")
    for attempt in range(1, 5):
        answer(asking, waiting.id, {"receipt": 7}, f"a-{attempt}", attempt=str(attempt))
    (incident,) = rows(asking, Incident)
    assert (incident.task_id, incident.kind) == (waiting.id, "job-failed")
    assert "receipt：应是文字" in incident.detail
    assert len(rows(asking, RefusedMessage)) == 4
    answer(asking, waiting.id, {"receipt": 9}, "a-5", attempt="5")
    assert job(asking, "notice.send").attempts == 4, "what fails no more has no effect"
    answer(asking, waiting.id, {"receipt": "r-7"}, "a-4", attempt="4")
    assert job(asking, "notice.send").state == "done"


@pytest.mark.parametrize(
    ("type_", "data", "extensions", "why"),
    [
        ("job.completed", {"result": "done"}, {}, "result"),
        ("job.completed", {"result": {"receipt": "r"}}, {"attempt": "one"}, "attempt"),
        ("job.completed", {"result": {"receipt": "r"}}, {"contractversion": "9"}, "contractversion"),
        ("job.error", {"code": "recipient_unknown"}, {"attempt": "-1"}, "attempt"),
        ("job.error", {}, {}, "code"),
        ("job.failed", {}, {}, "reason"),
        ("job.accepted", {"lock_seconds": 0}, {}, "lock_seconds"),
    ],
)
def test_an_answer_that_is_none_is_a_failure_of_its_job(
    asking: Core, type_: str, data: Any, extensions: dict[str, str], why: str
) -> None:
    waiting = job(asking, "notice.send")
    said = message("a-1", type_, data, jobid=waiting.id, **extensions)
    assert asking.reception.receive_all([said], anyone) == [None]
    (kept,) = rows(asking, RefusedMessage)
    assert why in kept.reason
    failed = job(asking, "notice.send")
    assert (failed.attempts, failed.error) == (1, f"答复不能用：{kept.reason}（原文在隔离区）")


@pytest.mark.parametrize("partner", ["hotline", "acme"])
def test_a_forged_answer_that_is_none_fails_nothing(asking: Core, partner: str) -> None:
    """Neither from who answers no jobs, nor from who answers others."""
    answer(asking, job(asking, "notice.send").id, {"receipt": "r"})
    waiting = job(asking, "somebody.elses")
    for number, version in enumerate(("1", "9")):
        said = message(
            f"f-{number}", "job.completed", {"result": 7}, jobid=waiting.id, partner=partner, contractversion=version
        )
        assert asking.reception.receive_all([said], anyone) == [None]
    assert job(asking, "somebody.elses").attempts == 0
    assert {row.partner for row in rows(asking, RefusedMessage)} == {partner}


def test_an_answer_that_is_none_to_a_job_that_never_was_is_kept(asking: Core) -> None:
    said = message("a-1", "job.completed", {"result": 7}, jobid="no-such-job")
    assert asking.reception.receive_all([said], anyone) == [None]
    assert len(rows(asking, RefusedMessage)) == 1
    assert rows(asking, Incident) == []


def test_one_wrong_result_spoils_no_other_of_its_group(asking: Core) -> None:
    asking.engine.execute(Start("s-2", "asking"))
    first, second = (row.id for row in rows(asking, Job))
    answers = [
        message("a-1", "job.completed", {"result": {}}, jobid=first),
        message("a-2", "job.completed", {"result": {"receipt": "r"}}, jobid=second),
    ]
    assert asking.reception.receive_all(answers, anyone) == [None, None]
    assert [row.message_id for row in rows(asking, RefusedMessage)] == ["a-1"]
    assert {row.id: row.state for row in rows(asking, Job) if row.topic == "notice.send"} == {
        first: "open",
        second: "done",
    }


def test_a_topic_outside_the_catalogue_takes_any_result(asking: Core) -> None:
    answer(asking, job(asking, "notice.send").id, {"receipt": "r"})
    answer(asking, job(asking, "somebody.elses").id, {"whatever": 1}, "a-2")
    assert [row.status for row in rows(asking, Instance)] == ["completed"]


def test_over_http_the_result_is_held_against_the_catalogue_too(asking: Core) -> None:
    inlet = asking.reception.inlet(anyone)
    said = message("a-1", "job.completed", {"result": {}}, jobid=job(asking, "notice.send").id)
    assert inlet.receive(said).status is Status.REFUSED


def test_a_partner_answers_the_topics_it_was_given_and_no_others(asking: Core) -> None:
    answer(asking, job(asking, "notice.send").id, {"receipt": "r"}, partner="acme")
    assert job(asking, "notice.send").state == "done"
    answer(asking, job(asking, "somebody.elses").id, {}, "a-2", partner="acme")
    answer(asking, job(asking, "somebody.elses").id, {}, "a-3", partner="hotline")
    assert job(asking, "somebody.elses").state == "open"
    assert [row.message_id for row in rows(asking, RefusedMessage)] == ["a-2", "a-3"]
    assert "somebody.elses" in rows(asking, RefusedMessage)[0].reason


# ---- cases -------------------------------------------------------------------------------------------------------------


def escalated(**data: Any) -> Message:
    return message("e-1", "case.escalated", {"place": "3305", **data}, correlationkey="lower")


@pytest.mark.parametrize("data", [{}, {"report": None}, {"report": "no-such-report"}])
def test_an_escalation_without_a_report_starts_nothing(core: Core, data: dict[str, Any]) -> None:
    assert core.reception.receive_all([escalated(**data)], anyone) == [None]
    assert rows(core, Instance) == []
    (kept,) = rows(core, RefusedMessage)
    assert "report" in kept.reason
    assert "report" in kept.reason_en


def test_what_happens_to_a_case_is_told_with_the_change(core: Core) -> None:
    core.reception.receive_all([order("1")], anyone)
    (case,) = rows(core, Case)
    (opened,) = told(core, "case.opened")
    assert (opened.address, opened.body.decode()) == ("events", f'{{"number":"{case.number}","place":"{case.place}"}}')
    assert [row.headers["subject"] for row in told(core, "case.stage")] == [case.number] * len(told(core, "case.stage"))
    assert told(core, "case.closed") == []
    core.reception.receive_all([withdrawal("1")], anyone)
    confirm = next(row for row in rows(core, Job) if (row.topic, row.state) == ("channel.progress", "open"))
    answer(core, confirm.id, {"delivered": True})
    (closed,) = told(core, "case.closed")
    assert '"outcome":"withdrawn"' in closed.body.decode()
    assert '"stage":"closure"' in closed.body.decode()


def test_where_nobody_can_listen_nothing_is_written(template: Path, tmp_path: Path) -> None:
    (tmp_path / "core.db").write_bytes(template.read_bytes())
    core = Core.on(Database(f"sqlite:///{tmp_path / 'core.db'}"), ManualClock(NOW))
    core.reception.receive_all([order("1")], anyone)
    assert [row for row in rows(core, OutboxMessage) if row.address == "events"] == []
    core.database.dispose()
