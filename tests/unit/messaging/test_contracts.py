"""Every message to the platform is checked against its contract, and its sender is told what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.messaging import incoming as i
from processes.messaging.bus import Message
from processes.messaging.contracts import CONTRACTS, Contract, ContractViolation, parse, parse_report
from processes.messaging.schema import LONG_TEXT, MAX_DEPTH

ALL = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda each: each.type)


def message(type_: str, data: Any, **extensions: str) -> Message:
    return Message("m-1", type_, "/partner", datetime(2026, 11, 23, tzinfo=UTC), data, extensions=extensions)


@ALL
def test_each_example_fits_its_contract_and_names_what_it_is(contract: Contract) -> None:
    said = parse(contract.example_message())
    assert isinstance(said, i.Incoming)
    assert contract.title
    assert contract.description


@ALL
def test_each_contract_refuses_a_wrong_version_naming_the_ones_there_are(contract: Contract) -> None:
    wrong = contract.example_message()
    with pytest.raises(ContractViolation, match="现有：1"):
        parse(replace(wrong, extensions={**wrong.extensions, "contractversion": "7"}))


@ALL
@pytest.mark.parametrize("data", [None, [], "text", 3, True, [{}]])
def test_each_contract_refuses_what_is_no_object(contract: Contract, data: Any) -> None:
    with pytest.raises(ContractViolation, match="JSON 对象"):
        parse(replace(contract.example_message(), data=data))


def test_a_report_keeps_the_fields_nobody_knows() -> None:
    row = {"id": "7", "body": "厂房漏水", "紧急程度": "高", "likes": 3}
    report = parse(message("zheliban.order", row))
    assert isinstance(report, i.ReportMessage)
    assert (report.channel, report.original, report.raw) == ("zheliban", "7", row)


def test_a_row_of_a_file_is_the_same_report_as_a_message() -> None:
    row = {"id": "7", "body": "厂房漏水", "submitted_at": "2026-11-23T09:30:00+08:00"}
    assert parse_report("hotline", row) == parse(message("hotline.order", row))


@pytest.mark.parametrize(
    ("row", "path", "why"),
    [
        ({"body": "厂房漏水"}, "id", "缺少必填字段"),
        ({"id": "7"}, "body", "不能都空着"),
        ({"id": "7", "body": "", "title": " "}, "body", "不能都空着"),
        ({"id": 7, "body": "厂房漏水"}, "id", "应是文字"),
        ({"id": "7", "body": "字" * (LONG_TEXT + 1)}, "body", "长度应在"),
        ({"id": "7", "body": "厂房漏水", "submitted_at": "2026-11-23T09:30:00"}, "submitted_at", "时区"),
        ({"id": "7", "body": "厂房漏水", "submitted_at": "昨天"}, "submitted_at", "RFC 3339"),
        ({"id": "7", "body": "厂房\0漏水"}, "body", "无法保存"),
        ({"id": "7", "body": "厂房漏水", "残": "\ud800"}, "残", "无法保存"),
        ({"id": "7", "body": "厂房漏水", "n": 2**70}, "n", "整数太大"),
        ({"id": "7", "body": "厂房漏水", "n": float("nan")}, "n", "有限"),
    ],
)
def test_a_bad_report_names_the_field_and_the_reason(row: dict[str, Any], path: str, why: str) -> None:
    with pytest.raises(ContractViolation) as caught:
        parse(message("hotline.order", row))
    assert [each.path for each in caught.value.problems] == [path]
    assert why in caught.value.zh
    assert path in caught.value.en


def test_json_nested_without_end_is_refused_and_ends_nothing() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"x": deep}
    with pytest.raises(ContractViolation, match=f"嵌套超过 {MAX_DEPTH} 层"):
        parse(message("hotline.order", {"id": "7", "body": "厂房漏水", "deep": deep}))


@pytest.mark.parametrize("level", [0, 6, "5", 4.5, True, None])
def test_a_rating_has_one_of_five_levels(level: Any) -> None:
    with pytest.raises(ContractViolation, match="level"):
        parse(message("rating.given", {"case": "2026-000017", "level": level}))


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ContractViolation) as caught:
        parse(message("rating.given", {"level": 9, "coment": "好"}))
    assert {each.path for each in caught.value.problems} >= {"level", "coment"}


def test_a_partner_that_only_knows_its_own_number_names_the_channel_with_it() -> None:
    said = parse(message("withdrawal.requested", {"channel": "hotline", "original": "42"}))
    assert isinstance(said, i.WithdrawalRequested)
    assert said.case == i.CaseReference(None, "hotline", "42")
    with pytest.raises(ContractViolation, match="缺少问题编号"):
        parse(message("withdrawal.requested", {"original": "42"}))


def test_a_payload_has_every_field_of_its_contract() -> None:
    said = parse(message("rating.given", {"case": "2026-000017", "level": 2}))
    assert isinstance(said, i.RatingGiven)
    assert said.payload == {
        "case": "2026-000017",
        "channel": None,
        "original": None,
        "level": 2,
        "comment": None,
        "rated_at": None,
    }


@pytest.mark.parametrize("type_", ["rating.taken", "", ".order", "UPPER.order", "a.b.order", "字" * 500])
def test_an_unknown_type_is_refused(type_: str) -> None:
    with pytest.raises(ContractViolation, match="不认识"):
        parse(message(type_, {"id": "7", "body": "厂房漏水"}))


def test_a_workers_answer_must_name_its_job() -> None:
    with pytest.raises(ContractViolation, match="jobid"):
        parse(message("job.completed", {"result": {}}))
    assert parse(message("job.completed", {"result": {}}, jobid="j-1")) == i.JobCompleted("j-1", {})


@pytest.mark.parametrize("seconds", [-1, 1e12, float("inf"), "soon"])
def test_a_failed_job_waits_a_sensible_time(seconds: Any) -> None:
    with pytest.raises(ContractViolation, match="retry_after"):
        parse(message("job.failed", {"reason": "503", "retry_after": seconds}, jobid="j-1"))


def test_a_message_without_an_id_of_its_own_is_refused() -> None:
    fitting = CONTRACTS["rating.given", "1"].example_message()
    for wrong in (replace(fitting, id=""), replace(fitting, id="x" * 201), replace(fitting, source="")):
        with pytest.raises(ContractViolation):
            parse(wrong)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(codec=None))
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@given(
    contract=st.sampled_from(list(CONTRACTS.values())),
    changed=st.dictionaries(
        st.sampled_from(["id", "body", "case", "level", "result", "reason", "place", "code"]), _JSON
    ),
    strange=_JSON,
    type_=st.none() | st.text(st.characters(codec=None)),
    as_is=st.booleans(),
)
def test_whatever_strangers_send_is_taken_or_refused_with_a_reason_that_can_be_stored(
    contract: Contract, changed: dict[str, Any], strange: Any, type_: str | None, as_is: bool
) -> None:
    example = contract.example_message()
    data = strange if as_is else {**example.data, **changed}
    said = _parse_or_violation(replace(example, data=data, type=example.type if type_ is None else type_))
    if isinstance(said, ContractViolation):
        assert 0 < len(said.zh.encode()) < 10_000
        assert said.en.encode()
        assert said.problems
    else:
        assert isinstance(said, i.Incoming)


def _parse_or_violation(strange: Message) -> i.Incoming | ContractViolation:
    try:
        return parse(strange)
    except ContractViolation as violation:
        return violation


def test_peoples_words_are_marked_so_that_they_stay_out_of_variables() -> None:
    marked = {contract.type: contract.texts for contract in CONTRACTS.values() if contract.texts}
    assert marked["rating.given"] == ("comment",)
    assert marked["supplement.answered"] == ("text",)
    assert marked["withdrawal.requested"] == ("reason",)
