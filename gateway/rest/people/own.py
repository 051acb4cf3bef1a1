"""账号与安全 for one's own programs: where one is logged in, who stands in, and which tokens there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, abort
from flask_babel import lazy_gettext as _l
from marshmallow import fields

from gateway.accounts import ending
from gateway.accounts import substitutes as page
from gateway.accounts.pages import own_session, rules
from gateway.context import services
from gateway.rest.blueprint import operation
from gateway.rest.people.shapes import HeldTokenShape, SessionShape, at_fields, told
from gateway.rest.shapes import Named, Shape, many, named, said, string
from gateway.rest.tags import ACCOUNT
from gateway.staff.pages import snapshot, viewer
from processes.casework import records
from processes.casework.accounts import sessions as logins
from processes.casework.accounts import tokens as store

FIELDS = {each: each for each in ("substitute", "since", "until")}


class SessionsShape(Shape):
    """Where the person is logged in, the login used last first."""

    sessions = many(SessionShape)


class TokensShape(Shape):
    """The person's tokens, the latest first."""

    tokens = many(HeldTokenShape)


class GivenSubstitute(Shape):
    """Who is to stand in, and from when until when, both days included."""

    substitute = said(_l("同事的账号"), least=1, required=True)
    since = fields.Date(required=True, metadata={"description": _l("从哪天起")})
    until = fields.Date(required=True, metadata={"description": _l("到哪天为止，不早于今天")})


class SubstituteShape(Shape):
    """Somebody who stands in for somebody."""

    person = string()
    person_name = string()
    substitute = string()
    substitute_name = string()
    since = fields.Date(required=True)
    until = fields.Date(required=True)


class SubstitutesShape(Shape):
    """``mine``: who stands in for the person, and will; ``others``: for whom the person does."""

    mine = many(SubstituteShape)
    others = many(SubstituteShape)
    colleagues = many(Named, _l("可以指定谁"))


@operation("GET", "/account/sessions", tag=ACCOUNT, summary=_l("本人的登录"), answer=SessionsShape)
def sessions() -> Any:
    """Where am I logged in?"""
    with services().database.read() as connection:
        return {"sessions": told(logins.of(connection, viewer().id, services().clock.now(), rules()))}


@operation("DELETE", "/account/sessions", tag=ACCOUNT, summary=_l("退出本人的全部登录"), status=204)
def end_sessions() -> Response:
    """Log out everywhere; tokens stay."""
    ending.log_out(viewer().id, keep=own_session().id)
    return Response(status=204)


@operation("DELETE", "/account/sessions/<session_id>", tag=ACCOUNT, summary=_l("退出本人的一处登录"), status=204)
def end_session(session_id: str) -> Response:
    """Log out somewhere."""
    if not ending.end_session(viewer().id, session_id):
        abort(404)
    return Response(status=204)


@operation("GET", "/account/tokens", tag=ACCOUNT, summary=_l("本人的令牌"), answer=TokensShape)
def tokens() -> Any:
    """Which programs act in my name?"""
    with services().database.read() as connection:
        return {"tokens": store.of(connection, viewer().id, services().clock.now())}


@operation(
    "DELETE",
    "/account/tokens/<token_id>",
    tag=ACCOUNT,
    summary=_l("撤销本人的令牌"),
    description=_l("也可以是发出这个请求的令牌自己。"),
    status=204,
)
def revoke_token(token_id: str) -> Response:
    """End one."""
    if not ending.revoke(viewer().id, token_id):
        abort(404)
    return Response(status=204)


@operation("GET", "/account/substitutes", tag=ACCOUNT, summary=_l("代理人"), answer=SubstitutesShape)
def substitutes() -> Any:
    """Who stands in for me, and for whom do I?"""
    return {
        "mine": [_substitute(each) for each in page.mine()],
        "others": [_substitute(each) for each in page.others()],
        "colleagues": named((each.id, each.name) for each in page.colleagues()),
    }


@operation(
    "POST",
    "/account/substitutes",
    tag=ACCOUNT,
    summary=_l("指定代理人"),
    body=GivenSubstitute,
    answer=SubstituteShape,
    status=201,
)
def name_substitute(given: Mapping[str, Any]) -> Any:
    """Name somebody for some days."""
    with at_fields(FIELDS):
        return _substitute(page.name(given["substitute"], given["since"], given["until"]))


@operation(
    "DELETE",
    "/account/substitutes/<substitute>/<since>",
    tag=ACCOUNT,
    summary=_l("结束代理"),
    status=204,
)
def end_substitute(substitute: str, since: str) -> Response:
    """From today on nobody stands in."""
    try:
        page.end(substitute, date.fromisoformat(since))
    except ValueError:
        abort(404)
    return Response(status=204)


def _substitute(each: records.Substitute) -> dict[str, Any]:
    name = snapshot().reference.person_name
    return {**vars(each), "person_name": name(each.person), "substitute_name": name(each.substitute)}
