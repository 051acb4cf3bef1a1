"""CloudEvents on the wire: both modes, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.messaging.bus import Message
from processes.messaging.cloudevents import NotACloudEvent, decode, to_binary, to_structured

NOW = datetime(2026, 1, 5, 1, tzinfo=UTC)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20).filter(
    lambda name: name not in {"id", "type", "source", "time", "subject", "specversion", "data", "datacontenttype"}
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
MESSAGES = st.builds(
    Message,
    id=TEXT,
    type=TEXT,
    source=TEXT,
    time=st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),
    data=JSON,
    subject=st.none() | TEXT,
    extensions=st.dictionaries(NAME, TEXT, max_size=3),
)


@given(MESSAGES)
def test_every_message_survives_both_modes(message: Message) -> None:
    for wire in (to_binary(message), to_structured(message)):
        assert decode(wire.headers, wire.content_type, wire.body, NOW) == message


def event(**changes: Any) -> dict[str, Any]:
    base = {"specversion": "1.0", "id": "1", "type": "rating.given", "source": "/ratings", "data": {"score": 5}}
    return {name: value for name, value in {**base, **changes}.items() if value is not ...}


def structured(value: Any) -> Message:
    return decode({}, "application/cloudevents+json", json.dumps(value).encode(), NOW)


def test_binary_mode_has_the_attributes_in_headers_and_the_data_alone_in_the_body() -> None:
    wire = to_binary(Message("1", "rating.given", "/ratings", NOW, {"分": 5}, extensions={"partner": "p"}))

    assert wire.headers == {
        "ce-specversion": "1.0", "ce-id": "1", "ce-type": "rating.given", "ce-source": "/ratings",
        "ce-time": "2026-01-05T01:00:00Z", "ce-partner": "p",
    }  # fmt: skip
    assert wire.content_type == "application/json"
    assert json.loads(wire.body) == {"分": 5}


@pytest.mark.parametrize("prefix", ["ce-", "CE-", "cloudEvents:", "cloudEvents_"])
def test_the_prefixes_of_other_bindings_are_read_too(prefix: str) -> None:
    headers = {f"{prefix}{name}": value for name, value in event(data=...).items()}

    assert decode(headers, "application/json", b"5", NOW).id == "1"


def test_other_headers_are_no_attributes() -> None:
    headers = {f"ce-{name}": value for name, value in event(data=...).items()} | {"bihuan-attempts": 3, "x-death": []}

    assert decode(headers, "application/json", b"5", NOW).extensions == {}


def test_a_missing_time_is_the_time_of_receipt() -> None:
    assert structured(event()).time == NOW


def test_an_empty_body_is_no_data() -> None:
    headers = {f"ce-{name}": value for name, value in event(data=...).items()}

    assert decode(headers, None, b"", NOW).data is None


def test_extensions_may_be_numbers_and_booleans() -> None:
    assert structured(event(attempt=2, final=True)).extensions == {"attempt": "2", "final": "true"}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ...}, "id"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"type": ...}, "type"),
        ({"source": None}, "source"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-01-05T09:00:00"}, "zone"),
        ({"time": 5}, "time"),
        ({"data_base64": "AAAA"}, "data_base64"),
        ({"extra": {"a": 1}}, "extra"),
    ],
)
def test_what_the_standard_forbids_is_refused_and_named(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(NotACloudEvent, match=complaint):
        structured(event(**changes))


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"\xff\xfe", b"[]", b"5", b'"text"', b"{}", b"null", b"[" * 100_000, b'{"id": "1"}']
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(NotACloudEvent):
        decode({}, None, body, NOW)


def test_a_batch_is_refused() -> None:
    with pytest.raises(NotACloudEvent, match="batch"):
        decode({}, "application/cloudevents-batch+json", json.dumps([event()]).encode(), NOW)
