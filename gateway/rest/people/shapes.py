"""The shapes of what several of these parts answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l

from gateway.accounts.devices import device
from gateway.problems import Unfit, Wrong
from gateway.rest.account import TokenShape
from gateway.rest.shapes import Shape, moment, said, string
from processes.casework.accounts.sessions import Session
from processes.casework.edits import EditRefused


class PeopleQuery(Shape):
    """Who is looked for, and from where on."""

    q = said(_l("账号、姓名、职责里的字"))
    after = said(_l("上一页的 next"))


class SessionShape(Shape):
    """A login. ``device``: what it is by, in words; empty when nothing is known."""

    id = string()
    way = string()
    begun_at = moment(none=False)
    seen_at = moment(none=False)
    address = string()
    agent = string()
    device = string()


class HeldTokenShape(TokenShape):
    """A token with its last use."""

    used_at = moment()
    address = string(_l("最近从哪个地址使用"))


def told(found: Sequence[Session]) -> list[dict[str, Any]]:
    """Logins, as :class:`SessionShape` has them."""
    return [{**vars(each), "device": device(each.agent)} for each in found]


@contextmanager
def at_fields(names: Mapping[str, str]) -> Iterator[None]:
    """What an edit is refused for is told at the field that is wrong: ``names``, the column of the row → the field."""
    try:
        yield
    except EditRefused as error:
        if error.column not in names:
            raise
        raise Unfit([Wrong(f"body.{names[error.column]}", error.zh, error.en)]) from error
