"""What comes in makes one case, once; what people fill in is checked, kept apart where it is long, and moves the case on."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from processes.casework import texts
from processes.casework.access import Forbidden
from processes.casework.doors import UnknownChannel, complete_form, correlate, number_of, replan, report
from processes.casework.forms import FormErrors
from processes.casework.loading import load
from processes.casework.numbers import is_valid
from processes.kernel.errors import NotWaiting
from processes.messaging.contracts import parse_report
from processes.messaging.inlet import Correlation, NotTaken
from processes.runtime.commands import Correlate, Resolve
from processes.store import history
from processes.store.tables import (
    BufferedMessage,
    Case,
    CaseStage,
    CaseText,
    Fingerprint,
    InboxMessage,
    Incident,
    Instance,
    Note,
    PersonalData,
    Report,
    ReportText,
    TaskDraft,
    UserTask,
)
from tests.integration.casework.conftest import REFERENCE, House, problem

SORTED = {"board": "330502.policy", "reason": "企业反映政策兑现，属于政策板块。"}


def sort(house: House, person: str = "wx.chen") -> None:
    complete_form(house.engine, house.open_task(element_id="sort").id, SORTED, person)


# ---- reports -----------------------------------------------------------------------------------------------------------


def test_a_report_is_kept_verbatim_and_opens_a_case(house: House) -> None:
    outcome = report(
        house.engine,
        problem(
            enterprise="湖州某童装有限公司",
            uscc="91330502MA00000000",
            contact="李先生",
            phone="13800001234",
            urgency="急",
        ),
    )
    assert outcome.outcome == "person"
    assert is_valid(outcome.number)
    assert outcome.number.startswith("330502-26-00001-")
    kept = house.row(ReportText)
    assert (kept.title, kept.raw["urgency"]) == ("补助没有兑现", "急")
    assert house.row(PersonalData).phone == "13800001234"
    assert house.row(Report).original == "hot-1"
    case = house.row(Case)
    assert (case.stage, case.status, case.pooled) == ("intake", "正在受理", False)
    assert house.row(Instance).key == outcome.number


def test_no_words_and_no_personal_data_stand_in_variables_or_history(house: House) -> None:
    words, name, phone = "我公司申报的技改补助迟迟没有兑现，请协调。", "湖州某童装有限公司", "13800001234"
    outcome = report(house.engine, problem(body=words, enterprise=name, phone=phone))
    sort(house)
    with house.database.read() as connection:
        entries = history.read(connection, house.row(Case, id=outcome.case).instance_id)
    said = repr([entry.input for entry in entries])
    for secret in (words, name, phone, SORTED["reason"]):
        assert secret not in said
    assert "$text" in said


def test_the_same_original_number_makes_nothing_again(house: House) -> None:
    first = report(house.engine, problem())
    again = report(house.engine, problem(body="别的话"), command_id="another message")
    assert (again.outcome, again.case, again.number) == ("known", first.case, first.number)
    assert len(house.rows(Case)) == len(house.rows(Report)) == len(house.rows(Instance)) == 1


def test_the_same_report_at_the_same_moment_makes_one_case(house: House) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda n: report(house.engine, problem(), command_id=f"m{n}"), range(4)))
    assert {each.case for each in outcomes} == {house.row(Case).id}
    assert sorted(each.outcome for each in outcomes) == ["known", "known", "known", "person"]


def test_numbers_count_up_by_place_and_year(house: House) -> None:
    numbers = [report(house.engine, problem(f"hot-{n}", body=f"第{n}件互不相同的问题" * n)).number for n in range(1, 4)]
    elsewhere = report(house.engine, problem("hot-9", body="德清的问题", place="330521")).number
    house.clock.set(datetime(2026, 12, 31, 16, 30, tzinfo=UTC))  # already New Year in Beijing
    next_year = report(house.engine, problem("hot-10", body="新年的问题")).number
    assert [number[10:15] for number in numbers] == ["00001", "00002", "00003"]
    assert elsewhere.startswith("330521-26-00001-")
    assert next_year.startswith("330502-27-00001-")


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("330502001", "330502001"),
        ("330502000000", "330502"),
        ("330502001007", "330502001"),
        (None, "330502"),
        ("440100", "330502"),
    ],
)
def test_a_report_goes_to_the_nearest_place_that_is_known(small_house: House, said: str | None, place: str) -> None:
    report(small_house.engine, problem(place=said))
    assert small_house.row(Case).place == place


def test_an_unknown_channel_is_refused(small_house: House) -> None:
    with pytest.raises(UnknownChannel, match="没有渠道“pigeon”"):
        report(small_house.engine, parse_report("pigeon", {"id": "1", "body": "咕"}))
    assert small_house.rows(Report) == []


def test_a_report_whose_process_breaks_down_is_kept_and_waits_for_a_person(small_house: House) -> None:
    from tests.diagrams import definitions, end, path, process, script, start

    small_house.engine.functions["boom"] = lambda: 1 / 0
    broken = process("problem", start(), script("divide", "= {a: boom()}"), end(), path("start", "divide", "end"))
    small_house.engine.deploy({"problem.bpmn": definitions(broken)})
    outcome = report(small_house.engine, problem())
    assert outcome.outcome == "person"
    assert "流程出错" in (outcome.reason or "")
    assert small_house.row(Report).original == "hot-1"
    incident = small_house.row(Incident)
    assert incident.command["variables"]["case"]["number"] == outcome.number


def test_a_report_that_is_tried_again_later_is_the_case_that_was_told(small_house: House) -> None:
    from tests.diagrams import definitions, end, path, process, script, start, user

    small_house.engine.functions["boom"] = lambda: 1 / 0
    steps = (start(), script("divide", "= {a: boom()}"), user("look"), end(), path("start", "divide", "look", "end"))
    small_house.engine.deploy({"problem.bpmn": definitions(process("problem", *steps))})
    outcome = report(small_house.engine, problem())
    small_house.clock.advance(timedelta(hours=1))
    small_house.engine.functions["boom"] = lambda: 1
    resolved = small_house.engine.execute(Resolve("again", small_house.row(Incident).id))
    case = small_house.row(Case)
    assert case.id == outcome.case
    assert resolved.instance_id == case.instance_id == small_house.row(Instance).id


def test_a_near_copy_of_an_open_problem_is_found(house: House) -> None:
    first = report(house.engine, problem())
    report(house.engine, problem("hot-2", body="我公司申报的技改补助迟迟没有兑现,请协调!!"))
    report(house.engine, problem("hot-3", body="完全是另外一件事情，关于招工和住宿。", title="招工难"))
    entries = {}
    for case in house.rows(Case):
        with house.database.read() as connection:
            entries[case.number] = history.read(connection, case.instance_id)[0].input["variables"]["report"]["similar"]
    found = [each for each in entries.values() if each]
    assert found == [{"case": first.case, "number": first.number, "score": 1.0}]


def test_a_channel_finds_its_case_by_its_own_number(house: House) -> None:
    outcome = report(house.engine, problem())
    with house.database.read() as connection:
        assert number_of(connection, "hotline", " hot-1 ") == outcome.number
        assert number_of(connection, "hotline", "hot-2") is None


# ---- forms -------------------------------------------------------------------------------------------------------------


def test_a_channel_finds_the_case_of_the_last_round(small_house: House) -> None:
    first, second = (report(small_house.engine, replace(problem(), round=round)) for round in (1, 2))
    assert first.number != second.number
    with small_house.database.read() as connection:
        assert number_of(connection, "hotline", "hot-1") == second.number
    assert [row.original for row in small_house.rows(Report)] == ["hot-1", "hot-1（第2次派发）"]
    with small_house.database.read() as connection:
        started = history.read(connection, small_house.row(Case, number=second.number).instance_id)[0].input[
            "variables"
        ]
    assert (started["report"]["original"], started["report"]["round"]) == ("hot-1", 2)
    assert started["case"]["original"] == "hot-1"


def test_a_form_moves_the_case_on_and_keeps_long_words_apart(house: House) -> None:
    report(house.engine, problem())
    task = house.open_task()
    with house.database.write() as connection:
        connection.execute(
            insert(TaskDraft).values(task_id=task.id, person_id="wx.chen", data={}, saved_at=house.clock.now())
        )
    sort(house)
    said = house.row(CaseText)
    assert (said.body, said.label, said.author, said.element_id) == (SORTED["reason"], "理由", "wx.chen", "sort")
    assert house.row(UserTask, id=task.id).completed_by == "wx.chen"
    assert house.rows(TaskDraft) == []
    case = house.row(Case)
    assert (case.stage, case.status, case.pooled) == ("assignment", "已交吴兴区政策板块", True)
    assert (case.board, case.outcome, case.reason) == ("330502.policy", "pool", SORTED["reason"])


def test_mistakes_in_a_form_change_nothing(house: House) -> None:
    report(house.engine, problem())
    task = house.open_task()
    with pytest.raises(FormErrors) as raised:
        complete_form(house.engine, task.id, {"board": "330521.policy"}, "wx.chen")
    assert raised.value.fields == {"board": "“板块”不在可选范围内", "reason": "请填写“理由”"}
    assert house.row(UserTask).state == "open"
    assert house.rows(CaseText) == []


@pytest.mark.parametrize("person", ["wx.zheng", "nx.chen", "wx.li", "nobody", "wx.pan"])
def test_only_who_holds_the_role_at_the_place_may_do_it(small_house: House, person: str) -> None:
    report(small_house.engine, problem())
    with pytest.raises(Forbidden, match="您不能办理这项任务"):
        sort(small_house, person)


def test_a_double_click_completes_once(house: House) -> None:
    report(house.engine, problem())
    task = house.open_task()
    complete_form(house.engine, task.id, SORTED, "wx.chen", command_id="click")
    again = complete_form(house.engine, task.id, SORTED, "wx.chen", command_id="click")
    assert again.duplicate
    assert len(house.rows(CaseText)) == 1
    with pytest.raises(NotWaiting):
        complete_form(house.engine, task.id, SORTED, "wx.chen", command_id="a later click")


# ---- messages ----------------------------------------------------------------------------------------------------------


def test_words_in_a_message_are_kept_apart(house: House) -> None:
    number = report(house.engine, problem()).number
    sort(house)
    _remind(house)
    said = Correlation("supplement.answered", number, {"case": number, "text": "补交了合同。"}, texts=("text",))
    correlate(house.engine, "partner/1", said)
    assert house.row(CaseText, element_id="supplement.answered").body == "补交了合同。"
    assert house.row(Case, parent=None).closed_at == house.clock.now()


def test_words_of_a_message_that_comes_too_early_are_kept_too(house: House) -> None:
    number = report(house.engine, problem()).number
    said = Correlation("supplement.answered", number, {"case": number, "text": "已补交。"}, texts=("text",))
    assert correlate(house.engine, "partner/1", said).buffered
    assert correlate(house.engine, "partner/1", said).duplicate
    kept = house.row(CaseText)
    assert (kept.body, kept.case_id) == ("已补交。", house.row(Case).id)
    sort(house)
    _remind(house)
    assert house.row(Case).status == "已办结"


def test_what_is_submitted_becomes_a_child_case_at_the_superior_place(house: House) -> None:
    lower = report(house.engine, problem(enterprise="甲公司"))
    payload = {"place": "3305", "parent": lower.case, "report": house.row(Report).id}
    said = Correlation("case.escalated", lower.case, payload, place="3305")
    correlate(house.engine, "bihuan/1", said)
    assert correlate(house.engine, "bihuan/1", said).duplicate
    child = house.row(Case, parent=lower.case)
    assert (child.place, child.stage, child.report_id) == ("3305", "intake", house.row(Report).id)
    assert child.number.startswith("3305-26-00001-")
    task = house.open_task(place="3305")
    assert (task.case_id, task.organisation) == (child.id, "3305.centre")
    with house.database.read() as connection:
        started = history.read(connection, child.instance_id)[0].input["variables"]
    assert started["case"]["parent"] == lower.case
    assert started["report"]["enterprise"] == {"named": True, "uscc": False, "phone": False}


def urging(number: str) -> Correlation:
    return Correlation("hotline.urged", number, {"case": number, "reason": "请快些。"}, texts=("reason",), live=True)


def test_a_message_for_a_live_case_says_whose_turn_it_is_here_and_above(small_house: House) -> None:
    lower = report(small_house.engine, problem())
    payload = {"place": "3305", "parent": lower.case, "report": small_house.row(Report).id}
    correlate(small_house.engine, "bihuan/1", Correlation("case.escalated", lower.case, payload, place="3305"))
    correlate(small_house.engine, "hotline/1", urging(lower.number))
    with small_house.database.read() as connection:
        kept = connection.execute(select(BufferedMessage.payload)).scalar_one()
    tasks = small_house.rows(UserTask, state="open")
    told = [{"role": each.role, "organisation": each.organisation, "place": each.place} for each in tasks]
    assert len(told) == 2
    assert sorted(kept["holders"], key=str) == sorted(told, key=str)
    assert correlate(small_house.engine, "hotline/1", urging(lower.number)).duplicate


def test_a_message_for_a_live_case_is_refused_once_it_is_closed_or_was_never_there(small_house: House) -> None:
    number = report(small_house.engine, problem()).number
    assert not correlate(small_house.engine, "hotline/1", urging(number)).duplicate
    sort(small_house)
    _remind(small_house)
    small_house.engine.execute(Correlate("m", "supplement.answered", number, {}))
    with pytest.raises(NotTaken, match="已经办结"):
        correlate(small_house.engine, "hotline/2", urging(number))
    with pytest.raises(NotTaken, match="没有编号"):
        correlate(small_house.engine, "hotline/3", urging("330502-26-09999-1"))
    assert correlate(small_house.engine, "hotline/1", urging(number)).duplicate, "it had its effect in time"


def _remind(house: House) -> None:
    from sqlalchemy import select

    from processes.runtime.commands import CompleteJob
    from processes.store.tables import Job

    with house.database.read() as connection:
        job = connection.scalars(select(Job.id).where(Job.state == "open")).one()
    house.engine.execute(CompleteJob(f"done {job}", job, {"receipt": "n-1"}))


# ---- the projection ----------------------------------------------------------------------------------------------------


def test_stages_notices_and_due_times_follow_the_diagram(house: House) -> None:
    outcome = report(house.engine, problem())
    case = house.row(Case)
    assert (case.due_at, case.provisional) == (datetime(2026, 1, 6, 9, 30, tzinfo=UTC), False)
    house.clock.advance(timedelta(hours=2))
    sort(house)
    case = house.row(Case)
    assert (case.due_at, case.closed_at) == (None, None)
    note = house.row(Note, case_id=outcome.case)
    assert note.kind == "reminder"
    assert note.recipient == {"role": "board_handler", "organisation": "330502.policy", "place": "330502"}
    _remind(house)
    house.clock.advance(timedelta(hours=1))
    house.engine.execute(Correlate("m", "supplement.answered", outcome.number, {}))
    stages = [(row.stage, row.at) for row in house.rows(CaseStage, case_id=outcome.case)]
    start = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
    assert stages == [
        ("intake", start),
        ("assignment", start + timedelta(hours=2)),
        ("closure", start + timedelta(hours=3)),
    ]
    case = house.row(Case)
    assert (case.status, case.closed_at) == ("已办结", start + timedelta(hours=3))


def test_a_due_time_in_a_year_without_calendar_is_provisional(house: House) -> None:
    house.clock.set(datetime(2026, 12, 31, 2, 0, tzinfo=UTC))
    report(house.engine, problem())
    case = house.row(Case)
    assert (case.due_at, case.provisional) == (datetime(2027, 1, 1, 9, 30, tzinfo=UTC), True)
    assert house.open_task().provisional


def test_loading_the_year_plans_provisional_due_times_anew(house: House, tmp_path: Path) -> None:
    house.clock.set(datetime(2026, 12, 31, 2, 0, tzinfo=UTC))
    report(house.engine, problem())
    folder = Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
    (folder / "calendar/2027.csv").write_text("day,working,note\n2027-01-01,no,元旦\n", encoding="utf-8")
    with house.database.write() as connection:
        assert load(connection, folder, house.clock).years == (2027,)
    assert replan(house.engine) == 1
    assert replan(house.engine) == 0
    case, task = house.row(Case), house.open_task()
    assert (case.due_at, case.provisional) == (datetime(2027, 1, 4, 9, 30, tzinfo=UTC), False)
    assert (task.due_at, task.provisional) == (case.due_at, False)


# ---- deletion ----------------------------------------------------------------------------------------------------------


def test_deletion_blanks_words_and_names_and_leaves_the_history(house: House) -> None:
    outcome = report(house.engine, problem(enterprise="甲公司", phone="13800001234"))
    sort(house)
    instance = house.row(Case).instance_id
    with house.database.read() as connection:
        before = history.read(connection, instance)
    report_id = house.row(Report).id
    with house.database.write() as connection:
        texts.blank(connection, report_id)
    words, person = house.row(ReportText), house.row(PersonalData)
    assert (words.title, words.body, words.raw) == ("", "", {})
    assert (person.enterprise, person.phone) == ("", "")
    assert house.row(CaseText).body == ""
    assert house.rows(Fingerprint) == []
    with house.database.read() as connection:
        assert history.read(connection, instance) == before
        assert texts.read(connection, texts.of_report(report_id, "body")) == ""
    assert house.row(Case).number == outcome.number
    assert house.rows(InboxMessage, partner="channel")


def test_references_are_resolved_wherever_they_stand(house: House) -> None:
    outcome = report(house.engine, problem())
    report_id = house.row(Report).id
    with house.database.write() as connection:
        ref = texts.keep(connection, outcome.case, "answer", "答复", "wx.li", "已经兑现。", house.clock.now())
        again = texts.keep(connection, outcome.case, "answer", "答复", "wx.li", "已经兑现。", house.clock.now())
        assert ref == again
        given = {"a": [ref, {"$text": "gone"}], "b": {"title": texts.of_report(report_id, "title")}, "c": 3, "$text": 1}
        assert texts.resolve(connection, given) == {
            "a": ["已经兑现。", ""],
            "b": {"title": "补助没有兑现"},
            "c": 3,
            "$text": 1,
        }
