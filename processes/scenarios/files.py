"""The files of scenarios: ``NAME.scenario.json`` beside the diagrams, as ``scenario.schema.json`` says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from processes.errors import BihuanError
from processes.kernel.timers import DURATION
from processes.notation.civil_time import CIVIL_TIME

ENDING = ".scenario.json"
MONDAY = "2026-01-05T09:00"
"""when a scenario begins that says nothing of it"""
SCHEMA = Path(__file__).with_name("scenario.schema.json")

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Start:
    """The event that starts the process: ``kind`` is message, signal or timer (``name``: the element)."""

    kind: str
    name: str
    payload: Values


@dataclass(frozen=True)
class Given:
    """The situation at the beginning. ``answers``: topic or element → what its jobs are answered with by themselves."""

    time: datetime
    place: str = ""
    variables: Values = field(default_factory=dict)
    start: Start | None = None
    answers: Values = field(default_factory=dict)
    reference: str | None = None


@dataclass(frozen=True)
class Term:
    """A due time; None: not said."""

    due: datetime | None
    warn: datetime | None
    light: str | None


@dataclass(frozen=True)
class Asked:
    """A job or message that must be among those there were: ``times`` of them, or one at least. ``said``: what else is known of it."""

    name: str
    said: Values
    times: int | None


@dataclass(frozen=True)
class Then:
    """What must be so. None: not said."""

    state: str | None = None
    path: Sequence[str] = ()
    passed: Sequence[str] = ()
    not_passed: Sequence[str] = ()
    variables: Values = field(default_factory=dict)
    tasks: Sequence[Values] | None = None
    deadlines: Mapping[str, Term] = field(default_factory=dict)
    jobs: Sequence[Asked] = ()
    messages: Sequence[Asked] = ()
    stage: str | None = None
    status: str | None = None
    record: Values = field(default_factory=dict)
    incidents: Sequence[str] = ()


@dataclass(frozen=True)
class Complete:
    """Somebody completes the task at ``element``; ``unchecked``: with what its form does not allow (any more)."""

    element: str
    where: Values
    form: Values
    unchecked: bool


@dataclass(frozen=True)
class Answer:
    """A system answers the job at ``element``: with a result, the ``error`` of this code, or a ``failure``."""

    element: str
    where: Values
    result: Any
    error: str | None
    variables: Values
    failure: str | None
    final: bool


@dataclass(frozen=True)
class Tell:
    """A message comes; ``early``: nobody need wait for it yet."""

    name: str
    key: str
    payload: Values
    early: bool


@dataclass(frozen=True)
class Broadcast:
    """A signal comes."""

    name: str
    payload: Values


@dataclass(frozen=True)
class Wait:
    """Time passes: for an ISO 8601 duration, or until a time."""

    by: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Cancel:
    """An operator ends the instance."""

    reason: str


Step = Complete | Answer | Tell | Broadcast | Wait | Cancel | Then


@dataclass(frozen=True)
class Scenario:
    """A file of a scenario."""

    path: Path
    name: str
    about: str
    process: str
    given: Given
    when: Sequence[Step]
    then: Then


class Unreadable(BihuanError):
    """A file is no scenario: everything that is wrong with it, each with the step and the field."""

    def __init__(self, path: Path, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            "\n".join(f"{path}：{zh}" for zh, _ in problems), "\n".join(f"{path}: {en}" for _, en in problems)
        )


def find(folders: Iterable[Path]) -> list[Path]:
    """The files of scenarios in folders and below; what is named and no folder is taken for one."""
    found = [sorted(each.rglob("*" + ENDING)) if each.is_dir() else [each] for each in folders]
    return list(dict.fromkeys(path for paths in found for path in paths))


def read(path: Path) -> Scenario:
    """The scenario of a file. Raises :class:`Unreadable`."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise Unreadable(path, [("读不了，请核对路径", f"cannot be read: {error}")]) from error
    except ValueError as error:
        raise Unreadable(path, [("不是 UTF-8 文字", f"not UTF-8 ({error})")]) from error
    return parse(path, text)


def parse(path: Path, text: str | bytes) -> Scenario:
    """The scenario of a file's text, or bytes (UTF-8). Raises :class:`Unreadable`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, [(f"不是 JSON（{error}）", f"not JSON ({error})")]) from error
    return of_data(path, data)


def of_data(path: Path, data: Any) -> Scenario:
    """The scenario that a file's JSON says. Raises :class:`Unreadable`."""
    errors = sorted(_validator().iter_errors(data), key=lambda each: list(map(str, each.absolute_path)))
    problems = [_worded(each) for each in errors] or list(_unreal(data, []))
    if problems:
        raise Unreadable(path, list(dict.fromkeys(problems)))
    return _scenario(path, data)


def moment(text: str) -> datetime:
    """A time of a file: Beijing's, unless it says its zone."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=CIVIL_TIME)


# -- what is wrong ---------------------------------------------------------------------------------------------------------


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


_TYPES = {"object": ("对象", "an object"), "array": ("列表", "a list"), "string": ("文字", "text")}
_TYPES |= {"boolean": ("true 或 false", "true or false"), "integer": ("整数", "a whole number")}


def _worded(error: ValidationError) -> tuple[str, str]:
    return _placed(list(error.absolute_path), *_reason(error))


def _reason(error: ValidationError) -> tuple[str, str]:
    value: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "required":
        zh, en = _listed(name for name in value if name not in instance)
        return f"缺少 {zh}", f"{en} missing"
    if error.validator == "additionalProperties":
        zh, en = _listed(name for name in instance if name not in schema["properties"])
        can_zh, can_en = _listed(schema["properties"])
        return f"没有 {zh} 这一项，可以写：{can_zh}", f"no {en} here, but: {can_en}"
    if error.validator == "enum":
        zh, en = _listed(value)
        return f"“{instance}”不能写在这里，可以写：{zh}", f"not {instance!r}, but one of: {en}"
    if error.validator == "oneOf":
        zh, en = _listed(each["required"][0] for each in value)
        return f"要写、而且只写一种：{zh}", f"exactly one of: {en}"
    if error.validator == "not":
        return "result、error、failure 只能写一种", "only one of result, error and failure"
    if error.validator == "type":
        kind = value[0] if isinstance(value, list) else value
        zh, en = _TYPES.get(kind, (str(kind), str(kind)))
        return f"应为{zh}", f"must be {en}"
    if error.validator == "pattern":
        return (
            f"“{instance}”不是时间或时长，例如 2026-01-05T09:00、P1D",
            f"{instance!r} is no time (2026-01-05T09:00) or duration (P1D)",
        )
    if error.validator == "minLength":
        return "不能为空", "must not be empty"
    return error.message, error.message


def _listed(names: Iterable[str]) -> tuple[str, str]:
    found = [*names]
    return "、".join(found), ", ".join(found)


def _placed(where: Sequence[str | int], zh: str, en: str) -> tuple[str, str]:
    """What is wrong, with the step and the field in front."""
    steps = [at > 0 and where[at - 1] == "when" for at in range(len(where))]
    chinese, english = list[str](), list[str]()
    for each, is_step in zip(where, steps, strict=True):
        if isinstance(each, str):
            chinese.append(each)
            english.append(each)
        else:
            chinese.append(f"第 {each + 1} {'步' if is_step else '项'}")
            english.append(f"{'step' if is_step else 'item'} {each + 1}")
    return f"{' '.join(chinese) or '文件'}：{zh}", f"{' '.join(english) or 'the file'}: {en}"


def _unreal(value: Any, where: list[str | int]) -> Iterable[tuple[str, str]]:
    """Times and durations that look like some and are none."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("time", "until", "due", "warn") and isinstance(inner, str) and not _is_moment(inner):
                yield _placed([*where, name], f"没有“{inner}”这个时间", f"there is no time {inner}")
            elif name == "wait" and not DURATION.fullmatch(str(inner)):
                yield _placed([*where, name], f"“{inner}”不是时长，例如 P1D、PT2H", f"{inner} is no duration")
            elif name not in ("variables", "form", "payload", "result", "arguments", "answers", "where", "record"):
                yield from _unreal(inner, [*where, name])
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _unreal(inner, [*where, at])


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


# -- from JSON -------------------------------------------------------------------------------------------------------------


def _scenario(path: Path, data: Values) -> Scenario:
    when = [_step(each) for each in data["when"]]
    return Scenario(
        path, data["name"], data["about"], data["process"], _given(data.get("given", {})), when, then_of(data["then"])
    )


def _given(data: Values) -> Given:
    start = data.get("start")
    kind = next((each for each in ("message", "signal", "timer") if start and each in start), "")
    return Given(
        moment(data.get("time", MONDAY)),
        data.get("place", ""),
        data.get("variables", {}),
        Start(kind, start[kind], start.get("payload", {})) if start else None,
        data.get("answers", {}),
        data.get("reference"),
    )


def _step(data: Values) -> Step:
    where, payload = data.get("where", {}), data.get("payload", {})
    if "task" in data:
        return Complete(data["task"], where, data.get("form", {}), data.get("unchecked", False))
    if "job" in data:
        final = data.get("final", False)
        said = (data.get("result"), data.get("error"), data.get("variables", {}), data.get("failure"), final)
        return Answer(data["job"], where, *said)
    if "message" in data:
        return Tell(data["message"], data.get("key", ""), payload, data.get("early", False))
    if "signal" in data:
        return Broadcast(data["signal"], payload)
    if "cancel" in data:
        return Cancel(data["cancel"])
    if "then" in data:
        return then_of(data["then"])
    return Wait(data.get("wait", ""), moment(data["until"]) if "until" in data else None)


def then_of(data: Values) -> Then:
    """What must be so, as a file that has been checked says it."""
    lists = {"jobs": "job", "messages": "message"}
    said = {name: value for name, value in data.items() if name not in {*lists, "deadlines"}}
    asked = {name: tuple(_asked(each, kind) for each in data.get(name, ())) for name, kind in lists.items()}
    deadlines = {element: _term(each) for element, each in data.get("deadlines", {}).items()}
    return Then(**said, **asked, deadlines=deadlines)  # type: ignore[arg-type]


def _asked(data: Values, kind: str) -> Asked:
    said = {name: value for name, value in data.items() if name not in (kind, "times")}
    return Asked(data[kind], said, data.get("times"))


def _term(data: Values) -> Term:
    due, warn = (moment(data[name]) if name in data else None for name in ("due", "warn"))
    return Term(due, warn, data.get("light"))
