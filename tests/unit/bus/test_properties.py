"""Properties are written as pika writes them, byte for byte, whatever stands in them."""

from __future__ import annotations

from typing import Any

import pika
import pika.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.bus.properties import SHORT_STRING, Properties

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SHORT = st.none() | TEXTS | st.binary(max_size=60)
VALUES = (
    TEXTS
    | st.integers(-(2**31), 2**40)
    | st.booleans()
    | st.none()
    | st.lists(TEXTS, max_size=3)
    | st.binary(max_size=9)
)
HEADERS = st.dictionaries(TEXTS | st.binary(max_size=9), TEXTS) | st.dictionaries(TEXTS, VALUES)


@given(SHORT, HEADERS, SHORT, SHORT, SHORT, SHORT, st.none() | st.integers(0, 2**63))
def test_the_same_bytes_as_pika(
    content_type: Any, headers: Any, message_id: Any, type: Any, correlation_id: Any, reply_to: Any, timestamp: Any
) -> None:
    said = {
        "content_type": content_type,
        "headers": headers,
        "message_id": message_id,
        "type": type,
        "correlation_id": correlation_id,
        "reply_to": reply_to,
        "timestamp": timestamp,
    }
    theirs: Any = pika.BasicProperties
    assert b"".join(Properties(**said).encode()) == b"".join(theirs(**said, delivery_mode=2).encode())


@pytest.mark.parametrize("said", [{"headers": {"n" * (SHORT_STRING + 1): "v"}}, {"message_id": "编" * 86}])
def test_what_is_too_long_is_refused(said: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"headers": {}, "message_id": None, "type": None, "correlation_id": None, "timestamp": None}
    with pytest.raises(pika.exceptions.ShortStringTooLong):
        Properties(content_type="application/json", **usual | said).encode()
