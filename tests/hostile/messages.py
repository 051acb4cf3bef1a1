"""Messages that no well-behaved system would send, drawn by Hypothesis: forged, replayed, too large, truncated, mis-encoded, of a wrong version,
against the schema, or with headers that no client can read. Among them are good ones, which must have their effect.

Each bears its own mark, in its properties or in its body, by which it is found again: as an effect, or in the quarantine.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pika
from hypothesis import strategies as st

from processes.messaging import signing
from processes.messaging.signing import Key

KEYS = {"ratings": [{"id": "old", "secret": "one"}, {"id": "new", "secret": "two"}]}
"""the keys of partners; the platform must know them"""

STRUCTURED = "application/cloudevents+json"
BINARY = "application/json"

ORDER = {
    "id": "",
    "title": "厂房用电报装迟迟未办",
    "body": "我公司新厂房十月初申请用电报装，至今没有答复，设备无法试产。",
}
RATING = {"case": "", "level": 4, "comment": "办得快，谢谢。"}


@dataclass(frozen=True)
class Sent:
    """A message. ``effect``: it must have its effect (else it must be refused); ``names``: what both reasons must name; ``twice``: it is sent
    again."""

    family: str
    mark: str
    routing_key: str
    body: bytes = field(repr=False)
    properties: Any = field(repr=False)
    effect: bool = False
    names: str = ""
    twice: bool = False


def mark(number: int) -> str:
    """The mark of a message."""
    return f"hostile-{number:06}"


Make = Callable[[str], Sent]
"""from a mark, the message"""


class Unreadable(pika.BasicProperties):
    """Properties whose header table no decoder takes; everything else is absent."""

    def __init__(self, table: bytes) -> None:
        super().__init__()
        self._table = table

    def encode(self) -> list[bytes]:
        """As they go over the wire: the flag of ``headers``, and the table."""
        return [struct.pack(">H", 1 << 13), struct.pack(">I", len(self._table)), self._table]


def _properties(at: str, content_type: str | None, headers: Mapping[str, Any] | None = None, **more: Any) -> Any:
    return pika.BasicProperties(
        content_type=content_type,
        headers=dict(headers or {}),
        delivery_mode=2,
        correlation_id=at,
        message_id=at,
        **more,
    )


def _event(at: str, type_: str, data: Any, **extensions: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": at, "type": type_, "source": "/hostile", "data": data, **extensions}


def _structured(family: str, at: str, event: Mapping[str, Any], **sent: Any) -> Sent:
    body = orjson.dumps(event)
    return Sent(family, at, str(event.get("type", "nothing")), body, _properties(at, STRUCTURED), **sent)


def _binary(family: str, at: str, event: Mapping[str, Any], more: Mapping[str, Any] | None = None, **sent: Any) -> Sent:
    headers = {f"ce-{name}": value for name, value in event.items() if name != "data"} | dict(more or {})
    body = orjson.dumps(event["data"])
    return Sent(family, at, str(event["type"]), body, _properties(at, BINARY, headers), **sent)


def _order(at: str, **changes: Any) -> dict[str, Any]:
    return _event(at, "hotline.order", {**ORDER, "id": at}, **{"partner": "hotline", **changes})


def _rating(at: str, **changes: Any) -> dict[str, Any]:
    return _event(at, "rating.given", {**RATING, "case": at}, **changes)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)

modes = st.sampled_from([_structured, _binary])


def good() -> st.SearchStrategy[Make]:
    """Orders that are right, some of them sent twice."""

    def make(mode: Any, twice: bool, words: str) -> Make:
        def made(at: str) -> Sent:
            order = _order(at)
            order["data"]["remark"] = words  # unknown to the contract, and kept
            return mode("replayed" if twice else "good", at, order, effect=True, twice=twice)

        return made

    return st.builds(make, modes, st.booleans(), WORDS)


# ---- forged ------------------------------------------------------------------------------------------------------------


def _signed(at: str, *, key: str = "new", secret: str = "two", changed: str = "", time: int = 1_764_000_000) -> Sent:
    event = _rating(at, partner="ratings")
    attributes = {name: value for name, value in event.items() if name != "data"}
    body = orjson.dumps(event["data"])
    line = signing.sign(Key(key, secret), time, at, "rating.given", BINARY, attributes, body)
    right = not changed and (key, secret) in (("new", "two"), ("old", "one"))
    if changed == "body":
        body = orjson.dumps({**event["data"], "level": 1})
    elif changed == "partner":
        event["source"] = "/elsewhere"
    headers = {f"ce-{name}": event[name] for name in attributes} | {signing.HEADER: line}
    names = "" if right else key
    family = "signed" if right else "forged"
    return Sent(family, at, "rating.given", body, _properties(at, BINARY, headers), effect=right, names=names)


def forged() -> st.SearchStrategy[Make]:
    """In somebody else's name, for jobs that are not theirs, with wrong signatures; and some with right ones."""
    answer = {"result": {"delivered": True}}
    makes: list[Make] = [
        lambda at: _structured("forged", at, _order(at, partner="ratings"), names="ratings"),
        lambda at: _binary("forged", at, _order(at, partner="nobody"), names="nobody"),
        lambda at: _binary("forged", at, _rating(at, partner="ratings"), names=signing.HEADER),
        lambda at: _structured("forged", at, _rating(at, partner="ratings"), names=signing.HEADER),
        lambda at: _signed(at),
        lambda at: _signed(at, key="old", secret="one"),
        lambda at: _signed(at, secret="guess"),
        lambda at: _signed(at, key="lost"),
        lambda at: _signed(at, changed="body"),
        lambda at: _signed(at, changed="partner"),
        lambda at: _binary(
            "forged", at, _rating(at, partner="ratings"), {signing.HEADER: "new;yesterday;00"}, names=signing.HEADER
        ),
        lambda at: _binary("forged", at, _event(at, "job.completed", answer, jobid=at), names=at),
        lambda at: _structured(
            "forged", at, _event(at, "job.completed", answer, jobid=at, partner="hotline"), names="hotline"
        ),
        lambda at: _structured("forged", at, _event(at, "job.error", {"code": "x"}, jobid=at), names=at),
        lambda at: _binary(
            "forged", at, _event(at, "case.answered", {}, correlationkey=at, partner="hotline"), names="hotline"
        ),
        lambda at: _structured("forged", at, _event(at, "signal:all", {}, partner="hotline"), names="type"),
    ]
    # The same draw is not drawn twice: a source that differs makes each of them many.
    return st.builds(_from, st.sampled_from(makes), st.integers(0, 10**9))


def _from(make: Make, number: int) -> Make:
    """The same message, from another of the stranger's connections (which tells the broker nothing that the platform reads)."""

    def made(at: str) -> Sent:
        sent = make(at)
        sent.properties.app_id = str(number)
        return sent

    return made


# ---- damaged -----------------------------------------------------------------------------------------------------------


def truncated() -> st.SearchStrategy[Make]:
    """A good message, cut anywhere."""

    def make(share: float, mode: Any) -> Make:
        def made(at: str) -> Sent:
            whole = mode("truncated", at, _order(at))
            cut = whole.body[: max(int(len(whole.body) * share), 1)]
            return Sent("truncated", at, whole.routing_key, cut, whole.properties, names="JSON")

        return made

    return st.builds(make, st.floats(0.01, 0.99), modes)


def misencoded() -> st.SearchStrategy[Make]:
    """Other encodings, and noise."""

    def make(encoding: str, noise: bytes) -> Make:
        def made(at: str) -> Sent:
            text = orjson.dumps(_order(at)).decode()
            body = text.encode("utf-8") + noise if encoding == "noise" else text.encode(encoding)
            return Sent("mis-encoded", at, "hotline.order", body, _properties(at, STRUCTURED), names="JSON")

        return made

    noises = st.binary(min_size=1, max_size=200).filter(lambda each: bool(each.strip(b" \t\r\n")))
    return st.builds(make, st.sampled_from(["gbk", "gb18030", "noise"]), noises)


def wrong_version() -> st.SearchStrategy[Make]:
    """Versions that there are not, of the contract and of CloudEvents."""
    versions = st.one_of(st.integers(3, 10**9).map(str), st.text("abcxyz.", min_size=1, max_size=30))
    contract = st.builds(
        lambda mode, version: (
            lambda at: mode("wrong version", at, _order(at, contractversion=version), names="contractversion")
        ),
        modes,
        versions,
    )
    event = st.builds(
        lambda version: (
            lambda at: _structured("wrong version", at, {**_order(at), "specversion": version}, names="specversion")
        ),
        st.sampled_from(["0.3", "2.0", "", 1, True]),
    )
    return st.one_of(contract, event)


_long, _number = "长" * 200_000, 10**18

WRONG: tuple[tuple[str, Any], ...] = (
    ("id", ...), ("id", ""), ("id", None), ("id", 7), ("id", "1" * 121), ("body", 5), ("body", _long), ("body", "a\0b"), ("title", ["x"]),
    ("title", "t" * 1001), ("submitted_at", "yesterday"), ("submitted_at", "2026-11-23T09:26:00"), ("place", {"a": 1}), ("phone", _number),
    ("email", True), ("extra", float("1e308") * -1), ("address", [[[]]]), ("uscc", "x" * 41),
)  # fmt: skip
"""fields of an order, and values that they must not have (``...``: the field is missing)"""


def wrong_schema() -> st.SearchStrategy[Make]:
    """What the contract forbids, field by field; nesting without end; types that nobody knows; attributes that are no text."""

    def changed(mode: Any, name: str, value: Any) -> Make:
        def made(at: str) -> Sent:
            data = {**ORDER, "id": at, name: value}
            if value is ...:
                del data[name]
            # An unknown field of an order is kept: it is right as it is.
            return mode(
                "wrong schema",
                at,
                {**_order(at), "data": data},
                effect=name == "extra",
                names="" if name == "extra" else name,
            )

        return made

    def deep(depth: int) -> Make:
        def made(at: str) -> Sent:
            order = _order(at)
            order["data"] = order.pop("data")  # last: what is added stands in it
            body = orjson.dumps(order)[:-2] + b',"nested":' + b"[" * depth + b"]" * depth + b"}}"
            return Sent("wrong schema", at, "hotline.order", body, _properties(at, STRUCTURED), names="nested")

        return made

    def unknown(type_: str) -> Make:
        return lambda at: _structured(
            "wrong schema", at, _event(at, f"unknown.{type_}", {}, partner="hotline"), names="type"
        )

    def attribute(name: str, value: Any) -> Make:
        return lambda at: _structured("wrong schema", at, {**_order(at), name: value}, names=name)

    def whole(value: Any) -> Make:
        return lambda at: _structured("wrong schema", at, {**_order(at), "data": value}, names="JSON")

    names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
    return st.one_of(
        st.builds(lambda mode, each: changed(mode, *each), modes, st.sampled_from(WRONG)),
        st.builds(deep, st.sampled_from([40, 100, 400])),
        st.builds(unknown, names.filter(lambda each: "\n" not in each)),
        st.builds(lambda each: attribute(*each), st.sampled_from(_ATTRIBUTES)),
        st.builds(whole, st.sampled_from([None, 5, "text", [], [1], True])),
    )


_ATTRIBUTES: tuple[tuple[str, Any], ...] = (
    ("source", ""), ("source", 5), ("source", "s" * 201), ("time", "now"), ("time", "0001-01-01T00:00:00+14:00"), ("time", 5),
    ("whatever", {"a": 1}), ("whatever", 1.5), ("data_base64", "AAAA"), ("subject", []),
)  # fmt: skip


def headers() -> st.SearchStrategy[Make]:
    """Header tables that no client reads, or that are no attributes."""

    def nested(depth: int) -> bytes:
        table = b""
        for _ in range(depth):
            inner = struct.pack(">I", len(table)) + table
            table = b"\x01aF" + inner
        return table

    tables = st.one_of(
        st.just(b"\x01tT" + b"\xff" * 8),
        st.integers(1_200, 3_000).map(nested),
    )

    def unreadable(table: bytes) -> Make:
        return lambda at: Sent("headers", at, "hotline.order", orjson.dumps(_order(at)), Unreadable(table), names="")

    def odd(value: Any) -> Make:
        return lambda at: _binary("headers", at, {**_order(at), "source": value}, names="source")

    return st.one_of(
        st.builds(unreadable, tables), st.builds(odd, st.sampled_from([7, True, b"\xff\xfe", {"a": {"b": [1]}}, None]))
    )


def noise() -> st.SearchStrategy[Make]:
    """Anything."""

    def make(body: bytes, content_type: str | None, key: str) -> Make:
        # The mark in front makes it no JSON, whatever follows.
        return lambda at: Sent("noise", at, key, at.encode() + body, _properties(at, content_type), names="")

    types = st.one_of(
        st.none(), st.sampled_from([BINARY, STRUCTURED, "application/cloudevents-batch+json", "text/plain", "€"])
    )
    return st.builds(make, st.binary(max_size=300), types, st.text("abc.#*-", max_size=30))


def large(size: int) -> Make:
    """More than anybody needs."""
    return lambda at: Sent(
        "oversize",
        at,
        "hotline.order",
        orjson.dumps(_order(at))[:-1] + b" " * size + b"}",
        _properties(at, STRUCTURED),
        names="1048576",
    )


def any_message() -> st.SearchStrategy[Make]:
    """Of any family; those that need a broker's patience (large ones) are added by whoever sends them."""
    return st.one_of(good(), forged(), truncated(), misencoded(), wrong_version(), wrong_schema(), headers(), noise())
