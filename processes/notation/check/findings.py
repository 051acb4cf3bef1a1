"""What the check says: findings, and the rules that word them in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from processes.notation.labels import Language

Severity = Literal["error", "warning", "info"]

ERROR: Severity = "error"
WARNING: Severity = "warning"
INFO: Severity = "info"

RANK: dict[Severity, int] = {ERROR: 0, WARNING: 1, INFO: 2}

# Beyond this a list helps nobody; the rest is counted in one last finding.
MOST_PER_FILE = 200


@dataclass(frozen=True)
class Finding:
    """One thing a process owner should know about one element.

    ``element`` is an element's id, ``"line N"`` where there is no id, or None for the file as a whole; ``rule`` is a stable code.
    ``witness``: the ids of the elements that a token reaches, in order, on the way to what is wrong; of a decision table, its rows.
    """

    file: str
    element: str | None
    severity: Severity
    rule: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    line: int | None = None
    witness: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"witness": list(self.witness)}


class Labelled(Protocol):
    """Something with a name a person recognises."""

    def label(self, language: Language) -> str:
        """Its name in that language."""
        ...


@dataclass(frozen=True)
class Both:
    """A value that reads differently in the two languages."""

    zh: str
    en: str

    def label(self, language: Language) -> str:
        """The text in that language."""
        return self.zh if language == "zh" else self.en


class Place(Labelled, Protocol):
    """Where a finding points."""

    @property
    def file(self) -> str:
        """The file's name."""
        ...

    @property
    def id(self) -> str:
        """The element's id, or an empty string."""
        ...

    @property
    def line(self) -> int | None:
        """The element's line, from 1."""
        ...


@dataclass(frozen=True)
class Whole:
    """A file as a whole, or one of its lines."""

    file: str
    line: int | None = None
    id: str = ""

    def label(self, language: Language) -> str:
        """The file's name, without its folder."""
        name = self.file.replace("\\", "/").rsplit("/", 1)[-1]
        return f"文件“{name}”" if language == "zh" else f"file {name}"


Value = str | int | Labelled


@dataclass(frozen=True)
class Rule:
    """A rule's stable code, how bad breaking it is, and its words; ``{it}`` is the element, other names are values of ``at``.

    ``section`` is the clause of BPMN 2.0.2 (formal/2013-12-09) that states it; empty for what only our engine asks for.
    """

    code: str
    severity: Severity
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    section: str = ""

    def at(
        self, place: Place, /, *, severity: Severity | None = None, witness: tuple[str, ...] = (), **values: Value
    ) -> Finding:
        """The finding at this place."""

        def words(template: str, language: Language) -> str:
            said = {name: _say(value, language) for name, value in values.items()}
            return template.format(it=place.label(language), **said)

        return Finding(
            file=place.file,
            element=place.id or (f"line {place.line}" if place.line else None),
            severity=severity or self.severity,
            rule=self.code,
            zh=words(self.zh, "zh"),
            en=words(self.en, "en"),
            remedy_zh=words(self.remedy_zh, "zh"),
            remedy_en=words(self.remedy_en, "en"),
            line=place.line,
            witness=witness,
        )


def _say(value: Value, language: Language) -> str:
    return str(value) if isinstance(value, (str, int)) else value.label(language)


def together(items: Iterable[Labelled], most: int = 5) -> Both:
    """Several elements in a row, shortened after ``most``."""
    listed = list(items)
    more = len(listed) - most
    zh = "、".join(each.label("zh") for each in listed[:most]) + (f" 等 {len(listed)} 个" if more > 0 else "")
    en = ", ".join(each.label("en") for each in listed[:most]) + (f" and {more} more" if more > 0 else "")
    return Both(zh, en)


TOO_MANY = Rule(
    "too-many-findings", INFO,
    "{it}的问题太多，至少另有 {rest} 条没有列出。", "{it}: at least {rest} more findings are not listed.",
    "先改正已列出的，再检查一次。", "Correct those listed first, then check again.",
)  # fmt: skip


def arrange(findings: Iterable[Finding]) -> list[Finding]:
    """Without repetitions, sorted by file, severity and line, at most ``MOST_PER_FILE`` a file."""
    unique = dict.fromkeys(findings)
    by_file: dict[str, list[Finding]] = {}
    for finding in sorted(unique, key=_order):
        by_file.setdefault(finding.file, []).append(finding)
    arranged: list[Finding] = []
    for file, own in by_file.items():
        arranged += own[:MOST_PER_FILE]
        if len(own) > MOST_PER_FILE:
            arranged.append(TOO_MANY.at(Whole(file), rest=len(own) - MOST_PER_FILE))
    return arranged


def _order(finding: Finding) -> tuple[str, int, int, str, str, str]:
    rank = RANK[finding.severity]
    return finding.file, rank, finding.line or 0, finding.element or "", finding.rule, finding.zh
