"""The quarantine keeps what came as it came; a person sends it again, or dismisses it, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from processes.clock import ManualClock
from processes.messaging.bus import Message, Raw, Whole
from processes.messaging.inlet import Receipt, Status
from processes.store import quarantine
from processes.store.database import Database
from processes.store.quarantine import Edit, NoEntry, Settled, Wanted
from processes.store.tables import RefusedMessage

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "r-1",
    "ce-type": "rating.given",
    "ce-source": "/ratings",
    "ce-partner": "ratings",
}
RAW = Raw("amqp", "rating.given", HEADERS, "application/json", b'{"level": 9}', {"reply_to": "mine"})
CLOCK = ManualClock(NOW)


def keep(database: Database, raw: Raw = RAW, partner: str = "ratings") -> int:
    with database.write() as connection:
        return quarantine.keep(
            connection, raw, partner, "level：应在 1 到 5 之间", "level: must be from 1 to 5", NOW
        ).id


def entry(database: Database, id: int) -> quarantine.Entry:
    with database.read() as connection:
        return quarantine.get(connection, id)


def listed(database: Database, wanted: Wanted = Wanted(), **page: Any) -> list[int]:  # noqa: B008
    with database.read() as connection:
        return [each.id for each in quarantine.listed(connection, wanted, **page)]


class Inlet:
    """Remembers what it was given, and answers as told."""

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt
        self.got: list[Message] = []

    def __call__(self, message: Message) -> Receipt:
        self.got.append(message)
        return self.receipt


def taken() -> Inlet:
    return Inlet(Receipt(Status.ACCEPTED, result={"instance": "i-1"}))


def test_an_entry_is_what_came_byte_by_byte(database: Database) -> None:
    found = entry(database, keep(database))
    assert (found.headers, found.body, found.content_type) == (HEADERS, RAW.body, RAW.content_type)
    assert (found.partner, found.message_id, found.type, found.source) == ("ratings", "r-1", "rating.given", "/ratings")
    assert (found.door, found.routing_key, found.properties) == ("amqp", "rating.given", {"reply_to": "mine"})
    assert (found.reason, found.reason_en) == ("level：应在 1 到 5 之间", "level: must be from 1 to 5")
    assert (found.state, found.times, found.tries) == ("open", 1, [])


def test_what_no_database_stores_is_shown_as_well_as_can_be(database: Database) -> None:
    odd = {
        b"\xff": b"\xfe",
        "nul\0": "a\0b",
        "half": "\ud800",
        "big": 2**70,
        "far": float("inf"),
        "deep": [[[{"a": NOW}]]],
    }
    found = entry(database, keep(database, replace(RAW, headers=odd, body=b"\0\xff")))
    assert found.headers == {
        "\ufffd": "\ufffd",
        "nul\ufffd": "a\ufffdb",
        "half": "?",
        "big": str(2**70),
        "far": "inf",
        "deep": [[[{"a": NOW.isoformat()}]]],
    }
    assert found.body == b"\0\xff"


def test_the_same_thing_again_is_counted_and_another_is_another(database: Database) -> None:
    first = keep(database)
    assert keep(database) == first
    assert keep(database, replace(RAW, body=b"{}")) != first
    assert entry(database, first).times == 2


def test_what_was_settled_before_is_kept_anew(database: Database) -> None:
    first = keep(database)
    with database.write() as connection:
        quarantine.dismiss(connection, first, "operator", "测试", NOW)
    assert keep(database) != first


def test_a_list_shows_what_is_wanted_the_newest_first_page_by_page(database: Database) -> None:
    ids = [
        keep(database, replace(RAW, body=str(number).encode()), "ratings" if number % 2 else "hotline")
        for number in range(6)
    ]
    assert listed(database) == ids[::-1]
    assert listed(database, limit=2) == [ids[5], ids[4]]
    assert listed(database, before=ids[4], limit=2) == [ids[3], ids[2]]
    assert listed(database, Wanted(partner="hotline")) == [ids[4], ids[2], ids[0]]
    assert listed(database, Wanted(type="rating.given", door="http")) == []
    with database.read() as connection:
        assert quarantine.count(connection, Wanted(partner="ratings")) == 3
        assert quarantine.listed(connection, Wanted())[0].body == b""


def test_sent_again_it_goes_through_the_inlet_as_its_sender_and_is_settled(database: Database) -> None:
    id, inlet = keep(database), taken()
    done = quarantine.resend(database, CLOCK, inlet, id, "operator", "once")
    (message,) = inlet.got
    assert (message.id, message.source, message.extensions, message.data) == (
        "r-1",
        "/ratings",
        {"partner": "ratings"},
        {"level": 9},
    )
    assert message.raw is None, "the person vouches for it"
    assert (done.status, done.result, done.by) == ("accepted", {"instance": "i-1"}, "operator")
    found = entry(database, id)
    assert (found.state, found.settled_by, found.settled_at, found.tries) == ("resent", "operator", NOW, [done])


def test_an_edited_message_keeps_its_sender_and_the_original_stays(database: Database) -> None:
    id, inlet = keep(database), taken()
    edited = {**HEADERS, "ce-partner": "somebody", "ce-time": "2026-11-26T09:00:00Z"}
    done = quarantine.resend(database, CLOCK, inlet, id, "operator", "once", Edit(headers=edited, body=b'{"level": 5}'))
    assert inlet.got[0].data == {"level": 5}
    assert inlet.got[0].extensions == {"partner": "ratings"}
    assert (done.headers, done.body) == (edited, '{"level": 5}')
    assert (entry(database, id).headers, entry(database, id).body) == (HEADERS, RAW.body)


def test_the_same_request_again_answers_the_same_and_sends_nothing(database: Database) -> None:
    id, inlet = keep(database), taken()
    first = quarantine.resend(database, CLOCK, inlet, id, "operator", "once")
    assert quarantine.resend(database, CLOCK, inlet, id, "operator", "once") == first
    assert len(inlet.got) == 1


def test_what_is_refused_again_stays_open(database: Database) -> None:
    id, inlet = keep(database), Inlet(Receipt(Status.REFUSED, "还是不对", "still wrong"))
    done = quarantine.resend(database, CLOCK, inlet, id, "operator", "once")
    assert (done.status, done.reason, done.reason_en) == ("refused", "还是不对", "still wrong")
    assert quarantine.resend(database, CLOCK, taken(), id, "operator", "twice").status == "accepted"
    assert [each.key for each in entry(database, id).tries] == ["once", "twice"]


def test_what_is_no_message_is_refused_until_it_is_edited_into_one(database: Database) -> None:
    id, inlet = keep(database, replace(RAW, headers={}, body=b"[")), taken()
    assert "JSON" in str(quarantine.resend(database, CLOCK, inlet, id, "operator", "as it is").reason)
    assert not inlet.got
    assert (
        quarantine.resend(database, CLOCK, inlet, id, "operator", "mended", Edit(HEADERS, None, b"{}")).status
        == "accepted"
    )


def test_a_body_that_was_too_large_must_be_written_anew(database: Database) -> None:
    id, inlet = keep(database, replace(RAW, whole=Whole(50_000_000, "ab" * 32))), taken()
    assert (entry(database, id).length, entry(database, id).sha256) == (50_000_000, "ab" * 32)
    assert quarantine.resend(database, CLOCK, inlet, id, "operator", "as it is").status == "refused"
    assert quarantine.resend(database, CLOCK, inlet, id, "operator", "short", Edit(body=b"{}")).status == "accepted"


def test_dismissed_once_and_for_all(database: Database) -> None:
    id = keep(database)
    for _ in range(2):
        with database.write() as connection:
            found = quarantine.dismiss(connection, id, "operator", "对方已改正", NOW)
    assert (found.state, found.note, found.settled_by) == ("dismissed", "对方已改正", "operator")
    assert listed(database) == []
    assert listed(database, Wanted(state="dismissed")) == [id]
    with pytest.raises(Settled, match="operator"):
        quarantine.resend(database, CLOCK, taken(), id, "other", "late")
    with pytest.raises(Settled), database.write() as connection:
        quarantine.dismiss(connection, id, "other", "再说一遍", NOW)


def test_what_is_not_there_is_told(database: Database) -> None:
    with pytest.raises(NoEntry), database.read() as connection:
        quarantine.get(connection, 404)
    with pytest.raises(NoEntry):
        quarantine.resend(database, CLOCK, taken(), 404, "operator", "once")


def test_a_row_that_older_software_wrote_is_read_and_sent_again(database: Database) -> None:
    noted = {
        "id": "r-1",
        "type": "rating.given",
        "source": "/ratings",
        "subject": None,
        "extensions": {"partner": "ratings"},
    }
    old = {"partner": "ratings", "headers": noted, "body": b"{}", "reason": "旧", "at": NOW}
    with database.write() as connection:
        id = connection.execute(insert(RefusedMessage).values(old).returning(RefusedMessage.id)).scalar_one()
    assert listed(database) == [id]
    found, inlet = entry(database, id), taken()
    assert (found.headers, found.type, found.reason_en) == (HEADERS, "rating.given", "")
    assert quarantine.resend(database, CLOCK, inlet, id, "operator", "once").status == "accepted"
    assert (inlet.got[0].id, inlet.got[0].extensions) == ("r-1", {"partner": "ratings"})
