"""The 12345 hotline's own messages: its work order with the fields that hotlines have, and what it says of an order later.

Fields: those seen in real systems; standards: GB/T 33358-2016, GB/T 44189 to 44192-2024. Names are ours, an adapter at the
hotline maps its own; fields that nobody knows are kept verbatim with the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE

from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.bus import Message
from processes.messaging.contract import ORDER, Contract, Kind, for_case

CHANNEL = "hotline"
"""the channel's code in the reference data, and the partner's name in the examples"""

MODES = "0 转办、1 督办、2 回访复核"
SOLVED = {0: "已解决", 1: "未解决", 2: "部分解决", 3: "退回"}
"""how an order ended, in the hotline's code; the platform's results say it, too"""

MOST_ROUNDS = 9
"""how often one order may be sent: a tenth time is for people to talk about"""


class OrderSchema(s.ContractSchema):
    """``hotline.order``, second version."""

    class Meta:
        unknown = INCLUDE

    task_number = s.text("任务编号", "热线自己的编号；重新派发时沿用", required=True, limit=100)
    round = s.integer("派发次数", 1, MOST_ROUNDS, "第一次派发可不填；退回后又派来的依次填 2、3……，作为新的一轮受理")
    round_reason = s.words("重新派发的理由", "如不同意退回的理由")
    source = s.text("渠道来源", "如 电话、网站、微信", limit=40)
    business_type = s.text("业务类型", "如 咨询、求助、投诉、建议", limit=40)
    category = s.texts("四级分类", "从大类到细类，至多四级")
    subject = s.text("主题", limit=1000)
    description = s.words("诉求内容", required=True)
    area = s.text("行政区划代码", "12 位或更短，平台取所认识的最近一级", limit=20)
    street = s.text("街道", limit=60)
    village = s.text("社区（村）", limit=60)
    address = s.text("地址", limit=180)
    longitude = s.number("经度", -180, 180)
    latitude = s.number("纬度", -90, 90)
    caller = s.text("来电人", limit=80)
    phone = s.text("来电号码", limit=40)
    enterprise = s.text("企业名称", limit=200)
    uscc = s.text("统一社会信用代码", limit=40)
    urgency = s.text("紧急程度", "如 一般、紧急、特急", limit=20)
    department = s.text("责任部门", "热线建议的承办单位", limit=120)
    mode = s.integer("办理方式", 0, 2, MODES)
    flags = s.texts("标记", "如 退回、延期、催办、疑难、联合办理、领导督办")
    accepted_at = s.moment("受理时间")
    dispatched_at = s.moment("派遣时间")
    due_at = s.moment("热线要求的办结时间")


class UrgedSchema(i.CaseSchema):
    """``hotline.urged``"""

    reason = s.words("催办内容", required=True)
    times = s.integer("第几次催办", 1, 99)
    urged_at = s.moment("催办时间")


class ExtensionRuledSchema(i.CaseSchema):
    """``hotline.extension-ruled``"""

    granted = s.flag("同意延期", required=True)
    request = s.text("延期申请编号", "任务 hotline.extend 的结果", limit=120)
    due_at = s.moment("延期后的办结时间")
    reason = s.words("理由")
    ruled_at = s.moment("审核时间")


class CalledBackSchema(i.CaseSchema):
    """``hotline.called-back``"""

    level = s.integer("满意度", 1, 5, "、".join(f"{n} {name}" for n, name in i.RATING_LEVELS.items()), required=True)
    solved = s.integer("是否解决", 0, 2, "、".join(f"{n} {SOLVED[n]}" for n in range(3)), required=True)
    comment = s.words("不满意的原因")
    called_at = s.moment("回访时间")


def _order(message: Message, data: Mapping[str, Any]) -> i.ReportMessage:
    """The report that a work order is: the one place where hotline fields become ours."""
    category = data["category"] or []
    return i.ReportMessage(
        channel=CHANNEL,
        original=data["task_number"],
        body=data["description"],
        raw=dict(message.data),
        title=data["subject"] or "".join(category[-1:]),
        submitted_at=data["accepted_at"] or data["dispatched_at"],
        place=data["area"] or None,
        enterprise=data["enterprise"] or "",
        uscc=data["uscc"] or "",
        contact=data["caller"] or "",
        phone=data["phone"] or "",
        address="".join(data[name] or "" for name in ("street", "village", "address")),
        round=data["round"] or 1,
    )


def _for_case(message: Message, data: Mapping[str, Any]) -> i.ForCase:
    return i.ForCase(*for_case(message, data))


_ORDER = {"channel": CHANNEL, "original": "12345-20261123-0042"}

CONTRACTS = (
    Contract(
        f"{CHANNEL}{ORDER}",
        "2",
        Kind.REPORT,
        "12345 热线工单",
        "热线派来的一件工单，用热线自己的字段；约定以外的字段原样保存。"
        "同一任务编号、同一派发次数只收一次；退回后又派来的，派发次数加一，作为新的一轮由人研判。",
        "热线派发一件涉企工单时；热线不同意退回、重新派发时。",
        OrderSchema,
        _order,
        {
            "task_number": "12345-20261123-0043",
            "source": "电话",
            "business_type": "求助",
            "category": ["经济", "企业服务", "水电气", "用电报装"],
            "subject": "厂房用电报装迟迟未办",
            "description": "我公司新厂房十月初申请用电报装，至今没有答复，设备无法试产。",
            "area": "330502102000",
            "street": "织里镇",
            "address": "示例路 8 号",
            "longitude": 120.26,
            "latitude": 30.86,
            "caller": "王女士",
            "phone": "13800000000",
            "enterprise": "示例精密机械有限公司",
            "urgency": "一般",
            "department": "供电公司",
            "mode": 0,
            "accepted_at": "2026-11-23T09:26:00+08:00",
            "due_at": "2026-11-30T17:30:00+08:00",
        },
    ),
    Contract(
        "hotline.urged",
        "1",
        Kind.CASE,
        "热线催办",
        "热线催办一件还没有办结的工单；平台转告此刻的经办人。已办结的不收，并说明理由。",
        "热线催办时，每次发一条。",
        UrgedSchema,
        _for_case,
        {**_ORDER, "reason": "来电人再次询问进展，请尽快联系。", "times": 1},
        over_channel=True,
        live=True,
    ),
    Contract(
        "hotline.extension-ruled",
        "1",
        Kind.CASE,
        "热线延期审核",
        "热线同意或不同意延期。",
        "热线审核了平台的延期申请（任务 hotline.extend）时。",
        ExtensionRuledSchema,
        _for_case,
        {"case": "330502-26-00017-5", "granted": True, "due_at": "2026-12-03T17:30:00+08:00"},
        over_channel=True,
    ),
    Contract(
        "hotline.called-back",
        "1",
        Kind.CASE,
        "热线回访结果",
        "热线回访来电人的结果，作用与企业评价相同：不满意或未解决的，由中心回访、返工。"
        "已办结的不收；仍需办理的请以新的派发次数重新派发。",
        "平台送出办理结果以后，热线回访来电人时。",
        CalledBackSchema,
        _for_case,
        {**_ORDER, "level": 2, "solved": 1, "comment": "只说在办，没有说哪天通电。"},
        over_channel=True,
        correlates_as="rating.given",
        live=True,
    ),
)
