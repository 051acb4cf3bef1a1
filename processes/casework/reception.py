"""The inlet with its doors: where every message to the platform goes, whether it came over HTTP or off the bus."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import insert, select

from processes import failpoints
from processes.casework import doors
from processes.messaging import incoming as i
from processes.messaging.inlet import Broadcast, Correlation, Doors, Handled, Inlet, NotTaken, Refusal, Sender
from processes.runtime import commands as c
from processes.runtime.engine import Engine
from processes.spiff.instance import NotWaiting
from processes.store.database import to_json
from processes.store.tables import Job, RefusedMessage, Subscription

MaySend = Callable[[str, str], bool]


class Reception:
    """The doors on an engine. ``may_send``: (partner, message type) → whether that partner may send it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def inlet(self, may_send: MaySend) -> Inlet:
        """The inlet that the gateway and the bus deliver to."""
        return Inlet(
            Doors(
                report=self.report,
                correlate=self.correlate,
                complete_job=self.complete_job,
                fail_job=self.fail_job,
                throw_job_error=self.throw_job_error,
                signal=self.signal,
                case_number=self.case_number,
                refuse=self.refuse,
                may_send=may_send,
            )
        )

    def report(self, sender: Sender, said: i.ReportMessage) -> Handled:
        """A problem over a channel."""
        try:
            outcome = doors.report(self._engine, said, actor=sender.partner, command_id=sender.command_id)
        except doors.UnknownChannel as error:
            raise NotTaken(error.zh, error.en) from error
        result = {"outcome": outcome.outcome, "case": outcome.case, "number": outcome.number, "reason": outcome.reason}
        return Handled(outcome.outcome == "known", {**result, "board": outcome.board})

    def correlate(self, sender: Sender, said: Correlation) -> Handled:
        """A message for a case, or from one case to another."""
        return _handled(doors.correlate(self._engine, sender.command_id, said))

    def signal(self, sender: Sender, said: Broadcast) -> Handled:
        """A signal from one instance to another, or to all that wait for it: one command an instance."""
        if said.instance_id:
            waiting = [said.instance_id]
        else:
            with self._engine.database.read() as connection:
                waiting = list(
                    connection.execute(
                        select(Subscription.instance_id).where(Subscription.message == f"signal:{said.name}").distinct()
                    ).scalars()
                )
        for instance in waiting:
            try:
                self._engine.execute(
                    c.Signal(f"{sender.command_id}:{instance}", instance, said.name, dict(said.payload))
                )
            except NotWaiting:
                continue  # it went on meanwhile
            failpoints.hit("reception.signalled")
        return Handled(result={"instances": len(waiting)})

    # -- answers of workers ------------------------------------------------------------------------------------------

    def complete_job(self, sender: Sender, said: i.JobCompleted) -> Handled:
        """A job is done."""
        return self._job(
            said.job_id, c.CompleteJob(sender.command_id, said.job_id, dict(said.result), actor=sender.partner)
        )

    def fail_job(self, sender: Sender, said: i.JobFailed) -> Handled:
        """A job could not be done this time."""
        command = c.FailJob(
            sender.command_id, said.job_id, said.reason, said.retry_after, said.final, actor=sender.partner
        )
        return self._job(said.job_id, command)

    def throw_job_error(self, sender: Sender, said: i.JobError) -> Handled:
        """The other side's answer is no."""
        command = c.ThrowJobError(
            sender.command_id, said.job_id, said.code, said.message, dict(said.variables), actor=sender.partner
        )
        return self._job(said.job_id, command)

    def _job(self, job_id: str, command: c.Command) -> Handled:
        """Late and double answers have no effect; one for a job that never was is refused."""
        try:
            return _handled(self._engine.execute(command))
        except NotWaiting:
            with self._engine.database.read() as connection:
                known = connection.execute(select(Job.id).where(Job.id == job_id)).first()
            if known is None:
                raise NotTaken(f"没有任务 {job_id}", f"no job {job_id}") from None
            return Handled(duplicate=True)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def case_number(self, channel: str, original: str) -> str | None:
        """The number of the case that a channel knows by a number of its own."""
        with self._engine.database.read() as connection:
            return doors.number_of(connection, channel, original)

    def refuse(self, refusal: Refusal) -> None:
        """Keep a message that was not taken, with the reason."""
        message = refusal.message
        headers = {
            "id": message.id,
            "type": message.type,
            "source": message.source,
            "subject": message.subject,
            "extensions": dict(message.extensions),
        }
        with self._engine.database.write() as connection:
            connection.execute(
                insert(RefusedMessage).values(
                    partner=refusal.sender.partner[:40],
                    headers=headers,
                    body=to_json(message.data).encode(),
                    reason=refusal.reason,
                    at=self._engine.clock.now(),
                )
            )
        failpoints.hit("reception.refused")


def _handled(outcome: c.Outcome) -> Handled:
    return Handled(outcome.duplicate, {"instance": outcome.instance_id, "incident": outcome.incident})
