"""Who sent a message is believed, or proven by the broker's user and a signature."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from processes.clock import ManualClock
from processes.messaging import cloudevents, signing
from processes.messaging.bus import Message, Raw
from processes.messaging.identity import OPEN, Identity
from processes.messaging.inlet import INTERNAL, NotTaken
from processes.messaging.signing import HEADER, Key

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
OLD, NEW = Key("old", "one"), Key("new", "two")
RATING = Message("r-1", "rating.given", "/ratings", NOW, {"level": 4}, extensions={"partner": "ratings"})
IDENTITY = Identity({"ratings": (OLD, NEW), INTERNAL: (Key("own", "self"),)}, clock=ManualClock(NOW))


def came(
    message: Message,
    key: Key | None = None,
    *,
    structured: bool = False,
    door: str = "amqp",
    at: datetime = NOW,
    **properties: Any,
) -> Message:
    """The message as it comes in, signed under a key."""
    wire = cloudevents.to_structured(message) if structured else cloudevents.to_binary(message)
    if key is not None:
        wire = signing.Signer(key, ManualClock(at)).signed(message.type, message, wire)
    return replace(message, raw=Raw(door, message.type, wire.headers, wire.content_type, wire.body, properties))


def refusal(partner: str, message: Message, identity: Identity = IDENTITY) -> tuple[str, str]:
    """Why it is not believed, in both languages."""
    with pytest.raises(NotTaken) as refused:
        identity.check(partner, message)
    return refused.value.zh, refused.value.en


def test_without_keys_everybody_is_believed() -> None:
    OPEN.check("ratings", came(RATING))
    OPEN.check(INTERNAL, came(replace(RATING, extensions={})))


@pytest.mark.parametrize("structured", [False, True])
@pytest.mark.parametrize("door", ["amqp", "http"])
@pytest.mark.parametrize("key", [OLD, NEW])
def test_either_live_key_proves_the_sender_in_both_modes_and_over_both_doors(
    key: Key, door: str, structured: bool
) -> None:
    IDENTITY.check("ratings", came(RATING, key, structured=structured, door=door))


def test_a_partner_with_keys_is_not_believed_unsigned() -> None:
    zh, en = refusal("ratings", came(RATING))
    assert HEADER in zh
    assert "must be signed" in en


def test_a_key_that_is_not_live_is_named_with_those_that_are() -> None:
    for told in refusal("ratings", came(RATING, Key("lost", "one"))):
        assert "lost" in told
        assert "old" in told


def test_another_secret_is_not_believed() -> None:
    zh, en = refusal("ratings", came(RATING, Key("new", "guess")))
    assert "验签不符" in zh
    assert "wrong" in en


def test_a_signature_of_another_message_is_not_believed() -> None:
    other = came(replace(RATING, data={"level": 1}), NEW)
    assert other.raw is not None
    mixed = replace(other, raw=replace(other.raw, body=b'{"level": 5}'))
    assert "new" in refusal("ratings", mixed)[1]


def test_what_is_no_signature_is_told() -> None:
    message = came(RATING)
    assert message.raw is not None
    for value in ("nonsense", 7, "new;1;2;3"):
        odd = replace(message, raw=replace(message.raw, headers={**message.raw.headers, HEADER: value}))
        assert "seconds" in refusal("ratings", odd)[1]


def test_over_http_the_times_may_differ_by_five_minutes() -> None:
    for minutes in (-5, 5):
        IDENTITY.check("ratings", came(RATING, NEW, door="http", at=NOW + timedelta(minutes=minutes)))
    for minutes in (-6, 6):
        assert "360 s" in refusal("ratings", came(RATING, NEW, door="http", at=NOW + timedelta(minutes=minutes)))[1]


def test_over_amqp_a_message_may_have_waited_for_the_platform() -> None:
    IDENTITY.check("ratings", came(RATING, NEW, at=NOW - timedelta(days=3)))
    assert "360 s" in refusal("ratings", came(RATING, NEW, at=NOW + timedelta(minutes=6)))[1]


def test_with_keys_of_its_own_the_platform_must_sign_too() -> None:
    own = replace(RATING, extensions={})
    IDENTITY.check(INTERNAL, came(own, Key("own", "self")))
    assert "add ce-partner" in refusal(INTERNAL, came(own))[1]


def test_what_comes_over_the_platforms_own_bus_needs_no_proof() -> None:
    IDENTITY.check(INTERNAL, replace(RATING, extensions={}))


def test_the_brokers_user_must_be_the_partners() -> None:
    named = Identity(users={"ratings": ("amqp-7",), INTERNAL: ("platform",)})
    named.check("ratings", came(RATING, user_id="amqp-7"))
    named.check("hotline", came(RATING, user_id="hotline"))
    named.check("hotline", came(RATING))
    assert "user ratings" in refusal("hotline", came(RATING, user_id="ratings"), named)[1]
    assert "user ratings" in refusal("ratings", came(RATING, user_id="ratings"), named)[1]
    assert "add ce-partner" in refusal(INTERNAL, came(RATING, user_id="ratings"), named)[1]


def test_a_partner_answers_the_topics_it_was_given() -> None:
    given = Identity(answers={"acme": ("notice.send",)})
    assert given.may_answer("acme", "notice.send")
    assert not given.may_answer("acme", "channel.answer")
    assert not given.may_answer("hotline", "notice.send")
    assert given.may_answer_any("acme")
    assert not given.may_answer_any("hotline")
