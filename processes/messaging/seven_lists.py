"""What the seven-lists system says of a problem that was transferred to it (job ``seven-lists.transfer``)."""

from __future__ import annotations

from processes.messaging import incoming as i
from processes.messaging.contract import Asked, Contract, Kind, for_case

ASKED = Asked("seven-lists.transfer", "seven-lists")
"""whose word these messages are"""

_CASE = {"case": "330502-26-00017-5"}

_UNNAMED = "不写编号的，只在这一件只移送过一次、平台正等着这一答复时收。"
"""of the messages whose first version may leave out the reference: a late one might be of the transfer before"""

CONTRACTS = (
    Contract(
        "seven-lists.accepted",
        "1",
        Kind.CASE,
        "清单系统接收",
        "七张问题清单系统接收了移送的问题。",
        "清单系统决定接收移送来的问题（任务 seven-lists.transfer）时。",
        i.AcceptedSchema,
        lambda m, d: i.SevenListsAccepted(*for_case(m, d), d["reference"], d["list"]),
        {**_CASE, "reference": "QD-2026-0001", "list": "safety"},
        partner=ASKED.partner,
        asked=ASKED,
    ),
    Contract(
        "seven-lists.rejected",
        "1",
        Kind.CASE,
        "清单系统退回",
        "七张问题清单系统不接收，连同原因退回。" + _UNNAMED,
        "清单系统决定不接收移送来的问题（任务 seven-lists.transfer）时。",
        i.RejectedSchema,
        lambda m, d: i.SevenListsRejected(*for_case(m, d), d["reference"], d["reason"]),
        {**_CASE, "reason": "不属于清单范围。"},
        partner=ASKED.partner,
        asked=ASKED,
    ),
    Contract(
        "seven-lists.stage",
        "1",
        Kind.CASE,
        "清单系统阶段",
        "清单系统里这一问题到了新的阶段：措施、整改、销号。" + _UNNAMED,
        "已接收的问题在清单系统里进入新的阶段时，每个阶段发一次。",
        i.StageSchema,
        lambda m, d: i.SevenListsStage(*for_case(m, d), d["reference"], d["stage"], d["note"]),
        {**_CASE, "reference": "QD-2026-0001", "stage": "strike_off", "note": "整改完成，验收通过。"},
        partner=ASKED.partner,
        asked=ASKED,
    ),
)
