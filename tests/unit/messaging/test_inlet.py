"""The inlet sends each message to the door its contract names, and keeps what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from processes.messaging import incoming as i
from processes.messaging.addresses import PEER
from processes.messaging.bus import Message
from processes.messaging.contracts import CONTRACTS, Contract
from processes.messaging.inlet import (
    Broadcast,
    Correlation,
    Doors,
    Handled,
    Inlet,
    NotTaken,
    References,
    Refusal,
    Sender,
    Status,
)


@dataclass
class House:
    """Doors that note who came through them; ``cases`` maps (channel, original) to numbers."""

    came: list[tuple[str, Sender, Any]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    cases: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    given: dict[tuple[str, str], References] = field(default_factory=dict)

    def _door(self, name: str) -> Callable[[Sender, Any], Handled]:
        def take(sender: Sender, said: Any) -> Handled:
            if sender.command_id in self.seen:
                return Handled(duplicate=True)
            self.seen.add(sender.command_id)
            self.came.append((name, sender, said))
            return Handled(result={"door": name})

        return take

    def doors(self) -> Doors:
        return Doors(
            report=self._door("report"),
            correlate=self._door("correlate"),
            lock_job=self._door("lock"),
            complete_job=self._door("complete"),
            fail_job=self._door("fail"),
            throw_job_error=self._door("error"),
            signal=self._door("signal"),
            case_number=lambda channel, original: self.cases.get((channel, original)),
            refuse=self.refused.append,
            references=lambda number, topic, organisation: self.given.get((number, topic), References()),
            system_of={"330502.data": "boards"}.get,
            may_send=lambda partner, type_: not (partner == "ratings" and type_.endswith(".order")),
            from_peer=lambda sender, contract, said: self._door("peer")(sender, said),
        )


def message(type_: str, data: Any, **extensions: str) -> Message:
    return Message("m-1", type_, "/partner", datetime(2026, 11, 23, tzinfo=UTC), data, extensions=extensions)


DOOR = {
    "report": "report",
    "job.accepted": "lock",
    "job.extended": "lock",
    "job.completed": "complete",
    "job.failed": "fail",
    "job.error": "error",
}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda each: f"{each.type} {each.version}")
def test_each_contract_leads_to_its_door(contract: Contract) -> None:
    house = House(cases={("hotline", "12345-20261123-0042"): "2026-000042"})
    example = contract.example_message()
    if contract.foreign:
        example = replace(example, extensions={**example.extensions, PEER: "huzhou"})
    receipt = Inlet(house.doors()).receive(example)
    door = "peer" if contract.foreign else DOOR.get(contract.kind.value) or DOOR.get(contract.type, "correlate")
    assert receipt.status is Status.ACCEPTED
    assert [name for name, _, _ in house.came] == [door]
    assert receipt.result == {"door": door}


def test_a_message_for_a_case_is_correlated_by_the_case_number() -> None:
    house = House()
    Inlet(house.doors()).receive(message("rating.given", {"case": "2026-000017", "level": 5}, partner="ratings"))
    _, sender, correlation = house.came[0]
    assert isinstance(correlation, Correlation)
    assert (correlation.message, correlation.key, correlation.texts) == ("rating.given", "2026-000017", ("comment",))
    assert correlation.payload["level"] == 5
    assert sender.command_id == "ratings/%2Fpartner/m-1"


def test_a_channels_own_number_is_looked_up() -> None:
    house = House(cases={("hotline", "42"): "2026-000017"})
    Inlet(house.doors()).receive(message("withdrawal.requested", {"channel": "hotline", "original": "42"}))
    correlation = house.came[0][2]
    assert correlation.key == "2026-000017"
    assert correlation.payload["case"] == "2026-000017"


def test_news_of_an_order_are_for_that_order_alone() -> None:
    house = House(given={("2026-000017", "board.order"): References(frozenset({"BK-7"}))})
    order = {"case": "2026-000017", "board": "330502.data", "reference": "BK-7"}
    Inlet(house.doors()).receive(message("board.accepted", order, partner="boards"))
    assert house.came[0][2].key == "2026-000017/330502.data/BK-7"


@pytest.mark.parametrize("known", [References(), References(frozenset({"BK-8"}))], ids=["no case", "another order"])
def test_news_of_an_order_that_was_never_given_are_refused_alike(known: References) -> None:
    house = House(given={("2026-000017", "board.order"): known})
    order = {"case": "2026-000017", "board": "330502.data", "reference": "BK-7"}
    receipt = Inlet(house.doors()).receive(message("board.accepted", order, partner="boards"))
    assert (receipt.status, house.came) == (Status.REFUSED, [])
    assert receipt.reason == "case：2026-000017 没有对应的问题，或者不归 boards 来信"


def test_a_message_that_one_system_alone_may_send_is_refused_from_others() -> None:
    house = House()
    told = message("seven-lists.accepted", {"case": "2026-000017", "reference": "QD-1"}, partner="hotline")
    assert Inlet(house.doors()).receive(told).reason == "合作方 hotline 无权发送 seven-lists.accepted"
    assert Inlet(house.doors()).may_send("seven-lists", "seven-lists.accepted")
    assert not Inlet(house.doors()).may_send("ratings", "seven-lists.accepted")


def test_whose_word_is_judged_by_the_case_goes_on_with_its_speaker() -> None:
    house = House()
    for sender in ({"partner": "ratings"}, {}):
        Inlet(house.doors()).receive(message("rating.given", {"case": "2026-000017", "level": 5}, **sender))
    speaker, own = (said.speaker for _, _, said in house.came)
    assert (speaker.partner, speaker.over_channel, speaker.asked.topic) == ("ratings", True, "rating.request")
    assert own is None


@pytest.mark.parametrize("board", ["330502.data", "330502.policy", "nowhere"])
def test_only_a_boards_own_system_speaks_for_it(board: str) -> None:
    house = House()
    order = {"case": "2026-000017", "board": board, "reference": "BK-7"}
    partner = "hotline" if board == "330502.data" else "boards"
    receipt = Inlet(house.doors()).receive(message("board.accepted", order, partner=partner))
    assert receipt.status is Status.REFUSED
    assert f"合作方 {partner} 不是板块 {board} 的业务系统" in (receipt.reason or "")
    assert house.came == []


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("seven-lists.accepted", {}),
        ("seven-lists.rejected", {"reason": "不属于清单范围。"}),
        ("seven-lists.stage", {"stage": "measures"}),
    ],
)
def test_a_reference_that_was_never_given_is_refused_with_the_one_that_was(type_: str, data: dict[str, str]) -> None:
    house = House(given={("2026-000017", "seven-lists.transfer"): References(frozenset({"QD-1"}))})
    inlet = Inlet(house.doors())
    receipt = inlet.receive(message(type_, {"case": "2026-000017", "reference": "QD-2", **data}))
    assert receipt.status is Status.REFUSED
    assert "QD-2" in (receipt.reason or "")
    assert "应为 QD-1" in (receipt.reason or "")
    assert inlet.receive(message(type_, {"case": "2026-000017", "reference": "QD-1", **data})).status is Status.ACCEPTED


@pytest.mark.parametrize("awaited", [False, True])
def test_what_is_said_late_of_a_cancelled_order_is_refused(awaited: bool) -> None:
    known = References(frozenset({"BK-8"}), frozenset({"BK-7"}), awaited)
    house = House(given={("2026-000017", "board.order"): known})
    order = {"case": "2026-000017", "board": "330502.data", "resolution": "solved", "answer": "已办。"}
    inlet = Inlet(house.doors())
    receipt = inlet.receive(message("board.result", {**order, "reference": "BK-7"}, partner="boards"))
    assert receipt.status is Status.REFUSED
    assert "已经撤销" in (receipt.reason or "")
    assert inlet.receive(message("board.result", {**order, "reference": "BK-8"}, partner="boards")).status is (
        Status.ACCEPTED
    )


def test_a_number_nobody_knows_is_refused_and_kept() -> None:
    house = House()
    receipt = Inlet(house.doors()).receive(message("withdrawal.requested", {"channel": "hotline", "original": "42"}))
    assert receipt.status is Status.REFUSED
    assert "42" in (receipt.reason or "")
    assert [each.reason for each in house.refused] == [receipt.reason]


FILE = {"report": "r-1", "parent": "lower-1", "why": "x"}


def test_an_escalation_goes_to_the_superior_place_by_the_lower_cases_id() -> None:
    house = House()
    Inlet(house.doors()).receive(message("case.escalated", {"place": "3305", **FILE}, correlationkey="lower-1"))
    assert house.came[0][2] == Correlation("case.escalated", "lower-1", {"place": "3305", **FILE}, "3305")


def test_an_escalation_may_name_the_place_in_its_extension_alone() -> None:
    house = House()
    Inlet(house.doors()).receive(message("case.escalated", FILE, correlationkey="lower-1", place="3305"))
    assert house.came[0][2] == Correlation("case.escalated", "lower-1", {**FILE, "place": "3305"}, "3305")
    assert Inlet(house.doors()).receive(message("case.escalated", FILE, correlationkey="l")).status is Status.REFUSED


def test_a_message_that_only_the_diagrams_know_goes_from_one_to_the_other() -> None:
    house = House()
    Inlet(house.doors()).receive(message("board.asked", {"n": 1}, correlationkey="k", place="3305"))
    assert house.came[0][2] == Correlation("board.asked", "k", {"n": 1}, "3305")


def test_a_signal_of_a_diagram_reaches_the_instance_that_waits() -> None:
    house = House()
    Inlet(house.doors()).receive(message("signal:calendar loaded", None, instance="i-1"))
    assert [(name, said) for name, _, said in house.came] == [("signal", Broadcast("i-1", "calendar loaded", {}))]


@pytest.mark.parametrize("type_", ["board.asked", "signal:calendar loaded"])
def test_a_partner_cannot_send_what_only_diagrams_know(type_: str) -> None:
    house = House()
    assert Inlet(house.doors()).receive(message(type_, {}, partner="hotline")).status is Status.REFUSED
    assert not house.came


def test_a_message_delivered_twice_is_told_apart() -> None:
    house = House()
    inlet = Inlet(house.doors())
    once = message("rating.given", {"case": "2026-000017", "level": 5})
    assert [inlet.receive(once).status, inlet.receive(once).status] == [Status.ACCEPTED, Status.DUPLICATE]


def test_what_does_not_fit_is_kept_with_the_senders_name_and_settled() -> None:
    house = House()
    bad = message("rating.given", {"case": "2026-000017", "level": 9}, partner="ratings")
    Inlet(house.doors()).deliver(bad)
    refusal = house.refused[0]
    assert (refusal.sender.partner, refusal.message) == ("ratings", bad)
    assert "level" in refusal.reason
    assert not house.came


@pytest.mark.parametrize("type_", ["job.completed", "job.failed", "job.error", "case.escalated", "case.answered"])
def test_a_partner_cannot_speak_for_the_platform(type_: str) -> None:
    house = House()
    example = CONTRACTS[type_, "1"].example_message()
    forged = replace(example, extensions={**example.extensions, "partner": "hotline"})
    assert Inlet(house.doors()).receive(forged).status is Status.REFUSED
    assert not house.came


def test_a_partner_sends_only_what_it_may() -> None:
    house = House()
    order = {"id": "1", "body": "厂房漏水"}
    assert Inlet(house.doors()).receive(message("hotline.order", order, partner="ratings")).status is Status.REFUSED
    assert Inlet(house.doors()).receive(message("hotline.order", order, partner="hotline")).status is Status.ACCEPTED


def test_a_door_may_say_that_a_message_can_never_be_taken() -> None:
    house = House()

    def no_such_channel(sender: Sender, report: i.ReportMessage) -> Handled:
        raise NotTaken(f"没有渠道 {report.channel}")

    receipt = Inlet(replace(house.doors(), report=no_such_channel)).receive(
        message("nowhere.order", {"id": "1", "body": "x"})
    )
    assert (receipt.status, receipt.reason) == (Status.REFUSED, "没有渠道 nowhere")
    assert len(house.refused) == 1


def test_a_message_that_is_kept_already_is_refused_without_keeping_it_again() -> None:
    house = House()
    bad = message("rating.given", {"case": "2026-000017", "level": 9})
    assert Inlet(house.doors()).receive(bad, keep=False).status is Status.REFUSED
    assert not house.refused


def test_who_is_not_who_it_says_is_refused_before_anything_is_read() -> None:
    house = House()

    def doubt(partner: str, said: Message) -> None:
        raise NotTaken(f"{partner} 没有签名", f"{partner} has not signed")

    receipt = Inlet(replace(house.doors(), identify=doubt)).receive(message("no.such.type", None, partner="ratings"))
    assert (receipt.status, receipt.reason_en) == (Status.REFUSED, "ratings has not signed")
    assert len(house.refused) == 1


def test_a_partner_that_may_answer_jobs_comes_through_their_doors() -> None:
    house = House()
    doors = replace(house.doors(), may_answer_any=lambda partner: partner == "acme")
    done = message("job.completed", {"result": {}}, jobid="j-1", partner="acme")
    assert Inlet(doors).receive(done).status is Status.ACCEPTED
    other = message("case.answered", {}, correlationkey="l", partner="acme")
    assert Inlet(doors).receive(other).status is Status.REFUSED


def test_a_door_that_fails_leaves_the_message_to_be_delivered_again() -> None:
    house = House()

    def down(sender: Sender, report: i.ReportMessage) -> Handled:
        raise ConnectionError("database is away")

    with pytest.raises(ConnectionError):
        Inlet(replace(house.doors(), report=down)).deliver(message("hotline.order", {"id": "1", "body": "x"}))
    assert not house.refused


def test_command_ids_of_distinct_senders_never_meet() -> None:
    senders = [
        Sender("a", "b/c", "d"),
        Sender("a/b", "c", "d"),
        Sender("a", "b", "c/d"),
        Sender("a%2Fb", "c", "d"),
        Sender("a", "b", "x" * 200),
        Sender("a", "b", "x" * 199 + "y"),
    ]
    ids = {sender.command_id for sender in senders}
    assert len(ids) == len(senders)
    assert all(len(each) <= 200 for each in ids)
