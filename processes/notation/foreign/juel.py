"""Expressions of Camunda 7, Flowable and Activiti (JUEL, ``${…}``) as FEEL, where both surely mean the same."""

from __future__ import annotations

import re

from processes.notation.check import languages

WHOLE = re.compile(r"\s*[$#]\{([^{}]*)\}\s*")
TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"[^"\\]*"|'[^'\\"]*')|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"""
    r"""|(?P<sign>&&|\|\||==|!=|<=|>=|[-<>()!*/]))"""
)
SIGNS = {"&&": "and", "||": "or", "==": "=", "eq": "=", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
COMPARING = frozenset({"=", "!=", "<", ">", "<=", ">="})
LOGIC = frozenset({"and", "or", "(", ")", "not("})

THEIRS = frozenset(
    {
        "execution", "task", "authenticatedUserId", "loopCounter", "nrOfInstances", "nrOfActiveInstances",
        "nrOfCompletedInstances", "nrOfLoops", "empty", "div", "mod", "instanceof", "variables", "var", "connector",
    }
)  # fmt: skip
"""names and words that only those engines know"""


def feel_of(text: str) -> str | None:
    """The FEEL, with ``=`` in front, that a whole ``${…}`` means; None where that is not certain: calls, lists, choices, names of the engine."""
    whole = WHOLE.fullmatch(text)
    words = _words(whole[1]) if whole else None
    if not words or not _compares_once(words):
        return None
    found = "= " + " ".join(words).replace("not( ", "not(").replace("( ", "(").replace(" )", ")")
    return found if languages.problem(found, "condition") is None else None


def _words(source: str) -> list[str] | None:
    """Its words in FEEL."""
    words: list[str] = []
    at, source = 0, source.strip()
    while at < len(source):
        token = TOKEN.match(source, at)
        if token is None:
            return None
        at = token.end()
        word = token[0].strip()
        if token["text"]:
            words.append(f'"{word[1:-1]}"')
        elif word in ("!", "not"):
            operand = re.compile(r"\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)(?!\s*\()").match(source, at)
            if operand and operand[1] not in SIGNS and not _is_theirs(operand[1]):
                words.append(f"not({operand[1]})")
                at = operand.end()
            elif source[at:].lstrip().startswith("("):
                words.append("not(")
                at = source.index("(", at) + 1
            else:
                return None
        elif token["name"]:
            called = source[at:].lstrip().startswith("(") and word not in ("and", "or", *SIGNS)
            if called or _is_theirs(word):
                return None
            words.append(SIGNS.get(word, word))
        else:
            words.append(SIGNS.get(word, word))
    return words


def _is_theirs(name: str) -> bool:
    return name.partition(".")[0] in THEIRS


def _compares_once(words: list[str]) -> bool:
    """JUEL takes ``a < b == c`` for a comparison of comparisons, FEEL does not."""
    before = False
    for word in words:
        if word in COMPARING and before:
            return False
        before = word in COMPARING or (before and word not in LOGIC)
    return True
