"""What has to be given to try a decision out: the variables that its cells, and those of what it requires, look at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from processes.notation.decisions.reader import (
    FEEL,
    Element,
    child,
    children,
    language_of,
    name_of,
    read_xml,
    text_of,
    type_of,
)
from processes.notation.decisions.trial import BadInput
from processes.notation.feel import FeelError, compile_expression, compile_unary, to_json, tree
from processes.notation.feel.scope import BUILT_IN

MOST = 60
"""Questions that are asked: nobody fills in more."""

TEXTS = ("string",)


@dataclass(frozen=True)
class Question:
    """A variable, or a member of one (``rating.level``). ``type``: as far as a column says it; ``label``: what that column is called."""

    name: str
    type: str = ""
    label: str = ""


def questions(body: bytes, file: str, decision: str, functions: Collection[str] = ()) -> Sequence[Question]:
    """What a decision of a file asks for, in the order in which it is read. ``functions``: names that are no variables. What can't be
    parsed asks for nothing. Raises ``DecisionError`` when the file can't be read."""
    root = read_xml(body, file)
    parts = {
        each.get("id") or name_of(each): each for each in root if child(each, "variable") is not None or each.get("id")
    }
    own = frozenset(name for each in root.iter("{*}*") if (name := name_of(each)))
    results = {name_of(each) for each in children(root, "decision", "businessKnowledgeModel")}
    results |= {
        name_of(variable) for each in children(root, "decision") if (variable := child(each, "variable")) is not None
    }
    found: dict[str, Question] = {}
    for part in _required(parts, decision):
        for one in _asked(part, own):
            first = one.name.partition(".")[0]
            if first in results or first in functions or first in BUILT_IN or first == "?":
                continue
            if one.name not in found or (one.type and not found[one.name].type):
                found[one.name] = one
    return [each for each in found.values() if not _is_part_known(each.name, found)][:MOST]


def asked_by(expressions: Iterable[str], known: Collection[str]) -> Sequence[Question]:
    """What FEEL expressions (with their ``=``) look at beside ``known`` names; what can't be parsed asks for nothing."""
    found = dict.fromkeys(name for each in expressions for name in _paths(each.strip().removeprefix("="), frozenset()))
    unknown = [each for each in found if each.partition(".")[0] not in {*known, *BUILT_IN, "?"}]
    return [Question(each) for each in unknown if not _is_part_known(each, unknown)][:MOST]


def read_answers(given: Mapping[str, str], asked: Sequence[Question]) -> dict[str, Any]:
    """Variables from what somebody typed at the questions; what is left empty is not given.

    A text where a column says so; else a FEEL value without variables (5, true, "…", [..]), else a text as it stands.
    """
    types = {each.name: each.type for each in asked}
    variables: dict[str, Any] = {}
    for name, text in given.items():
        if name not in types or not text.strip():
            continue
        holder = variables
        *path, last = name.split(".")
        for step in path:
            inner = holder.setdefault(step, {})
            if not isinstance(inner, dict):
                raise BadInput(f"“{name}”和“{step}”不能同时填写", f"{name} and {step} cannot both be given")
            holder = inner
        holder[last] = _value(text.strip(), types[name])
    return variables


def _value(text: str, type_name: str) -> Any:
    if type_name in TEXTS and not text.startswith('"'):
        return text
    try:
        expression = compile_expression(text)
        value = to_json(expression.evaluate({})) if not expression.names else None
    except FeelError:
        return text
    return text if value is None and text != "null" else value


def _is_part_known(name: str, found: Collection[str]) -> bool:
    """Whether a member of it is asked for already: ``report`` beside ``report.text``."""
    return any(each.startswith(name + ".") for each in found)


def _required(parts: Mapping[str, Element], start: str) -> Iterator[Element]:
    pending, seen = [start], set[str]()
    while pending:
        own = pending.pop()
        if own in seen or own not in parts:
            continue
        seen.add(own)
        part = parts[own]
        yield part
        pending += [
            (reference.get("href") or "").rpartition("#")[2]
            for requirement in children(part, "informationRequirement", "knowledgeRequirement")
            for reference in children(requirement, "requiredDecision", "requiredInput", "requiredKnowledge")
        ]


def _asked(part: Element, names: frozenset[str]) -> Iterator[Question]:
    for table in part.iter("{*}decisionTable"):
        for column in children(table, "input"):
            expression = child(column, "inputExpression")
            text = text_of(expression)
            for name in _paths(text, names):
                plain = name == text
                label = column.get("label") or ""
                yield Question(name, (type_of(expression) or "") if plain else "", label if plain else "")
    for holder in part.iter("{*}inputEntry", "{*}outputEntry", "{*}literalExpression"):
        if language_of(holder) == FEEL:
            unary = holder.tag.endswith("inputEntry")
            yield from (Question(name) for name in _paths(text_of(holder), names, unary))


def _paths(text: str, names: frozenset[str], unary: bool = False) -> Iterator[str]:
    """The variables an expression looks at, with the members that it takes of them."""
    try:
        node: tree.Node | None = (
            (compile_unary(text, names) if unary else compile_expression(text, names)).tree if text else None
        )
    except FeelError:
        return
    if node is not None:
        free = tree.free_names(node)
        yield from dict.fromkeys(name for name in _walk(node) if name.partition(".")[0] in free)


def _walk(node: tree.Node) -> Iterator[str]:
    path = _path(node)
    if path is not None:
        yield path
        return
    for inner in tree.children(node):
        yield from _walk(inner)


def _path(node: tree.Node) -> str | None:
    if isinstance(node, tree.Name):
        return node.name
    if isinstance(node, tree.Path):
        source = _path(node.source)
        return None if source is None else f"{source}.{node.name}"
    return None
