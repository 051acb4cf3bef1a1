"""The quarantine over the API: what came to the platform and could not be used."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from uuid import uuid4

from flask import Response, jsonify, request

from gateway import auditing
from gateway.addresses import row_number
from gateway.api.access import BadRequest, blueprint, body, caller, field, limit, plain
from gateway.context import services
from gateway.web import error_page
from processes.failpoints import hit
from processes.store import quarantine
from processes.store.quarantine import Edit, Entry, NoEntry, Settled, Wanted

STATES = (quarantine.OPEN, quarantine.RESENT, quarantine.DISMISSED)


@blueprint.errorhandler(NoEntry)
def _no_entry(error: NoEntry) -> Response:
    return error_page(404, error.zh, error.en)


@blueprint.errorhandler(Settled)
def _settled(error: Settled) -> Response:
    return error_page(409, error.zh, error.en)


@blueprint.get("/quarantine")
def quarantined() -> Response:
    """Entries, the newest first, without bodies; ``state`` (open, unless told: ``all`` for whatever), ``partner``, ``type``, ``door``;
    ``before`` and ``limit`` for the next page."""
    state = request.args.get("state", quarantine.OPEN)
    if state not in (*STATES, "all"):
        raise BadRequest(f"state 应为 {'、'.join(STATES)} 或 all。", f"state is one of {', '.join(STATES)} and all")
    partner, type_, door = (request.args.get(name) or None for name in ("partner", "type", "door"))
    wanted = Wanted(None if state == "all" else state, partner, type_, door)
    most = limit()
    with services().database.read() as connection:
        found = quarantine.listed(
            connection, wanted, before=request.args.get("before", default=None, type=row_number), limit=most
        )
        count = quarantine.count(connection, wanted)
    following = found[-1].id if len(found) == most else None
    return jsonify({"quarantine": [_told(each) for each in found], "count": count, "next": following})


@blueprint.get("/quarantine/<int:entry_id>")
def quarantine_entry(entry_id: int) -> Response:
    """An entry with its body: as ``body`` when that is text, and always as ``body_base64``."""
    with services().database.read() as connection:
        entry = quarantine.get(connection, entry_id)
    try:
        text: str | None = entry.body.decode()
    except UnicodeDecodeError:
        text = None
    return jsonify({**_told(entry), "body": text, "body_base64": base64.b64encode(entry.body).decode()})


def _told(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = plain(replace(entry, body=b""))
    del told["body"]
    return told


@blueprint.post("/quarantine/<int:entry_id>/resend")
def resend(entry_id: int) -> Response:
    """Give it to the inlet again, with other ``headers``, ``content_type`` or ``body`` (text) when these are given. The same ``key``
    again answers the same."""
    asked = body()
    edit = Edit(
        field(asked, "headers", dict, default=None),
        field(asked, "content_type", str, default=None),
        None if (edited := field(asked, "body", str, default=None)) is None else edited.encode("utf-8", "replace"),
    )
    core = services()
    auditing.ask("quarantine.resend", f"message:{entry_id}", edited=int(edit != Edit()))
    done = quarantine.resend(
        core.database,
        core.clock,
        lambda message: core.inlet.receive(message, keep=False),
        entry_id,
        caller(),
        str(asked.get("key") or uuid4())[:200],
        edit,
    )
    hit("gateway.resent")
    return jsonify(plain(done))


@blueprint.post("/quarantine/<int:entry_id>/dismiss")
def dismiss(entry_id: int) -> Response:
    """Nothing is to become of it, and the ``reason``."""
    reason = field(body(), "reason", str).strip()
    if not reason:
        raise BadRequest("请写明不再处理的原因。", "say why it is dismissed")
    core = services()
    with core.database.write() as connection:
        entry = quarantine.dismiss(connection, entry_id, caller(), reason, core.clock.now())
        auditing.note(connection, "quarantine.dismiss", f"message:{entry_id}", reason=reason)
    return jsonify(_told(entry))
