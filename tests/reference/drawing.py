"""The pencil of the generators: draws blocks with one way in and one way out, by choices that Hypothesis makes.

Whatever is drawn, every choice of a path through it reaches its end. And no trace hangs on an order that BPMN leaves open: whatever
cuts others off stands right behind something that waits, so that a command that sets it going moves nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.diagrams import definitions, element, end, flow, message, process, script, timer
from tests.reference.words import ASSOCIATION, Attributes, catch, root, signal

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]
Ends = tuple[str, str]
"""The ids of a block's first and last element."""

OPENING = "opening"
"""The message that starts instances. Nobody sends it: an instance that did so before it waits would start the next, without an end."""

DEEPEST = 5
"""Levels of blocks in blocks."""

OFTEN = {
    "boundary": 5,
    "several": 3,
    "repeatedly": 2,
    "first event": 2,
    "escalation": 2,
    "conditional": 2,
    "sub-process": 2,
}
"""Blocks that come in many manners are drawn so much more often than others."""


@dataclass(frozen=True)
class Model:
    """A process ``p``, and what may be answered where it waits. The first answer leads towards the end."""

    files: Mapping[str, bytes]
    variables: Mapping[str, Any]
    answers: Mapping[str, Sequence[Mapping[str, Any]]]
    """of user tasks, by element"""
    errors: Mapping[str, Sequence[str]]
    """codes that a worker may throw, by element"""


@dataclass
class Drawing:
    """A drawing under way. ``kinds``: the names of what may be used (see ``generators.ALL``)."""

    draw: Draw[Any]
    kinds: frozenset[str]
    leaves: Mapping[str, Block]
    compounds: Mapping[str, Block]
    """blocks that hold others"""
    left: int
    """how many of these may still be drawn"""
    depth: int = 0
    parts: list[str] = field(default_factory=list)
    """of the scope that is drawn now"""
    roots: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=lambda: {"n": 1, "x": 0, "box": {}})
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    """FEEL terms that tell instances of one element from each other"""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # -- choices -----------------------------------------------------------------------------------------------------

    def choose(self, options: Sequence[T]) -> T:
        """One of the options, the first being the simplest."""
        chosen: T = self.draw(st.sampled_from(options))
        return chosen

    def may(self, kind: str) -> bool:
        """Whether something is to be used that may be."""
        return kind in self.kinds and self.choose((False, True))

    def allowed(self, *kinds: str) -> list[str]:
        """Which of these may be used.

        What waits for several events (``all``) is not, where there may be several of it: one signal would be kept by each of them and written
        at a moment of its own, and a value that is written anew, but the same, cannot be told from one that was left alone.
        """
        left_out = {"all"} if self.keys else set()
        return [kind for kind in kinds if kind in self.kinds and kind not in left_out]

    # -- blocks ------------------------------------------------------------------------------------------------------

    def block(self) -> Ends:
        """Any block."""
        names = self.allowed(*self.leaves)
        if self.left > 0 and self.depth < DEEPEST and (not names or self.choose((False, True, True))):
            names = often(self.allowed(*self.compounds)) or names
        return self.named(self.choose(names))

    def named(self, name: str) -> Ends:
        """A block of a kind."""
        self.left -= 1
        self.depth += 1
        ends = self.leaves[name](self) if name in self.leaves else self.compounds[name](self)
        self.depth -= 1
        return ends

    def sequence(self, most: int = 2) -> Ends:
        """Some blocks one after another."""
        ends = [self.block() for _ in range(self.choose(range(1, most + 1)))]
        return self.chain(*ends)

    def chain(self, *blocks: Ends | str) -> Ends:
        """Blocks (or single elements) one after another."""
        ends = [(each, each) if isinstance(each, str) else each for each in blocks]
        for before, after in pairwise(ends):
            self.add(flow(before[1], after[0]))
        return ends[0][0], ends[-1][1]

    def finish(self, last: str) -> None:
        """A way ends here: at an end event, or simply where nothing goes on."""
        if not last.startswith(("user", "script", "service")) or not self.may("implicit end"):
            name = self.name("end")
            self.add(end(name), flow(last, name))

    def add(self, *parts: str) -> None:
        """Draw into the scope."""
        self.parts += parts

    @property
    def body(self) -> str:
        """What is drawn into the scope: the schema wants artifacts behind all flow elements."""
        return "".join(sorted(self.parts, key=lambda part: part.startswith(ASSOCIATION)))

    # -- names and keys ----------------------------------------------------------------------------------------------

    def name(self, kind: str) -> str:
        """A new id."""
        return f"{kind}_{next(self._numbers)}"

    def key(self, element_id: str) -> str:
        """FEEL for a text that tells this element in this instance from all others that wait."""
        return " + ".join((f'= "{element_id}"', *(f'"." + {term}' for term in self.keys)))

    def duration(self) -> str:
        """A duration that no other timer has."""
        number = next(self._numbers)
        return f"PT{60 + 13 * number + number * number}M"

    # -- elements that wait ------------------------------------------------------------------------------------------

    def user(
        self,
        *answers: Mapping[str, Any],
        name: str = "",
        inner: str = "",
        tag: str = "userTask",
        result: str = "",
        **attributes: str,
    ) -> str:
        """A task for a person, with the answers that may be given."""
        name = name or self.name("user")
        properties = {"organisation": self.key(name)} if self.keys else {}
        properties |= {"resultVariable": result} if result else {}
        self.add(element(tag, name, inner, properties=properties or None, **attributes))
        self.answers[name] = [dict(each) for each in answers] or self._plain_answers(name)
        return name

    def _plain_answers(self, name: str) -> list[dict[str, Any]]:
        plain: list[dict[str, Any]] = [{name: 1}, {name: 2}]
        return [*plain, {name: 3, "x": int(name.partition("_")[2])}] if self.may("shared") else plain

    def script(self, text: str) -> str:
        """A script task."""
        name = self.name("script")
        self.add(script(name, text))
        return name

    def note(self) -> str:
        """A script task that leaves a mark of its own.

        Where there may be several of it beside each other, it is not an entry of a context: when the whole context was written is known, not
        when each entry was, so that which of several writers of one entry was last hangs on what else they wrote.
        """
        name = self.name("script")
        nested = not self.keys and self.may("nested")
        self.add(script(name, f'= {{box: context put(box, "{name}", n)}}' if nested else f"= {{{name}: n}}"))
        return name

    def trigger(self, kind: str, element_id: str, letter: str = "news") -> tuple[str, Attributes, str]:
        """What an event waits for (message, signal, timer, multiple, all): its definitions, the properties it needs, and a FEEL term
        that tells one occurrence from the next. ``letter``: which message."""
        if kind == "timer":
            return self._timer(), {}, '""'
        if kind == "signal":
            variable = self.name("s")
            self.roots.append(root("signal", variable, variable=variable))
            definition = signal(variable)
            if self.may("by reference"):
                self.roots.append(
                    definition.replace(
                        "<bpmn:signalEventDefinition", f'<bpmn:signalEventDefinition id="{variable}_event"'
                    )
                )
                definition = f"<bpmn:eventDefinitionRef>{variable}_event</bpmn:eventDefinitionRef>"
            return definition, {}, _occurrence(variable)
        variable = self.name("m")
        news, correlated = message(letter, variable=variable), {"correlationKey": self.key(element_id)}
        if kind == "message":
            return news, correlated, _occurrence(variable)
        other, _, occurrence = self.trigger("signal", element_id)
        clock = timer("timeDuration", self.duration()) if self.choose((False, True)) else ""
        return news + clock + other, correlated, f'{_occurrence(variable)} + "." + {occurrence}'

    def _timer(self) -> str:
        if not self.may("timer date"):
            return timer("timeDuration", self.duration())
        at = self.name("at")
        self.variables[at] = (
            f"2026-01-0{self.choose(range(5, 9))}T{10 + next(self._numbers) % 12}:{next(self._numbers) % 60:02}:00+00:00"
        )
        return timer("timeDate", f"= {at}")

    def catching(self, kind: str, letter: str = "news") -> str:
        """An intermediate catching event."""
        name = self.name("catch")
        definition, properties, _ = self.trigger(kind, name, letter)
        self.add(catch(name, definition, all_of=kind == "all", **properties))
        return name

    # -- the whole ---------------------------------------------------------------------------------------------------

    def model(self, body: str) -> Model:
        """The finished process ``p`` with this body."""
        messages = root("message", "news"), root("message", OPENING)
        drawn = definitions(*messages, *self.roots, process("p", body), *self.processes)
        return Model({"p.bpmn": drawn, **self.files}, self.variables, self.answers, self.errors)


def often(names: Sequence[str]) -> list[str]:
    """The names, those of blocks that come in many manners several times."""
    return [name for name in names for _ in range(OFTEN.get(name, 1))]


def _occurrence(variable: str) -> str:
    return f'(if {variable} = null then "" else string({variable}.n))'


Block = Callable[[Drawing], Ends]
