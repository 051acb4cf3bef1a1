"""Is a text an owner wrote readable in its language? A door to FEEL and the Python subset that never raises."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable
from typing import Any, Literal

from processes.notation import expressions, feel
from processes.notation.check.findings import Both
from processes.notation.check.wording import expression_error
from processes.notation.feel import tree
from processes.notation.feel.scope import BUILT_IN

Kind = Literal["condition", "script", "timer"]

# What our timers understand (ISO 8601 durations without a sign, dates, repetitions), see processes/kernel/timers.py; weeks stand alone.
DURATION = re.compile(
    r"P\d+([.,]\d+)?W|"
    r"P(?=[\dT])(\d+Y)?(\d+M)?(\d+([.,]\d+)?D)?(T(?=\d)(\d+([.,]\d+)?H)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?S)?)?"
)
# Longer than the calendar.
ENDLESS = re.compile(r"\d{5,}[YMW]|\d{8,}")
DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
LOOKS_ISO = re.compile(r"-?[PR][\d/PT][\w.,:/+-]*|\d[\d\w.,:/+-]*|P|R[\w-]{0,10}/P\d[\w.,]*", re.IGNORECASE)
# Words that are names by their letters: 两小时, 金额大于预算, 金额超过一千元. (是否超期, 人手不足 are how people name variables.)
TIME_IN_WORDS = re.compile(
    r"约?[\d一二两三四五六七八九十百半几]+个?半?(秒钟?|分钟?|刻钟|小时|钟头|工作日|天|日|周|星期|月|年)半?(后|内|以后|之后|以内|之内)?"
)
SENTENCE = re.compile(
    r"如果\w+|(?!是否)\w+((大于|小于|等于)\w+|(超过|低于|高于|多于|少于|达到|不足|不满)[\d一二两三四五六七八九十百千万半]\w*)"
)
MOST_WORDS = 60
# What the platform registers beside FEEL's own functions (processes/casework/functions.py stands above this package).
PLATFORM_FUNCTIONS = frozenset(
    {
        "now", "today", "add working days", "working days between", "superior", "level of", "place name", "boards", "departments",
        "organisation", "organisation name", "business system", "centre", "text", "mentions",
    }
)  # fmt: skip
KNOWN_FUNCTIONS = sorted(PLATFORM_FUNCTIONS | frozenset(BUILT_IN))
NAME = re.compile(r"[^\W\d]\w*")
QUOTED = re.compile(r"\"[^\"\\]*\"|'[^'\\]*'")


def problem(text: str, kind: Kind) -> Both | None:
    """What is wrong with an expression, script or timer; None when it can be read."""
    source = text.strip()
    if kind == "timer" and len(source) <= MOST_WORDS and TIME_IN_WORDS.fullmatch(source):
        return Both("这是文字，不是时长", "these are words, no duration")
    if kind == "condition" and len(source) <= MOST_WORDS and SENTENCE.fullmatch(source):
        return Both("这是一句话，不是表达式", "this is a sentence, no expression")
    try:
        expressions.validate(text, kind)
    except (
        Exception
    ) as error:  # also what the languages did not foresee: a checker that falls over its input helps nobody
        return expression_error(error)
    return None


def is_start_time(text: str) -> bool:
    """Whether a text can be the time of a timer that starts a process, where there are no variables yet; true where that cannot be told."""
    if any(name in text for name in PLATFORM_FUNCTIONS):
        return True
    try:
        expressions.timer_value(text, {})
    except Exception:
        return False
    return True


def feel_problem(text: str, *, unary: bool = False, names: Iterable[str] = ()) -> Both | None:
    """What is wrong with FEEL (no ``=`` in front); ``unary`` for a decision table's condition cell."""
    try:
        (feel.compile_unary if unary else feel.compile_expression)(text, frozenset(names))
    except Exception as error:
        return expression_error(error)
    return None


def free_names(text: str) -> frozenset[str] | None:
    """The names a FEEL expression (no ``=`` in front) takes from outside; None when it cannot be read."""
    try:
        return feel.compile_expression(text).names
    except Exception:
        return None


def constant(text: str) -> Any:
    """The JSON value that is written out in an expression: texts, numbers, lists and contexts of them; None for anything else, and for null."""
    source = text.strip()
    if not expressions.is_feel(source):
        quoted = QUOTED.fullmatch(source)
        return source[1:-1] if quoted else None
    try:
        return feel.to_json(_written_out(feel.compile_expression(source[1:]).tree))
    except Exception:
        return None


def _written_out(node: tree.Node) -> Any:
    if isinstance(node, tree.Literal):
        return node.value
    if isinstance(node, tree.ListOf):
        return [_written_out(each) for each in node.items]
    if isinstance(node, tree.ContextOf):
        return {name: _written_out(each) for name, each in node.entries}
    raise ValueError("not written out")


def misspelt_call(source: str, names: Iterable[str] = ()) -> tuple[str, str] | None:
    """A function that FEEL (no ``=`` in front) calls and nobody has, with the one that is probably meant.

    An unknown function gives null, and a condition with it is silently false. Only near misses are told: a process may be given functions of its own.
    """
    try:
        free = feel.compile_expression(source, frozenset(names)).names
    except Exception:
        return None
    for name in sorted(free - PLATFORM_FUNCTIONS):
        if re.search(re.escape(name).replace(r"\ ", r"\s+") + r"\s*\(", source):
            close = difflib.get_close_matches(name[:60], KNOWN_FUNCTIONS, n=1, cutoff=0.85)
            if close:
                return name, close[0]
    return None


def is_name(text: str) -> bool:
    """Whether a text can name a variable."""
    return NAME.fullmatch(text) is not None


def static_timer(text: str) -> str | None:
    """The ISO text of a timer that is written out, quoted or bare; None when it is an expression."""
    source = text.strip()
    if len(source) > 1 and source[0] == source[-1] and source[0] in "\"'" and source[0] not in source[1:-1]:
        return source[1:-1].strip()
    return source if LOOKS_ISO.fullmatch(source) else None


def timer_shape(text: str) -> Literal["date", "duration", "cycle"] | None:
    """Which kind of ISO 8601 value a text is; None for neither."""
    if len(text) > 100:
        return None
    if DURATION.fullmatch(text):
        return None if ENDLESS.search(text) else "duration"
    if DATE.fullmatch(text):
        return "date" if _is_date(text) else None
    head, slash, rest = text.partition("/")
    if slash and re.fullmatch(r"R\d*", head):
        first, second_slash, second = rest.partition("/")
        shapes = [timer_shape(part) for part in ([first, second] if second_slash else [first])]
        if shapes in (["duration"], ["date", "duration"], ["duration", "date"]):
            return "cycle"
    return None


def _is_date(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return False
    return True
