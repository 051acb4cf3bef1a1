"""The moving parts that every kind of element uses: the queue of tokens, the trace, and expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from processes.notation import expressions
from processes.notation.decisions import DecisionModel
from tests.reference.data import Arrival, Data, merged, moment
from tests.reference.reading import Flow, Node, Scope
from tests.reference.state import Activity, Causes, Frame, Token, Wait

Functions = Mapping[str, Callable[..., Any]]

KEPT = timedelta(days=7)
"""How long an early message waits for its receiver."""


ENDLESS = 5_000
"""Entries of a trace, from which on nobody waits for its end."""


class TooLong(Exception):
    """A trace has become longer than anybody wants to look at: a short cycle over a long time, say."""


class Incident(Exception):
    """The instance cannot go on; nothing of the command in hand has happened."""


@dataclass(frozen=True)
class Entry:
    """One line of the trace: an element that has finished or has caught something. ``causes``: entries without which it could not
    have happened; among others, BPMN says nothing of the order."""

    element: str
    node: Node
    causes: Causes
    step: int
    """the driver's step in which it happened"""


@dataclass(frozen=True)
class Letter:
    """A message on its way."""

    name: str
    key: str
    payload: Any
    causes: Causes
    expires: datetime


@dataclass
class Machine:
    """One instance at work. Tokens run first in, first out, one element at a time."""

    callables: Mapping[str, Scope]
    decisions: Mapping[str, DecisionModel]
    functions: Functions
    now: datetime
    root: Frame | None = None
    queue: list[Token] = field(default_factory=list)
    finished: list[tuple[Activity, Data, Causes]] = field(default_factory=list)
    """activities whose work is done, and what came out of it"""
    waits: list[Wait] = field(default_factory=list)
    mail: list[Letter] = field(default_factory=list)
    trace: list[Entry] = field(default_factory=list)
    step: int = 0
    """the driver's: a command, and everything up to the next wait"""
    fresh: list[int] = field(default_factory=list)
    """entries of the element that runs now"""
    unsure: set[str] = field(default_factory=set)
    """variables whose value hangs on an order that BPMN does not give"""
    variables: Mapping[str, Any] = field(default_factory=dict)
    is_completed: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def number(self) -> int:
        """Larger than every one before."""
        return next(self._numbers)

    # -- tokens ------------------------------------------------------------------------------------------------------

    def put(self, node: Node, frame: Frame, data: Data, causes: Causes, flow: Flow | None = None) -> Token:
        """A token that comes to a node; its turn comes after all that are there already."""
        token = Token(node, frame, data, causes, flow)
        frame.tokens.append(token)
        self.queue.append(token)
        return token

    def leave(self, token: Token, flows: Sequence[Flow]) -> None:
        """A token goes on by each of the flows; without any it ends."""
        for flow in flows:
            self.put(flow.target, token.frame, token.data, token.causes, flow)
        if flows:
            token.die()
        else:
            self.end(token)

    def end(self, token: Token) -> None:
        """A token ends in its scope, which keeps what it knew."""
        token.die()
        self.give(token.frame, token.data, token.causes)

    def give(self, frame: Frame, data: Data, causes: Causes) -> None:
        """Let a scope keep what something that has ended in it knew."""
        frame.ended.append(Arrival(data, self.step))
        frame.ended_causes |= causes

    def gather(self, arrivals: Sequence[Arrival], by_time: bool = False) -> Data:
        """What branches know together that meet now."""
        data, unsure = merged(arrivals, by_time)
        self.unsure |= unsure
        return data

    def outcome(self, frame: Frame) -> Data:
        """What a scope that is over hands on. Where somebody asks for the newest of branches that have not met, who wrote last wins at
        the end, too, and not who came last."""
        return self.gather(frame.ended, by_time=frame.asks_for_newest)

    def happened(self, node: Node, causes: Causes) -> Causes:
        """Write an element into the trace; what follows from it has it as its cause."""
        self.trace.append(Entry(node.id, node, causes, self.step))
        self.fresh.append(len(self.trace) - 1)
        return frozenset({len(self.trace) - 1})

    def follows(self, later: int, earlier: int) -> bool:
        """Whether one entry of the trace could not stand there without the other."""
        pending, seen = {later}, set[int]()
        while pending and earlier not in pending:
            number = pending.pop()
            seen.add(number)
            pending |= self.trace[number].causes - seen
        return bool(pending)

    @property
    def reason(self) -> Causes:
        """The entry that all others of this step follow from, if there is one."""
        first = self.fresh[:1]
        return frozenset(first) if all(self.follows(each, first[0]) for each in self.fresh) else frozenset()

    def post(self, name: str, key: str, payload: Any, causes: Causes = frozenset()) -> None:
        """Put a message into the mail, where it is kept for a while."""
        self.mail.append(Letter(name, key, payload, causes, self.now + KEPT))

    # -- expressions -------------------------------------------------------------------------------------------------

    def write(self, data: Data, changes: Mapping[str, Any]) -> Data:
        """A version of the variables with changes, made now."""
        return data.write(changes, moment(self.step, self.number()))

    def evaluate(self, text: str, values: Mapping[str, Any]) -> Any:
        """The value of an expression."""
        return expressions.evaluate(text, deepcopy(dict(values)), self.functions, lambda: self.now)

    def holds(self, text: str, values: Mapping[str, Any]) -> bool:
        """Whether a condition holds; null is no."""
        return bool(self.evaluate(text, values))

    def run_script(self, text: str, data: Data) -> Data:
        """The variables after a script."""
        return self.write(
            data, expressions.execute(text, deepcopy(dict(data.values)), self.functions, lambda: self.now)
        )

    def property(self, node: Node, name: str, values: Mapping[str, Any]) -> str:
        """A named property: FEEL behind ``=``, else as it stands; nothing is an empty string."""
        text = node.properties.get(name, "")
        value = self.evaluate(text, values) if text.startswith("=") else text
        return "" if value is None else str(value)

    def timer(self, text: str, values: Mapping[str, Any]) -> str:
        """The ISO 8601 text of a timer."""
        return expressions.timer_value(text, deepcopy(dict(values)), self.functions, lambda: self.now)
