"""Signatures: what they cover, so that any language can make them, and what breaks them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from processes.messaging.signing import Key, is_right, read, sign

KEY = Key("k1", "s3cret")
SIGNED: dict[str, Any] = {
    "id": "rating-17",
    "routing_key": "rating.given",
    "content_type": "application/json",
    "attributes": {"source": "/ratings", "id": "rating-17", "type": "rating.given", "specversion": "1.0"},
    "body": '{"level": 4, "comment": "办得快"}'.encode(),
}


def test_the_lines_of_the_document_under_hmac_sha256() -> None:
    text = (
        "k1\n1764150000\nrating-17\nrating.given\napplication/json\n"
        "id=rating-17\nsource=/ratings\nspecversion=1.0\ntype=rating.given\n\n"
    )
    digest = hmac.new(b"s3cret", text.encode() + SIGNED["body"], hashlib.sha256).hexdigest()
    assert sign(KEY, 1764150000, **SIGNED) == f"k1;1764150000;{digest}"


def test_what_was_signed_is_right() -> None:
    assert is_right(KEY, read(sign(KEY, 1764150000, **SIGNED)), **SIGNED)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("id", "rating-18"),
        ("routing_key", "withdrawal.requested"),
        ("content_type", "text/plain"),
        ("attributes", {**SIGNED["attributes"], "source": "/others"}),
        ("attributes", {**SIGNED["attributes"], "jobid": "1"}),
        ("body", b"{}"),
    ],
)
def test_whatever_is_changed_makes_it_wrong(what: str, value: Any) -> None:
    assert not is_right(KEY, read(sign(KEY, 1764150000, **SIGNED)), **{**SIGNED, what: value})


def test_another_secret_or_time_makes_it_wrong() -> None:
    signature = read(sign(KEY, 1764150000, **SIGNED))
    assert not is_right(Key("k1", "other"), signature, **SIGNED)
    assert not is_right(KEY, read(f"k1;1764150001;{signature.digest}"), **SIGNED)


def test_a_line_feed_could_move_one_line_into_another_and_is_not_signed() -> None:
    with pytest.raises(ValueError, match="line feed"):
        sign(KEY, 1764150000, **{**SIGNED, "id": "a\nb"})
    assert not is_right(KEY, read("k1;1764150000;00"), **{**SIGNED, "id": "a\nb"})


@pytest.mark.parametrize("header", ["", "k1", "k1;now;00", "k1;1;2;3", "k1;999999999999;00", "k1;;00"])
def test_what_is_no_signature_is_told(header: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read(header)
