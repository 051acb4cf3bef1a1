"""The inlet with its doors: where every message to the platform goes, whether it came over HTTP or off the bus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select

from processes.casework import answers, doors, receipts
from processes.casework.reference import Reference
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting, Unfit
from processes.messaging import cloudevents, refusals
from processes.messaging import incoming as i
from processes.messaging.addresses import peer_of
from processes.messaging.bus import Address, Message, Raw, Unreadable
from processes.messaging.contract import ESCALATED, Contract
from processes.messaging.identity import OPEN, Identity
from processes.messaging.inlet import (
    INTERNAL,
    Broadcast,
    Correlation,
    Doors,
    Handled,
    Inlet,
    NotTaken,
    References,
    Refusal,
    Sender,
    count,
    count_refused,
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
from processes.store import outbox, quarantine
from processes.store.tables import Job

MaySend = Callable[[str, str], bool]
FromPeer = Callable[[Sender, Contract, i.BetweenCases], Handled]


class Reception:
    """The doors on an engine. ``may_send``: (partner, message type) → whether that partner may send it; ``from_peer``: the door of other
    deployments; ``identity``: what is known of partners."""

    def __init__(self, engine: Engine, from_peer: FromPeer = no_peers, identity: Identity = OPEN) -> None:
        self._engine = engine
        self._from_peer = from_peer
        self._identity = identity

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
                references=self.references,
                system_of=self.system_of,
                may_send=may_send,
                from_peer=self._from_peer,
                identify=self._identity.check,
                may_answer_any=self._identity.may_answer_any,
                unfit_answer=self.unfit_answer,
            )
        )

    def receive_all(
        self, messages: Sequence[Message | Unreadable], may_send: MaySend, turn: Turn | None = None
    ) -> list[Exception | None]:
        """Take a group of messages, in their order and when it is their ``turn``; what is a plain command shares a transaction with its
        neighbours.

        Of each message: None when it has had its effect (or was refused and is kept), else what a bus handler would raise.
        """
        planner, inlet, turn = Inlet(self._planning(may_send)), self.inlet(may_send), turn or Turn()
        endings: list[Exception | None] = [None] * len(messages)
        together: list[tuple[int, _Planned, Here]] = []
        for index, message in enumerate(messages):
            if isinstance(message, Unreadable):
                endings[index] = self._keep_unreadable(message)
                continue
            with here.at(place_of(message)) as place:
                planned: Handled | Refusal
                try:
                    planned = planner.take(message)
                except _NotYet:
                    planned = _Alone(run=partial(inlet.take, message))
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
                    endings[index] = self._settle(message, planned.run)
                else:
                    count(planned, message)
        self._carry_out(together, messages, endings, turn)
        return endings

    def _carry_out(
        self,
        together: Sequence[tuple[int, _Planned, Here]],
        messages: Sequence[Message | Unreadable],
        endings: list[Exception | None],
        turn: Turn | None = None,
    ) -> None:
        if not together:
            return
        outcomes = self._engine.execute_all(
            [planned.command for _, planned, _ in together], [place for _, _, place in together], turn
        )
        for (index, planned, _), outcome in zip(together, outcomes, strict=True):
            message = messages[index]
            assert isinstance(message, Message)
            endings[index] = self._settle(message, partial(planned.settle, outcome))

    def _settle(self, message: Message, end: Callable[[], object]) -> Exception | None:
        try:
            count(end(), message)
        except NotTaken as refused:
            refusal = Refusal(sender_of(message), message, refused.zh, refused.en)
            self.refuse(refusal)
            count(refusal, message)
        except Exception as error:
            return error
        return None

    def _planning(self, may_send: MaySend) -> Doors:
        """Doors that say what is to be done, and do nothing yet."""

        def correlate(sender: Sender, said: Correlation) -> Handled:
            _check_report(said)
            if said.texts or said.live or said.orders or said.speaker or said.payload.get("report"):
                return _Alone(run=lambda: self.correlate(sender, said))
            command = c.Correlate(sender.command_id, said.message, said.key, dict(said.payload), said.place)
            return _Planned(command=command, settle=_raise)

        def job(sender: Sender, command: c.Command, said: answers.Answer) -> Handled:
            self._check_topic(sender, said.job_id)
            return _Planned(command=command, settle=lambda outcome: self._answered(sender, said, outcome))

        def case_number(channel: str, original: str) -> str:
            """One that is not there yet may be reported by a message before this one: it is looked for again when it is its turn."""
            number = self.case_number(channel, original)
            if number is None:
                raise _NotYet
            return number

        return Doors(
            report=lambda sender, said: _Alone(run=lambda: self.report(sender, said)),
            correlate=correlate,
            lock_job=lambda sender, said: job(sender, answers.locked(sender, said), said),
            complete_job=lambda sender, said: job(sender, answers.completed(sender, said), said),
            fail_job=lambda sender, said: job(sender, answers.failed(sender, said), said),
            throw_job_error=lambda sender, said: job(sender, answers.error(sender, said), said),
            signal=lambda sender, said: _Alone(run=lambda: self.signal(sender, said)),
            case_number=case_number,
            refuse=self.refuse,
            references=self.references,
            system_of=self.system_of,
            may_send=may_send,
            from_peer=lambda sender, contract, said: _Alone(run=lambda: self._from_peer(sender, contract, said)),
            identify=self._identity.check,
            may_answer_any=self._identity.may_answer_any,
            unfit_answer=self.unfit_answer,
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
        _check_report(said)
        try:
            return _handled(doors.correlate(self._engine, sender.command_id, said))
        except doors.NoReport as error:
            raise NotTaken(error.zh, error.en) from error

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
        return self._job(sender, said, answers.locked(sender, said))

    def complete_job(self, sender: Sender, said: i.JobCompleted) -> Handled:
        """A job is done."""
        return self._job(sender, said, answers.completed(sender, said))

    def fail_job(self, sender: Sender, said: i.JobFailed) -> Handled:
        """A job could not be done this time."""
        return self._job(sender, said, answers.failed(sender, said))

    def throw_job_error(self, sender: Sender, said: i.JobError) -> Handled:
        """The other side's answer is no."""
        return self._job(sender, said, answers.error(sender, said))

    def unfit_answer(self, sender: Sender, job_id: str, attempt: int | None, reason: str) -> None:
        """An answer to a job is refused, whose worker has let go of it: to the job that is a failure, which is tried again and shown. What
        comes later, from another worker or mended by a person, may still be its result."""
        self._check_topic(sender, job_id)
        with suppress(NotWaiting):
            self._engine.execute(answers.unfit(sender, job_id, attempt, reason))
        hit("reception.job-failed")

    def _job(self, sender: Sender, said: answers.Answer, command: c.Command) -> Handled:
        self._check_topic(sender, said.job_id)
        try:
            return self._answered(sender, said, self._engine.execute(command))
        except (NotWaiting, Unfit) as error:
            return self._answered(sender, said, error)

    def _check_topic(self, sender: Sender, job_id: str) -> None:
        """A partner answers the jobs of those topics that it was given. The platform's own workers answer all, and are not looked after."""
        if sender.partner == INTERNAL:
            return
        with self._engine.database.read() as connection:
            topic = connection.scalar(select(Job.topic).where(Job.id == job_id))
        if topic is None:
            raise _no_job(job_id)
        if not self._identity.may_answer(sender.partner, topic):
            raise NotTaken(
                f"合作方 {sender.partner} 无权答复主题为 {topic} 的任务",
                f"partner {sender.partner} may not answer jobs of the topic {topic}",
            )

    def _answered(self, sender: Sender, said: answers.Answer, outcome: c.Outcome | Exception) -> Handled:
        """Late and double answers have no effect; one for a job that never was, or with a result that does not fit, is refused."""
        job_id = said.job_id
        if isinstance(outcome, NotWaiting):
            with self._engine.database.read() as connection:
                known = connection.execute(select(Job.id).where(Job.id == job_id)).first()
            if known is None:
                raise _no_job(job_id) from None
            return Handled(duplicate=True)
        if isinstance(outcome, Unfit):
            self.unfit_answer(sender, job_id, said.attempt, outcome.zh)
            raise NotTaken(outcome.zh, outcome.en) from None
        if isinstance(outcome, Exception):
            raise outcome
        return _handled(outcome)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def case_number(self, channel: str, original: str) -> str | None:
        """The number of the case that a channel knows by a number of its own."""
        with self._engine.database.read() as connection:
            return doors.number_of(connection, channel, original)

    def references(self, number: str, topic: str, organisation: str | None) -> References:
        """The references that other systems gave as results of a case's jobs of a topic."""
        with self._engine.database.read() as connection:
            return receipts.references(connection, number, topic, organisation)

    def system_of(self, organisation: str) -> str | None:
        """The partner whose business system does an organisation's work."""
        with self._engine.database.read() as connection:
            return Reference.read(connection).system_of(organisation)

    def refuse(self, refusal: Refusal) -> None:
        """Keep a message that was not taken, with the reason, and tell the sender, if it named a queue for answers."""
        refuse(self._engine, refusal)

    def _keep_unreadable(self, said: Unreadable) -> Exception | None:
        """What is no message is kept like one that does not fit."""
        claimed = cloudevents.attributes_of(said.raw.headers).get("partner")
        partner = peer_of(said.raw.routing_key) or (claimed if isinstance(claimed, str) and claimed else INTERNAL)
        try:
            _keep(self._engine, said.raw, partner, said.zh, said.en)
        except Exception as error:
            return error
        count_refused()
        return None


def refuse(engine: Engine, refusal: Refusal) -> None:
    """Keep a message that was not taken, with the reason, and tell the sender, if it named a queue for answers."""
    message = refusal.message
    raw = message.raw or quarantine.raw_of(message)
    _keep(engine, raw, refusal.sender.partner, refusal.reason, refusal.reason_en, message)


def _keep(engine: Engine, raw: Raw, partner: str, zh: str, en: str, message: Message | None = None) -> None:
    """``message``: what could be read of it."""
    now = engine.clock.now()
    with engine.database.write() as connection:
        kept = quarantine.keep(connection, raw, partner, zh, en, now, message)
        queue = refusals.queue_of(raw)
        if queue is not None:
            source = engine.settings.source
            told = refusals.refusal(source, kept.id, kept.times, kept.about, raw, kept.zh, kept.en, now)
            outbox.put(connection, [outbox.Outgoing(Address.REPLY, queue, told)], now)
    hit("reception.refused")


def _check_report(said: Correlation) -> None:
    """What the superior place makes a case of: without a report its process would run for no case."""
    if said.message == ESCALATED and not said.payload.get("report"):
        raise NotTaken("report：缺少来件编号，不能据此立案", "report: missing, and no case can be opened without it")


class _NotYet(Exception):
    """Whether a message can be taken is to be seen when it is its turn."""


def _no_job(job_id: str) -> NotTaken:
    return NotTaken(f"没有任务 {job_id}", f"no job {job_id}")


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

    run: Callable[[], Handled | Refusal]


def _raise(outcome: c.Outcome | Exception) -> None:
    if isinstance(outcome, Exception):
        raise outcome
