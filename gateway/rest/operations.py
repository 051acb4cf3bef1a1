"""对接运行 for programs: partners, queues, jobs for other systems, other deployments; and test messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.languages import said, translated
from gateway.operations import overview as page
from gateway.operations import peers, sending
from gateway.operations.masking import hidden
from gateway.problems import Unfit, Wrong
from gateway.rest.blueprint import operation
from gateway.rest.door import command
from gateway.rest.shapes import Shape, many, moment, one, string, table, whole, word, yes
from gateway.rest.shapes import said as given_text
from gateway.rest.tags import OPERATIONS
from processes.casework.views import connections as view
from processes.messaging.bus import QueueState
from processes.messaging.inlet import Status

# ---- how it stands ---------------------------------------------------------------------------------------------------


class SendableShape(Shape):
    """A message that a partner may send."""

    type = string()
    version = string()
    title = string()


class LastShape(Shape):
    """The last message of a partner."""

    at = moment(none=False)
    type = string()
    title = string()
    ended = string()


class PartnerShape(Shape):
    """A partner. ``hourly``: messages in each of the last 24 hours, the current one last; ``ended``: what became of them."""

    partner = string()
    channels = many(word())
    may_send = many(SendableShape)
    hourly = many(fields.Integer())
    ended = table()
    last = one(LastShape, none=True)
    refused = whole(_l("隔离区里等人处理的"))


class QueueShape(Shape):
    """A queue; what the transport does not tell is null."""

    name = string()
    title = string()
    ready = whole()
    in_hand = whole(allow_none=True)
    consumers = whole(allow_none=True)
    oldest = moment()


class TopicShape(Shape):
    """Jobs of a topic. ``waits``: those that nobody has answered; ``deserted``: it is known that nobody takes them."""

    topic = string()
    title = string()
    open = whole()
    waits = whole()
    oldest = moment()
    retrying = whole()
    failed = whole()
    reason = string()
    hourly = many(fields.Integer())
    last_done = moment()
    last_failed = moment()
    consumers = whole(allow_none=True)
    deserted = yes()


class WorkerShape(Shape):
    """A worker that leaves a system alone."""

    worker = string()
    since = moment(none=False)
    jobs = whole()
    next_at = moment(none=False)


class SystemShape(Shape):
    """An external system that gives no proper answer."""

    system = string()
    since = moment(none=False)
    jobs = whole()
    next_at = moment(none=False)
    workers = many(WorkerShape)


class PeerShape(Shape):
    """What another deployment has not got. ``dead``: messages that were given up."""

    peer = string()
    messages = whole()
    oldest = moment()
    dead = whole()
    reason = string()


class OverviewShape(Shape):
    """How it stands. ``away``: why nothing is known of the queues; empty when it is."""

    away = string()
    partners = many(PartnerShape)
    jobs = many(TopicShape)
    queues = many(QueueShape)
    systems = many(SystemShape)
    peers = many(PeerShape)


@operation("GET", "/operations", tag=OPERATIONS, summary=_l("对接运行情况"), answer=OverviewShape)
def overview() -> Any:
    """Partners, queues, jobs for other systems, other deployments."""
    found = page.standing()
    return {
        "away": said(found.away) if found.away else "",
        "partners": [_partner(each) for each in found.partners],
        "jobs": [_job(each) for each in found.jobs],
        "queues": [_queue(each) for each in found.queues],
        "systems": found.systems,
        "peers": [{**vars(each), "reason": hidden(each.reason)} for each in found.peers],
    }


def _partner(each: view.PartnerLine) -> dict[str, Any]:
    last = {**vars(each.last), "title": str(translated(each.last.title))} if each.last else None
    return {**vars(each), "may_send": [_sendable(one) for one in each.may_send], "last": last}


def _sendable(each: view.Sendable) -> dict[str, Any]:
    return {**vars(each), "title": str(translated(each.title))}


def _job(each: page.JobQueue) -> dict[str, Any]:
    own = {"title": str(translated(each.topic.title)), "reason": hidden(each.topic.reason)}
    known = {"waits": each.waits, "deserted": each.deserted, "consumers": each.state.consumers if each.state else None}
    return {**vars(each.topic), **own, **known}


def _queue(each: QueueState) -> dict[str, Any]:
    return {**vars(each), "title": page.name_of(each.name)}


class RevivedShape(Shape):
    """How many are sent again."""

    messages = whole()


@operation(
    "POST",
    "/operations/peers/<peer>/revive",
    tag=OPERATIONS,
    summary=_l("重新发往相连平台"),
    answer=RevivedShape,
)
def revive(peer: str) -> Any:
    """Send what was given up for a deployment again."""
    return {"messages": peers.revived(peer)}


# ---- test messages ---------------------------------------------------------------------------------------------------


class ExampleShape(SendableShape):
    """The same with an example of its data."""

    example = table()


class SenderShape(Shape):
    """A partner in whose name messages can be sent."""

    partner = string()
    messages = many(ExampleShape)


class SendersShape(Shape):
    """All of them."""

    partners = many(SenderShape)


@operation(
    "GET", "/operations/messages", tag=OPERATIONS, summary=_l("能以谁的名义发送哪些测试消息"), answer=SendersShape
)
def sendable_messages() -> Any:
    """Which test messages can be sent in whose name."""
    return {
        "partners": [
            {"partner": partner, "messages": [_example(each) for each in sending.sendable(partner)]}
            for partner in sending.partners()
        ]
    }


def _example(each: view.Sendable) -> dict[str, Any]:
    return {**_sendable(each), "example": dict(sending.contract_of(each).example)}


class Sending(Shape):
    """What is sent, and in whose name."""

    partner = given_text(_l("合作方"), most=120, least=1, required=True)
    type = given_text(_l("消息类型"), most=200, least=1, required=True)
    version = fields.String(load_default="1", validate=validate.Length(max=20), metadata={"description": _l("第几版")})
    data = fields.Dict(keys=fields.String(), required=True, metadata={"description": _l("消息的内容，按它的约定")})


class SentShape(Shape):
    """What came of it. ``number``: of the problem, if there is one."""

    id = string(_l("消息编号"))
    status = string(validate=validate.OneOf([Status.ACCEPTED, Status.DUPLICATE]))
    number = string(allow_none=True)


@operation("POST", "/operations/messages", tag=OPERATIONS, summary=_l("发送测试消息"), body=Sending, answer=SentShape)
def send_message(given: Mapping[str, Any]) -> Any:
    """Send a message as a partner would; it has its effect."""
    partner = given["partner"]
    if partner not in sending.partners():
        raise Unfit.at("body.partner", _l("没有这个合作方"))
    wanted = given["type"], given["version"]
    one = next((each for each in sending.sendable(partner) if (each.type, each.version) == wanted), None)
    if one is None:
        raise Unfit.at("body.type", _l("这个合作方不能发送这种消息"))
    id = f"test-api-{command()[:20]}"
    receipt, problems = sending.sent(one, partner, id, given["data"])
    if receipt.status is Status.REFUSED:
        whole_one = [Wrong("body.data", receipt.reason or "", receipt.reason_en or receipt.reason or "")]
        found = [Wrong(f"body.data.{each.path}".rstrip("."), each.zh, each.en or each.zh) for each in problems]
        raise Unfit(found or whole_one)
    number = receipt.result.get("number")
    return {"id": id, "status": receipt.status, "number": number if isinstance(number, str) else None}
