"""死信: messages that were given up. They are put back, or thrown away with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.languages import said, translated
from gateway.operations.pages import blueprint, log, person_name
from gateway.staff.pages import show, viewer
from processes.casework.views.connections import title_of
from processes.messaging.addresses import URGENT
from processes.messaging.bus import Address, BusAway, DeadLetter, Replayed
from processes.messaging.jobs import CATALOGUE
from processes.store import deeds, quarantine

LISTED = 100

PART = 200
"""Letters that are put back before the page says how far it is."""

DEEDS = {deeds.REPLAYED: _l("重新投递"), deeds.DISCARDED: _l("丢弃")}

ADDRESSES = {
    Address.INBOX: _l("发给平台的消息"),
    Address.JOBS: _l("给工作程序的任务"),
    Address.EVENTS: _l("平台发出的事件"),
}
"""What addresses are called; all others are answers to partners."""

NOT_BACK = _l("有 %(count)s 条没有送回，仍在死信里：原来的队列已经不在，或消息队列没有确认。")


@blueprint.get("/dead-letters")
def dead_letters() -> Response:
    """What was given up, the latest first."""
    try:
        letters, total = waiting()
    except BusAway as error:
        return show("operations/dead.html", 503, here="operations", tab="dead", away=said(error), letters=(), total=0)
    with services().database.read() as connection:
        done = deeds.latest(connection)
    return show(
        "operations/dead.html",
        here="operations",
        tab="dead",
        letters=letters,
        total=total,
        addresses=ADDRESSES,
        named=named,
        deeds=done,
        deed_names=DEEDS,
        name_of=person_name,
    )


def named(topic: str) -> str:
    """What a job topic or a message type is called."""
    kind = CATALOGUE.get(topic.removesuffix(URGENT))
    return translated(kind.title if kind else title_of(topic))


@blueprint.post("/dead-letters/replay")
def replay_chosen() -> AnyResponse:
    """Put the chosen ones back."""
    chosen = request.form.getlist("id")
    if not chosen:
        flash(_("还没有选中死信，请先勾选。"), "error")
        return _back()
    try:
        done = replayed(chosen)
    except BusAway as error:
        flash(said(error), "error")
        return _back()
    if done.kept:
        flash(NOT_BACK % {"count": len(done.kept)}, "error")
    if done.done:
        flash(_("已重新投递 %(count)s 条。仍处理不了的，会再回到死信。", count=done.done))
    elif not done.kept:
        flash(_("所选的死信已经不在：可能有同事刚刚处理过。"), "error")
    return _back()


@blueprint.post("/dead-letters/discard")
def discard() -> AnyResponse:
    """Throw the chosen ones away; the quarantine keeps them, with who did it and why."""
    chosen, reason = request.form.getlist("id"), request.form.get("reason", "").strip()[:500]
    if not chosen:
        flash(_("还没有选中死信，请先勾选。"), "error")
    elif not reason:
        flash(_("请写明为什么丢弃。"), "error")
    else:
        try:
            gone = discarded(chosen, reason)
            flash(_("已丢弃 %(count)s 条，原文留在隔离区（不再处理）。", count=gone))
        except BusAway as error:
            flash(said(error), "error")
    return _back()


@blueprint.post("/dead-letters/replay-all")
def replay_all() -> AnyResponse:
    """Put back what was dead when somebody asked for it, a part at a time; the page goes on by itself, or by a button."""
    try:
        before = datetime.fromisoformat(request.form["before"])
        total, done, tried = (int(request.form[name]) for name in ("total", "done", "tried"))
    except ValueError:
        abort(400)
    if before.tzinfo is None:
        abort(400)
    deed = request.form.get("deed") or _begin(deeds.REPLAYED, total)
    try:
        part = replayed_part(deed, before)
    except BusAway as error:
        so_far = _("已重新投递 %(count)s 条，其余的仍在死信里。", count=done)
        flash(f"{said(error)} {so_far}", "error")
        return _back()
    done, tried = done + part.done, tried + part.done + len(part.kept)
    if part.more and tried < total:
        return show(
            "operations/replaying.html",
            here="operations",
            tab="dead",
            before=before.isoformat(),
            total=total,
            done=done,
            tried=tried,
            deed=deed,
        )
    if tried > done:
        flash(NOT_BACK % {"count": tried - done}, "error")
    flash(_("已重新投递 %(count)s 条。仍处理不了的，会再回到死信。", count=done))
    return _back()


# ---- what is done ------------------------------------------------------------------------------------------------------


def waiting() -> tuple[Sequence[DeadLetter], int]:
    """What was given up, the latest first, and how many there are in all.

    :raises BusAway: when nobody can tell
    """
    upkeep = services().upkeep
    letters = list(reversed(upkeep.dead_letters(LISTED)))
    total = sum(each.ready for each in upkeep.queues() if each.name == "dead") if len(letters) == LISTED else 0
    return letters, max(total, len(letters))


def replayed(chosen: Sequence[str]) -> Replayed:
    """Put these back.

    :raises BusAway: when the transport does not answer
    """
    deed = _begin(deeds.REPLAYED, len(chosen))
    done = services().upkeep.replay(chosen, limit=len(chosen))
    _done(deed, done.done)
    log.info("%s replayed %d dead letters of %d", viewer().id, done.done, len(chosen))
    return done


def replayed_before(before: datetime) -> Replayed:
    """Put a part of those back that were given up until then.

    :raises BusAway: when the transport does not answer
    """
    return replayed_part(_begin(deeds.REPLAYED, PART), before)


def replayed_part(deed: str, before: datetime) -> Replayed:
    """The same as a part of a deed that has begun.

    :raises BusAway: when the transport does not answer
    """
    part = services().upkeep.replay(before=before, limit=PART)
    _done(deed, part.done)
    log.info("%s replayed %d dead letters", viewer().id, part.done)
    return part


def discarded(chosen: Sequence[str], reason: str) -> int:
    """Throw these away; the quarantine keeps them, with who did it and why. Returns how many there were.

    :raises BusAway: when the transport does not answer
    """
    deed = _begin(deeds.DISCARDED, len(chosen), reason)
    gone = services().upkeep.discard(chosen, partial(_keep, reason))
    _done(deed, gone)
    log.info("%s discarded %d dead letters: %s", viewer().id, gone, reason)
    return gone


def _keep(reason: str, letters: Sequence[DeadLetter]) -> None:
    now, person = services().clock.now(), viewer().id
    with services().database.write() as connection:
        for letter in letters:
            raw = replace(quarantine.raw_of(letter.message), door=quarantine.DEAD, routing_key=letter.topic)
            partner = letter.message.extensions.get("partner", "")
            zh, en = f"已停止投递：{letter.reason}", f"given up: {letter.reason}"
            kept = quarantine.keep(connection, raw, partner, zh, en, now, letter.message)
            quarantine.dismiss(connection, kept.id, person, reason, now)


def _begin(what: str, asked: int, reason: str = "") -> str:
    with services().database.write() as connection:
        key = deeds.begin(connection, viewer().id, what, asked, services().clock.now(), reason)
        auditing.note(connection, f"dead.{what}", "letters", asked=asked, reason=reason or None)
        return key


def _done(deed: str, done: int) -> None:
    with services().database.write() as connection:
        deeds.add(connection, deed, viewer().id, done)


def _back() -> AnyResponse:
    return redirect(url_for("operations.dead_letters"))
