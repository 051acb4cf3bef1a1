"""What the jobs of the catalogue (:mod:`processes.messaging.jobs`) are given, and what they give back: a schema each."""

from __future__ import annotations

from marshmallow import INCLUDE

from processes.messaging import http_request
from processes.messaging import schema as s


class _Open(s.ContractSchema):
    """Arguments that a diagram adds of its own travel on to the worker, which ignores what it does not know."""

    class Meta:
        unknown = INCLUDE


class _OrderArguments(_Open):
    case = s.text("问题编号", "平台给出的编号，对外可读", required=True, limit=40)
    channel = s.text("渠道", "渠道代码，如 hotline", required=True, limit=40)
    original = s.text("渠道原编号", "渠道自己的编号", required=True, limit=120)


class RefuseArguments(_OrderArguments):
    """``channel.refuse``: a report that was refused at once may have no number."""

    case = s.text("问题编号", limit=40)
    reason = s.words("退回原因", "原样转给来件渠道", required=True)
    note = s.words("补充说明")


class AnswerArguments(_OrderArguments):
    """``channel.answer``"""

    text = s.words("答复内容", required=True)
    outcome = s.text("办理结果", "如 solved、explained、carried", limit=40)


class AskArguments(_OrderArguments):
    """``channel.ask``"""

    text = s.words("需要补正的内容", required=True)
    due_at = s.text("补正截止时间", "ISO 8601", limit=60)


class ProgressArguments(_OrderArguments):
    """``channel.progress``"""

    text = s.words("进展说明", required=True)
    stage = s.text("阶段", "六个阶段的代码", limit=20)


class ExtendArguments(_OrderArguments):
    """``hotline.extend``"""

    days = s.integer("申请延长几个工作日", 1, 99, required=True)
    reason = s.words("理由", required=True)
    due_at = s.text("同意后的办结时间", "ISO 8601", limit=60)


class RatingArguments(_OrderArguments):
    """``rating.request``"""

    place = s.text("地区", limit=20)
    text = s.words("答复内容", "供评价人对照")
    due_at = s.text("评价截止时间", "ISO 8601", limit=60)


class RectifiedArguments(_OrderArguments):
    """``rating.rectified``: ``original`` is the number of the item that was rated (projNo)."""

    place = s.text("地区", limit=20)
    text = s.words("整改情况", "核实了什么、改了什么", required=True)
    outcome = s.text("办理结果", "如 solved、explained、carried", limit=40)
    due_at = s.text("复核截止时间", "ISO 8601", limit=60)


class TransferArguments(_OrderArguments):
    """``seven-lists.transfer``"""

    list = s.text("清单", "七张问题清单之一的代码或名称", required=True, limit=60)
    place = s.text("地区", "移送同级清单系统的地区", required=True, limit=20)
    title = s.words("问题标题")
    text = s.words("问题内容", required=True)


class BoardOrderArguments(_Open):
    """``board.order``"""

    case = s.text("问题编号", "平台给出的编号，对外可读；来信时照抄", required=True, limit=40)
    board = s.text("板块", "机构编号，如 330502.data；来信时照抄", required=True, limit=60)
    place = s.text("地区", required=True, limit=20)
    title = s.words("问题标题")
    text = s.words("问题内容", required=True)
    supplement = s.words("企业补正的内容")
    difficulty = s.text("难度", limit=20)
    due_at = s.text("办理截止时间", "ISO 8601", limit=60)


class BoardCancelArguments(_Open):
    """``board.cancel``"""

    case = s.text("问题编号", "从任务 board.order 照抄", required=True, limit=40)
    board = s.text("板块", "从任务 board.order 照抄", required=True, limit=60)
    reference = s.text(
        "业务系统编号", "答复任务 board.order 时给出的编号；没有的，是这一件正在办理的那次交办", limit=60
    )
    reason = s.words("原因", required=True)


class NoticeArguments(_Open):
    """``notice.send``: ``to`` is ``{role, organisation, place}`` or ``{person}``."""

    case = s.text("问题编号", required=True, limit=40)
    channel = s.text("渠道", limit=40)
    original = s.text("渠道原编号", limit=120)
    kind = s.text("通知种类", "如 reminder、supervision、notice", required=True, limit=40)
    to = s.anything("收件人", "{role, organisation, place}、{person}，或人员编号")
    subject = s.words("标题", required=True)
    text = s.words("内容", required=True)
    recipients = s.mappings(
        "收件人员", "平台在任务发出时填写：人员编号、姓名，以及各种方式（sms、dingtalk、email）的地址"
    )
    ways = s.texts("发送方式", "sms、dingtalk、email、platform；不写就是所有配置了的方式")


class HttpArguments(_Open):
    """``http.request``: what it means, :class:`processes.messaging.http_request.HttpRequest` says."""

    system = s.text("系统", "系统管理员配置的外部系统名称；地址和口令只在配置里", required=True, limit=60)
    method = s.code("方法", {each: each for each in http_request.METHODS}, required=True)
    path = s.text("地址", "以 / 开头，接在系统的地址后面；变量写成 {名称}", required=True, limit=500)
    values = s.mapping("地址里的值", "地址里 {名称} 的值，每个只算一段")
    query = s.mapping("查询条件", "名称 → 文字、数字、真假或它们的列表")
    headers = s.mapping("请求头", "名称 → 文字；身份和口令类的头由平台填写")
    body = s.anything("内容", "作为 JSON 发送")
    result = s.text("结果", "FEEL：由 status、headers、body 得出任务的结果；不写就是 body", limit=5000)
    errors = s.mappings("业务错误", "[{when: FEEL, code: 错误代码, message: 说明}]，依次看，第一个成立的抛给边界事件")


class DeliveryResult(_Open):
    """What a channel's system gave back."""

    delivered = s.flag("已送达", required=True)
    receipt = s.text("回执号", limit=120)


class ExtendResult(_Open):
    """What the hotline gave back: received, not yet ruled."""

    request = s.text("延期申请编号", required=True, limit=120)


class RatingResult(_Open):
    """What the rating system gave back."""

    request = s.text("评价邀请编号", required=True, limit=120)


class RectifiedResult(_Open):
    """What the rating system gave back: received, not yet reviewed."""

    receipt = s.text("回执号", required=True, limit=120)


class TransferResult(_Open):
    """What the seven-lists system gave back: received, not yet accepted."""

    reference = s.text("清单系统编号", required=True, limit=120)


class BoardOrderResult(_Open):
    """What a board's business system gave back: received, not yet accepted."""

    reference = s.text("业务系统编号", "以后来信都用它", required=True, limit=60)


CANCELLATIONS = {"cancelled": "已停办", "ended": "此前已办结或退回", "unknown": "没有收到过这一件"}
"""what a board's business system says when an order is cancelled"""


class BoardCancelResult(_Open):
    """What a board's business system gave back: none of it stops the case."""

    state = s.code("结果", CANCELLATIONS, required=True)


class NoticeResult(_Open):
    """What the notice system gave back."""

    receipt = s.text("发送编号", required=True, limit=120)


class HttpResult(_Open):
    """What the diagram makes of the answer: an object as it is; anything else is its ``value``."""

    value = s.anything("值", "答复（或 result 的值）不是 JSON 对象时")
