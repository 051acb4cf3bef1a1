"""Errors of the API for programs of people, as RFC 9457 has them: what went wrong in both languages, and at which field.

``title`` and ``detail`` are in the language that the request asks for (``Accept-Language``), ``detail_zh`` and ``detail_en`` in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from flask import Response
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from gateway.languages import pick
from processes.casework.access import Forbidden
from processes.casework.forms import FormErrors
from processes.casework.uploads import Refused
from processes.errors import BihuanError
from processes.languages import CHINESE, ENGLISH
from processes.messaging.bus import BusAway

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[int, Any] = {
    400: _l("请求读不懂"),
    401: _l("需要访问令牌"),
    403: _l("没有权限"),
    404: _l("没有找到"),
    405: _l("方法不对"),
    406: _l("没有这种格式"),
    409: _l("现在不能办"),
    413: _l("内容过大"),
    415: _l("内容类型不对"),
    422: _l("内容不合要求"),
    429: _l("请求过于频繁"),
    500: _l("系统出错"),
    503: _l("暂时不能办理"),
}

ADVICE: Mapping[int, Any] = {
    400: _l("请求的内容读不出来，请按接口文件核对后再发。"),
    401: _l("请在 Authorization 里带上有效的访问令牌：Bearer 加空格加令牌。"),
    403: _l("您的职责或这个令牌的用途不包括这个接口。"),
    404: _l("没有这个对象，或者它不在您的职责范围内。请核对编号。"),
    405: _l("这个地址不接受这种方法，能用的写在 Allow 里。"),
    406: _l("没有您要的格式。"),
    409: _l("这件事刚刚有了变化，请查看最新情况后再试。"),
    413: _l("提交的内容太大，请删减后再发。"),
    415: _l("请按接口文件写明的 Content-Type 发送。"),
    422: _l("有的内容不合要求，请按 errors 逐项改正。"),
    429: _l("请求过于频繁，请等 Retry-After 秒后再试。"),
    500: _l("刚才的操作没有完成，已记录下来。请稍后再试；仍不行时，请把 id 告诉管理员。"),
    503: _l("数据库正在恢复，刚才的操作没有完成。请稍等片刻再试。"),
}


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a field. ``path``: where it is, ``query.page`` or ``body.data.reason``; rows of lists are counted from 0."""

    path: str
    zh: str
    en: str


class Unfit(BihuanError):
    """A request whose fields are not as they must be."""

    def __init__(self, wrong: Iterable[Wrong]) -> None:
        self.wrong = tuple(wrong)
        super().__init__("; ".join(each.zh for each in self.wrong), "; ".join(each.en for each in self.wrong))

    @classmethod
    def at(cls, path: str, words: Any) -> Unfit:
        """One thing that is wrong; ``words``: not yet said in a language."""
        return cls([Wrong(path, *both(words))])

    @classmethod
    def of_error(cls, path: str, error: BihuanError) -> Unfit:
        """An error of ours that is about this field."""
        return cls([Wrong(path, error.zh, error.en)])

    @classmethod
    def of(cls, error: FormErrors, path: str) -> Unfit:
        """A form's errors; ``path``: of the form."""
        english = error.told(ENGLISH)
        return cls(
            Wrong(f"{path}.{name}" if name else path, zh, english[name]) for name, zh in error.told(CHINESE).items()
        )


def both(words: Any) -> tuple[str, str]:
    """Words that wait to be said, in Chinese and in English."""
    with force_locale(CHINESE):
        zh = str(words)
    with force_locale(ENGLISH):
        return zh, str(words)


def problem(
    status: int, words: tuple[str, str] | None = None, *, wrong: Iterable[Wrong] = (), error_id: str | None = None
) -> Response:
    """An answer that says what went wrong. ``words``: Chinese and English; usual ones for the status without them."""
    known = status if status in TITLES else 500 if status >= 500 else 400
    zh, en = words or both(ADVICE[known])
    found: dict[str, Any] = {
        "type": "about:blank",
        "title": str(TITLES[known]),
        "status": status,
        "detail": pick(zh, en),
        "detail_zh": zh,
        "detail_en": en,
    }
    if listed := [asdict(each) for each in wrong]:
        found["errors"] = listed
    if error_id:
        found["id"] = error_id
    return Response(orjson.dumps(found), status=status, content_type=MEDIA_TYPE)


def of(error: BihuanError) -> Response:
    """An error of ours."""
    if isinstance(error, Unfit):
        return problem(422, wrong=error.wrong)
    if isinstance(error, Forbidden):
        return problem(403, (error.zh, error.en))
    if isinstance(error, BusAway):
        return problem(503, (error.zh, error.en))
    return problem(422 if isinstance(error, Refused) else 409, (error.zh, error.en))
