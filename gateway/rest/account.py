"""For whom a token acts."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l

from gateway.rest.blueprint import operation
from gateway.rest.shapes import Shape, many, moment, one, string, word
from gateway.rest.tags import ACCOUNT
from gateway.staff.pages import viewer


class TokenShape(Shape):
    """A token, without what it opens by."""

    id = string()
    name = string()
    scopes = many(word())
    made_at = moment(none=False)
    ends_at = moment(none=False)


class Me(Shape):
    """The person, with the duties of today."""

    id = string(_l("账号"))
    name = string(_l("姓名"))
    duties = many(word(), _l("今天的职责"))
    pages = many(word(), _l("职责所开的页面"))
    token = one(TokenShape)


@operation("GET", "/account", tag=ACCOUNT, summary=_l("令牌代表谁"), answer=Me)
def me() -> Any:
    """Who am I?"""
    person = viewer()
    pages = sorted(person.may)
    return {"id": person.id, "name": person.name, "duties": person.lines, "pages": pages, "token": g.token}
