"""What an enterprise does about its own problem: it answers a question, rates, withdraws, asks for another round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway.context import services
from gateway.portal import files
from gateway.portal.following import own, page
from gateway.portal.pages import PHONE, PROBLEM, blueprint, held, rules
from processes.casework import doors
from processes.casework.portal import following, passes, reports
from processes.casework.portal.following import ANSWER, ASK, Problem
from processes.messaging.incoming import RATING_LEVELS
from processes.messaging.inlet import Correlation

LONGEST = 4000
"""characters of what is said here"""


@blueprint.post("/problems/<number>/supplement")
def supplement(number: str) -> AnyResponse:
    """Answer what was asked, with files."""
    found, words, form = _own(number), _words(), files.form_number()
    refused = files.take(form, found.report_id)
    if refused or "detach" in request.form:
        return page(number, 422, wrong=" ".join(refused), at="supplement", typed=words)
    if not words:
        return page(number, 422, wrong=_("请填写回答"), at="supplement")
    sent = [each.id for each in files.kept(form, found.report_id)]
    said = {"text": words, "answered_at": services().clock.now().isoformat()}
    asked = sum(each.kind == ASK for each in found.told)
    return _say(found, following.SUPPLEMENT, said, ("text",), asked, _("已收到您的补充，将继续办理。"), files=sent)


@blueprint.post("/problems/<number>/rate")
def rate(number: str) -> AnyResponse:
    """Rate the answer."""
    found, level = _own(number), request.form.get("level", "")
    if level not in {str(each) for each in RATING_LEVELS}:
        return page(number, 422, wrong=_("请选择满意程度"), at="rate", typed=_words())
    said = {"level": int(level), "comment": _words() or None, "rated_at": services().clock.now().isoformat()}
    answered = sum(each.kind == ANSWER for each in found.told)
    return _say(found, following.RATE, said, ("comment",), answered, _("谢谢您的评价。"))


@blueprint.post("/problems/<number>/withdraw")
def withdraw(number: str) -> AnyResponse:
    """Take the problem back."""
    found = _own(number)
    said = {"reason": _words() or None, "requested_at": services().clock.now().isoformat()}
    return _say(found, following.WITHDRAW, said, ("reason",), 0, _("已撤回，不再办理。"), orders=True)


@blueprint.post("/problems/<number>/reopen")
def reopen(number: str) -> AnyResponse:
    """Ask for another round of what is closed."""
    found, words = _own(number), _words()
    if following.REOPEN not in found.may:
        return _meanwhile(found)
    if not words:
        return page(number, 422, wrong=_("请说明为什么要重新办理"), at="reopen")
    fresh = reports.reopen(services().engine, found.report_id, words)
    flash(_("已重新受理，编号如下；原查询码继续有效。"))
    with services().database.write() as connection:
        if held(PHONE) is None and (report := following.report_of(connection, fresh)) is not None:
            now = services().clock.now()
            session[PROBLEM] = passes.grant(connection, now, rules().pass_minutes, report_id=report[0])
    return redirect(url_for("portal.problem", number=fresh))


def _say(
    found: Problem,
    message: str,
    said: Mapping[str, Any],
    texts: tuple[str, ...],
    round: int,
    done: str,
    *,
    orders: bool = False,
    files: Sequence[str] = (),
) -> AnyResponse:
    """Give the problem a message that it waits for. ``round``: which time it is asked, so that what is sent twice has its effect once."""
    key = found.may.get(message)
    if key is None:
        return _meanwhile(found)
    payload = {"case": key, "channel": None, "original": None, **said}
    correlation = Correlation(message, key, payload, texts=texts, orders=orders)
    doors.correlate(services().engine, f"portal:{message}:{key}:{round}", correlation, files=files)
    flash(done)
    return redirect(url_for("portal.problem", number=found.number))


def _meanwhile(found: Problem) -> AnyResponse:
    flash(_("情况刚刚有了变化，请看最新进展。"), "error")
    return redirect(url_for("portal.problem", number=found.number))


def _own(number: str) -> Problem:
    with services().database.read() as connection:
        return own(connection, number)


def _words() -> str:
    return request.form.get("words", "").replace("\r\n", "\n").strip()[:LONGEST]
