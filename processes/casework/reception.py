"""The inlet with its doors: where every message to the platform goes, whether it came over HTTP or off the bus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import insert, select

from processes.casework import doors
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting
from processes.messaging import incoming as i
from processes.messaging.bus import Message
from processes.messaging.contract import Contract
from processes.messaging.inlet import (
    Broadcast,
    Correlation,
    Doors,
    Handled,
    Inlet,
    NotTaken,
    Refusal,
    Sender,
    count,
    no_peers,
    place_of,
    sender_of,
)
from processes.observing import here
from processes.observing.here import Here
from processes.runtime import commands as c
from processes.runtime import signals
from processes.runtime.engine import Engine
from processes.runtime.turns import Turn
from processes.store.database import to_json
from processes.store.tables import Job, RefusedMessage

MaySend = Callable[[str, str], bool]
FromPeer = Callable[[Sender, Contract, i.BetweenCases], Handled]


class Reception:
    """The doors on an engine. ``may_send``: (partner, message type) → whether that partner may send it; ``from_peer``: the door of other
    deployments."""

    def __init__(self, engine: Engine, from_peer: FromPeer = no_peers) -> None:
        self._engine = engine
        self._from_peer = from_peer

    def inlet(self, may_send: MaySend) -> Inlet:
        """The inlet that the gateway and the bus deliver to."""
        return Inlet(
            Doors(
                report=self.report,
                correlate=self.correlate,
                lock_job=self.lock_job,
                complete_job=self.complete_job,
                fail_job=self.fail_job,
                throw_job_error=self.throw_job_error,
                signal=self.signal,
                case_number=self.case_number,
                refuse=self.refuse,
                may_send=may_send,
                from_peer=self._from_peer,
            )
        )

    def receive_all(
        self, messages: Sequence[Message], may_send: MaySend, turn: Turn | None = None
    ) -> list[Exception | None]:
        """Take a group of messages, in their order and when it is their ``turn``; what is a plain command shares a transaction with its
        neighbours.

        Of each message: None when it has had its effect (or was refused and is kept), else what a bus handler would raise.
        """
        planner, turn = Inlet(self._planning(may_send)), turn or Turn()
        endings: list[Exception | None] = [None] * len(messages)
        together: list[tuple[int, _Planned, Here]] = []
        for index, message in enumerate(messages):
            with here.at(place_of(message)) as place:
                try:
                    planned = planner.take(message)
                except Exception as error:
                    endings[index] = error
                    continue
                if isinstance(planned, _Planned):
                    together.append((index, planned, place))
                    continue
                turn.wait()
                self._carry_out(together, messages, endings)
                together = []
                if isinstance(planned, _Alone):
                    endings[index] = self._settle(messages[index], planned.run)
                else:
                    count(planned)
        self._carry_out(together, messages, endings, turn)
        return endings

    def _carry_out(
        self,
        together: Sequence[tuple[int, _Planned, Here]],
        messages: Sequence[Message],
        endings: list[Exception | None],
        turn: Turn | None = None,
    ) -> None:
        if not together:
            return
        outcomes = self._engine.execute_all(
            [planned.command for _, planned, _ in together], [place for _, _, place in together], turn
        )
        for (index, planned, _), outcome in zip(together, outcomes, strict=True):
            endings[index] = self._settle(messages[index], partial(planned.settle, outcome))

    def _settle(self, message: Message, end: Callable[[], object]) -> Exception | None:
        try:
            count(end())
        except NotTaken as refused:
            refusal = Refusal(sender_of(message), message, refused.zh)
            self.refuse(refusal)
            count(refusal)
        except Exception as error:
            return error
        return None

    def _planning(self, may_send: MaySend) -> Doors:
        """Doors that say what is to be done, and do nothing yet."""

        def correlate(sender: Sender, said: Correlation) -> Handled:
            if said.texts or said.live or said.payload.get("report"):
                return _Alone(run=lambda: self.correlate(sender, said))
            command = c.Correlate(sender.command_id, said.message, said.key, dict(said.payload), said.place)
            return _Planned(command=command, settle=_raise)

        def job(command: c.Command, job_id: str) -> Handled:
            return _Planned(command=command, settle=lambda outcome: self._answered(job_id, outcome))

        return Doors(
            report=lambda sender, said: _Alone(run=lambda: self.report(sender, said)),
            correlate=correlate,
            lock_job=lambda sender, said: job(_locked(sender, said), said.job_id),
            complete_job=lambda sender, said: job(_completed(sender, said), said.job_id),
            fail_job=lambda sender, said: job(_failed(sender, said), said.job_id),
            throw_job_error=lambda sender, said: job(_error(sender, said), said.job_id),
            signal=lambda sender, said: _Alone(run=lambda: self.signal(sender, said)),
            case_number=self.case_number,
            refuse=self.refuse,
            may_send=may_send,
            from_peer=lambda sender, contract, said: _Alone(run=lambda: self._from_peer(sender, contract, said)),
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
        """A signal: a command for each instance that waits for it, and for each process that it starts."""
        event = f"signal:{said.name}"
        waiting, starting = [said.instance_id], [said.starts]
        if not (said.instance_id or said.starts):
            definitions = self._engine.definitions
            with self._engine.database.read() as connection:
                force = definitions.in_force(connection)
                reached = signals.reached(connection, definitions, force, said.name, said.place)
            waiting, starting = list(reached.instances), list(reached.processes)
        commands: list[c.Command] = [
            c.Signal(f"{sender.command_id}:{instance}", instance, said.name, dict(said.payload))
            for instance in waiting
            if instance
        ]
        commands += [
            c.Start(f"{sender.command_id}:{process}", process, said.place, event=event, payload=dict(said.payload))
            for process in starting
            if process
        ]
        for command in commands:
            try:
                self._engine.execute(command)
            except NotWaiting:
                continue  # it went on meanwhile
            hit("reception.signalled")
        return Handled(result={"instances": len(commands)})

    # -- answers of workers ------------------------------------------------------------------------------------------

    def lock_job(self, sender: Sender, said: i.JobAccepted) -> Handled:
        """A worker takes a job, or needs it for longer."""
        return self._job(said.job_id, _locked(sender, said))

    def complete_job(self, sender: Sender, said: i.JobCompleted) -> Handled:
        """A job is done."""
        return self._job(said.job_id, _completed(sender, said))

    def fail_job(self, sender: Sender, said: i.JobFailed) -> Handled:
        """A job could not be done this time."""
        return self._job(said.job_id, _failed(sender, said))

    def throw_job_error(self, sender: Sender, said: i.JobError) -> Handled:
        """The other side's answer is no."""
        return self._job(said.job_id, _error(sender, said))

    def _job(self, job_id: str, command: c.Command) -> Handled:
        try:
            return self._answered(job_id, self._engine.execute(command))
        except NotWaiting as late:
            return self._answered(job_id, late)

    def _answered(self, job_id: str, outcome: c.Outcome | Exception) -> Handled:
        """Late and double answers have no effect; one for a job that never was is refused."""
        if isinstance(outcome, NotWaiting):
            with self._engine.database.read() as connection:
                known = connection.execute(select(Job.id).where(Job.id == job_id)).first()
            if known is None:
                raise NotTaken(f"没有任务 {job_id}", f"no job {job_id}") from None
            return Handled(duplicate=True)
        if isinstance(outcome, Exception):
            raise outcome
        return _handled(outcome)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def case_number(self, channel: str, original: str) -> str | None:
        """The number of the case that a channel knows by a number of its own."""
        with self._engine.database.read() as connection:
            return doors.number_of(connection, channel, original)

    def refuse(self, refusal: Refusal) -> None:
        """Keep a message that was not taken, with the reason."""
        refuse(self._engine, refusal)


def refuse(engine: Engine, refusal: Refusal) -> None:
    """Keep a message that was not taken, with the reason."""
    message = refusal.message
    headers = {
        "id": message.id,
        "type": message.type,
        "source": message.source,
        "subject": message.subject,
        "extensions": dict(message.extensions),
    }
    with engine.database.write() as connection:
        connection.execute(
            insert(RefusedMessage).values(
                partner=refusal.sender.partner[:40],
                headers=headers,
                body=to_json(message.data).encode(),
                reason=refusal.reason,
                at=engine.clock.now(),
            )
        )
    hit("reception.refused")


def _handled(outcome: c.Outcome) -> Handled:
    return Handled(outcome.duplicate, {"instance": outcome.instance_id, "incident": outcome.incident})


@dataclass(frozen=True, kw_only=True)
class _Planned(Handled):
    """A message asks for a command that may share a transaction with others; ``settle`` judges what it came to."""

    command: c.Command
    settle: Callable[[c.Outcome | Exception], object]


@dataclass(frozen=True, kw_only=True)
class _Alone(Handled):
    """A message asks for more than a command."""

    run: Callable[[], Handled]


def _raise(outcome: c.Outcome | Exception) -> None:
    if isinstance(outcome, Exception):
        raise outcome


def _locked(sender: Sender, said: i.JobAccepted) -> c.Command:
    kind = c.ExtendJob if isinstance(said, i.JobExtended) else c.AcceptJob
    return kind(sender.command_id, said.job_id, sender.source, said.lock_seconds, said.attempt, actor=sender.partner)


def _completed(sender: Sender, said: i.JobCompleted) -> c.Command:
    return c.CompleteJob(sender.command_id, said.job_id, dict(said.result), actor=sender.partner)


def _failed(sender: Sender, said: i.JobFailed) -> c.Command:
    return c.FailJob(
        sender.command_id,
        said.job_id,
        said.reason,
        said.retry_after,
        said.final,
        said.counted,
        said.attempt,
        actor=sender.partner,
    )


def _error(sender: Sender, said: i.JobError) -> c.Command:
    variables = dict(said.variables)
    return c.ThrowJobError(sender.command_id, said.job_id, said.code, said.message, variables, actor=sender.partner)
