"""Partners speak of their own cases only, and do not learn which others there are."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from processes.casework.assembly import Core
from processes.clock import ManualClock
from processes.messaging.bus import Message
from processes.messaging.inlet import Receipt, Status
from processes.store.database import Database
from processes.store.tables import BufferedMessage, Case, Job, RefusedMessage
from tests.integration.casework.test_references import MODELS

NOBODYS = "330502-26-99999-9"


class Platform:
    """The shipped models behind the inlet, with a problem of the hotline and one of 浙里办."""

    def __init__(self, clock: ManualClock) -> None:
        self.core = Core.on(Database("sqlite://"), clock)
        self.core.seed(MODELS)
        self._inlet = self.core.reception.inlet(lambda partner, type_: True)
        self.hotline, self.zheliban = self._report("hotline"), self._report("zheliban")

    def _report(self, channel: str) -> str:
        body = f"我公司新厂房申请用电报装至今没有答复，渠道 {channel}。"
        told = {"id": "42", "title": "用电报装迟迟未办", "body": body, "enterprise": f"{channel}精密机械有限公司"}
        return str(self.tell(channel, f"{channel}.order", told).result["number"])

    def tell(self, partner: str, type_: str, data: dict[str, Any]) -> Receipt:
        """A partner's message, with an id of its own."""
        id_ = f"{partner}-{type_}-{data}"[:200]
        now = self.core.clock.now()
        return self._inlet.receive(Message(id_, type_, "/test", now, data, extensions={"partner": partner}))

    def asked(self, number: str, topic: str, state: str) -> None:
        """A job of this topic of a case is in this state."""
        with self.core.database.write() as connection:
            instance, now = (
                connection.scalar(select(Case.instance_id).where(Case.number == number)),
                self.core.clock.now(),
            )
            about = {"element_id": "asked", "topic": topic, "arguments": {}, "available_at": now, "created_at": now}
            if not connection.execute(update(Job).where(Job.id == f"{topic}-1").values(state=state)).rowcount:
                connection.execute(
                    insert(Job), [{"id": f"{topic}-1", "instance_id": instance, "state": state, **about}]
                )

    def count(self, table: Any) -> int:
        with self.core.database.read() as connection:
            return len(connection.execute(select(table.__table__)).all())


@pytest.fixture
def platform(clock: ManualClock) -> Platform:
    return Platform(clock)


FORGED = [
    ("hotline", "hotline.urged", {"reason": "请尽快。"}),
    ("hotline", "hotline.extension-ruled", {"granted": True}),
    ("hotline", "hotline.called-back", {"level": 1, "solved": 1}),
    ("hotline", "withdrawal.requested", {"reason": "不办了。"}),
    ("hotline", "supplement.answered", {"text": "补正。"}),
    ("hotline", "rating.given", {"level": 1}),
    ("ratings", "rating.given", {"level": 1, "comment": "差。"}),
    ("ratings", "rating.reviewed", {"passed": True}),
    ("seven-lists", "seven-lists.accepted", {"reference": "QD-1"}),
    ("seven-lists", "seven-lists.stage", {"reference": "QD-1", "stage": "strike_off"}),
    ("seven-lists", "seven-lists.rejected", {"reason": "不收。"}),
]


@pytest.mark.parametrize(("partner", "type_", "said"), FORGED, ids=[f"{each[0]} {each[1]}" for each in FORGED])
def test_of_anothers_case_nothing_is_taken_and_nothing_is_learnt(
    platform: Platform, partner: str, type_: str, said: dict[str, Any]
) -> None:
    reasons = []
    for number in (platform.zheliban, NOBODYS):
        receipt = platform.tell(partner, type_, {"case": number, **said})
        assert receipt.status is Status.REFUSED
        assert receipt.reason_en is not None
        reasons.append((str(receipt.reason).replace(number, "…"), receipt.reason_en.replace(number, "…")))
    assert reasons[0] == reasons[1]
    for original in ("42", "43"):
        receipt = platform.tell(partner, type_, {"channel": "zheliban", "original": original, **said})
        reasons.append((str(receipt.reason).replace(original, "…"), str(receipt.reason_en).replace(original, "…")))
    assert reasons[2] == reasons[3]
    assert (platform.count(BufferedMessage), platform.count(RefusedMessage)) == (0, 4)


@pytest.mark.parametrize(("partner", "type_", "said"), FORGED[:6], ids=[each[1] for each in FORGED[:6]])
def test_of_its_own_case_a_channels_partner_may_say_everything(
    platform: Platform, partner: str, type_: str, said: dict[str, Any]
) -> None:
    receipt = platform.tell(partner, type_, {"channel": "hotline", "original": "42", **said})
    assert (receipt.status, receipt.reason) == (Status.ACCEPTED, None)


@pytest.mark.parametrize(
    ("state", "status"),
    [("open", Status.ACCEPTED), ("failed", Status.ACCEPTED), ("done", Status.REFUSED), ("cancelled", Status.REFUSED)],
)
def test_the_rating_system_rates_what_it_is_asked_to_rate(platform: Platform, state: str, status: Status) -> None:
    platform.asked(platform.zheliban, "rating.request", state)
    assert platform.tell("ratings", "rating.given", {"case": platform.zheliban, "level": 2}).status is status
    assert platform.tell("ratings", "rating.given", {"case": platform.hotline, "level": 2}).status is Status.REFUSED


def test_a_key_that_no_case_can_have_is_some_other_process_s(platform: Platform) -> None:
    told = {"case": "inspection-7", "reference": "QD-1"}
    assert platform.tell("seven-lists", "seven-lists.accepted", told).status is Status.ACCEPTED
    assert platform.count(BufferedMessage) == 1


def test_the_seven_lists_speak_of_what_was_transferred_to_them(platform: Platform) -> None:
    platform.asked(platform.hotline, "seven-lists.transfer", "done")
    told = {"case": platform.hotline, "reference": "QD-1", "stage": "measures"}
    assert platform.tell("seven-lists", "seven-lists.stage", told).status is Status.ACCEPTED
