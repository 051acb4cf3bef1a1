"""A notice, and what a way of sending it must tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workers.kit import Failed, Job, RetryLater


@dataclass(frozen=True)
class Notice:
    """What is said; ``case`` is the problem's number."""

    case: str
    kind: str
    subject: str
    text: str


@dataclass(frozen=True)
class Recipient:
    """A person, and the address by one way."""

    person: str
    name: str
    address: str = field(repr=False)


@dataclass
class Delivery:
    """What became of a notice by one way: whom it reached, who is unknown there, and what went wrong with the others."""

    reached: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    trouble: list[RetryLater | Failed] = field(default_factory=list)


class Unknown(Exception):
    """The other side does not know this address."""


class Way(Protocol):
    """A way for notices to reach people. The same job again reaches nobody twice, as far as the way's protocol allows."""

    def send(self, notice: Notice, recipients: Sequence[Recipient], job: Job) -> Delivery:
        """Send the notice to each of them."""


class ToEach(ABC):
    """A way that takes one recipient at a time; each has an idempotency key of its own."""

    name: str

    def send(self, notice: Notice, recipients: Sequence[Recipient], job: Job) -> Delivery:
        """Send the notice to each; trouble with one holds up nobody else."""
        delivery = Delivery()
        for recipient in recipients:
            try:
                self.send_to(notice, recipient, job, f"{job.id}:{self.name}:{recipient.person}")
                delivery.reached.append(recipient.person)
            except Unknown:
                delivery.unknown.append(recipient.person)
            except (RetryLater, Failed) as trouble:
                delivery.trouble.append(trouble)
        return delivery

    @abstractmethod
    def send_to(self, notice: Notice, recipient: Recipient, job: Job, key: str) -> None:
        """Send it to one. Raises :class:`Unknown` for an address that does not exist, and what the kit knows."""


def one_line(text: str) -> str:
    """A text without line breaks and other control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
