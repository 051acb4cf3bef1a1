"""What boards' business systems tell the platform about the orders that they were given (job ``board.order``).

A case may be given to a system again (after an extension, or when the enterprise is not content), and what comes late of the
order before must not be taken for news of the new one: so each message names the board and the system's own number of the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.bus import Message
from processes.messaging.contract import Contract, Kind

ORDER, CANCEL = "board.order", "board.cancel"
"""the topics of the jobs by which a system is given a case, and told that it need not go on with it"""

RESULT = "board.result"

RESOLUTIONS = {"solved": "已解决", "partly": "部分解决", "explained": "解释说明"}
"""as the form of the board's handler has them"""

RETURNS = {
    "people": "转由板块经办人办理",
    "cannot": "办不了，提请中心统筹",
    "ask": "请企业补正",
    "extend": "申请延期",
}
"""what a system asks for when it gives an order back"""


class _OrderSchema(s.ContractSchema):
    case = s.text("问题编号", "从任务 board.order 照抄", required=True, limit=40)
    board = s.text("板块", "从任务 board.order 照抄", required=True, limit=60)
    reference = s.text("业务系统编号", "答复任务 board.order 时给出的编号", required=True, limit=60)
    at = s.moment("发生时间")


class AcceptedSchema(_OrderSchema):
    """``board.accepted``"""


class ProgressSchema(_OrderSchema):
    """``board.progress``"""

    status = s.text("进展", "显示在案件上，如“正在现场核实”", required=True, limit=60)


class ResultSchema(_OrderSchema):
    """``board.result``"""

    resolution = s.code("办理结果", RESOLUTIONS, required=True)
    answer = s.words("给企业的答复", required=True)


class ReturnedSchema(_OrderSchema):
    """``board.returned``"""

    request = s.code("退回以后", RETURNS, "不填就是转由板块经办人办理")
    reason = s.words("退回原因", "请企业补正时写要补什么；申请延期时写理由", required=True)
    days = s.integer("申请延长几个工作日", 1, 30, "申请延期时填写，不填为 1")


@dataclass(frozen=True)
class OfOrder(i.ForCase):
    """News of an order from the system of ``board``; ``reference`` is the system's number of it."""

    board: str
    reference: str

    @property
    def within(self) -> str:
        return f"/{self.board}/{self.reference}"

    @property
    def receipt(self) -> tuple[str, str]:
        return ORDER, self.reference

    @property
    def speaks_for(self) -> str:
        return self.board


def _of_order(message: Message, data: Mapping[str, Any]) -> OfOrder:
    payload = {name: message.data.get(name) for name in data}
    return OfOrder(i.CaseReference(data["case"]), payload, data["board"], data["reference"])


_ORDER = {"case": "330502-26-00017-5", "board": "330502.data", "reference": "BK-2026-00001"}


def _contract(type_: str, title: str, description: str, when: str, schema: type[Schema], **example: Any) -> Contract:
    return Contract(
        type_, "1", Kind.CASE, title, description, when, schema, _of_order, {**_ORDER, **example}, partner="boards"
    )


CONTRACTS_OF_BOARDS = (
    _contract(
        "board.accepted",
        "板块系统受理",
        "板块的业务系统受理了交办的一件。",
        "业务系统受理任务 board.order 交来的一件时。",
        AcceptedSchema,
    ),
    _contract(
        "board.progress",
        "板块系统进展",
        "板块的业务系统办到了哪一步。",
        "办理有了进展时，可发多次。",
        ProgressSchema,
        status="正在核对企业数据",
    ),
    _contract(
        RESULT,
        "板块系统办结",
        "板块的业务系统办结，附给企业的答复。",
        "办结时发一次。",
        ResultSchema,
        resolution="solved",
        answer="电子证照已更正，请重新登录浙里办查看。",
    ),
    _contract(
        "board.returned",
        "板块系统退回",
        "板块的业务系统退回交办的一件：转由人办理、提请中心统筹、请企业补正，或申请延期。",
        "业务系统不能照常办结时发一次；补正或延期以后平台会再交来，编号是新的。",
        ReturnedSchema,
        request="ask",
        reason="请补充浙里办账号的登录手机号。",
    ),
)
