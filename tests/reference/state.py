"""What is there while an instance runs: frames with tokens in them, activities, and what is waited for.

A frame is a scope at work; it holds tokens. A token at an activity has an :class:`Activity`, and that of a sub-process has a frame inside. So
everything hangs on the process's own frame, and whatever is cut off from it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.reference.data import Arrival, Data, alone
from tests.reference.reading import Flow, Node, Scope, Trigger

Causes = frozenset[int]
"""Numbers of the entries of the trace that made something happen."""


@dataclass(eq=False)
class Token:
    """Where the flow is. Its place is the node it came to; ``flow`` is how."""

    node: Node
    frame: Frame
    data: Data
    causes: Causes
    flow: Flow | None = None
    alive: bool = True
    parked: bool = False
    """waits at a join"""
    arrived: int = 0
    """the driver's step in which it was parked"""
    activity: Activity | None = None
    catchers: list[Catcher] = field(default_factory=list)
    """what a token at a catching event or an event-based gateway waits for"""
    compensation: Compensation | None = None

    def die(self) -> None:
        self.alive = False
        if self in self.frame.tokens:
            self.frame.tokens.remove(self)
        for catcher in self.catchers:
            catcher.alive = False
        if self.activity is not None:
            self.activity.die()
        if self.compensation is not None:
            self.compensation.die()


@dataclass(frozen=True)
class Beside:
    """What an event sub-process met that runs beside its scope. ``known``: what the branches there knew when it began (they may be cancelled
    later, and it is not the event sub-process's to hand on); ``ended``: what had ended there by then, which nobody can cancel any more."""

    known: Data
    ended: Data

    def own(self, version: Data) -> Data:
        """A version of the event sub-process's, as its own to hand on."""
        return alone(self.known, version, self.ended)


@dataclass(eq=False)
class Frame:
    """A scope at work."""

    scope: Scope
    parent: Frame | None
    start: Data
    causes: Causes
    activity: Activity | None = None
    """whose inside this is; None of a process and of an event sub-process"""
    event: Node | None = None
    """the event sub-process whose inside this is"""
    compensation: Compensation | None = None
    """for which it runs"""
    beside: Beside | None = None
    """of an event sub-process that runs beside its scope"""
    called: bool = False
    """whether the scope is a process of its own"""
    alive: bool = True
    tokens: list[Token] = field(default_factory=list)
    events: list[Frame] = field(default_factory=list)
    """event sub-processes running in it"""
    starts: list[Catcher] = field(default_factory=list)
    """the events that start event sub-processes in it"""
    ended: list[Arrival] = field(default_factory=list)
    """what the tokens knew that have ended in it"""
    ended_causes: Causes = frozenset()
    objects: dict[str, Any] = field(default_factory=dict)
    """data objects"""
    records: list[Record] = field(default_factory=list)
    """activities completed in it, which might be compensated"""
    snapshot: Data | None = None
    """of a completed sub-process that is compensated from inside: what it knew at its end, with what handlers in it have done since"""

    def die(self) -> None:
        self.alive = False
        self.disarm()
        self.clear()

    def clear(self) -> None:
        """Cancel everything that runs in it."""
        for token in list(self.tokens):
            token.die()
        for frame in self.events:
            frame.die()
        self.events.clear()

    def disarm(self) -> None:
        """Start no more event sub-processes."""
        for catcher in self.starts:
            catcher.alive = False

    @property
    def is_over(self) -> bool:
        return not self.tokens and not self.events

    @property
    def asks_for_newest(self) -> bool:
        """Whether something in it, or around it in its process, wants to know what branches have done before they meet."""
        if self.scope.asks_for_newest or self.called or self.parent is None:
            return self.scope.asks_for_newest
        return self.parent.asks_for_newest

    def all(self) -> Iterator[Frame]:
        """This frame and all inside it, innermost first."""
        for token in list(self.tokens):
            for activity in token.activity.all() if token.activity is not None else ():
                if activity.inner is not None:
                    yield from activity.inner.all()
            if token.compensation is not None:
                yield from token.compensation.frames()
        for frame in list(self.events):
            yield from frame.all()
        yield self


@dataclass(eq=False)
class Activity:
    """An activity at work: a plain one, all of a loop, or one instance of it (which knows the ``whole``)."""

    node: Node
    frame: Frame
    data: Data
    causes: Causes
    token: Token | None = None
    """None: a compensation handler"""
    whole: Activity | None = None
    index: int = 0
    alive: bool = True
    inner: Frame | None = None
    catchers: list[Catcher] = field(default_factory=list)
    """its boundary events, and the message of a receive task"""
    instances: list[Activity] = field(default_factory=list)
    todo: list[Any] = field(default_factory=list)
    """items of a sequential loop still to come"""
    turns: int = 0
    outputs: dict[int, Any] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    """what its finished instances knew"""
    compensation: Compensation | None = None
    """for which it is a handler"""
    begun: Data | None = None
    """of a handler: what it began with"""

    def die(self) -> None:
        self.alive = False
        for catcher in self.catchers:
            catcher.alive = False
        for instance in self.instances:
            instance.die()
        if self.inner is not None:
            self.inner.die()

    def all(self) -> Iterator[Activity]:
        """The activity and its instances."""
        yield self
        for instance in self.instances:
            yield from instance.all()


@dataclass(eq=False)
class Catcher:
    """An event that is armed. ``outstanding``: which of its triggers may still come (all have to, of a parallel multiple one)."""

    node: Node
    frame: Frame
    data: Data
    """what correlation keys and times are computed over"""
    outstanding: list[Trigger]
    token: Token | None = None
    """of an intermediate event"""
    activity: Activity | None = None
    """of a boundary event, or the receive task itself"""
    alive: bool = True
    gathered: dict[str, Any] = field(default_factory=dict)
    """what the triggers brought so far"""
    gathered_causes: Causes = frozenset()

    @property
    def is_start(self) -> bool:
        return self.token is None and self.activity is None

    @property
    def goes_on(self) -> bool:
        """Whether it stays armed when it has caught something."""
        return (self.is_start or self.node.tag == "boundaryEvent") and not self.node.interrupts


@dataclass(eq=False)
class Wait:
    """One thing that is waited for: a person or a worker at an activity, or a trigger of a catcher."""

    kind: str
    """user, job, message, signal, timer or condition"""
    number: int
    owner: Activity | Catcher
    trigger: Trigger | None = None
    name: str = ""
    key: str = ""
    due: datetime = datetime.max
    period: str = ""
    left: int = 1
    """how often a timer still fires; -1: for ever"""
    held: bool = False
    """whether a condition held when it was looked at"""

    @property
    def is_open(self) -> bool:
        here = isinstance(self.owner, Activity) or self.trigger in self.owner.outstanding
        return self.owner.alive and here and self.left != 0


@dataclass(eq=False)
class Record:
    """An activity that was completed. ``inner``: the frame of a sub-process, with the records of what was completed in it."""

    node: Node
    frame: Frame
    inner: Frame | None
    data: Data
    entry: int
    """its number in the trace"""
    is_done: bool = False
    """compensated"""


@dataclass(eq=False)
class Compensation:
    """The handlers that a token waits for, one after another."""

    todo: list[Record]
    data: Data
    causes: Causes
    then: str
    """what the token does then: go on, end, or cancel its transaction"""
    activity: Activity | None = None
    frame: Frame | None = None
    """the handler at work: an activity, or a compensation event sub-process"""

    @property
    def is_idle(self) -> bool:
        return self.activity is None and self.frame is None

    def go_on(self, scope: Frame, before: Data, after: Data, causes: Causes) -> None:
        """The handler at work, of something completed in ``scope``, is done: what it changed is changed there and in the scopes around."""
        within: Frame | None = scope
        while within is not None and within.snapshot is not None:
            within.snapshot = alone(before, after, within.snapshot)
            within = within.parent
        self.data, self.causes = alone(before, after, self.data), causes
        self.activity = self.frame = None

    def die(self) -> None:
        if self.activity is not None:
            self.activity.die()
        if self.frame is not None:
            self.frame.die()

    def frames(self) -> Iterator[Frame]:
        if self.activity is not None and self.activity.inner is not None:
            yield from self.activity.inner.all()
        if self.frame is not None:
            yield from self.frame.all()
