"""What a contract is: one version of one message, its schema, its example, and the refusal of what does not fit."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from marshmallow import Schema

from processes.errors import BihuanError
from processes.messaging import incoming as i
from processes.messaging import schema as s
from processes.messaging.bus import Message

VERSION = "contractversion"
"""the CloudEvents extension that names a contract's version; absent means 1"""

LONGEST_ID = 200
"""characters of a message's id and of its source"""

LONGEST_EXTENSION = 200
"""characters of an extension that a contract asks for"""

ESCALATED = "case.escalated"
"""the type of what submits a case to the superior place"""

ORDER = ".order"
"""the types of reports are ``<channel>.order``"""


LONGEST_REASON = 2000
"""characters: the rest of ten thousand wrong fields helps nobody"""


def _readable(reason: str) -> str:
    """A reason that can be stored and shown, whatever a stranger called his fields."""
    return reason[:LONGEST_REASON].replace("\0", "").encode("utf-8", "replace").decode()


class ContractViolation(BihuanError):
    """A message does not fit its contract: ``problems`` say where and why."""

    def __init__(self, type_: str, version: str, problems: tuple[s.FieldProblem, ...]) -> None:
        zh, en = s.told(problems)
        super().__init__(
            _readable(f"消息 {type_}（第 {version} 版）不符合约定。{zh}"),
            _readable(f"message {type_} v{version} does not fit its contract: {en}"),
        )
        self.problems = problems


class Kind(StrEnum):
    """What a message is for."""

    REPORT = "report"
    """a problem over a channel"""
    CASE = "case"
    """a message for a running case, or one that starts the superior place's"""
    JOB = "job"
    """a worker's answer"""


@dataclass(frozen=True)
class Extension:
    """A CloudEvents extension that a message must have: 1 to ``LONGEST_EXTENSION`` characters."""

    name: str
    title: str
    example: str


@dataclass(frozen=True)
class Asked:
    """The system, by its partner's name, that a case asks something by jobs of ``topic``; ``once``: a job has one answer, and when that
    has come the system has nothing more to say."""

    topic: str
    partner: str
    once: bool = False


@dataclass(frozen=True)
class Contract:
    """One version of one message. ``internal``: only the platform's own processes and workers may send it; ``peers``: and another
    deployment that we are linked to; ``foreign``: nobody but that."""

    type: str
    version: str
    kind: Kind
    title: str
    description: str
    when: str
    """when it is to be sent"""
    schema: builtins.type[Schema]
    make: Callable[[Message, Mapping[str, Any]], i.Incoming]
    example: Mapping[str, Any]
    extensions: tuple[Extension, ...] = ()
    internal: bool = False
    peers: bool = False
    foreign: bool = False
    partner: str = "hotline"
    """whose message the example is"""
    correlates_as: str = ""
    """the name by which diagrams wait for it, when that is not its type"""
    live: bool = False
    """only for a case that is not closed; its payload tells the diagram whose turn it is, as ``holders``"""
    over_channel: bool = False
    """the partner may send it over whose channel the case came"""
    asked: Asked | None = None
    """the system may send it that the case has asked; when neither this nor ``over_channel`` is said, every partner may"""
    orders: bool = False
    """its payload tells the diagram what boards' systems have in hand of the case, as ``orders``"""

    @property
    def only(self) -> str | None:
        """The one partner that may send it at all; None: it depends on the case, or is anybody's."""
        return self.asked.partner if self.asked is not None and not self.over_channel else None

    @property
    def whose(self) -> str:
        """From whom it is taken, for whoever reads the contract; empty: from every partner."""
        named = [f"被平台以任务 {self.asked.topic} 问到的系统（{self.asked.partner}）"] if self.asked else []
        named += ["这一件来件渠道的合作方"] if self.over_channel else []
        return f"只收{'或'.join(named)}发来的，其余的拒收。" if named else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The fields that hold people's words: they are kept apart from variables."""
        return tuple(each.name for each in s.describe(self.schema) if each.text)

    def example_message(self) -> Message:
        """A whole message that fits this contract."""
        type_ = self.type.replace("*", self.partner)
        id_ = f"example-{type_}" + ("" if self.version == "1" else f".v{self.version}")
        moment = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
        extensions = {VERSION: self.version, **{each.name: each.example for each in self.extensions}}
        return Message(id_, type_, "/example", moment, dict(self.example), extensions=extensions)


def for_case(message: Message, data: Mapping[str, Any]) -> tuple[i.CaseReference, Mapping[str, Any]]:
    """Which case, and the payload: as it came in (JSON, not Python's times), with every field of the contract."""
    reference = i.CaseReference(data["case"] or None, data["channel"], data["original"])
    return reference, {name: message.data.get(name) for name in data}
