"""A case goes to a superior place that another deployment hosts, and what becomes of it comes back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from processes.casework import attachments, texts
from processes.casework.views import case as case_page
from processes.casework.views.head import head
from processes.clock import ManualClock
from processes.messaging.between_levels import CHUNK, chunk_data
from processes.messaging.bus import Message
from processes.messaging.contracts import CONTRACTS
from processes.messaging.inlet import Status
from processes.store.tables import (
    Attachment,
    AwaitedFile,
    Case,
    FileChunk,
    Incident,
    PeerCase,
    PeerMessage,
    PersonalData,
    RefusedMessage,
    Report,
    ReportText,
)
from tests.integration.federation.conftest import MakeLevels
from tests.integration.federation.deployments import (
    BODY,
    TITLE,
    Deployment,
    Levels,
    attach,
    content,
    noise,
    peers,
    refused,
)
from tests.levels.places import CITY, PROVINCE

# ---- there and back ------------------------------------------------------------------------------------------------------


def test_a_case_lives_at_the_province_and_is_answered(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()

    child = levels.child(case)
    assert (child.place, child.number[:3]) == ("33", "33-")
    assert levels.city.row(Case, id=case).status.startswith("上级办理中：浙江省")

    levels.province.route(child.id, outcome="answered", resolution="solved", answer="对方集团已分两期支付货款。")
    levels.exchange()

    assert levels.child(case).closed_at is not None
    assert levels.city.row(Case, id=case).stage == "rating"
    assert "对方集团已分两期支付货款。" in levels.city.words(case)
    assert levels.city.rows(RefusedMessage) == levels.province.rows(RefusedMessage) == []
    assert levels.city.rows(Incident) == levels.province.rows(Incident) == []


def test_the_file_goes_with_it(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()

    child = levels.child(case)
    report = levels.province.row(Report, id=child.report_id)
    assert (report.channel, report.original) == ("hotline", f"hot-1@{CITY}")
    text = levels.province.row(ReportText, report_id=report.id)
    assert (text.title, text.body, text.raw["phone"]) == (TITLE, BODY, "13905720016")
    assert levels.province.row(PersonalData, report_id=report.id).phone == "13905720016"
    words = levels.province.words(child.id)
    assert "被执行人在外省，请省级协调。" in words
    assert "中心统筹交办" in words  # the course so far


def test_where_it_comes_from_and_where_it_went_is_shown(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()

    def relatives(deployment: Deployment, case_id: str) -> list[tuple[str, str, bool, str]]:
        now = deployment.core.snapshots.now()
        with deployment.database.read() as connection:
            of = head(connection, now.reference, case_id=case_id)
            assert of is not None
            page = case_page.page(connection, now.reference, now.calendar, of, deployment.clock.now())
        return [(each.host, each.place, each.above, each.number) for each in page.relatives]

    number = levels.city.row(Case, id=case).number
    assert relatives(levels.city, case) == [(PROVINCE, "浙江省", True, "")]
    assert relatives(levels.province, levels.child(case).id) == [(CITY, "湖州市", False, number)]


def test_a_case_that_the_province_returns_goes_on_with_its_instruction(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()
    levels.province.route(levels.child(case).id, outcome="returned", guidance="请先组织跨板块会办。")
    levels.exchange()

    assert levels.child(case).outcome == "returned"
    assert levels.city.row(Case, id=case).status == "等待中心统筹交办"
    assert "请先组织跨板块会办。" in levels.city.words(case)

    levels.city.route(case, outcome="escalation", reason="会办未果，再请省级协调。")
    levels.exchange()
    assert [row.outcome for row in levels.province.rows(Case, parent=case)].count(None) == 1
    assert len(levels.province.rows(Report)) == 1


def test_a_withdrawal_reaches_the_province(levels: Levels) -> None:
    case = levels.escalate()
    levels.exchange()
    withdrawn = Message(
        "w-1",
        "withdrawal.requested",
        "/hotline",
        levels.city.clock.now(),
        {"channel": "hotline", "original": "hot-1", "reason": "已自行解决"},
        extensions={"partner": "hotline"},
    )
    levels.city.inlet.receive(withdrawn)
    levels.city.settle()
    levels.exchange()

    assert levels.city.row(Case, id=case).outcome == "withdrawn"
    assert levels.child(case).outcome == "withdrawn"


def test_a_case_from_the_county_goes_up_twice_and_its_news_come_down_twice(levels: Levels) -> None:
    county = levels.city.report("hot-9", "330502")
    levels.city.route(county, outcome="escalation", reason="区级无协调渠道。")
    at_city = levels.city.row(Case, parent=county)
    levels.city.route(at_city.id, outcome="escalation", reason="请省级协调。")
    levels.exchange()
    levels.province.route(levels.child(at_city.id).id, outcome="answered", resolution="solved", answer="已解决。")
    levels.exchange()

    assert levels.city.row(Case, id=county).stage == "rating"
    assert levels.city.row(Case, id=at_city.id).closed_at is not None


def test_the_examples_of_the_document_start_a_case(levels: Levels) -> None:
    kinds = ("case.file.part", "1"), ("case.escalated", "2")
    part, escalated = (CONTRACTS[kind].example_message() for kind in kinds)
    assert [each.status for each in levels.province.hear([part, escalated], CITY)] == [Status.ACCEPTED] * 2

    child = levels.child(str(part.extensions["correlationkey"]))
    assert levels.province.row(ReportText, report_id=child.report_id).title == "厂房用电报装迟迟未办"
    wanted = CONTRACTS["case.file.wanted", "1"].example_message()
    assert "这一件与它无关" in refused(levels.city, wanted, PROVINCE)


# ---- attachments ---------------------------------------------------------------------------------------------------------


def test_attachments_arrive_byte_for_byte_in_any_order_and_more_than_once(levels: Levels, clock: ManualClock) -> None:
    case = levels.city.report()
    large, small = noise(5 * CHUNK + 17), noise(100)
    attach(levels.city, case, "合同.pdf", large)
    attach(levels.city, case, "对账单.pdf", small)
    attach(levels.city, case, "空白.pdf", b"")
    levels.city.route(case, outcome="escalation", reason="请省级协调。")

    leaving = levels.city.leaving(levels.province)
    assert leaving[-1].type == "case.escalated"
    shuffled = [*leaving, *leaving]
    random.Random(7).shuffle(shuffled)
    levels.province.hear(shuffled, CITY)

    child = levels.child(case)
    got = {row.name: content(levels.province, row.id) for row in levels.province.rows(Attachment, case_id=child.id)}
    assert got == {"合同.pdf": large, "对账单.pdf": small, "空白.pdf": b""}
    assert levels.province.rows(AwaitedFile) == levels.province.rows(RefusedMessage) == []
    clock.advance(timedelta(days=31))
    levels.province.core.arrivals.ask()
    assert levels.province.rows(FileChunk) == []  # those that came once more when the case had started


def test_no_case_starts_before_its_file_is_whole(levels: Levels) -> None:
    case = levels.city.report()
    attach(levels.city, case, "合同.pdf", noise(3 * CHUNK))
    levels.city.route(case, outcome="escalation", reason="请省级协调。")
    *pieces, escalated = levels.city.leaving(levels.province)

    levels.province.hear([escalated, *pieces[1:]], CITY)
    assert levels.province.rows(Case) == []

    levels.province.hear(pieces[:1], CITY)
    assert len(levels.province.rows(Case)) == 1


def test_what_is_lost_is_asked_for_and_sent_again(levels: Levels, clock: ManualClock) -> None:
    case = levels.city.report()
    attach(levels.city, case, "合同.pdf", noise(3 * CHUNK))
    levels.city.route(case, outcome="escalation", reason="请省级协调。")
    leaving = levels.city.leaving(levels.province)
    levels.province.hear(leaving[1:], CITY)

    levels.province.core.arrivals.ask()
    assert levels.province.rows(PeerMessage) == []  # it may yet come
    clock.advance(timedelta(minutes=2))
    levels.province.core.arrivals.ask()
    (wanted,) = levels.province.leaving(levels.city)
    assert (wanted.type, wanted.data["reason"]) == ("case.file.wanted", "缺 1 块")

    with levels.city.database.write() as connection:  # meanwhile the case goes on: its file is another
        texts.keep(connection, case, "", "说明", None, "对方又来函了。", clock.now())
    levels.city.hear([wanted, wanted], PROVINCE)
    levels.exchange()
    assert "对方又来函了。" in levels.province.words(levels.child(case).id)
    assert len(levels.province.rows(Attachment, case_id=levels.child(case).id)) == 1


def test_a_file_that_never_arrives_is_given_up_and_shown(levels: Levels, clock: ManualClock) -> None:
    case = levels.escalate()
    for _ in range(6):
        levels.province.hear(levels.city.leaving(levels.province)[-1:], CITY)
        clock.advance(timedelta(days=1, minutes=1))
        levels.province.core.arrivals.ask()
        levels.city.hear(levels.province.leaving(levels.city), PROVINCE)

    (dead,) = levels.city.rows(PeerMessage)
    assert "仍没有收齐：缺 1 块" in dead.dead_reason
    assert levels.city.leaving(levels.province) == []
    assert levels.city.row(PeerCase, key=case).resent == 6


def test_a_piece_damaged_on_the_way_is_refused_and_kept(levels: Levels) -> None:
    levels.escalate()
    piece, escalated = levels.city.leaving(levels.province)
    damaged = replace(piece, data={**piece.data, "body": "AAAA" + piece.data["body"][4:]})

    (receipt,) = levels.province.hear([damaged], CITY)
    assert (receipt.status, receipt.reason) == (
        Status.REFUSED,
        "body：内容与 sha256 不符，传送中有损坏",
    )
    levels.province.hear([escalated, piece], CITY)
    assert len(levels.province.rows(Case)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"case": None}, "file.case：应是一个 JSON 对象"),
        ({"case": {"sha256": "x", "size": 1, "chunks": 1}}, "file.case.sha256：应是 64 位小写十六进制"),
        ({"case": {"sha256": "0" * 64, "size": 10**10, "chunks": 1}}, "file.case.size：size、chunks 应是合理的整数"),
        ({"case": {"sha256": "0" * 64, "size": 10, "chunks": 1000}}, "file.case.chunks：块数与大小不符"),
        (
            {"attachments": [{"sha256": "0" * 64, "size": 1, "chunks": 1}]},
            "file.attachments[0].name：长度应在 1 到 200 个字之间",
        ),
        ({"attachments": "x"}, "file.attachments：应是数组，最多 100 件"),
    ],
)
def test_a_list_that_does_not_hold_together_is_refused(levels: Levels, changes: dict[str, object], said: str) -> None:
    levels.escalate()
    *_, escalated = levels.city.leaving(levels.province)
    broken = replace(escalated, data={**escalated.data, "file": {**escalated.data["file"], **changes}})
    assert refused(levels.province, broken, CITY) == said


def test_a_part_of_another_content_than_was_listed_is_refused_told_and_sent_anew(levels: Levels) -> None:
    case = levels.escalate()
    piece, escalated = levels.city.leaving(levels.province)
    other = replace(piece, data=chunk_data(piece.data["part"], 0, b"{}"))

    levels.province.hear([other, escalated], CITY)
    assert levels.province.rows(Case) == []
    assert "与摘要（SHA-256）不符，已请 huzhou 重发" in levels.province.row(RefusedMessage).reason
    levels.province.core.arrivals.ask()
    levels.exchange()

    assert levels.child(case).place == "33"


def test_deletion_reaches_the_attachments(levels: Levels) -> None:
    case = levels.city.report()
    attach(levels.city, case, "合同.pdf", noise(100))
    report = levels.city.row(Case, id=case).report_id
    with levels.city.database.write() as connection:
        texts.blank(connection, report)

    (left,) = levels.city.rows(Attachment)
    assert (left.name, left.sha256, left.size) == ("", "", 100)
    with pytest.raises(attachments.Gone):
        content(levels.city, left.id)
    levels.city.route(case, outcome="escalation", reason="请省级协调。")
    levels.exchange()
    assert levels.province.rows(Attachment) == []


# ---- version N−1 ---------------------------------------------------------------------------------------------------------


def test_a_province_of_version_1_gets_the_words_in_the_message_and_no_attachments(make_levels: MakeLevels) -> None:
    levels = make_levels(1)
    case = levels.city.report()
    attach(levels.city, case, "合同.pdf", noise(1000))
    levels.city.route(case, outcome="escalation", reason="请省级协调。")
    (escalated,) = levels.city.leaving(levels.province)
    assert "contractversion" not in escalated.extensions
    levels.province.hear([escalated, escalated], CITY)
    levels.exchange()

    child = levels.child(case)
    assert levels.province.row(ReportText, report_id=child.report_id).body == BODY
    assert levels.province.rows(Attachment) == []
    levels.province.route(child.id, outcome="answered", resolution="solved", answer="已解决。")
    levels.exchange()
    assert levels.city.row(Case, id=case).stage == "rating"


def test_a_later_version_than_was_agreed_is_refused(make_levels: MakeLevels) -> None:
    levels = make_levels(1)
    newer = Deployment(levels.city.database, levels.city.clock, peers(CITY, PROVINCE))
    levels.escalate()
    (*_, receipt) = levels.province.hear(newer.leaving(levels.province), CITY)
    assert receipt.reason == "与 huzhou 约定的是第 1 版，这是第 2 版；请双方核对 PEERS 的 version"
