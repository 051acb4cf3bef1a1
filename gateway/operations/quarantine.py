"""隔离区: messages that did not fit, as they came, with the reason. They are sent again, edited if need be, or dismissed with a reason."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.addresses import row_number
from gateway.context import services
from gateway.languages import pick, said, translated
from gateway.operations.masking import hidden
from gateway.operations.pages import blueprint, log, person_name, pretty
from gateway.staff.pages import show, viewer
from processes.casework.audit import unmasking
from processes.casework.views.connections import title_of
from processes.messaging.bus import Message
from processes.messaging.inlet import Receipt, Status
from processes.messaging.json_text import from_json
from processes.store import quarantine as store
from processes.store.quarantine import Edit, Entry, NoEntry, Settled, Try, Wanted

LISTED = 50

STATES = {store.OPEN: _l("待处理"), store.RESENT: _l("已重新发送"), store.DISMISSED: _l("不再处理")}

DOORS = {"http": _l("网关（HTTP）"), "amqp": _l("消息队列"), "embedded": _l("平台内部"), store.DEAD: _l("死信")}

DAYS = {"1": _l("一天内"), "7": _l("七天内"), "30": _l("三十天内")}

ENDED = {"accepted": _l("已办理"), "duplicate": _l("此前已收到，没有再次生效"), "refused": _l("仍不符合约定")}


@blueprint.get("/quarantine")
def quarantine() -> Response:
    """The entries, the newest first."""
    chosen = {name: request.args.get(name, "").strip()[:120] for name in ("state", "partner", "type", "days", "q")}
    state = chosen["state"] if chosen["state"] in (*STATES, "all") else store.OPEN
    now = services().clock.now()
    since = now - timedelta(days=int(chosen["days"])) if chosen["days"] in DAYS else None
    wanted = Wanted(
        state=None if state == "all" else state,
        partner=chosen["partner"] or None,
        type=chosen["type"] or None,
        since=since,
        text=chosen["q"] or None,
    )
    before = request.args.get("before", type=row_number)
    with services().database.read() as connection:
        entries = store.listed(connection, wanted, before=before, limit=LISTED + 1)
        open_ones = store.count(connection, Wanted())
        partners, types = store.names(connection)
    return show(
        "operations/quarantine.html",
        here="operations",
        tab="quarantine",
        entries=entries[:LISTED],
        more=len(entries) > LISTED,
        chosen={**chosen, "state": state},
        narrowed=any(chosen[name] for name in ("partner", "type", "days", "q")),
        open_ones=open_ones,
        partners=partners,
        types=types,
        states=STATES,
        doors=DOORS,
        days=DAYS,
        title_of=_title_of,
        name_of=person_name,
        key=secrets.token_hex(8),
    )


@blueprint.get("/quarantine/<int:entry_id>")
def quarantined(entry_id: int) -> Response:
    """One of them, whole."""
    with services().database.read() as connection:
        entry = entry_of(connection, entry_id)
    log.info("%s looked at the quarantined message %d", viewer().id, entry_id)
    return _page(entry)


@blueprint.post("/quarantine/<int:entry_id>/open")
def open_one(entry_id: int) -> AnyResponse:
    """Show it as it came, to this person, for a while; the entry in the audit log says why."""
    words = request.form.get("words", "").strip()[:200]
    if not words:
        flash(_("请写明为什么需要看原文。"), "error")
    else:
        opened(entry_id, words)
    return redirect(url_for("operations.quarantined", entry_id=entry_id))


@blueprint.post("/quarantine/<int:entry_id>/resend")
def resend_one(entry_id: int) -> AnyResponse:
    """Send it again, with what was changed."""
    with services().database.read() as connection:
        entry = entry_of(connection, entry_id)
    shown = _shown(entry)
    typed = {name: request.form.get(name, text).replace("\r\n", "\n") for name, text in shown.items()}
    headers = _headers(typed["headers"])
    if headers is None:
        return _page(entry, typed, _('消息头应是一个 JSON 对象，如 {"ce-id": "1"}；还没有发送'), 422)
    edit = Edit(
        headers if typed["headers"] != shown["headers"] else None,
        typed["content_type"] if typed["content_type"] != shown["content_type"] else None,
        typed["body"].encode() if typed["body"] != shown["body"] else None,
    )
    try:
        done = resent(entry_id, request.form.get("key", ""), edit)
    except Settled as error:
        flash(said(error), "error")
        return redirect(url_for("operations.quarantined", entry_id=entry_id))
    if done.status == Status.REFUSED:
        return _page(
            entry, typed, _("仍不符合约定，没有生效：%(reason)s", reason=pick(done.reason, done.reason_en)), 422
        )
    flash(_("已重新发送：%(outcome)s。", outcome=_outcome(done)))
    return redirect(url_for("operations.quarantined", entry_id=entry_id))


@blueprint.post("/quarantine/<int:entry_id>/dismiss")
def dismiss_one(entry_id: int) -> AnyResponse:
    """Nothing is to become of it."""
    reason = request.form.get("reason", "").strip()[:500]
    if not reason:
        flash(_("请写明为什么不再处理。"), "error")
    else:
        try:
            dismissed(entry_id, reason)
            flash(_("已记为不再处理。"))
        except NoEntry:
            abort(404)
        except Settled as error:
            flash(said(error), "error")
    return redirect(url_for("operations.quarantined", entry_id=entry_id))


@blueprint.post("/quarantine/several")
def several() -> AnyResponse:
    """Send several again as they came, or dismiss them for one reason."""
    chosen = [int(each) for each in request.form.getlist("id") if each.isascii() and each.isdigit()][:LISTED]
    what, reason = request.form.get("what", ""), request.form.get("reason", "").strip()[:500]
    back = redirect(url_for("operations.quarantine"))
    if not chosen:
        flash(_("还没有选中消息，请先勾选。"), "error")
        return back
    if what == "dismiss" and not reason:
        flash(_("请写明为什么不再处理。"), "error")
        return back
    done = refused = passed = 0
    for entry_id in chosen:
        try:
            if what == "dismiss":
                dismissed(entry_id, reason)
                done += 1
            elif resent(entry_id, request.form.get("key", ""), Edit()).status == Status.REFUSED:
                refused += 1
            else:
                done += 1
        except (NoEntry, Settled):
            passed += 1
    if done:
        flash(
            _("%(count)s 条已记为不再处理。", count=done)
            if what == "dismiss"
            else _("%(count)s 条已重新发送并生效。", count=done)
        )
    if refused:
        flash(_("%(count)s 条仍不符合约定，留在隔离区；请逐条打开修改后再发。", count=refused), "error")
    if passed:
        flash(_("%(count)s 条已由同事处理过。", count=passed), "error")
    return back


# ---- what is done ------------------------------------------------------------------------------------------------------


def opened(entry_id: int, words: str) -> None:
    """Show it as it came, to the viewer, for a while; 404 when there is none."""
    here = services()
    with here.database.write() as connection:
        entry_of(connection, entry_id)
        kind = unmasking.MESSAGE
        unmasking.unmask(connection, here.clock.now(), viewer().id, str(entry_id), "mend", words, kind)


def resent(entry_id: int, key: str, edit: Edit) -> Try:
    """Give it to the inlet again.

    :raises NoEntry: when there is none
    :raises Settled: when it was settled before
    """
    here, person = services(), viewer().id
    auditing.ask("quarantine.resend", f"message:{entry_id}", edited=int(edit != Edit()))
    done = store.resend(here.database, here.clock, _receive, entry_id, person, key or secrets.token_hex(8), edit)
    changed = "edited" if edit != Edit() else "as it came"
    log.info("%s sent the quarantined message %d again, %s: %s", person, entry_id, changed, done.status)
    return done


def _receive(message: Message) -> Receipt:
    return services().inlet.receive(message, keep=False)


def dismissed(entry_id: int, reason: str) -> None:
    """Nothing is to become of it.

    :raises NoEntry: when there is none
    :raises Settled: when it was settled before
    """
    with services().database.write() as connection:
        store.dismiss(connection, entry_id, viewer().id, reason, services().clock.now())
        auditing.note(connection, "quarantine.dismiss", f"message:{entry_id}", reason=reason)
    log.info("%s dismissed the quarantined message %d: %s", viewer().id, entry_id, reason)


# ---- what is shown -----------------------------------------------------------------------------------------------------


def entry_of(connection: Any, entry_id: int) -> Entry:
    """An entry; 404 when there is none."""
    try:
        return store.get(connection, entry_id)
    except NoEntry:
        abort(404)


def told(entry: Entry) -> tuple[Mapping[str, str], datetime | None]:
    """What the viewer sees of an entry: as it came until then, or masked."""
    until = _open_until(entry)
    return (_shown(entry) if until else _masked(entry)), until


def _page(entry: Entry, typed: Mapping[str, str] | None = None, error: str = "", status: int = 200) -> Response:
    """``typed``: shown again when all of it is what the person has sent."""
    seen, until = told(entry)
    own = typed is not None and set(typed) <= set(request.form)
    return show(
        "operations/quarantined.html",
        status,
        here="operations",
        tab="quarantine",
        entry=entry,
        typed=typed if typed is not None and (own or until) else seen,
        whole=bool(until) or own,
        until=until,
        readable=_is_text(entry.body),
        error=error,
        states=STATES,
        doors=DOORS,
        title=_title_of(entry.type),
        name_of=person_name,
        outcome=_outcome,
        key=secrets.token_hex(8),
    )


def _shown(entry: Entry) -> dict[str, str]:
    """What a person sees of an entry, and may change."""
    return {"headers": pretty(entry.headers), "content_type": entry.content_type, "body": _readable(entry.body)}


def _masked(entry: Entry) -> dict[str, str]:
    """The same for who has not said what it is needed for."""
    try:
        body = pretty(hidden(from_json(entry.body)))
    except (ValueError, RecursionError):
        body = hidden(_readable(entry.body))
    return {"headers": pretty(hidden(dict(entry.headers))), "content_type": entry.content_type, "body": body}


def _open_until(entry: Entry) -> datetime | None:
    with services().database.read() as connection:
        now, kind = services().clock.now(), unmasking.MESSAGE
        return unmasking.shown_until(connection, viewer().id, str(entry.id), now, kind)


def _readable(body: bytes) -> str:
    """A body as text, JSON laid out."""
    try:
        return pretty(from_json(body))
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace").replace("\r\n", "\n")


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _headers(text: str) -> Mapping[str, Any] | None:
    try:
        found = from_json(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None


def _title_of(type_: str) -> str:
    return translated(title_of(type_))


def _outcome(done: Try) -> str:
    number = done.result.get("number")
    ended = str(ENDED[done.status])
    return _("%(ended)s，问题编号 %(number)s", ended=ended, number=number) if number else ended
