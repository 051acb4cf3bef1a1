"""What a job came to, as a message says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from processes.messaging.jobs import JobKind
from processes.messaging.schema import unsound
from workers.kit.conversion import plain
from workers.kit.job import BusinessError, Failed, Job, RetryLater

LONGEST_REASON = 2000
"""characters: reasons are read by people, and an exception's text may repeat a whole document"""


@dataclass(frozen=True)
class Answer:
    """The type and data of the message that goes back."""

    type: str
    data: Mapping[str, Any]

    @property
    def ending(self) -> str:
        """How the job ended: completed, failed or error."""
        return self.type.rpartition(".")[2]


def completed(kind: JobKind | None, job: Job, result: object) -> Answer:
    """It is done. Raises :class:`Failed` or ``JobViolation`` for a result that is none."""
    result = {} if result is None else plain(result)
    if not isinstance(result, Mapping):
        raise Failed(f"任务 {job.topic} 的结果应是一个对象，得到的是 {type(result).__name__}")
    problem = unsound(result)
    if problem is not None:
        raise Failed(f"任务 {job.topic} 的结果无法保存：{problem.path}：{problem.zh}")
    if kind is not None:
        kind.check_result(result)
    return Answer("job.completed", {"result": dict(result)})


def failed(reason: str, *, retry_after: float | None = None, final: bool = False, counted: bool = True) -> Answer:
    """It is not done."""
    said: dict[str, Any] = {"reason": _clean(reason) or "没有说明", "final": final}
    if not counted:
        said["counted"] = False
    if retry_after is not None:
        said["retry_after"] = max(retry_after, 0.0)
    return Answer("job.failed", said)


def held_up(later: RetryLater) -> Answer:
    """It is not done now; should it be because of a system that is down, it says which."""
    answer = failed(later.reason, retry_after=later.seconds, counted=later.counted)
    if not later.system:
        return answer
    since = {"since": later.since.isoformat()} if later.since else {}
    return replace(answer, data={**answer.data, "system": later.system, **since})


def refused(error: BusinessError) -> Answer:
    """The other side's answer is no."""
    variables = plain(error.variables)
    if not error.code or unsound(variables) is not None:
        return failed(f"工作程序给出的业务错误不符合约定：{error}", final=True)
    return Answer("job.error", {"code": error.code, "message": _clean(error.message), "variables": variables})


def _clean(reason: str) -> str:
    """A text that can be stored and read, of whatever an exception had to say."""
    cut = reason[:LONGEST_REASON].replace("\0", "")
    return cut.encode("utf-8", "replace").decode()
