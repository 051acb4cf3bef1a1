"""The commands that workers' answers to jobs become."""

from __future__ import annotations

from dataclasses import replace

from processes.messaging import incoming as i
from processes.messaging.inlet import Sender
from processes.runtime import commands as c

Answer = i.JobAccepted | i.JobCompleted | i.JobFailed | i.JobError


def locked(sender: Sender, said: i.JobAccepted) -> c.Command:
    """A worker takes a job, or needs it for longer."""
    kind = c.ExtendJob if isinstance(said, i.JobExtended) else c.AcceptJob
    return kind(sender.command_id, said.job_id, sender.source, said.lock_seconds, said.attempt, actor=sender.partner)


def completed(sender: Sender, said: i.JobCompleted) -> c.Command:
    """A job is done."""
    return c.CompleteJob(sender.command_id, said.job_id, dict(said.result), actor=sender.partner)


def failed(sender: Sender, said: i.JobFailed) -> c.Command:
    """A job could not be done this time."""
    return c.FailJob(
        sender.command_id,
        said.job_id,
        said.reason,
        said.retry_after,
        said.final,
        said.counted,
        said.attempt,
        sender.source,
        said.system or "",
        said.since,
        actor=sender.partner,
    )


def error(sender: Sender, said: i.JobError) -> c.Command:
    """The other side's answer is no."""
    variables = dict(said.variables)
    return c.ThrowJobError(sender.command_id, said.job_id, said.code, said.message, variables, actor=sender.partner)


def unfit(sender: Sender, job_id: str, attempt: int | None, reason: str) -> c.Command:
    """An answer was refused: a failure, under an id of its own, for what the sender's id stands for may still come, mended."""
    own = replace(sender, id=f"{sender.id}:unfit").command_id
    told = f"答复不能用：{reason}（原文在隔离区）"
    return c.FailJob(own, job_id, told, attempt=attempt, actor=sender.partner, worker=sender.source)
