"""What workers answer to jobs: accepted, extended, completed, failed, a business error.

Each names the job by an extension, and by another one which of the job's messages it answers, if its worker tells.
"""

from __future__ import annotations

import re

from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.bus import Message
from processes.messaging.contract import LONGEST_EXTENSION, VERSION, Contract, ContractViolation, Extension, Kind

JOB = Extension("jobid", "任务编号", "5b1c3a52-6d0e-4a8e-9f1d-2f7f0f3f9a10")
ATTEMPT, ATTEMPT_PATTERN = "attempt", re.compile("[0-9]{1,9}")
"""the extension of jobs and their answers that tells a job's messages apart, and its form"""
PRIORITY = "priority"
"""the extension of jobs that have one"""


def _attempt(message: Message) -> int | None:
    """The number of the job's message that is answered; None when the worker does not say."""
    value = message.extensions.get(ATTEMPT)
    if value is None:
        return None
    if not ATTEMPT_PATTERN.fullmatch(value):
        problem = s.FieldProblem(
            ATTEMPT, "应是 1 到 9 位数字，从任务消息照抄", "must be 1 to 9 digits, copied from the job's message"
        )
        raise ContractViolation(message.type, message.extensions.get(VERSION, "1"), (problem,))
    return int(value)


SETTLING = frozenset({"job.accepted", "job.completed", "job.failed", "job.error"})
"""Types of answers after which a worker lets go of a job's message: should one be refused, nobody has the job."""


def answered_by(message: Message) -> tuple[str, int | None] | None:
    """The job, and the number of its message, that an answer which may not fit its contract is about; None when it is about none."""
    job, attempt = message.extensions.get(JOB.name, ""), message.extensions.get(ATTEMPT, "")
    if message.type not in SETTLING or not job or len(job) > LONGEST_EXTENSION:
        return None
    return job, int(attempt) if ATTEMPT_PATTERN.fullmatch(attempt) else None


CONTRACTS = (
    Contract(
        "job.accepted",
        "1",
        Kind.JOB,
        "任务已接下",
        "工作程序（ce-source）接下一项要做得久的任务：lock_seconds 秒以内归它，不再投递给别人。已有别人接下或任务已经转走的，不生效。",
        "任务要做几分钟以上时，开始做以前发送；得到发布确认以后确认（ack）任务消息。",
        i.LockSchema,
        lambda m, d: i.JobAccepted(m.extensions[JOB.name], d["lock_seconds"], _attempt(m)),
        {"lock_seconds": 300},
        extensions=(JOB,),
        internal=True,
    ),
    Contract(
        "job.extended",
        "1",
        Kind.JOB,
        "任务延长",
        "接下任务的工作程序（ce-source 与接下时相同）还要 lock_seconds 秒，从现在算起。没有接下或任务已经转走的，不生效。",
        "接下的时间快到而任务还没有做完时。",
        i.LockSchema,
        lambda m, d: i.JobExtended(m.extensions[JOB.name], d["lock_seconds"], _attempt(m)),
        {"lock_seconds": 300},
        extensions=(JOB,),
        internal=True,
    ),
    Contract(
        "job.completed",
        "1",
        Kind.JOB,
        "任务完成",
        "工作程序做完了一项任务；扩展属性 jobid 是任务编号。",
        "任务做成以后，确认（ack）任务消息以前。",
        i.CompletedSchema,
        lambda m, d: i.JobCompleted(m.extensions[JOB.name], d["result"] or {}, _attempt(m)),
        {"result": {"delivered": True, "receipt": "hotline-8"}},
        extensions=(JOB,),
        internal=True,
    ),
    Contract(
        "job.failed",
        "1",
        Kind.JOB,
        "任务失败",
        "工作程序没有做成；还有次数就再试，没有了由人处理。",
        "这一次没有做成，或者再试也做不成（final 为 true）时。",
        i.FailedSchema,
        lambda m, d: i.JobFailed(
            m.extensions[JOB.name],
            d["reason"],
            d["retry_after"],
            bool(d["final"]),
            d["counted"] is not False,
            _attempt(m),
            d["system"],
            d["since"],
        ),
        {"reason": "热线系统暂不可用（503）", "retry_after": 30},
        extensions=(JOB,),
        internal=True,
    ),
    Contract(
        "job.error",
        "1",
        Kind.JOB,
        "任务业务错误",
        "对方系统给出业务上的否定答复；由流程图上的错误边界事件处理。",
        "对方系统给出任务目录里列明的业务否定答复时。",
        i.ErrorSchema,
        lambda m, d: i.JobError(
            m.extensions[JOB.name], d["code"], d["message"] or "", d["variables"] or {}, _attempt(m)
        ),
        {"code": "order_closed", "message": "渠道已经关闭这一件"},
        extensions=(JOB,),
        internal=True,
    ),
)
