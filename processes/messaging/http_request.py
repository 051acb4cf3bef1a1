"""The arguments of ``http.request`` as what they mean: a request by an owner's diagram, and what its answer is to become.

Where to and with which secret is not among them: that is the operator's configuration of the named system. What stands in a diagram as a
literal is judged by ``check`` (:func:`problems`); all of it again when the job is carried out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from processes.errors import BihuanError
from processes.messaging.schema import FieldProblem
from processes.notation import expressions

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""what a diagram may ask for"""

SEEN = ("status", "headers", "body")
"""what the expressions ``result``, ``when`` and ``message`` see of an answer"""

LONGEST_HEADER = 1000
"""characters of a header's value: many servers take no more than a few thousand of all of them"""

_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_OURS = re.compile(
    r"authorization|proxy-.*|host|cookie2?|set-cookie2?|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-.*|expect|"
    r"idempotency-key|traceparent|tracestate|accept-encoding|user-agent|forwarded|x-forwarded-.*|x-real-ip|x-http-method.*",
    re.IGNORECASE,
)
"""headers that say who is asking, how the message is carried, or that mean another request than the one that was allowed"""
_HOLE = re.compile(r"\{([^{}]*)\}")
_UNFIT = re.compile(r"[\x00-\x20\x7f%\\?#{}]")
_PLAIN = "-._~!$&'()*+,;=:@"
"""what may stand in a path's segment as it is (RFC 3986, pchar)"""


@dataclass(frozen=True)
class Mapped:
    """An answer for which ``when`` is true is the business error ``code``; ``message``: words, or FEEL that begins with ``=``."""

    when: str
    code: str
    message: str


@dataclass(frozen=True)
class HttpRequest:
    """What is to be sent, and what is made of the answer. ``path`` is encoded already; ``result`` "" means the body."""

    system: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: Any
    result: str
    errors: tuple[Mapped, ...]

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> HttpRequest:
        """From arguments that fit the catalogue's schema.

        :raises BihuanError: for what :func:`problems` finds, and for a path that has a gap or climbs
        """
        wrong = list(problems(arguments))
        if wrong:
            listed = "；".join(f"{each.path}：{each.zh}" for each in wrong)
            raise BihuanError(f"任务的参数不对。{listed}", f"bad arguments: {', '.join(each.path for each in wrong)}")
        return cls(
            arguments["system"],
            arguments["method"],
            _path(arguments["path"], arguments.get("values") or {}),
            tuple(_pairs(arguments.get("query") or {})),
            {name: _written(value) for name, value in (arguments.get("headers") or {}).items() if value is not None},
            arguments.get("body"),
            arguments.get("result") or "",
            tuple(
                Mapped(each["when"], each["code"], each.get("message") or "") for each in arguments.get("errors") or ()
            ),
        )


def answer_value(text: str, answer: Mapping[str, Any]) -> Any:
    """The JSON value of FEEL over an answer (``SEEN``). Raises ``ExpressionError``."""
    return expressions.evaluate(_feel(text), answer)


# ---- what is wrong ------------------------------------------------------------------------------------------------------


def problems(arguments: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """What is wrong with those arguments that are given, beyond their types."""
    if arguments.get("path") is not None:
        yield from _path_problems(arguments["path"])
    if arguments.get("method") == "GET" and arguments.get("body") is not None:
        yield FieldProblem("body", "GET 请求不带内容；条件写在 query 里")
    yield from _value_problems("values", arguments.get("values") or {}, lists=False)
    yield from _value_problems("query", arguments.get("query") or {}, lists=True)
    yield from _header_problems(arguments.get("headers") or {})
    if arguments.get("result"):
        yield from _feel_problems("result", arguments["result"])
    for number, each in enumerate(arguments.get("errors") or ()):
        yield from _error_problems(f"errors[{number}]", each)


def _path_problems(path: str) -> Iterator[FieldProblem]:
    literal = _HOLE.sub("x", path)
    if not path.startswith("/") or "//" in path:
        yield FieldProblem("path", "应以一个 / 开头，如 /orders/{id}")
    elif _UNFIT.search(literal):
        yield FieldProblem("path", "不能有空格、%、\\、? 和 #；变量写成 {名称}，查询条件写在 query 里")
    elif any(segment in (".", "..") for segment in path.split("/")):
        yield FieldProblem("path", "不能有 . 或 .. 这样的一段")


def _value_problems(field: str, values: Mapping[str, Any], *, lists: bool) -> Iterator[FieldProblem]:
    for name, value in values.items():
        if not all(_is_plain(each) for each in (value if lists and isinstance(value, list) else [value])):
            yield FieldProblem(f"{field}.{name}", f"应是文字、数字或真假{'，或它们的列表' if lists else ''}")


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _header_problems(headers: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            yield FieldProblem(f"headers.{name}", "名称应由字母、数字和 - 组成")
        elif _OURS.fullmatch(name):
            yield FieldProblem(f"headers.{name}", "这个头由平台自己填写，流程图不能给；口令等由系统管理员配置")
        elif not _is_plain(value) or not _fits_header(_written(value)):
            yield FieldProblem(f"headers.{name}", f"应是不超过 {LONGEST_HEADER} 个字符的 ASCII 文字")


def _fits_header(value: str) -> bool:
    return value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER


def _error_problems(field: str, each: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for name in ("when", "code"):
        if not isinstance(each.get(name), str) or not each[name].strip():
            yield FieldProblem(f"{field}.{name}", "缺少必填字段" if each.get(name) is None else "应是文字")
        elif name == "when":
            yield from _feel_problems(f"{field}.when", each["when"])
    message = each.get("message")
    if message is not None and not isinstance(message, str):
        yield FieldProblem(f"{field}.message", "应是文字；要计算就写以 = 开头的 FEEL 文字")
    elif message and expressions.is_feel(message):
        yield from _feel_problems(f"{field}.message", message)
    for name in sorted(each.keys() - {"when", "code", "message"}):
        yield FieldProblem(f"{field}.{name}", "没有这一项，只有 when、code、message")


def _feel_problems(field: str, text: str) -> Iterator[FieldProblem]:
    try:
        names = expressions.validate(_feel(text), "condition")
    except expressions.ExpressionError as error:
        yield FieldProblem(field, error.zh)
        return
    for name in sorted(names - set(SEEN)):
        yield FieldProblem(field, f"只能用 {'、'.join(SEEN)}，没有“{name}”")


def _feel(text: str) -> str:
    """A text that is FEEL, with or without its ``=``."""
    return text if expressions.is_feel(text) else f"={text}"


# ---- putting it together ------------------------------------------------------------------------------------------------


def _path(template: str, values: Mapping[str, Any]) -> str:
    """The template with each value as a part of one segment, whatever it holds."""

    def filled(hole: re.Match[str]) -> str:
        value = values.get(hole[1].strip())
        if value is None or value == "":
            raise BihuanError(f"地址 {template} 里的 {hole[0]} 没有值：请在 values 里给出", f"no value for {hole[0]}")
        if any(part in (".", "..") for part in re.split(r"[/\\\\]", _written(value))):
            # Some servers decode %2F before they look where a path leads.
            raise BihuanError(
                f"地址 {template} 里 {hole[0]} 的值不能含有 . 或 .. 这样的一段", "a value climbs out of its path"
            )
        return quote(_written(value), safe="")

    found, at = "", 0
    for hole in _HOLE.finditer(template):
        found += quote(template[at : hole.start()], safe=f"/{_PLAIN}") + filled(hole)
        at = hole.end()
    found += quote(template[at:], safe=f"/{_PLAIN}")
    if any(segment in (".", "..") for segment in found.split("/")):
        raise BihuanError(f"地址 {template} 填上值以后有 . 或 .. 这样的一段", "a value climbs out of its path")
    return found


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield name, _written(each)


def _written(value: Any) -> str:
    """A plain value as text: true and 3, not True and 3.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
