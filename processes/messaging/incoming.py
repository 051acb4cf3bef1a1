"""What the messages to the platform say: the schema of each, and its typed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import INCLUDE

from processes.messaging import schema as s

RATING_LEVELS = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
"""GB/T 39734-2020"""
RATING_LEVELS_IN_ENGLISH = {
    5: "very satisfied",
    4: "satisfied",
    3: "fairly satisfied",
    2: "dissatisfied",
    1: "very dissatisfied",
}

STAGES = {"measures": "措施", "rectification": "整改", "strike_off": "销号"}
"""the stages of the seven-lists system"""


# ---- schemas ---------------------------------------------------------------------------------------------------------


class ReportSchema(s.OneOfSeveral):
    """Also the shape of a row of ``POST /api/reports``. Some real reports are a title alone."""

    alternatives = (("title",), ("body",))
    nothing = ("body", s.both("标题和内容不能都空着", "title and body must not both be empty"))

    class Meta:
        unknown = INCLUDE

    id = s.text("渠道原编号", "渠道自己的编号，同一编号只收一次", required=True, limit=120)
    body = s.words("问题内容", "原文；可以只有标题")
    title = s.text("标题", limit=1000)
    submitted_at = s.moment("提交时间")
    place = s.text("地区", "地区代码；没有就归渠道的默认地区", limit=20)
    route = s.text("发现途径", "四种途径之一的代码；没有就按渠道", limit=40)
    enterprise = s.text("企业名称", limit=200)
    uscc = s.text("统一社会信用代码", limit=40)
    contact = s.text("联系人", limit=80)
    phone = s.text("联系电话", limit=40)
    email = s.text("电子邮箱", limit=120)
    address = s.text("地址", limit=300)


class CaseSchema(s.OneOfSeveral):
    """A message for a case, by its number or the channel's own."""

    alternatives = (("case",), ("channel", "original"))
    nothing = (
        "case",
        s.both("缺少问题编号（或渠道与渠道原编号）", "name the case's number (or channel and original, both)"),
    )

    case = s.text("问题编号", "平台给出的编号", limit=40)
    channel = s.text("渠道", "不知道问题编号时：渠道代码", limit=40)
    original = s.text("渠道原编号", "不知道问题编号时：渠道自己的编号", limit=120)


class RatingSchema(CaseSchema):
    """``rating.given``"""

    level = s.integer("评价等级", 1, 5, "、".join(f"{n} {name}" for n, name in RATING_LEVELS.items()), required=True)
    comment = s.words("评价意见")
    rated_at = s.moment("评价时间")


class SupplementSchema(CaseSchema):
    """``supplement.answered``"""

    text = s.words("补正内容", required=True)
    answered_at = s.moment("补正时间")


class WithdrawalSchema(CaseSchema):
    """``withdrawal.requested``"""

    reason = s.words("撤回原因")
    requested_at = s.moment("申请时间")


class AcceptedSchema(CaseSchema):
    """``seven-lists.accepted``"""

    reference = s.text("清单系统编号", required=True, limit=120)
    list = s.text("清单", limit=60)
    at = s.moment("接收时间")


class RejectedSchema(CaseSchema):
    """``seven-lists.rejected``"""

    reason = s.words("退回原因", required=True)
    reference = s.text("清单系统编号", "答复任务 seven-lists.transfer 时给出的编号；请填写", limit=120)
    at = s.moment("退回时间")


class StageSchema(CaseSchema):
    """``seven-lists.stage``"""

    stage = s.code("阶段", STAGES, required=True)
    reference = s.text("清单系统编号", "答复任务 seven-lists.transfer 时给出的编号；请填写", limit=120)
    note = s.words("说明")
    at = s.moment("变更时间")


class CompletedSchema(s.ContractSchema):
    """``job.completed``"""

    result = s.mapping("结果", "任务目录里该任务的结果")


class FailedSchema(s.ContractSchema):
    """``job.failed``"""

    reason = s.words("原因", required=True)
    retry_after = s.number("多少秒后再试", 0, 31 * 86400.0, "不填：按任务自己的间隔")
    final = s.flag("不必再试")
    counted = s.flag("计入次数", "false：这一次不占次数，例如因为熔断根本没有去问对方；不填就是 true")
    system = s.text("外部系统", "counted 为 false 时：没有去问的是哪个系统", limit=120)
    since = s.moment("自何时起", "这个系统从什么时候起没有正常答复")


LONGEST_LOCK = 86400
"""seconds: whoever needs a job for longer extends its lock in time"""


class LockSchema(s.ContractSchema):
    """``job.accepted``, ``job.extended``"""

    lock_seconds = s.integer("多少秒", 1, LONGEST_LOCK, "从平台收到时算起；到时没有答复，任务就转给别人", required=True)


class ErrorSchema(s.ContractSchema):
    """``job.error``"""

    code = s.text("业务错误代码", required=True, limit=120)
    message = s.words("说明")
    variables = s.mapping("附带变量")


class BetweenCasesSchema(s.ContractSchema):
    """The fields are those that the two diagrams agree on."""

    class Meta:
        unknown = INCLUDE


class EscalatedSchema(BetweenCasesSchema):
    """``case.escalated``"""

    place = s.text("上级地区", "由哪个地区接办；或在扩展属性 place 里", limit=20)


# ---- values ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseReference:
    """Which case a partner means: its number, or the channel and the channel's own number when that is all it knows."""

    number: str | None
    channel: str | None = None
    original: str | None = None


@dataclass(frozen=True)
class ForCase:
    """A message for one case. ``payload`` is what its diagram gets: every field of the contract, as JSON or null."""

    case: CaseReference
    payload: Mapping[str, Any] = field(repr=False)

    @property
    def within(self) -> str:
        """What follows the case's number in the key that it is waited for by, where a case may wait for several of the kind."""
        return ""

    @property
    def receipt(self) -> tuple[str, str | None] | None:
        """The topic of a job and the reference that another system gave as its result, if that is what it is about; None for the
        reference: it does not say which."""
        return None

    @property
    def speaks_for(self) -> str | None:
        """The organisation whose business system its sender must be; None: any partner may send it."""
        return None


@dataclass(frozen=True)
class ReportMessage:
    """A problem over a channel. ``raw`` is the report verbatim, with the fields nobody knows."""

    channel: str
    original: str
    body: str
    raw: Mapping[str, Any]
    title: str = ""
    submitted_at: datetime | None = None
    place: str | None = None
    route: str | None = None
    enterprise: str = ""
    uscc: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    round: int = 1
    """which time the channel sends it: one that was given back and comes again is a report of its own"""


@dataclass(frozen=True)
class RatingGiven(ForCase):
    """An enterprise's rating; ``level`` from 5 (非常满意) down to 1 (非常不满意)."""

    level: int
    comment: str | None
    rated_at: datetime | None


@dataclass(frozen=True)
class SupplementAnswered(ForCase):
    """The enterprise's answer to a supplement request."""

    text: str
    answered_at: datetime | None


@dataclass(frozen=True)
class WithdrawalRequested(ForCase):
    """The enterprise takes its problem back."""

    reason: str | None
    requested_at: datetime | None


@dataclass(frozen=True)
class SevenListsAccepted(ForCase):
    """The seven-lists system took the problem over."""

    reference: str
    list: str | None

    @property
    def receipt(self) -> tuple[str, str | None] | None:
        return _transfer(self.reference)


@dataclass(frozen=True)
class SevenListsRejected(ForCase):
    """The seven-lists system gave the problem back."""

    reference: str | None
    reason: str

    @property
    def receipt(self) -> tuple[str, str | None] | None:
        return _transfer(self.reference)


@dataclass(frozen=True)
class SevenListsStage(ForCase):
    """A stage over there: ``measures``, ``rectification`` or ``strike_off``."""

    reference: str | None
    stage: str
    note: str | None

    @property
    def receipt(self) -> tuple[str, str | None] | None:
        return _transfer(self.reference)


def _transfer(reference: str | None) -> tuple[str, str | None]:
    return "seven-lists.transfer", reference or None


@dataclass(frozen=True)
class JobCompleted:
    """A worker's result."""

    job_id: str
    result: Mapping[str, Any]
    attempt: int | None = None
    """the number of the message that it answers; None when the worker does not say"""


@dataclass(frozen=True)
class JobFailed:
    """A worker could not do it; ``retry_after`` in seconds, None: the job's own backoff."""

    job_id: str
    reason: str
    retry_after: float | None
    final: bool
    counted: bool = True
    """whether it uses up an attempt"""
    attempt: int | None = None
    """the number of the message that it answers; None when the worker does not say"""
    system: str | None = None
    """the external system that was not asked because it is down"""
    since: datetime | None = None
    """since when it is down"""


@dataclass(frozen=True)
class JobAccepted:
    """A worker takes a job that may last: for so many seconds it is its alone."""

    job_id: str
    lock_seconds: int
    attempt: int | None = None
    """the number of the message that it answers; None when the worker does not say"""


@dataclass(frozen=True)
class JobExtended(JobAccepted):
    """It needs so many seconds from now on."""


@dataclass(frozen=True)
class JobError:
    """A business error: for the boundary event of the job's task."""

    job_id: str
    code: str
    message: str
    variables: Mapping[str, Any]
    attempt: int | None = None
    """the number of the message that it answers; None when the worker does not say"""


@dataclass(frozen=True)
class BetweenCases:
    """A message from one place's case to another's. ``key`` is the lower case's id."""

    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class CaseEscalated(BetweenCases):
    """The lower place submits the case to ``place``."""

    place: str


@dataclass(frozen=True)
class CaseProgress(BetweenCases):
    """The superior place tells how far it is."""


@dataclass(frozen=True)
class CaseAnswered(BetweenCases):
    """The superior place's answer."""


@dataclass(frozen=True)
class CaseReturned(BetweenCases):
    """The superior place returns the case with an instruction."""


Incoming = (
    ReportMessage
    | ForCase
    | RatingGiven
    | SupplementAnswered
    | WithdrawalRequested
    | SevenListsAccepted
    | SevenListsRejected
    | SevenListsStage
    | JobAccepted
    | JobExtended
    | JobCompleted
    | JobFailed
    | JobError
    | CaseEscalated
    | CaseProgress
    | CaseAnswered
    | CaseReturned
    | BetweenCases
)
