"""Who gets in: a program with a token, in the name of the person who made it, as often as is allowed."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import ExitStack
from datetime import datetime, timedelta

from flask import Response, abort, g, request
from flask_babel import lazy_gettext as _l

from gateway import auditing, permissions, problems
from gateway.context import services
from gateway.rest.blueprint import KEY, blueprint
from gateway.rest.shapes import unprintable
from gateway.staff import pages, session
from gateway.staff.pages import viewer
from processes.casework.accounts import tokens
from processes.casework.accounts.tokens import Known, Token
from processes.casework.portal import limits
from processes.store import kept_answers
from processes.store.kept_answers import Answer

MINUTE = timedelta(minutes=1)

LARGEST_BODY = 1024 * 1024
"""bytes of a request, but for files"""

FILES = frozenset({"rest.add_file", "rest.hand_in_sheet"})

LONGEST_KEY = 100

REPEATABLE = frozenset(
    {
        "rest.add_file",
        "rest.contact",
        "rest.export_audit",
        "rest.find_subject",
        "rest.reset_password",
        "rest.subject_copy",
    }
)
"""Operations whose answers are not kept: done twice they have done it once, and what they tell of people, or what these get in by, is not to
lie about for a day."""

MUST = {
    "password": _l("请先登录网页更换密码，令牌才能继续使用。"),
    "second": _l("您的职责要求第二因素，请先登录网页启用。"),
}


def enter() -> Response | None:
    """Find out for whom a program acts, and whether it may. One that only reads does so in one transaction, as pages do."""
    g.viewer, g.open, g.claimed = None, ExitStack(), None
    room = services().settings.largest_upload if request.endpoint in FILES else LARGEST_BODY
    request.max_content_length = room
    if list(unprintable(dict(request.view_args or {}))):
        abort(404)
    everybody = permissions.EVERYBODY in permissions.audiences(request.endpoint)
    known = None if everybody else _known()
    if (refusal := _counted(known)) is not None or everybody:
        return refusal
    if known is None or known.refused:
        return _no_token(known)
    g.token = known.token
    g.viewer = session.acting_for(services(), known.session)
    if (refusal := _not_for(known.token)) is not None:
        return refusal
    if request.method == "POST":
        return _again(known.token)
    if request.method in ("GET", "HEAD"):
        g.open.enter_context(services().database.read())
    return None


def command() -> str:
    """The id of what this request does: the same when the same request comes again under its key, whatever has become of the first."""
    if request.headers.get(KEY):
        return _key(g.token)[:32]
    return secrets.token_hex(16)


# ---- tokens ----------------------------------------------------------------------------------------------------------


def _known() -> Known | None:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return None
    with services().database.read() as connection:
        return tokens.find(connection, given.strip(), services().clock.now())


def _no_token(known: Known | None) -> Response:
    """Nobody is let in. Whose the token was, and why it opens nothing, is for the log alone."""
    if request.headers.get("Authorization"):
        whose = known.token.person if known else ""
        about = f"token:{known.token.id}" if known else ""
        auditing.refuse("token.use", about, by=whose, why=known.refused if known else "unknown")
    refusal = problems.problem(401)
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="bihuan"'
    return refusal


def _not_for(token: Token) -> Response | None:
    """The person must do something first, has no duty for this, or has not given the token this scope."""
    if viewer().must:
        return problems.problem(403, problems.both(MUST[viewer().must]))
    wanted = permissions.pages(request.endpoint)
    if wanted and not wanted & viewer().may:
        return problems.problem(403)
    scope = permissions.scopes()[request.endpoint or ""]
    if scope and scope not in token.scopes:
        return problems.problem(403, problems.both(_l("令牌没有这个用途：%(scope)s。", scope=scope)))
    return None


# ---- how often -------------------------------------------------------------------------------------------------------


def _counted(known: Known | None) -> Response | None:
    """Count the request, with its token or its address, for all gateways of a database together; 429 when it is one too many."""
    settings, now, address = services().settings, services().clock.now(), request.remote_addr or ""
    good = known is not None and not known.refused
    most = settings.token_rate if good else settings.address_rate
    with services().database.write() as connection:
        who = known.token.id if known is not None and good else address
        times, ends_at = limits.count(connection, "rest.token" if good else "rest.address", who, MINUTE, now)
        if known is not None and good and times <= most:
            tokens.note(connection, known.token, now, address)
    g.rate = ("token" if good else "address", most, max(0, most - times), _seconds(ends_at, now))
    if times <= most:
        return None
    refusal = problems.problem(429)
    refusal.headers["Retry-After"] = str(_seconds(ends_at, now))
    return refusal


def _seconds(ends_at: datetime, now: datetime) -> int:
    return max(1, -int(-(ends_at - now).total_seconds() // 1))


def tell_rate(response: Response) -> Response:
    """How often this may still be done: the fields of the IETF's draft ``httpapi-ratelimit-headers``."""
    if "rate" in g:
        name, most, left, seconds = g.rate
        response.headers["RateLimit-Policy"] = f'"{name}";q={most};w={int(MINUTE.total_seconds())}'
        response.headers["RateLimit"] = f'"{name}";r={left};t={seconds}'
    return response


# ---- the same request again ------------------------------------------------------------------------------------------


def _again(token: Token) -> Response | None:
    """The answer that the same request had under its key; None when it is the first."""
    given = request.headers.get(KEY)
    if given is None or request.endpoint in REPEATABLE:
        return None
    if not (0 < len(given) <= LONGEST_KEY and given.isascii() and given.isprintable() and " " not in given):
        wrong = _l("Idempotency-Key 应为 1 到 100 个可见的 ASCII 字符，不含空格。")
        return problems.problem(400, problems.both(wrong))
    key, now = _key(token), services().clock.now()
    asked = f"{request.method} {request.full_path} {request.mimetype}\n".encode() + request.get_data(cache=True)
    with services().database.write() as connection:
        try:
            answer = kept_answers.claim(connection, key, hashlib.sha256(asked).hexdigest(), now)
        except kept_answers.OtherRequest as error:
            return problems.problem(422, (error.zh, error.en))
    if answer is None:
        g.claimed = key
        return None
    response = Response(answer.body, status=answer.status, content_type=answer.media_type)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _key(token: Token) -> str:
    return hashlib.sha256(f"{token.id} {request.headers[KEY]}".encode()).hexdigest()


def keep_answer(response: Response) -> Response:
    """Keep what was answered; what came to nothing through no fault of the caller's may be tried again."""
    key = g.get("claimed")
    if key is not None:
        with services().database.write() as connection:
            if response.status_code >= 500:
                kept_answers.release(connection, key)
            else:
                answer = Answer(response.status_code, response.content_type or "", response.get_data())
                kept_answers.keep(connection, key, answer)
    return response


blueprint.before_request(enter)
blueprint.after_request(tell_rate)
blueprint.after_request(keep_answer)
blueprint.teardown_request(pages.close_reading)
