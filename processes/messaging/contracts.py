"""The contracts of the messages to the platform: one schema a message and version, with an example of each.

A message that fits becomes a typed value (:mod:`processes.messaging.incoming`); one that does not is a
:class:`ContractViolation`, whose Chinese reason its sender can act on. Unknown fields: a report keeps them (the
library is verbatim), messages between cases keep them (the diagrams on both sides agree on them); everywhere else they
are refused, because a misspelt field that is silently dropped is a message half lost.

>>> given = {"case": "330502-26-00017-5", "level": 5}
>>> parse(Message(id="r-1", type="rating.given", source="/ratings", time=datetime.now(UTC), data=given)).level
5
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError

from processes.messaging import answers, between_levels, hotline, service_ratings, seven_lists
from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.boards import CONTRACTS_OF_BOARDS
from processes.messaging.bus import Message
from processes.messaging.contract import (
    ESCALATED,
    LONGEST_EXTENSION,
    LONGEST_ID,
    ORDER,
    VERSION,
    Asked,
    Extension,
    for_case,
)
from processes.messaging.contract import Contract as Contract
from processes.messaging.contract import ContractViolation as ContractViolation
from processes.messaging.contract import Kind as Kind

LOWER = Extension("correlationkey", "下级案件的编号", "0d9e6c0e-6a53-4c43-8b6b-7d3c0ad1b6a4")
PLACE = Extension("place", "上级地区", "330500")
"""of an escalation whose payload does not say it"""


# ---- making values ---------------------------------------------------------------------------------------------------

CHANNEL = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")


def parse_report(channel: str, row: Mapping[str, Any]) -> i.ReportMessage:
    """A report from a row of a file or of ``POST /api/reports``. Raises :class:`ContractViolation`."""
    return _report(channel, row, _load(i.ReportSchema, f"{channel}{ORDER}", "1", row))


def _report(channel: str, raw: Mapping[str, Any], data: Mapping[str, Any]) -> i.ReportMessage:
    return i.ReportMessage(
        channel=channel,
        original=data["id"],
        body=data["body"] or "",
        raw=dict(raw),
        title=data["title"] or "",
        submitted_at=data["submitted_at"],
        place=data["place"] or None,
        route=data["route"] or None,
        enterprise=data["enterprise"] or "",
        uscc=data["uscc"] or "",
        contact=data["contact"] or "",
        phone=data["phone"] or "",
        email=data["email"] or "",
        address=data["address"] or "",
    )


def _escalated(message: Message, data: Mapping[str, Any]) -> i.CaseEscalated:
    place = data["place"] or _value(message, PLACE)
    return i.CaseEscalated(message.extensions[LOWER.name], {**data, "place": place}, place)


def _value(message: Message, extension: Extension) -> str:
    value = message.extensions.get(extension.name, "")
    if not value or len(value) > LONGEST_EXTENSION:
        problem = s.FieldProblem(
            extension.name,
            f"缺少扩展属性 {extension.name}（{extension.title}），或超过 {LONGEST_EXTENSION} 个字",
            f"the extension {extension.name} is missing, or has more than {LONGEST_EXTENSION} characters",
        )
        raise ContractViolation(message.type, message.extensions.get(VERSION, "1"), (problem,))
    return value


# ---- the contracts ---------------------------------------------------------------------------------------------------

_CASE = {"case": "330502-26-00017-5"}

_ALL = (
    Contract(
        f"*{ORDER}",
        "1",
        Kind.REPORT,
        "渠道来件",
        "某一渠道收到的一件问题；类型是“渠道代码.order”，如 hotline.order。约定以外的字段原样保存。",
        "渠道收到一件涉企问题时，每件发一次；同一渠道的同一原编号只收一次。",
        i.ReportSchema,
        lambda m, d: _report(m.type.removesuffix(ORDER), m.data, d),
        {
            "id": "12345-20261123-0042",
            "title": "厂房用电报装迟迟未办",
            "body": "我公司新厂房十月初申请用电报装，至今没有答复，设备无法试产。",
            "submitted_at": "2026-11-23T09:26:00+08:00",
            "enterprise": "示例精密机械有限公司",
            "uscc": "91330000MA0000000X",
            "phone": "13800000000",
            "urgency": "一般",
        },
    ),
    Contract(
        "rating.given",
        "1",
        Kind.CASE,
        "企业评价",
        "企业对一次办理的五级评价。",
        "企业对办结的问题作出评价时；办理结束并发出评价邀请（任务 rating.request）以后。",
        i.RatingSchema,
        lambda m, d: i.RatingGiven(*for_case(m, d), d["level"], d["comment"], d["rated_at"]),
        {**_CASE, "level": 4, "comment": "办得快，谢谢。", "rated_at": "2026-11-27T10:00:00+08:00"},
        over_channel=True,
        asked=Asked("rating.request", service_ratings.PARTNER, once=True),
    ),
    Contract(
        "supplement.answered",
        "1",
        Kind.CASE,
        "企业补正",
        "企业对补正要求的回答。",
        "企业回答了补正要求（任务 channel.ask）时。",
        i.SupplementSchema,
        lambda m, d: i.SupplementAnswered(*for_case(m, d), d["text"], d["answered_at"]),
        {**_CASE, "text": "统一社会信用代码为 91330000MA0000000X。"},
        over_channel=True,
    ),
    Contract(
        "withdrawal.requested",
        "1",
        Kind.CASE,
        "企业撤回",
        "办结以前，企业撤回自己的问题。",
        "办结以前，企业要求撤回时。",
        i.WithdrawalSchema,
        lambda m, d: i.WithdrawalRequested(*for_case(m, d), d["reason"], d["requested_at"]),
        {"channel": "hotline", "original": "12345-20261123-0042", "reason": "问题已自行解决。"},
        over_channel=True,
        orders=True,
    ),
    *seven_lists.CONTRACTS,
    *CONTRACTS_OF_BOARDS,
    *answers.CONTRACTS,
    Contract(
        ESCALATED,
        "1",
        Kind.CASE,
        "提交上一级",
        "下级把问题连同案卷提交上一级；扩展属性 correlationkey 是下级案件的编号。",
        "流程图把案件提交上一级时，由平台发送。",
        i.EscalatedSchema,
        _escalated,
        {
            "place": "330500",
            "report": "543c0319-d162-5019-8206-93aefe00f5e7",
            "parent": LOWER.example,
            "reason": "本级权限内无法解决。",
        },
        extensions=(LOWER,),
        internal=True,
        peers=True,
    ),
    Contract(
        "case.progress",
        "1",
        Kind.CASE,
        "上级进展",
        "上级办到了哪一步，告知下级。",
        "上级的办理有了进展时，由平台发送。",
        i.BetweenCasesSchema,
        lambda m, d: i.CaseProgress(m.extensions[LOWER.name], d),
        {"stage": "handling"},
        extensions=(LOWER,),
        internal=True,
        peers=True,
    ),
    Contract(
        "case.answered",
        "1",
        Kind.CASE,
        "上级答复",
        "上级办结，答复下级。",
        "上级办结并答复时，由平台发送。",
        i.BetweenCasesSchema,
        lambda m, d: i.CaseAnswered(m.extensions[LOWER.name], d),
        {"outcome": "solved"},
        extensions=(LOWER,),
        internal=True,
        peers=True,
    ),
    Contract(
        "case.returned",
        "1",
        Kind.CASE,
        "上级退回",
        "上级连同批示退回下级。",
        "上级退回时，由平台发送。",
        i.BetweenCasesSchema,
        lambda m, d: i.CaseReturned(m.extensions[LOWER.name], d),
        {"reason": "请先组织会商。"},
        extensions=(LOWER,),
        internal=True,
        peers=True,
    ),
    *between_levels.contracts(LOWER),
    *hotline.CONTRACTS,
    *service_ratings.CONTRACTS,
)

CONTRACTS: Mapping[tuple[str, str], Contract] = {(each.type, each.version): each for each in _ALL}
"""(type, version) → contract; versions of a type stand side by side"""

_TYPES = frozenset(type_ for type_, _ in CONTRACTS)


def is_known(type_: str) -> bool:
    """Whether there is a contract for this type, in whatever version."""
    return _type_of_contract(type_) in _TYPES


def sender_of(type_: str) -> str | None:
    """The one partner that may send messages of a type at all; None: any may, as far as the type tells."""
    contract = CONTRACTS.get((type_, "1"))
    return None if contract is None else contract.only


def contract_of(message: Message) -> Contract:
    """The contract of a message's type and version. Raises :class:`ContractViolation`."""
    version = message.extensions.get(VERSION, "1")
    types = dict.fromkeys((message.type, _type_of_contract(message.type)))
    contract = next((found for type_ in types if (found := CONTRACTS.get((type_, version)))), None)
    if contract is None:
        known = sorted(known for type_, known in CONTRACTS if type_ in types)
        if known:
            zh, en = f"没有这一版，现有：{'、'.join(known)}", f"no such version; there are: {', '.join(known)}"
            problem = s.FieldProblem(VERSION, zh, en)
        else:
            problem = s.FieldProblem("type", "平台不认识这种消息", "no message of this type is known to the platform")
        raise ContractViolation(message.type[:120], version[:20], (problem,))
    return contract


def _type_of_contract(type_: str) -> str:
    channel, dot, rest = type_.rpartition(".")
    return f"*{ORDER}" if dot + rest == ORDER and CHANNEL.fullmatch(channel) else type_


def parse(message: Message) -> i.Incoming:
    """The typed value of a message. Raises :class:`ContractViolation`."""
    contract = contract_of(message)
    _identified(message, contract.version)
    data = _load(contract.schema, message.type, contract.version, message.data)
    for extension in contract.extensions:
        _value(message, extension)
    return contract.make(message, data)


def _identified(message: Message, version: str) -> None:
    """Without an id of its own a message cannot have its effect once."""
    for name, value in (("id", message.id), ("source", message.source)):
        if not value or len(value) > LONGEST_ID or s.unsound(value):
            zh, en = f"应是 1 到 {LONGEST_ID} 个字的文字", f"must be a text of 1 to {LONGEST_ID} characters"
            raise ContractViolation(message.type, version, (s.FieldProblem(name, zh, en),))


@cache
def _made(schema: type[Schema]) -> Schema:
    """One schema a class: making one costs several times its use, and loading keeps nothing in it."""
    return schema()


def _load(schema: type[Schema], type_: str, version: str, data: object) -> Mapping[str, Any]:
    problem = s.unsound(data)
    if problem is not None:
        raise ContractViolation(type_, version, (problem,))
    if not isinstance(data, Mapping):
        raise ContractViolation(
            type_, version, (s.FieldProblem("", "内容应是一个 JSON 对象", "data must be a JSON object"),)
        )
    try:
        loaded: Mapping[str, Any] = _made(schema).load(data)
    except ValidationError as error:
        raise ContractViolation(type_, version, s.problems_of(error.messages)) from None
    return loaded
