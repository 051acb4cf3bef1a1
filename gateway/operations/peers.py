"""相连平台: what another deployment has not got is sent once more."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from gateway import auditing
from gateway.context import services
from gateway.operations.pages import blueprint, log
from gateway.staff.pages import viewer
from processes.store import peer_outbox


@blueprint.post("/peers/<peer>/revive")
def revive(peer: str) -> AnyResponse:
    """Send what was given up for a deployment again."""
    count = revived(peer)
    again = _("已重新发往 %(peer)s：%(count)s 条。", peer=peer, count=count)
    flash(again if count else _("没有要重发的：可能有同事刚刚处理过。"))
    return redirect(url_for("operations.overview"))


def revived(peer: str) -> int:
    """Send what was given up for a deployment again; returns how many messages."""
    with services().database.write() as connection:
        count = peer_outbox.revive(connection, peer)
        auditing.note(connection, "peer.revive", f"peer:{peer}", messages=count)
    log.info("%s sends %d messages to %s again", viewer().id, count, peer)
    return count
