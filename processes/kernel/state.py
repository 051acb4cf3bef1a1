"""What a running instance consists of: scopes, tokens, and what they watch for. Plain objects; the machine moves them, the codec writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from processes.kernel.data import Data, Fork
from processes.kernel.plan import Element, Flow, Node, Scope, Trigger
from processes.kernel.timers import Schedule

READY, WAITING, JOINING, GONE = "ready", "waiting", "joining", "gone"
"""A token is about to enter its node; is in it; has arrived at a join; is no more."""


class Token:
    """Where the flow is. A turn of a loop is a token as well, inside the activity's own (``turn_of``)."""

    __slots__ = (
        "arrived",
        "data",
        "fork",
        "id",
        "inner",
        "moved",
        "node",
        "number",
        "repetition",
        "scope",
        "state",
        "turn_of",
        "undoes",
        "undoing",
        "view",
        "watches",
    )

    def __init__(self, id: str, node: Node, scope: Running, data: Data, fork: Fork | None = None) -> None:
        self.id = id
        self.node = node
        self.scope = scope
        self.data = data
        self.fork = fork
        self.state = READY
        self.arrived: Flow | None = None
        """the flow it came by"""
        self.inner: Running | None = None
        """what runs inside the activity"""
        self.watches: list[Watch] | None = None
        """what it waits for, boundary events included"""
        self.repetition: Repeating | None = None
        self.turn_of: Token | None = None
        self.number: int | str = -1
        """of a turn: which, or its key when a context is gone through"""
        self.undoing: Undoing | None = None
        """handlers that this token has started and waits for"""
        self.undoes: Token | None = None
        """of a compensation handler: the token that waits for it"""
        self.view: Data | None = None
        """of an event sub-process: the variables it began with"""
        self.moved = 0
        """when its variables changed last, in steps of the instance"""


class Running:
    """A scope that runs: the process, a sub-process, a called process, an event sub-process."""

    __slots__ = (
        "base",
        "done",
        "id",
        "interrupted",
        "objects",
        "outcome",
        "owner",
        "parked",
        "plan",
        "tokens",
        "watches",
    )

    def __init__(self, id: str, plan: Scope, owner: Token | None, base: Data) -> None:
        self.id = id
        self.plan = plan
        self.owner = owner
        self.base = base
        """the variables it began with"""
        self.tokens: dict[str, Token] = {}
        self.outcome: Data | None = None
        """the variables of the branches that have ended, put together"""
        self.objects: Data = {}
        """values of its data objects"""
        self.parked: dict[str, list[Token]] = {}
        """tokens that have arrived at a join, by its id, in the order they came"""
        self.watches: list[Watch] | None = None
        """starts of its event sub-processes"""
        self.interrupted = False
        """one of its event sub-processes has taken over: the others start no more"""
        self.done: list[Done] = []
        """what has been completed and may be compensated, in order"""


class Watch:
    """An event that is waited for: by a token (in it, or on its border) or by a scope (a start of an event sub-process)."""

    __slots__ = ("id", "kept", "key", "node", "scope", "time", "token", "trigger", "was_true")

    def __init__(self, id: str, node: Node, trigger: Trigger, token: Token | None, scope: Running | None) -> None:
        self.id = id
        self.node = node
        self.trigger = trigger
        self.token = token
        self.scope = scope
        self.key = ""
        self.time: Schedule | None = None
        self.was_true = False
        self.kept: Data = {}
        """of an event that needs several: what the others have brought already"""


class Repeating:
    """A loop under way. Outputs of finished turns stand beside the turns that run, by their number."""

    __slots__ = ("base", "begun", "changed", "ended", "items", "merged", "outputs", "total", "turns")

    def __init__(self, total: int, items: list[Any] | dict[str, Any] | None, base: Data) -> None:
        self.total = total
        """turns there will be; -1: nobody knows"""
        self.items = items
        self.base = base
        self.merged = base
        """the variables with what finished turns have done to them, when no outputs are collected"""
        self.begun = 0
        self.ended = 0
        self.turns: dict[int | str, Token] = {}
        self.outputs: dict[int | str, Any] = {}
        self.changed: set[int] | None = None
        """of a wide one: which groups of turns have changed since they were written down"""


@dataclass(slots=True, eq=False)
class Done:
    """An activity that was completed and may be compensated; ``inside`` is what was completed in it."""

    node: Node
    data: Data
    inside: list[Done] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Undoing:
    """A compensation under way: what is still to be undone, the last first."""

    pending: list[Done]
    scope: Running
    """where the handlers run"""
    then: str
    """what comes after: leave, end, vanish (nobody waits), cancel (a transaction) or done (something nested)"""


class Wait(NamedTuple):
    """Something the instance waits for. ``kind``: user, job, timer, message, signal, condition or deadline."""

    kind: str
    task_id: str
    element: Element
    scope: str
    name: str = ""
    """job topic, message or signal name"""
    key: str = ""
    time: Schedule | None = None
    arguments: Mapping[str, Any] = MappingProxyType({})

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same for the same wait before and after a command."""
        return (self.kind, self.task_id, self.name)


class Thrown(NamedTuple):
    """A message or signal that left the instance."""

    kind: str
    """message or signal"""
    name: str
    key: str
    payload: dict[str, Any]
    place: str
    element_id: str
    task_id: str
    """the token that threw it: with the instance's step it makes the message's id"""
