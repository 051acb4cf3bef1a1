"""账号管理 for programs of the security administrator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort
from flask_babel import lazy_gettext as _l

from gateway.accounts import keeping
from gateway.accounts import people as page
from gateway.accounts.pages import rules
from gateway.accounts.reach import search
from gateway.rest.blueprint import operation
from gateway.rest.people.shapes import HeldTokenShape, PeopleQuery, SessionShape, told
from gateway.rest.shapes import Shape, many, moment, string, whole, word, yes
from gateway.rest.tags import ACCOUNTS


class AccountLineShape(Shape):
    """An account as a row of a list. ``locked_at``: by an administrator; ``locked_until``: by wrong tries."""

    id = string(_l("账号"))
    name = string(_l("姓名"))
    duties = many(word(), _l("职责"))
    active = yes()
    has_password = yes()
    changed_at = moment(_l("密码何时更换的"))
    must_change = yes(_l("登录后须先更换密码"))
    locked_at = moment()
    locked_until = moment()
    has_second = yes(_l("第二因素已启用"))
    seen_at = moment(_l("登录中的，最近一次使用"))


class AccountsShape(Shape):
    """A page, by account. ``next``: from where the next one goes on; empty when there is nothing left."""

    accounts = many(AccountLineShape)
    next = string()


class AccountShape(AccountLineShape):
    """An account, with where its person is logged in, and its tokens."""

    sessions = many(SessionShape)
    tokens = many(HeldTokenShape)


class InitialPassword(Shape):
    """A password that is told this once, and must be changed within so many hours. ``Idempotency-Key`` keeps it nowhere: asked for
    again, another takes its place."""

    password = string()
    hours = whole()


@operation("GET", "/accounts", tag=ACCOUNTS, summary=_l("查找账号"), query=PeopleQuery, answer=AccountsShape)
def accounts(given: Mapping[str, Any]) -> Any:
    """A page of the accounts that the person looks after."""
    found, more = search(keeping.PAGE, given["q"].strip(), given["after"])
    return {"accounts": [_line(each) for each in page.lines(found)], "next": found[-1].id if more else ""}


@operation("GET", "/accounts/<person>", tag=ACCOUNTS, summary=_l("一个账号"), answer=AccountShape)
def account_of(person: str) -> Any:
    """How does it stand?"""
    found = page.opened(person)
    return {**_line(found.line), "sessions": told(found.sessions), "tokens": found.tokens}


@operation("POST", "/accounts/<person>/lock", tag=ACCOUNTS, summary=_l("锁定账号"), status=204)
def lock_account(person: str) -> Response:
    """Let nobody in by it until further notice."""
    keeping.lock(person)
    return _done()


@operation("POST", "/accounts/<person>/unlock", tag=ACCOUNTS, summary=_l("解锁账号"), status=204)
def unlock_account(person: str) -> Response:
    """Undo it, or what wrong tries have done."""
    keeping.unlock(person)
    return _done()


@operation(
    "POST",
    "/accounts/<person>/deactivate",
    tag=ACCOUNTS,
    summary=_l("停用账号"),
    description=_l("登录全部退出，令牌全部撤销。"),
    status=204,
)
def deactivate_account(person: str) -> Response:
    """Somebody has left."""
    keeping.deactivate(person)
    return _done()


@operation("POST", "/accounts/<person>/reactivate", tag=ACCOUNTS, summary=_l("恢复使用账号"), status=204)
def reactivate_account(person: str) -> Response:
    """Somebody has come back."""
    keeping.reactivate(person)
    return _done()


@operation(
    "POST",
    "/accounts/<person>/reset-password",
    tag=ACCOUNTS,
    summary=_l("给出初始密码"),
    description=_l("只告诉这一次，不留存答复：带同样的 Idempotency-Key 再发，得到的是另一个密码，前一个作废。"),
    answer=InitialPassword,
)
def reset_password(person: str) -> Any:
    """A password to begin with."""
    return {"password": keeping.reset(person), "hours": rules().initial_hours}


@operation("POST", "/accounts/<person>/reset-second-factor", tag=ACCOUNTS, summary=_l("重置第二因素"), status=204)
def reset_second_factor(person: str) -> Response:
    """The phone is lost."""
    keeping.reset_second(person)
    return _done()


@operation("DELETE", "/accounts/<person>/sessions", tag=ACCOUNTS, summary=_l("退出某人的全部登录"), status=204)
def log_out_account(person: str) -> Response:
    """Log somebody out everywhere."""
    keeping.log_out(person)
    return _done()


@operation(
    "DELETE", "/accounts/<person>/sessions/<session_id>", tag=ACCOUNTS, summary=_l("退出某人的一处登录"), status=204
)
def end_session_of(person: str, session_id: str) -> Response:
    """Log somebody out somewhere."""
    return _done(keeping.end_session(person, session_id))


@operation("DELETE", "/accounts/<person>/tokens/<token_id>", tag=ACCOUNTS, summary=_l("撤销某人的令牌"), status=204)
def revoke_token_of(person: str, token_id: str) -> Response:
    """End an access token of somebody's."""
    return _done(keeping.revoke(person, token_id))


def _line(line: page.Line) -> dict[str, Any]:
    return {**vars(line.state), "id": line.person.id, "name": line.person.name, "duties": line.duties}


def _done(there: bool = True) -> Response:
    if not there:
        abort(404)
    return Response(status=204)
