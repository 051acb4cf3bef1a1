"""The catalogue of jobs: what a diagram's service task may ask of a worker. ``check`` and the studio read it.

Every topic has an argument schema, a result schema, the business errors its worker may throw (a boundary error event's
codes), and an example. Reports come from channels by name, so ``channel.*`` serves every channel there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError

from processes.errors import BihuanError
from processes.messaging import http_request
from processes.messaging import job_schemas as js
from processes.messaging import schema as s

_IN_ENGLISH = {"参数": "the arguments", "结果": "the results"}


class JobViolation(BihuanError):
    """A job's arguments or result do not fit the catalogue."""

    def __init__(self, topic: str, what: str, problems: tuple[s.FieldProblem, ...]) -> None:
        zh, en = s.told(problems)
        super().__init__(f"任务 {topic} 的{what}不符合约定：{zh}", f"job {topic}: {_IN_ENGLISH[what]} do not fit: {en}")
        self.problems = problems


@dataclass(frozen=True)
class JobKind:
    """A topic of the catalogue. ``arguments``, ``result``: marshmallow schemas; ``errors``: code → Chinese meaning, with ``own_errors`` as
    examples only, for diagrams then choose codes of their own. ``judge`` finds in some arguments what no schema can say."""

    topic: str
    title: str
    description: str
    arguments: type[Schema]
    result: type[Schema]
    example: Mapping[str, Any]
    example_result: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)
    own_errors: bool = False
    judge: Callable[[Mapping[str, Any]], Iterable[s.FieldProblem]] | None = None

    def check_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Raise :class:`JobViolation` when ``arguments`` do not fit."""
        _check(self.topic, "参数", self.arguments, arguments)

    def check_result(self, result: Mapping[str, Any]) -> None:
        """Raise :class:`JobViolation` when ``result`` does not fit."""
        _check(self.topic, "结果", self.result, result)


def problems_of(topic: str, arguments: Mapping[str, Any]) -> tuple[s.FieldProblem, ...]:
    """What is wrong with those arguments of a job that are known already: a diagram's literals. Nothing about unknown topics."""
    kind = CATALOGUE.get(topic)
    if kind is None:
        return ()
    try:
        _check(topic, "参数", kind.arguments, arguments, partial=True)
    except JobViolation as violation:
        return violation.problems
    return tuple(kind.judge(arguments)) if kind.judge else ()


def required(topic: str) -> Mapping[str, str]:
    """The arguments that a job must be given: name → Chinese title. None of unknown topics."""
    kind = CATALOGUE.get(topic)
    return {each.name: each.title for each in s.describe(kind.arguments) if each.required} if kind else {}


def unfit(topic: str, arguments: Mapping[str, Any]) -> JobViolation | None:
    """What is wrong with arguments that a diagram has worked out, before their texts are filled in; None for what nobody knows either."""
    kind = CATALOGUE.get(topic)
    if kind is None:
        return None
    try:
        kind.check_arguments({name: "…" if s.is_reference(value) else value for name, value in arguments.items()})
    except JobViolation as violation:
        return violation
    return None


@cache
def _made(schema: type[Schema]) -> Schema:
    """One schema a class: making one costs several times its use."""
    return schema()


def _check(topic: str, what: str, schema: type[Schema], value: Mapping[str, Any], *, partial: bool = False) -> None:
    problem = s.unsound(value)
    if problem is not None:
        raise JobViolation(topic, what, (problem,))
    try:
        _made(schema).load(value, partial=partial)
    except ValidationError as error:
        raise JobViolation(topic, what, s.problems_of(error.messages)) from None


_ORDER = {"case": "330502-26-00017-5", "channel": "hotline", "original": "12345-20261123-0042"}
_RECEIPT = {"delivered": True, "receipt": "hotline-8"}
_CHANNEL_ERRORS = {"order_unknown": "渠道没有这个编号", "order_closed": "渠道已经关闭这一件"}

_ALL = (
    JobKind(
        "channel.refuse",
        "退回来件渠道",
        "不属于涉企问题等情况：连同原因退回来件渠道。",
        js.RefuseArguments,
        js.DeliveryResult,
        {**_ORDER, "reason": "这是消费者对商家的投诉，不属于涉企问题。"},
        _RECEIPT,
        _CHANNEL_ERRORS,
    ),
    JobKind(
        "channel.answer",
        "答复企业",
        "把答复经来件渠道送回企业。",
        js.AnswerArguments,
        js.DeliveryResult,
        {**_ORDER, "text": "您反映的用电报装问题已办结，即将接通。", "outcome": "solved"},
        _RECEIPT,
        _CHANNEL_ERRORS,
    ),
    JobKind(
        "channel.ask",
        "请企业补正",
        "经来件渠道请企业补充材料或说明；企业的回答以消息 supplement.answered 送来。",
        js.AskArguments,
        js.DeliveryResult,
        {**_ORDER, "text": "请补充营业执照统一社会信用代码。", "due_at": "2026-11-30T17:30:00+08:00"},
        _RECEIPT,
        _CHANNEL_ERRORS,
    ),
    JobKind(
        "channel.progress",
        "告知办理进展",
        "经来件渠道告知企业办到了哪一步。",
        js.ProgressArguments,
        js.DeliveryResult,
        {**_ORDER, "text": "已签收，正在办理。", "stage": "handling"},
        _RECEIPT,
        _CHANNEL_ERRORS,
    ),
    JobKind(
        "hotline.extend",
        "向热线申请延期",
        "请 12345 热线延长一件工单的办结时间；热线的意见以消息 hotline.extension-ruled 送来。",
        js.ExtendArguments,
        js.ExtendResult,
        {**_ORDER, "days": 3, "reason": "变压器要厂家改造。", "due_at": "2026-12-03T17:30:00+08:00"},
        {"request": "hotline-extension-2"},
        {"extension_refused": "热线不受理：没有这一件、已关闭，或已延过期"},
    ),
    JobKind(
        "rating.request",
        "邀请企业评价",
        "请好差评系统邀请企业评价；评价以消息 rating.given 送来。",
        js.RatingArguments,
        js.RatingResult,
        {**_ORDER, "place": "330502", "text": "已接通。", "due_at": "2026-12-07T17:30:00+08:00"},
        {"request": "ratings-3"},
        {"already_rated": "这一次办理已经评价过"},
    ),
    JobKind(
        "rating.rectified",
        "反馈整改结果",
        "把服务差评的核实和整改情况反馈给好差评系统；复核结果以消息 rating.reviewed 送来。",
        js.RectifiedArguments,
        js.RectifiedResult,
        {
            "case": "330502-26-00018-3",
            "channel": "rating",
            "original": "330502-2026-1123-0007",
            "place": "330502",
            "text": "已统一窗口所需材料清单并公示，向企业致歉。",
            "outcome": "solved",
            "due_at": "2026-12-07T17:30:00+08:00",
        },
        {"receipt": "ratings-rectification-5"},
        {"item_unknown": "好差评系统没有这一办件的差评"},
    ),
    JobKind(
        "seven-lists.transfer",
        "移送七张问题清单",
        "把重大问题移送同级清单系统；接收、退回和整改阶段以消息 seven-lists.* 送来。",
        js.TransferArguments,
        js.TransferResult,
        {**_ORDER, "list": "safety", "place": "330502", "title": "园区管线隐患", "text": "多家企业反映同一管线隐患。"},
        {"reference": "QD-2026-0001"},
        {"list_unknown": "清单系统没有这张清单"},
    ),
    JobKind(
        "board.order",
        "交板块业务系统办理",
        "把交办的一件送进板块自己的业务系统；受理、进展、办结和退回以消息 board.* 送来。",
        js.BoardOrderArguments,
        js.BoardOrderResult,
        {
            "case": "330502-26-00017-5",
            "board": "330502.data",
            "place": "330502",
            "title": "电子证照显示错误",
            "text": "浙里办上我公司的电子证照显示为旧地址，办事时通不过核验。",
            "difficulty": "ordinary",
            "due_at": "2026-12-01T17:30:00+08:00",
        },
        {"reference": "BK-2026-00001"},
        {"order_refused": "业务系统不接收这一件"},
    ),
    JobKind(
        "board.cancel",
        "告知业务系统不必再办",
        "交给板块业务系统的一件不必再办了：企业撤回，或经办人接手办理。此后系统对这一次交办的来信不再收。",
        js.BoardCancelArguments,
        js.BoardCancelResult,
        {"case": "330502-26-00017-5", "board": "330502.data", "reference": "BK-2026-00001", "reason": "企业已撤回。"},
        {"state": "cancelled"},
    ),
    JobKind(
        "notice.send",
        "发送通知",
        "催办、督办、通报等通知，发给某一角色或某个人。",
        js.NoticeArguments,
        js.NoticeResult,
        {
            **_ORDER,
            "kind": "reminder",
            "to": {"role": "board_handler", "organisation": "330502.projects", "place": "330502"},
            "subject": "催办：330502-26-00017-5",
            "text": "该件即将到期，请及时办理。",
        },
        {"receipt": "notices-21"},
        {"recipient_unknown": "通知系统找不到收件人"},
    ),
    JobKind(
        "http.request",
        "调用 HTTP 系统",
        "向系统管理员开放的外部系统发一个 HTTP 请求；结果和业务错误由流程图用 FEEL 取出。",
        js.HttpArguments,
        js.HttpResult,
        {
            "system": "registry",
            "method": "PUT",
            "path": "/records/{id}",
            "values": {"id": "330502-26-00017-5"},
            "query": {"notify": True},
            "headers": {"X-Office": "330502"},
            "body": {"title": "用电报装", "state": "open"},
            "result": "{number: body.id, state: body.state}",
            "errors": [
                {"when": "status = 409", "code": "record_closed", "message": '="对方已办结：" + body.error.message'}
            ],
        },
        {"number": "330502-26-00017-5", "state": "open"},
        {"record_closed": "流程图在 errors 里写的错误代码"},
        own_errors=True,
        judge=http_request.problems,
    ),
)


def check_result(topic: str, result: Any) -> None:
    """Raise :class:`JobViolation` when a worker's result does not fit the catalogue; a topic that is not in it takes any."""
    kind = CATALOGUE.get(topic)
    if kind is not None:
        kind.check_result(result)


CATALOGUE: Mapping[str, JobKind] = {kind.topic: kind for kind in _ALL}
"""topic → kind; the order is that of the documents"""
