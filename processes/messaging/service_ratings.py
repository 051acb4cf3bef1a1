"""The service-rating system's own messages (政务服务“好差评”): a bad rating of some service, and its review of what was mended.

Fields are those of the interfaces seen, under their own names; GB/T 39734-2020 and 39735-2020. One item is rated once (一事一评):
its number is the report's, so that a second bad rating of the same item is the same report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE

from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.bus import Message
from processes.messaging.contract import ORDER, Contract, Kind, for_case

CHANNEL = "rating"
"""the channel's code in the reference data"""
PARTNER = "ratings"

BAD_LEVELS = (1, 2)
NATURAL_PERSON = "1"
PROPERTIES = {
    NATURAL_PERSON: "自然人",
    "2": "企业法人",
    "3": "事业法人",
    "4": "社会组织法人",
    "5": "非法人企业",
    "6": "行政机关",
    "9": "其他组织",
}
"""who applied (userProp)"""


class BadRatingSchema(s.ContractSchema):
    """``rating.order``, second version."""

    class Meta:
        unknown = INCLUDE

    projNo = s.text("办件编号", "一事一评：同一办件的差评只收一次", required=True, limit=100)
    projName = s.text("办件名称", required=True, limit=200)
    level = s.integer(
        "评价等级", *BAD_LEVELS, "、".join(f"{n} {i.RATING_LEVELS[n]}" for n in BAD_LEVELS), required=True
    )
    comment = s.words("评价意见")
    evaluateTime = s.moment("评价时间")
    evaluateChannel = s.text("评价渠道", limit=40)
    serviceCode = s.text("服务事项编码", limit=60)
    serviceDepartment = s.text("服务部门", limit=120)
    serviceDepartmentCode = s.text("服务部门编码", limit=60)
    applicantName = s.text("申请人", "企业或个人的名称", limit=200)
    applicantCardNumber = s.text("申请人证照号码", "企业填统一社会信用代码", limit=40)
    applicantPhone = s.text("申请人电话", limit=40)
    userProp = s.code("申请人类型", PROPERTIES)
    handleStateCode = s.text("办件状态", limit=20)
    regionCode = s.text("行政区划代码", "12 位，平台取所认识的最近一级", limit=20)
    applyTime = s.moment("申请时间")
    transactionTime = s.moment("办理时间")
    source = s.text("办件来源", limit=40)


class ReviewedSchema(i.CaseSchema):
    """``rating.reviewed``"""

    passed = s.flag("复核通过", required=True)
    reason = s.words("理由", "不通过时说明还差什么")
    reviewed_at = s.moment("复核时间")


def _report(message: Message, data: Mapping[str, Any]) -> i.ReportMessage:
    """The report that a bad rating is: the one place where the rating system's fields become ours."""
    name, natural = data["applicantName"] or "", data["userProp"] == NATURAL_PERSON
    verdict = i.RATING_LEVELS[data["level"]]
    return i.ReportMessage(
        channel=CHANNEL,
        original=data["projNo"],
        body=data["comment"] or f"申请人对“{data['projName']}”的办理评价为“{verdict}”，没有写明原因。",
        raw=dict(message.data),
        title=f"{verdict}：{data['projName']}",
        submitted_at=data["evaluateTime"],
        place=data["regionCode"] or None,
        enterprise="" if natural else name,
        uscc="" if natural else data["applicantCardNumber"] or "",
        contact=name[:80] if natural else "",
        phone=data["applicantPhone"] or "",
    )


def _reviewed(message: Message, data: Mapping[str, Any]) -> i.ForCase:
    return i.ForCase(*for_case(message, data))


CONTRACTS = (
    Contract(
        f"{CHANNEL}{ORDER}",
        "2",
        Kind.REPORT,
        "服务差评",
        "对一项政务服务的差评（不满意、非常不满意）：作为一件问题核实、整改、反馈、复核，五个工作日内办结。"
        "约定以外的字段原样保存。",
        "收到一项服务的差评，而它不是对平台某一件问题的评价时；同一办件只收一次。",
        BadRatingSchema,
        _report,
        {
            "projNo": "330502-2026-1123-0007",
            "projName": "用电报装",
            "level": 1,
            "comment": "我公司申请用电报装，跑了三趟窗口，每次要的材料都不一样，请统一口径。",
            "evaluateTime": "2026-11-23T09:20:00+08:00",
            "evaluateChannel": "窗口评价器",
            "serviceCode": "33050200000712",
            "serviceDepartment": "吴兴区经济和信息化局",
            "applicantName": "示例精密机械有限公司",
            "applicantCardNumber": "91330000MA0000000X",
            "applicantPhone": "13800000000",
            "userProp": "2",
            "regionCode": "330502000000",
        },
        partner=PARTNER,
    ),
    Contract(
        "rating.reviewed",
        "1",
        Kind.CASE,
        "整改复核",
        "好差评系统对整改结果的复核：通过的办结，不通过的重新办理。",
        "复核了平台反馈的整改结果（任务 rating.rectified）时。",
        ReviewedSchema,
        _reviewed,
        {"case": "330502-26-00018-3", "passed": True},
        partner=PARTNER,
        over_channel=True,
    ),
)
