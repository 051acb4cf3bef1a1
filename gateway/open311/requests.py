"""Requests for service: a problem is filed, and its sender sees what becomes of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from flask import Response, jsonify, request

from gateway.context import services
from gateway.open311.access import Refused, blueprint, channels, jurisdiction, partner
from gateway.open311.catalogue import ANY, ATTRIBUTES, Service, offered, require
from gateway.text import HERE
from processes.casework import doors
from processes.casework.records import Channel
from processes.casework.reference import Reference
from processes.casework.views import requests as view
from processes.casework.views.requests import Filed
from processes.messaging import contracts
from processes.messaging.contracts import ContractViolation

MOST = 1000
"""requests of one answer: the standard's own limit"""
LONGEST = timedelta(days=90)
"""of one answer, and the default: the standard's own limit"""

_OURS = {
    "body": "description",
    "id": "client_request_id",
    "contact": "first_name, last_name",
    "place": "jurisdiction_id",
}
"""a report's field → the parameter that it was made of"""
_NOTICES = {
    "known": "此前已经收到，没有重复受理。",
    "duplicate": "与正在办理的问题相同，已并案办理。",
    "refused": "按归集标准未纳入问题池，原文已留存。",
    "person": "已收到，正在人工研判；凭 token 查询受理编号。",
    "pool": "已受理，将按期限办理并答复。",
}


@blueprint.post("/requests.json")
def file() -> Response:
    """File a problem; the same ``client_request_id`` again files nothing and is answered as the first was."""
    reference = services().snapshots.now().reference
    whose = partner()
    channel = _channel(channels(reference, whose))
    place = jurisdiction(reference)
    code = request.values.get("service_code", "").strip()
    if not code:
        raise Refused(400, "缺少 service_code")
    require(offered(reference, place), code)
    try:
        report = contracts.parse_report(channel.code, _row(place))
    except ContractViolation as violation:
        said = [f"{_OURS.get(each.path, each.path)}：{each.zh}".removeprefix("：") for each in violation.problems]
        raise Refused(400, *said) from None
    outcome = doors.report(services().engine, report, actor=whose)
    with services().database.read() as connection:
        [filed] = view.filed(connection, {channel.code}, numbers=[outcome.number])
    about: dict[str, Any] = {"service_request_id": filed.number} if filed.decided else {"token": filed.token}
    answer = jsonify([{**about, "service_notice": _NOTICES[outcome.outcome], "account_id": None}])
    answer.status_code = 200 if outcome.outcome == "known" else 201
    return answer


def _channel(own: Mapping[str, Channel]) -> Channel:
    """The one channel of the caller, or that which it names."""
    if len(own) == 1:
        return next(iter(own.values()))
    named = request.values.get("channel", "")
    if named not in own:
        raise Refused(400, f"请用 channel 指明渠道：{'、'.join(own)}")
    return own[named]


def _row(place: str | None) -> dict[str, Any]:
    """The report that a request's parameters make; parameters that nobody knows are kept with it."""
    sent = {name: value.replace("\r\n", "\n") for name, value in request.form.items() if name != "api_key"}
    missing = [each.description for each in ATTRIBUTES if each.required and not sent.get(f"attribute[{each.code}]")]
    if missing:
        raise Refused(400, *(f"缺少{each}" for each in missing))
    own = sent.get("client_request_id") or request.headers.get("Idempotency-Key") or _own_number()
    named = {each.code: sent.get(f"attribute[{each.code}]", "") for each in ATTRIBUTES}
    return {
        **sent,
        **named,
        "id": own,
        "body": sent.get("description", ""),
        "place": place,
        "contact": sent.get("last_name", "") + sent.get("first_name", ""),
        "phone": sent.get("phone", ""),
        "email": sent.get("email", ""),
        "address": sent.get("address_string", ""),
        "submitted_at": services().clock.now().isoformat(),
    }


def _own_number() -> str:
    """For a client that has no number of its own; it cannot repeat its request without filing it twice."""
    return f"{services().clock.now().astimezone(HERE):%Y%m%d%H%M}-{secrets.token_hex(8)}"


@blueprint.get("/tokens/<token>.json")
def of_token(token: str) -> Response:
    """The number of a request that was filed; null until somebody has decided that it is taken."""
    reference = services().snapshots.now().reference
    own = channels(reference, partner())
    with services().database.read() as connection:
        found = view.filed(connection, own, tokens=[token])
    if not found:
        raise Refused(404, "没有这个 token")
    return jsonify(
        [{"token": each.token, "service_request_id": each.number if each.decided else None} for each in found]
    )


@blueprint.get("/requests/<number>.json")
def show(number: str) -> Response:
    """What became of one request, or of several separated by commas."""
    return _answer(number.split(","))


@blueprint.get("/requests.json")
def list_requests() -> Response:
    """The caller's requests, the newest first: by number, or of at most 90 days, by service and status."""
    numbers = [each for each in request.args.get("service_request_id", "").split(",") if each]
    if numbers:
        return _answer(numbers)
    end = _moment("end_date") or services().clock.now()
    start = _moment("start_date") or end - LONGEST
    if not start <= end <= start + LONGEST:
        raise Refused(400, "start_date 到 end_date 应在 90 天以内")
    reference = services().snapshots.now().reference
    own = channels(reference, partner())
    with services().database.read() as connection:
        found = list(islice(_wanted(view.between(connection, own, start, end)), MOST))
    return _shown(reference, found)


def _answer(numbers: list[str]) -> Response:
    reference = services().snapshots.now().reference
    own = channels(reference, partner())
    with services().database.read() as connection:
        found = view.filed(connection, own, numbers=numbers[:MOST])
    if not found:
        raise Refused(404, "没有这个编号（service_request_id）")
    return _shown(reference, found)


def _wanted(rows: Iterator[Filed]) -> Iterator[Filed]:
    codes = {each for each in request.args.get("service_code", "").split(",") if each}
    states = {each for each in request.args.get("status", "").split(",") if each}
    for row in rows:
        if (not codes or row.service in codes) and (not states or row.status in states):
            yield row


def _moment(name: str) -> datetime | None:
    given = request.args.get(name, "").replace(" ", "+")
    try:
        return datetime.fromisoformat(given).astimezone(HERE) if given else None
    except ValueError:
        raise Refused(400, f"{name} 应是 RFC 3339 时间，如 2026-11-23T09:30:00+08:00") from None


def _shown(reference: Reference, rows: list[Filed]) -> Response:
    known = {place: offered(reference, place) for place in {each.place for each in rows}}
    return jsonify([_json(reference, known[each.place], each) for each in rows])


def _json(reference: Reference, known: Mapping[str, Service], row: Filed) -> dict[str, Any]:
    service = known.get(row.service, known[ANY])
    return {
        "service_request_id": row.number,
        "status": row.status,
        "status_notes": view.notes(reference, row),
        "service_name": service.service_name,
        "service_code": row.service,
        "description": row.body or row.title,
        "agency_responsible": view.agency(reference, row),
        "service_notice": None,
        "requested_datetime": _iso(row.received_at),
        "updated_datetime": _iso(row.updated_at),
        "expected_datetime": _iso(row.due_at),
        "jurisdiction_id": row.place,
        "address": row.address or None,
        "address_id": None,
        "zipcode": None,
        "lat": row.lat,
        "long": row.long,
        "media_url": None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
