"""Cases as they stand in the folders: a diagram with its play in the comment at its top."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lxml import etree

FOLDER = Path(__file__).parent
_COMMENT = re.compile(r"<!--\n(.*?)-->", re.DOTALL)
_LINE = re.compile(r"(?:\[(?P<who>[^\]]+)\]\s*)?(?P<verb>\w+)\s*(?P<rest>.*)")


@dataclass(frozen=True)
class Line:
    """A line of a play; ``who`` is empty where no instance is named."""

    number: int
    verb: str
    rest: str
    who: str

    def __str__(self) -> str:
        return f"line {self.number}, {f'[{self.who}] ' if self.who else ''}{self.verb} {self.rest}"


@dataclass(frozen=True)
class Case:
    """A diagram, what it shows, and its play."""

    path: Path
    zh: str
    en: str
    construct: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return self.path.relative_to(FOLDER).as_posix()

    @property
    def area(self) -> str:
        """The folder it stands in."""
        return self.path.parent.name

    @property
    def refusals(self) -> set[tuple[str, str]]:
        """The errors that ``check`` must report, as (rule, element); empty for a case that is executed."""
        words = [line.rest.split() for line in self.lines if line.verb == "refused"]
        return {(rule, element) for rule, element in words}

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The diagram and what belongs to it, by name."""
        found = sorted(self.path.parent.glob(f"{self.path.stem}.*"))
        return {path.name: path.read_bytes() for path in found}

    @cached_property
    def process(self) -> str:
        """The id of the first process that may run."""
        root = etree.fromstring(self.path.read_bytes())
        found = (each.get("id", "") for each in root.iter("{*}process") if each.get("isExecutable") == "true")
        return next(found)


def cases(containing: str = "") -> Iterator[Case]:
    """All cases whose path contains this, in order of their paths."""
    for path in sorted(FOLDER.glob("*/*.bpmn")):
        if "." not in path.stem and containing in path.relative_to(FOLDER).as_posix():
            yield read(path)


def read(path: Path) -> Case:
    """Read a case; raises ``ValueError`` when its comment is not one."""
    text = path.read_text()
    comment = _COMMENT.search(text)
    if comment is None:
        raise ValueError(f"{path.name}: no comment with a play")
    first = text[: comment.start(1)].count("\n") + 1
    numbered = [(number, line.strip()) for number, line in enumerate(comment[1].splitlines(), start=first)]
    (_, zh), (_, en), *rest = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    lines = tuple(_line(path, number, line) for number, line in rest)
    construct, *play = lines
    verbs = {line.verb for line in play}
    if construct.verb != "construct" or not (verbs == {"refused"} or {"trace", "state"} <= verbs - {"refused"}):
        raise ValueError(f"{path.name}: a case names its construct, then is refused, or has a trace and a state")
    return Case(path, zh, en, construct.rest, tuple(play))


def _line(path: Path, number: int, text: str) -> Line:
    found = _LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"{path.name}, line {number}: cannot be read: {text}")
    return Line(number, found["verb"], found["rest"].strip(), found["who"] or "")
