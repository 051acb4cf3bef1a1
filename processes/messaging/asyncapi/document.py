"""Puts the document together: a channel a message, a channel a job topic, another for its answers, one an event, one for signals.

Source: AsyncAPI 3.0.0, and its AMQP bindings 0.3.0. The application is the platform: it *receives* what partners and workers
send, and *sends* jobs, events and signals. A job's topic has an address twice: the queue that workers consume, and the answers that go
back through the inbox, once for each topic because a result differs from topic to topic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from processes.messaging import cloudevents
from processes.messaging.addresses import EXCHANGES, INBOX_QUEUE, URGENT, job_queue, signal_event, urgent
from processes.messaging.answers import JOB
from processes.messaging.asyncapi import headers, json_schema
from processes.messaging.asyncapi.json_schema import Json
from processes.messaging.asyncapi.texts import DESCRIPTION, TITLE
from processes.messaging.bus import Address, Message
from processes.messaging.contract import ORDER, Contract, Kind
from processes.messaging.contracts import CONTRACTS
from processes.messaging.events import EVENTS, EventKind
from processes.messaging.jobs import CATALOGUE, JobKind

_BINDINGS = "0.3.0"
"""the version of the AMQP bindings"""

_ANSWERS = "job.answers"
_SIGNALS = "signals"
"""keys of channels"""

_ENDINGS = {
    "accepted": "接下了，要做得久",
    "extended": "还要更久",
    "completed": "做成了",
    "failed": "没有做成",
    "error": "业务上的否定答复",
}
"""what a worker may say of a job: the last part of the types of answers"""

_INTERNAL = "平台内部"
"""the tag of what only the platform sends"""

_SOURCE, _INSTANCE = "bihuan", "15f49c76-aa22-5ec6-97e4-f5879a787e16"
_CASE = "330502-26-00017-5"
_MOMENT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
"""where and when in the examples"""


def document(
    version: str,
    contracts: Sequence[Contract] = tuple(CONTRACTS.values()),
    jobs: Sequence[JobKind] = tuple(CATALOGUE.values()),
    events: Sequence[EventKind] = tuple(EVENTS.values()),
) -> Json:
    """The whole document as JSON: the same contracts, jobs and events, the same document.

    :param version: the platform's release, which the document is of
    """
    messages = {_key(each): _of_contract(each) for each in contracts}
    for job in jobs:
        messages |= _of_job(job)
    messages |= {each.type: _of_event(each) for each in events}
    messages[_SIGNALS] = _signal()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:bihuan",
        "info": {"title": TITLE, "version": version, "description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
        "defaultContentType": cloudevents.BINARY_TYPE,
        "servers": {"amqp": _server()},
        "channels": _channels(contracts, jobs, events),
        "operations": _operations(contracts, jobs, events),
        "components": {
            "messages": messages,
            "securitySchemes": {"account": {"type": "userPassword", "description": "平台为每个合作方开通的账号"}},
        },
    }


def _server() -> Json:
    return {
        "host": "{host}:{port}",
        "pathname": "/{vhost}",
        "protocol": "amqps",
        "protocolVersion": "0-9-1",
        "title": "平台的消息服务器",
        "description": "RabbitMQ。地址、虚拟主机和账号由平台管理员提供。",
        "variables": {
            "host": {"default": "rabbitmq.example", "description": "平台管理员提供的主机名"},
            "port": {"default": "5671", "description": "TLS 端口"},
            "vhost": {"default": "%2F", "description": "虚拟主机"},
        },
        "security": [{"$ref": "#/components/securitySchemes/account"}],
    }


# ---- messages to the platform ------------------------------------------------------------------------------------------


def _channel_of(contract: Contract) -> str:
    """The key of a contract's channel."""
    if contract.kind is Kind.JOB:
        return _ANSWERS
    return contract.type.removeprefix("*.")


def _key(contract: Contract) -> str:
    """The key of a contract's message."""
    return f"{contract.type.removeprefix('*.')}.v{contract.version}"


def _of_contract(contract: Contract) -> Json:
    example = contract.example_message()
    if not contract.internal:
        example = replace(example, extensions={**example.extensions, "partner": contract.partner})
    found = _message(
        contract.type.replace("*", "{channel}"),
        contract.title,
        contract.description + contract.whose,
        contract.when,
        _tag(contract),
        headers.of_contract(contract),
        json_schema.of(contract.schema),
        example,
    )
    return {**found, "x-internal": True} if _tag(contract) == _INTERNAL else found


def _tag(contract: Contract) -> str:
    if contract.kind is Kind.JOB:
        return "任务的答复"
    return _INTERNAL if contract.internal else "发给平台"


def _message(
    name: str, title: str, description: str, when: str, tag: str, headers: Json, payload: Json, example: Message
) -> Json:
    wire = cloudevents.to_binary(example)
    return {
        "name": name,
        "title": title,
        "summary": when,
        "description": description,
        "contentType": wire.content_type,
        "tags": [{"name": tag}],
        "headers": headers,
        "payload": payload,
        "examples": [{"name": example.id, "summary": title, "headers": wire.headers, "payload": example.data}],
    }


# ---- jobs ----------------------------------------------------------------------------------------------------------------


def _answers_of(job: JobKind) -> Mapping[str, str]:
    """Ending → the key of the message that says so; without business errors there is no ``error``."""
    general = {each: _key(CONTRACTS[f"job.{each}", "1"]) for each in ("accepted", "extended", "failed")}
    found = {**general, "completed": _answer_key(job, "completed")}
    return {**found, "error": _answer_key(job, "error")} if job.errors else found


def _of_job(job: JobKind) -> Json:
    """The job's message, and those of its answers that differ from topic to topic."""
    asked = Message(
        f"{JOB.example}:1",
        job.topic,
        _SOURCE,
        _MOMENT,
        dict(job.example),
        _INSTANCE,
        {"jobid": JOB.example, "attempt": "1"},
    )
    queues = f"{job_queue(job.topic)}（紧急的从 {job_queue(urgent(job.topic))}）"
    when = f"流程走到这项任务时平台发出；工作程序从队列 {queues}取走，做完以后答复。"
    sent = _message(
        job.topic,
        job.title,
        job.description,
        when,
        "平台的任务",
        headers.of_job(job.topic),
        json_schema.of(job.arguments),
        asked,
    )
    found = {_job_key(job): sent, _answer_key(job, "completed"): _completed(job)}
    if job.errors:
        found[_answer_key(job, "error")] = _error(job)
    return found


def _job_key(job: JobKind) -> str:
    return f"jobs.{job.topic}"


def _answer_key(job: JobKind, ending: str) -> str:
    return f"jobs.{job.topic}.{ending}"


def _completed(job: JobKind) -> Json:
    result = json_schema.of(job.result)
    return _special(job, "completed", {"result": {"title": "结果", **result}}, {"result": dict(job.example_result)})


def _error(job: JobKind) -> Json:
    listed = "、".join(f"{code} {meaning}" for code, meaning in job.errors.items())
    code, meaning = next(iter(job.errors.items()))
    schema: Json = {"title": "业务错误代码", "description": listed, "type": "string", "enum": list(job.errors)}
    if job.own_errors:
        general = _of_contract(CONTRACTS["job.error", "1"])["payload"]["properties"]["code"]
        schema = {**general, "description": f"流程图自己定的代码，如：{listed}"}
    return _special(job, "error", {"code": schema}, {"code": code, "message": meaning})


def _special(job: JobKind, ending: str, properties: Json, example: Json) -> Json:
    """An answer's contract, with what this topic says more exactly."""
    contract = CONTRACTS[f"job.{ending}", "1"]
    general = _of_contract(contract)
    payload = general["payload"]
    required = list(dict.fromkeys([*payload["required"], *properties]))
    message = contract.example_message()
    name = f"example-{job.topic}.{ending}"
    return {
        **general,
        "title": f"{job.title}：{contract.title}",
        "payload": {**payload, "properties": {**payload["properties"], **properties}, "required": required},
        "examples": [
            {
                "name": name,
                "summary": f"{job.title}：{contract.title}",
                "headers": {**cloudevents.to_binary(message).headers, "ce-id": name},
                "payload": example,
            }
        ],
    }


# ---- events ------------------------------------------------------------------------------------------------------------
def _of_event(kind: EventKind) -> Json:
    about = _CASE if kind.address is Address.EVENTS else None
    answers = {} if about else {"correlationkey": str(kind.example["id"])}
    example = Message(f"example-{kind.type}", kind.type, _SOURCE, _MOMENT, dict(kind.example), about, answers)
    said = headers.of_event(kind), json_schema.of(kind.schema)
    return _message(kind.type, kind.title, kind.description, kind.when, "事件", *said, example)


def _signal() -> Json:
    name = signal_event("example")
    return _message(
        signal_event("{name}"),
        "流程信号",
        "流程图发出的信号；name 是信号在流程图里的名称，内容由流程图决定。",
        "流程走到发出信号的地方时平台发出；谁要听，就把自己的队列绑定到交换机。",
        "事件",
        headers.of_signal({"pattern": f"^{signal_event('.+').replace('.', '[.]', 1)}$"}),
        {"type": "object", "properties": {}, "required": [], "additionalProperties": True},
        Message("a55d5ada6fb9a76df371405a-4", name, _SOURCE, _MOMENT, {"place": "330502"}, _INSTANCE),
    )


# ---- channels and operations ---------------------------------------------------------------------------------------------


def _channels(contracts: Sequence[Contract], jobs: Sequence[JobKind], events: Sequence[EventKind]) -> Json:
    found: Json = {}

    def put(key: str, channel: Json, *messages: str) -> None:
        listed = found.setdefault(key, channel)["messages"]
        listed.update({each: _reference("components", "messages", each) for each in messages})

    for contract in contracts:
        put(_channel_of(contract), _inbox(contract), _key(contract))
    for job in jobs:
        put(_job_key(job), _jobs(job, job.topic), _job_key(job))
        put(_job_key(job) + URGENT, _jobs(job, urgent(job.topic)), _job_key(job))
        answers = _answers_of(job)
        put(_answer_key(job, "answers"), _answers(f"{job.title}：答复", tuple(answers)), *answers.values())
    for event in events:
        put(event.type, _told(event), event.type)
    parameters = {"name": {"description": "信号在流程图里的名称", "examples": ["example"]}}
    put(_SIGNALS, _routed(Address.EVENTS, signal_event("{name}"), "流程信号", parameters), _SIGNALS)
    return found


def _inbox(contract: Contract) -> Json:
    if contract.kind is Kind.JOB:
        return _answers("任务的答复", tuple(_ENDINGS))
    if "*" in contract.type:
        parameters = {"channel": {"description": "渠道代码", "examples": ["hotline"]}}
        return _routed(Address.INBOX, f"{{channel}}{ORDER}", contract.title, parameters)
    return _routed(Address.INBOX, contract.type, contract.title)


def _answers(title: str, endings: Sequence[str]) -> Json:
    """A channel back to the platform."""
    listed = "、".join(f"{ending} {_ENDINGS[ending]}" for ending in endings)
    return _routed(Address.INBOX, "job.{ending}", title, {"ending": {"description": listed, "enum": list(endings)}})


def _routed(address: Address, routing_key: str, title: str, parameters: Json | None = None) -> Json:
    """A channel whose messages are published with a routing key; its messages are yet to come."""
    exchange = {"name": EXCHANGES[address], "type": "topic", "durable": True, "autoDelete": False}
    queue = {"x-queue": INBOX_QUEUE} if address is Address.INBOX else {}
    return {
        "address": routing_key,
        "title": title,
        **({"parameters": parameters} if parameters else {}),
        "messages": {},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, **queue, "bindingVersion": _BINDINGS}},
    }


def _told(event: EventKind) -> Json:
    """The channel of an event; an answer's is known to whoever asked for it."""
    if event.address is Address.EVENTS:
        return _routed(event.address, event.type, event.title)
    exchange = {"name": "", "type": "default", "durable": True, "autoDelete": False}
    return {
        "address": None,
        "title": event.title,
        "description": "默认交换机，路由键是原消息的 reply_to。",
        "messages": {},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDINGS}},
    }


def _jobs(job: JobKind, travels_as: str) -> Json:
    """The queue of a job's topic, or that of its urgent ones."""
    queue, title = job_queue(travels_as), job.title if travels_as == job.topic else f"{job.title}（紧急）"
    return {
        "address": queue,
        "title": title,
        "description": f"队列 {queue} 由平台建立，收取交换机 {EXCHANGES[Address.JOBS]} 上路由键为 {travels_as} 的消息。",
        "messages": {},
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"name": queue, "durable": True, "exclusive": False, "autoDelete": False},
                "x-exchange": EXCHANGES[Address.JOBS],
                "x-routing-key": travels_as,
                "bindingVersion": _BINDINGS,
            }
        },
    }


def _operations(contracts: Sequence[Contract], jobs: Sequence[JobKind], events: Sequence[EventKind]) -> Json:
    found: Json = {}
    for contract in contracts:
        key = _key(contract)
        found[f"receive.{key}"] = _operation("receive", contract.title, _channel_of(contract), key)
    for job in jobs:
        reply = {"channel": _reference("channels", _answer_key(job, "answers"))}
        for ending, title in (("", job.title), (URGENT, f"{job.title}（紧急）")):
            sent = _operation("send", title, _job_key(job) + ending, _job_key(job))
            found[f"send.{job.topic}{ending}"] = {**sent, "reply": reply}
    for event in events:
        found[f"send.{event.type}"] = _operation("send", event.title, event.type, event.type, mandatory=False)
    found[f"send.{_SIGNALS}"] = _operation("send", "流程信号", _SIGNALS, _SIGNALS, mandatory=False)
    return found


def _operation(action: str, title: str, channel: str, message: str, *, mandatory: bool = True) -> Json:
    return {
        "action": action,
        "title": title,
        "channel": _reference("channels", channel),
        "messages": [_reference("channels", channel, "messages", message)],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": mandatory, "bindingVersion": _BINDINGS}},
    }


def _reference(*way: str) -> Json:
    return {"$ref": "#/" + "/".join(way)}
