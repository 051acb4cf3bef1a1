"""Messages of partners (CloudEvents) and batches of reports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from gateway.api.access import BadRequest, blueprint, body, caller, field
from gateway.context import services
from gateway.web import error_page
from processes.casework import doors
from processes.casework.views import search
from processes.failpoints import hit
from processes.messaging import cloudevents, contracts, inlet
from processes.messaging.addresses import PEER
from processes.messaging.bus import Raw, Whole
from processes.messaging.contract import ORDER
from processes.messaging.contracts import ContractViolation
from processes.messaging.inlet import Status
from processes.messaging.tally import MESSAGE, TALLY
from processes.store import quarantine

ROWS = 200
"""Reports a request: each is a transaction of its own, and the caller waits for all."""

STATUS = {Status.ACCEPTED: 202, Status.DUPLICATE: 200, Status.REFUSED: 422}


@blueprint.post("/messages")
def receive() -> Response:
    """A CloudEvent in structured or binary mode; the token says from which partner."""
    try:
        raw = _raw()
    except RequestEntityTooLarge:
        return _too_large()
    try:
        message = cloudevents.decode(raw.headers, raw.content_type, raw.body, services().clock.now(), raw)
    except cloudevents.NotACloudEvent as error:
        reason = f"不是 CloudEvents 1.0 消息：{error.zh}"
        _keep(raw, reason, f"not a CloudEvent: {error.en}")
        return error_page(400, reason, error.en)
    raw = replace(raw, routing_key=message.type)
    extensions = {name: value for name, value in message.extensions.items() if name != PEER}
    receipt = services().inlet.receive(replace(message, extensions={**extensions, "partner": caller()}, raw=raw))
    hit("gateway.received")
    told = {"status": receipt.status.value, "reason": receipt.reason, "reason_en": receipt.reason_en}
    answer = jsonify({**told, **dict(receipt.result)})
    answer.status_code = STATUS[receipt.status]
    return answer


@blueprint.post("/reports")
def report() -> Response:
    """Reports of one channel; every row is answered by its number, whatever became of the others."""
    data = body()
    channel, rows = field(data, "channel", str), field(data, "rows", list)
    if len(rows) > ROWS:
        raise BadRequest(f"一次最多 {ROWS} 行。", f"at most {ROWS} rows a request")
    refusal = _channel_refused(channel)
    if refusal is not None:
        return refusal
    found = [_report(channel, row, at) for at, row in enumerate(rows, start=1)]
    hit("gateway.reported")
    return jsonify(found)


def _report(channel: str, row: Any, at: int) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        return {"row": at, "id": None, "outcome": "bad", "reason": "这一行不是 JSON 对象"}
    number = row.get("row", at)
    fields = {name: value for name, value in row.items() if name != "row"}
    try:
        found = doors.report(services().engine, contracts.parse_report(channel, fields), actor=caller())
    except ContractViolation as error:
        TALLY.note(MESSAGE, caller(), f"{channel}{ORDER}", Status.REFUSED.value)
        reason = "；".join(f"{each.path}：{each.zh}" if each.path else each.zh for each in error.problems)
        return {"row": number, "id": row.get("id"), "outcome": "bad", "reason": reason}
    ended = Status.DUPLICATE if found.outcome == "known" else Status.ACCEPTED
    TALLY.note(MESSAGE, caller(), f"{channel}{ORDER}", ended.value)
    state = found.outcome
    if state == "known":
        with services().database.read() as connection:
            state = search.what_became_of(connection, found.case)
    return {
        "row": number,
        "id": row.get("id"),
        "outcome": found.outcome,
        "state": state,
        "reason": found.reason,
        "board": found.board,
        "case": found.case,
        "number": found.number,
    }


def _channel_refused(channel: str) -> Response | None:
    """Why nothing may be reported over this channel by this caller, if so."""
    known = services().snapshots.now().reference.channels.get(channel)
    if known is None:
        return error_page(404, f"没有渠道“{channel}”。", f"no channel {channel}")
    if g.operator is None and known.partner != g.partner:
        return error_page(403, f"渠道“{known.name}”不属于该合作方。", "not a channel of this partner")
    return None


def _raw() -> Raw:
    """The request as it came, without the token."""
    return Raw("http", "", _headers(), request.headers.get("Content-Type", ""), request.get_data())


def _headers() -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() not in _SECRET}


def _too_large() -> Response:
    """Of a message that is too large the beginning is kept, and how long the whole was."""
    stream, digest, length, beginning = request.environ["wsgi.input"], hashlib.sha256(), 0, b""
    while chunk := stream.read(inlet.BEGINNING):
        beginning = beginning or chunk
        length += len(chunk)
        digest.update(chunk)
    zh, en = inlet.too_large(length)
    whole = Whole(length, digest.hexdigest())
    raw = Raw("http", "", _headers(), request.headers.get("Content-Type", ""), beginning, whole=whole)
    _keep(raw, zh, en)
    return error_page(413, zh, en)


_SECRET = frozenset({"authorization", "cookie"})


def _keep(raw: Raw, zh: str, en: str) -> None:
    """Nothing is dropped silently: what can't even be read is kept with the reason."""
    with services().database.write() as connection:
        quarantine.keep(connection, raw, caller(), zh, en, services().clock.now())
    TALLY.note(MESSAGE, caller(), "", Status.REFUSED.value)
