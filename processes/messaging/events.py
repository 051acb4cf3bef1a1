"""What the platform tells others of its own accord: events for whoever listens, and refusals for whoever sent something unusable.

Nothing here tells of a person, or repeats what somebody wrote.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from processes.messaging import refusals
from processes.messaging import schema as s
from processes.messaging.bus import Address

OPENED, STAGE, CLOSED = "case.opened", "case.stage", "case.closed"


class OpenedSchema(s.ContractSchema):
    """``case.opened``"""

    number = s.text("问题编号", required=True, limit=40)
    place = s.text("地区", "办理的地区代码", required=True, limit=20)


class StageSchema(OpenedSchema):
    """``case.stage``"""

    stage = s.text("阶段", "六个阶段的代码，如 handling", required=True, limit=20)


class ClosedSchema(OpenedSchema):
    """``case.closed``"""

    stage = s.text("阶段", "结束时所在的阶段", limit=20)
    outcome = s.text("办理结果", "如 solved、explained、refused、withdrawn", limit=40)


class RefusedSchema(s.ContractSchema):
    """``message.refused``"""

    id = s.text("被拒消息的编号", "读不出来就是空的", limit=200)
    source = s.text("被拒消息的来源", limit=200)
    type = s.text("被拒消息的类型", limit=120)
    reason = s.words("原因", "中文：哪个字段、为什么、怎么办", required=True)
    reason_en = s.words("英文原因", required=True)
    entry = s.integer("隔离区编号", 1, s.MAX_INTEGER, "向平台管理员查询时请提供", required=True)


@dataclass(frozen=True)
class EventKind:
    """A message that the platform sends without being asked. ``address``: to an exchange, or straight to the queue of an answer."""

    type: str
    title: str
    description: str
    when: str
    schema: builtins.type[Schema]
    example: Mapping[str, Any]
    address: Address = Address.EVENTS


_CASE = {"number": "330502-26-00017-5", "place": "330502"}

EVENTS: Mapping[str, EventKind] = {
    each.type: each
    for each in (
        EventKind(
            OPENED,
            "立案",
            "一件问题在某地立案；提交上一级的，上级立案时也发一次。",
            "收到的问题进入问题库并立案时。",
            OpenedSchema,
            _CASE,
        ),
        EventKind(
            STAGE,
            "进入阶段",
            "案件进入受理、交办、处置、反馈、评价、办结中的一个阶段；返工会再次进入。",
            "每进入一个阶段时。",
            StageSchema,
            {**_CASE, "stage": "handling"},
        ),
        EventKind(
            CLOSED,
            "结案",
            "案件结束，连同结果。",
            "案件办结、退回或撤回时。",
            ClosedSchema,
            {**_CASE, "stage": "closure", "outcome": "solved"},
        ),
        EventKind(
            refusals.TYPE,
            "消息被拒",
            "发给平台的消息没有生效，连同原因；原消息保留在平台的隔离区。correlation_id 是原消息的 correlation_id，没有就是它的编号。",
            "消息的 reply_to 指明了发送方自己的队列（最长 120 个字符，不能是平台的队列）时，发到这个队列。",
            RefusedSchema,
            {
                "id": "rating-17",
                "source": "/ratings",
                "type": "rating.given",
                "reason": "消息 rating.given（第 1 版）不符合约定。level：应在 1 到 5 之间",
                "reason_en": "message rating.given v1 does not fit its contract: level: must be from 1 to 5",
                "entry": 17,
            },
            Address.REPLY,
        ),
    )
}
"""type → kind, in the order of the documents"""
