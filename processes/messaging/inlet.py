"""The one inlet: every message to the platform, from the gateway's ``POST /api/messages`` or off the bus, comes through
here, is checked against its contract, and goes to the door that its contract names. What does not fit is kept and told.

The doors are callables given by the wiring, so that this module knows neither the engine nor the casework.

>>> inlet = Inlet(doors)  # doctest: +SKIP
>>> bus.subscribe(Address.INBOX, ["*"], inlet.deliver)  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from processes.failpoints import hit
from processes.messaging import answers, contracts, measures
from processes.messaging import incoming as i
from processes.messaging.addresses import PEER
from processes.messaging.bus import Message
from processes.messaging.contracts import Contract, ContractViolation, Kind
from processes.messaging.spoken import Correlation as Correlation
from processes.messaging.spoken import NotTaken as NotTaken
from processes.messaging.spoken import References as References
from processes.messaging.spoken import Speaker as Speaker
from processes.messaging.tally import MESSAGE, TALLY
from processes.observing import here
from processes.observing.trace import HEADER

log = logging.getLogger(__name__)

INTERNAL = "bihuan"
"""the partner of our own processes and workers: whose messages have no ``partner`` extension, which outer doors set"""

SIGNAL = "signal"
"""the types of the engine's signals are ``signal:<name>``; they never come from outside"""

LARGEST = 1024 * 1024
"""bytes of a message's body, by whichever door it comes"""

BEGINNING = 64 * 1024
"""bytes that are kept of a larger one"""

LONGEST_PARTNER, LONGEST_TYPE = 40, 120
"""characters of what is counted by its name"""

LONGEST_KEY = 200
"""characters of a command id, as the inbox table keeps it"""


def too_large(length: int) -> tuple[str, str]:
    """Why a body of so many bytes is not taken, in Chinese and in English."""
    zh = f"正文有 {length} 字节，上限是 {LARGEST} 字节：请缩短；附件不要放在消息里"
    return zh, f"the body has {length} bytes, and at most {LARGEST} are taken: shorten it, and leave attachments out"


class Status(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True)
class Receipt:
    """The answer to whoever sent a message; ``reason`` is Chinese, ``reason_en`` the same in English."""

    status: Status
    reason: str | None = None
    reason_en: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sender:
    """Who sent a message, and which one of theirs it is: together the key by which it has its effect once."""

    partner: str
    source: str
    id: str
    peer: bool = False
    """the partner is another deployment: the transport knows, by the way the message came"""

    @property
    def command_id(self) -> str:
        """``partner/source/id``: distinct for distinct senders, whatever signs they use."""
        parts = [part.replace("%", "%25").replace("/", "%2F") for part in (self.partner, self.source)]
        key = "/".join([*parts, self.id])
        if len(key) <= LONGEST_KEY:
            return key
        return f"{parts[0][:40]}/sha256/{hashlib.sha256(key.encode()).hexdigest()}"


def sender_of(message: Message) -> Sender:
    """Who sent a message: an outer door has set the ``partner`` extension from what it authenticated."""
    peer = message.extensions.get(PEER)
    return Sender(peer or message.extensions.get("partner") or INTERNAL, message.source, message.id, peer is not None)


@dataclass(frozen=True)
class Broadcast:
    """A signal of a diagram: for one instance that waits for it, for a process that it starts at a place, or for everybody."""

    instance_id: str
    name: str
    payload: Mapping[str, Any]
    starts: str = ""
    """the process that it starts"""
    place: str = ""


@dataclass(frozen=True)
class Refusal:
    """A message that was not taken, to be kept with its reason."""

    sender: Sender
    message: Message
    reason: str
    reason_en: str


@dataclass(frozen=True)
class Handled:
    """What a door answers."""

    duplicate: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)


def anyone(partner: str, message_type: str) -> bool:
    """Every partner may send every message that is not internal."""
    return True


def no_peers(sender: Sender, contract: Contract, said: i.BetweenCases) -> Handled:
    """This deployment stands alone."""
    raise NotTaken(f"本平台没有与 {sender.partner} 相连", f"no link to {sender.partner}")


def believed(partner: str, message: Message) -> None:
    """Every message is from whom it says."""


def nobody(partner: str) -> bool:
    """No partner may answer jobs."""
    return False


def any_reference(number: str, topic: str, organisation: str | None) -> References:
    """Whatever reference is named may be the right one."""
    return References()


def nothing_held(sender: Sender, job_id: str, attempt: int | None, reason: str) -> None:
    """There are no jobs."""


def by_people(organisation: str) -> str | None:
    """No organisation has a business system."""
    return None


@dataclass(frozen=True)
class Doors:
    """Where messages go. Each door gets the sender first, uses ``sender.command_id`` for its command, and raises
    :class:`NotTaken` to refuse; anything else it raises means: not now, deliver it again."""

    report: Callable[[Sender, i.ReportMessage], Handled]
    correlate: Callable[[Sender, Correlation], Handled]
    lock_job: Callable[[Sender, i.JobAccepted], Handled]
    """accepted, or extended"""
    complete_job: Callable[[Sender, i.JobCompleted], Handled]
    fail_job: Callable[[Sender, i.JobFailed], Handled]
    throw_job_error: Callable[[Sender, i.JobError], Handled]
    signal: Callable[[Sender, Broadcast], Handled]
    case_number: Callable[[str, str], str | None]
    """(channel, its own number) → the case's number, None when there is none"""
    refuse: Callable[[Refusal], None]
    """keep a refused message"""
    references: Callable[[str, str, str | None], References] = any_reference
    """(case's number, job topic, organisation) → the references that other systems (or the organisation's) gave as results of such jobs"""
    system_of: Callable[[str], str | None] = by_people
    """organisation → the partner whose business system does its work, None when people do it"""
    may_send: Callable[[str, str], bool] = anyone
    """(partner, message type) → whether that partner may send it"""
    from_peer: Callable[[Sender, Contract, i.BetweenCases], Handled] = no_peers
    """a message of another deployment's case"""
    identify: Callable[[str, Message], None] = believed
    """(partner, message): raises :class:`NotTaken` when the message is not from that partner"""
    may_answer_any: Callable[[str], bool] = nobody
    """whether a partner may answer jobs; of which topics, the doors of jobs see to"""
    unfit_answer: Callable[[Sender, str, int | None, str], None] = nothing_held
    """(sender, job's id, number of its message that is answered, reason): an answer to a job does not fit, and the job is not to wait for
    another that may never come. Raises :class:`NotTaken` when it is not the sender's to answer"""


def place_of(message: Message) -> here.Here:
    """Where the work that a message asks for is done: in the message's trace, for whoever sent it."""
    return here.place(message.extensions.get(HEADER), sender_of(message).partner)


def count(handled: object, message: Message) -> Status:
    """What became of a message, told to the metrics and to the tally."""
    status = Status.ACCEPTED
    if isinstance(handled, Refusal):
        status = Status.REFUSED
    elif isinstance(handled, Handled) and handled.duplicate:
        status = Status.DUPLICATE
        log.info("a message had its effect before")
    measures.RECEIVED.labels(status.value).inc()
    known = message.type if len(message.type) <= LONGEST_TYPE and contracts.is_known(message.type) else ""
    partner = message.extensions.get("partner") or INTERNAL
    TALLY.note(MESSAGE, partner[:LONGEST_PARTNER], known, status.value)
    return status


def count_refused() -> None:
    """Something was refused that could not even be read."""
    measures.RECEIVED.labels(Status.REFUSED.value).inc()


class Inlet:
    """Takes messages one at a time; keeps no state, so any number of threads may share it."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def may_send(self, partner: str, type_: str) -> bool:
        """Whether a partner may send messages of a type."""
        return contracts.sender_of(type_) in (None, partner) and self._doors.may_send(partner, type_)

    def may_answer(self, partner: str) -> bool:
        """Whether a partner may send answers to jobs."""
        return self._doors.may_answer_any(partner)

    def deliver(self, message: Message) -> None:
        """A bus handler: a refused message is settled, since it is kept with its reason."""
        self.receive(message)

    def receive(self, message: Message, *, keep: bool = True) -> Receipt:
        """Give a message its effect. An outer door has set the ``partner`` extension from what it authenticated; ``keep``: keep it, should it
        be refused (else it is kept already)."""
        hit("inlet.received")
        with here.at(place_of(message)):
            handled = self.take(message, keep=keep)
        hit("inlet.handled")
        status = count(handled, message)
        if isinstance(handled, Refusal):
            return Receipt(status, handled.reason, handled.reason_en)
        return Receipt(status, result=handled.result)

    def take(self, message: Message, *, keep: bool = True) -> Handled | Refusal:
        """Like :meth:`receive`; returns what the door said, or the refusal that was kept."""
        sender = sender_of(message)
        try:
            return self._take(sender, message)
        except (ContractViolation, NotTaken) as refused:
            refusal = Refusal(sender, message, refused.zh, refused.en)
            if keep:
                self._doors.refuse(refusal)
            return refusal

    def _take(self, sender: Sender, message: Message) -> Handled:
        if not sender.peer:
            self._doors.identify(sender.partner, message)
        if sender.partner == INTERNAL and not contracts.is_known(message.type):
            return self._between_diagrams(sender, message)
        try:
            contract = contracts.contract_of(message)
            self._authorise(sender, contract, message.type)
            said = contracts.parse(message)
        except ContractViolation as violation:
            answered = None if sender.peer else answers.answered_by(message)
            if answered is not None:
                self._doors.unfit_answer(sender, *answered, violation.zh)
            raise
        if sender.peer and isinstance(said, i.BetweenCases):
            return self._doors.from_peer(sender, contract, said)
        return self._route(sender, contract, said)

    def _between_diagrams(self, sender: Sender, message: Message) -> Handled:
        """Messages and signals that owners' diagrams name: only their sender and receiver know what is in them."""
        payload = message.data if isinstance(message.data, Mapping) else {}
        kind, colon, name = message.type.partition(":")
        if colon and kind == SIGNAL:
            said = message.extensions
            broadcast = Broadcast(
                said.get("instance", ""), name, payload, said.get("starts", ""), said.get("place", "")
            )
            return self._doors.signal(sender, broadcast)
        key, place = message.extensions.get("correlationkey", ""), message.extensions.get("place", "")
        return self._doors.correlate(sender, Correlation(message.type, key, payload, place))

    def _authorise(self, sender: Sender, contract: Contract, type_: str) -> None:
        if sender.peer:
            allowed = contract.peers
        elif sender.partner == INTERNAL:
            allowed = not contract.foreign
        elif contract.kind is Kind.JOB:
            allowed = self._doors.may_answer_any(sender.partner)
        else:
            allowed = not contract.internal and self.may_send(sender.partner, type_)
        if not allowed:
            raise NotTaken(
                f"合作方 {sender.partner} 无权发送 {type_}", f"partner {sender.partner} may not send {type_}"
            )

    def _route(self, sender: Sender, contract: Contract, said: i.Incoming) -> Handled:
        match said:
            case i.ReportMessage():
                return self._doors.report(sender, said)
            case i.JobAccepted():
                return self._doors.lock_job(sender, said)
            case i.JobCompleted():
                return self._doors.complete_job(sender, said)
            case i.JobFailed():
                return self._doors.fail_job(sender, said)
            case i.JobError():
                return self._doors.throw_job_error(sender, said)
            case i.BetweenCases():
                return self._doors.correlate(sender, _between_cases(contract, said))
            case _:
                self._require_system(sender, said)
                return self._doors.correlate(sender, self._for_case(sender, contract, said))

    def _require_system(self, sender: Sender, said: i.ForCase) -> None:
        organisation = said.speaks_for
        if organisation is None or sender.partner == INTERNAL:
            return
        if sender.partner != self._doors.system_of(organisation):
            raise NotTaken(
                f"合作方 {sender.partner} 不是板块 {organisation} 的业务系统",
                f"partner {sender.partner} is not the system of {organisation}",
            )

    def _for_case(self, sender: Sender, contract: Contract, said: i.ForCase) -> Correlation:
        speaker = _speaker(sender, contract, said)
        judged = sender.partner != INTERNAL and (contract.over_channel or contract.asked is not None)
        number = self._number(said.case, speaker)
        self._require_receipt(number, said, speaker)
        payload = {**said.payload, "case": number}
        name = contract.correlates_as or contract.type
        key = number + said.within
        return Correlation(
            name,
            key,
            payload,
            texts=contract.texts,
            live=contract.live,
            speaker=speaker if judged else None,
            orders=contract.orders,
        )

    def _require_receipt(self, number: str, said: i.ForCase, speaker: Speaker) -> None:
        if said.receipt is None:
            return
        topic, reference = said.receipt
        known = self._doors.references(number, topic, said.speaks_for)
        if reference is None:
            if len(known.valid) + known.awaited > 1:
                raise NotTaken(
                    f"reference：{number} 移送过不止一次，请写明是哪一次（清单系统编号）",
                    f"reference: {number} was transferred more than once; say which one is meant",
                )
            return
        if reference in known.cancelled:
            raise NotTaken(
                f"reference：{number} 编号为 {reference} 的交办已经撤销，不再接收它的来信",
                f"reference: the order {reference} of {number} has been cancelled",
            )
        if said.speaks_for and speaker.partner != INTERNAL and not known.awaited and reference not in known.valid:
            raise speaker.unknown()
        if known.valid and not known.awaited and reference not in known.valid:
            raise NotTaken(
                f"reference：{number} 没有编号为 {reference} 的移送，应为 {'、'.join(sorted(known.valid))}",
                f"reference: {number} was never given the number {reference}",
            )

    def _number(self, case: i.CaseReference, speaker: Speaker) -> str:
        if case.number:
            return case.number
        number = self._doors.case_number(case.channel or "", case.original or "")
        if number is None:
            raise speaker.unknown()
        return number


def _speaker(sender: Sender, contract: Contract, said: i.ForCase) -> Speaker:
    case, asked = said.case, contract.asked
    if asked is not None and said.receipt is not None and said.receipt[1] is None:
        asked = replace(asked, once=True)  # without a reference it may be late news of a transfer that is over
    zh = f"case：{case.number}" if case.number else f"channel：渠道 {case.channel} 的 {case.original}"
    en = f"case {case.number}" if case.number else f"channel {case.channel}, original {case.original}"
    return Speaker(sender.partner, contract.over_channel, asked, zh, en)


def _between_cases(contract: Contract, said: i.BetweenCases) -> Correlation:
    place = said.place if isinstance(said, i.CaseEscalated) else ""
    return Correlation(contract.type, said.key, said.payload, place, orders=contract.orders)
