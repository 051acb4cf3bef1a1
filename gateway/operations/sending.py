"""发送测试消息: a message made from its contract and sent through the inlet as a partner, with what came of it, field by field."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Response, abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gateway.context import services
from gateway.operations import contract_form as form
from gateway.operations.pages import blueprint, log, pretty
from gateway.staff.pages import show, snapshot, viewer
from gateway.text import HERE
from processes.casework.views import connections as view
from processes.messaging import cloudevents, contracts
from processes.messaging.addresses import EXCHANGES
from processes.messaging.bus import Address, Message
from processes.messaging.contract import VERSION, Contract, ContractViolation
from processes.messaging.inlet import Receipt, Status
from processes.messaging.json_text import from_json
from processes.messaging.schema import FieldProblem

SOURCE = "/operations/test"
"""The source of every message that is sent from this page."""

_OWN_ID = re.compile(r"test-\d{14}-[0-9a-f]{6}\Z")

UNREADABLE = _l('“其他字段”应是一个 JSON 对象，如 {"urgency": "normal"}；消息还没有发送')

CODES = {Status.ACCEPTED: 200, Status.DUPLICATE: 200, Status.REFUSED: 422}


@blueprint.get("/send")
def sending() -> Response:
    """The form of a message, filled in with its example."""
    partner, chosen = _partner(request.args.get("partner", "")), request.args.get("message", "")
    offered = sendable(partner)
    one = next((each for each in offered if _key(each) == chosen), offered[0] if offered else None)
    if one is None:
        abort(404)
    id = _own_id("")
    return _page(partner, one, id, form.example(contract_of(one), id))


@blueprint.post("/send")
def send() -> Response:
    """Send it; the same form sent twice is the same message."""
    partner, chosen = _partner(request.form.get("partner", "")), request.form.get("message", "")
    one = next((each for each in sendable(partner) if _key(each) == chosen), None)
    if one is None:
        abort(400)
    contract, id = contract_of(one), _own_id(request.form.get("id", ""))
    names = (*(each.name for each in form.fields(contract, {})), form.MORE)
    typed = {name: request.form.get(f"f.{name}", "").replace("\r\n", "\n") for name in names}
    if not form.is_readable(typed):
        return _page(partner, one, id, typed, unreadable=True)
    receipt, problems = sent(one, partner, id, form.data(contract, typed))
    return _page(partner, one, id, typed, receipt, problems)


def sent(one: view.Sendable, partner: str, id: str, data: Any) -> tuple[Receipt, Sequence[FieldProblem]]:
    """Send a message in the name of a partner; what came of it, and what is wrong with its fields."""
    message = _message(one, partner, id, data)
    receipt = services().inlet.receive(message)
    log.info("%s sent the test message %s as %s: %s", viewer().id, id, partner, receipt.status)
    return receipt, _problems(message, receipt)


def _page(
    partner: str,
    one: view.Sendable,
    id: str,
    typed: dict[str, str],
    receipt: Receipt | None = None,
    problems: Sequence[FieldProblem] = (),
    *,
    unreadable: bool = False,
) -> Response:
    contract = contract_of(one)
    fields = form.fields(contract, typed, problems)
    if unreadable:
        fields = tuple(replace(each, error=str(UNREADABLE)) if each.name == form.MORE else each for each in fields)
    message = _message(one, partner, id, form.data(contract, typed))
    return show(
        "operations/send.html",
        422 if unreadable else CODES[receipt.status] if receipt else 200,
        here="operations",
        tab="send",
        partners=partners(),
        partner=partner,
        sendable=[(_key(each), each) for each in sendable(partner)],
        chosen=_key(one),
        contract=contract,
        type=one.type,
        id=id,
        fields=[replace(each, name=f"f.{each.name}") for each in fields],
        errors=[replace(each, name=f"f.{each.name}") for each in fields if each.error],
        receipt=receipt,
        curl=_curl(message),
        amqp=_amqp(message),
        command_id=id,
    )


def _problems(message: Message, receipt: Receipt) -> Sequence[FieldProblem]:
    """What is wrong with the fields of a message that was refused."""
    if receipt.status is Status.REFUSED:
        try:
            contracts.parse(message)
        except ContractViolation as violation:
            return violation.problems
    return ()


def sendable(partner: str) -> Sequence[view.Sendable]:
    """What can be sent in the name of a partner."""
    return view.sendable(snapshot().reference, partner, services().inlet.may_send)


def partners() -> Sequence[str]:
    """The partners in whose names a message can be sent: those with channels, and those with a token."""
    channels = (each.partner for each in snapshot().reference.channels.values())
    return tuple(dict.fromkeys([*channels, *sorted(services().settings.partners.values())]))


def _partner(wanted: str) -> str:
    known = partners()
    if wanted and wanted not in known:
        abort(404)
    return wanted or known[0]


def _key(one: view.Sendable) -> str:
    return f"{one.type}@{one.version}"


def contract_of(one: view.Sendable) -> Contract:
    """The contract of such a message."""
    named = Message("", one.type, "", services().clock.now(), None, extensions={VERSION: one.version})
    return contracts.contract_of(named)


def _own_id(given: str) -> str:
    """The message's id: made with the page, so that sending it twice sends one message."""
    if _OWN_ID.match(given):
        return given
    return f"test-{services().clock.now().astimezone(HERE):%Y%m%d%H%M%S}-{secrets.token_hex(3)}"


def _message(one: view.Sendable, partner: str, id: str, data: Any) -> Message:
    extensions = {"partner": partner}
    if one.version != "1":
        extensions[VERSION] = one.version
    return Message(id, one.type, SOURCE, services().clock.now(), data, extensions=extensions)


def _curl(message: Message) -> str:
    """The same over HTTP: whose message it is says the token."""
    own = replace(message, extensions={name: text for name, text in message.extensions.items() if name != "partner"})
    wire = cloudevents.to_structured(own)
    lines = (
        f"curl -X POST {shlex.quote(request.url_root + 'api/messages')}",
        f"-H 'Authorization: Bearer {_('合作方的令牌')}'",
        f"-H 'Content-Type: {wire.content_type}'",
        f"-d {shlex.quote(_read(wire))}",
    )
    return " \\\n  ".join(lines)


def _amqp(message: Message) -> str:
    """The same over AMQP, with Debian's amqp-tools."""
    wire = cloudevents.to_structured(message)
    lines = (
        f"amqp-publish --url=amqp://{_('用户:口令@消息队列地址')}:5672/%2f",
        f"-e {EXCHANGES[Address.INBOX]} -r {shlex.quote(message.type)} -p",
        f"-C {wire.content_type}",
        f"-b {shlex.quote(_read(wire))}",
    )
    return " \\\n  ".join(lines)


def _read(wire: cloudevents.Wire) -> str:
    return pretty(from_json(wire.body))
