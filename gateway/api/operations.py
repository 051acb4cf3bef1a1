"""What operators look after at the connections to other systems, over the API: partners, queues, dead letters."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from gateway import auditing
from gateway.api.access import BadRequest, blueprint, body, caller, field, limit, plain
from gateway.context import services
from gateway.web import error_page
from processes.casework.views import connections as view
from processes.casework.views import held_up
from processes.failpoints import hit
from processes.messaging.bus import BusAway, DeadLetter
from processes.store import deeds

log = logging.getLogger("bihuan.operations")

MOST = 500
"""Dead letters that one request replays at most: a caller who wants all asks again as long as there are more."""


@blueprint.errorhandler(BusAway)
def _away(error: BusAway) -> Response:
    return error_page(503, error.zh, error.en)


@blueprint.get("/partners")
def partners() -> Response:
    """Who may send what, what became of it in the last 24 hours, and the last message of each."""
    now = services().clock.now()
    with services().database.read() as connection:
        found = view.partners(
            connection,
            services().snapshots.now().reference,
            services().settings.partners.values(),
            services().inlet,
            now,
        )
    return jsonify({"partners": plain(found)})


@blueprint.get("/queues")
def queues() -> Response:
    """What waits in which queue, the jobs by topic with those that fail, and the external systems that jobs wait for because they are down."""
    states = services().upkeep.queues()
    with services().database.read() as connection:
        topics = view.topics(connection, services().clock.now())
        down = held_up.systems(connection)
    return jsonify({"queues": plain(states), "topics": plain(topics), "systems_down": plain(down)})


@blueprint.get("/dead-letters")
def dead_letters() -> Response:
    """Messages that were given up, newest last; ``limit`` narrows them; and ``deeds``: what was done with such, latest first."""
    letters = services().upkeep.dead_letters(limit(100))
    with services().database.read() as connection:
        done = deeds.latest(connection)
    return jsonify({"dead_letters": [_letter(each) for each in letters], "deeds": plain(done)})


@blueprint.post("/dead-letters/replay")
def replay() -> Response:
    """Put letters back where they were given up: those of ``ids``, or (``all``: true) whatever was given up until ``before``, at most 500 a
    request; ``more`` says whether there are others. ``kept`` are those that could not be put back."""
    asked = body()
    ids, everything = field(asked, "ids", list, default=None), field(asked, "all", bool, default=False)
    if (ids is None) != everything or not all(isinstance(each, str) for each in ids or ()):
        raise BadRequest("请给出 ids（编号的列表），或者 all: true。", "ids (a list of strings), or all: true")
    before = _moment(asked.get("before"))
    with services().database.write() as connection:
        deed = deeds.begin(connection, caller(), deeds.REPLAYED, len(ids or ()), services().clock.now())
        auditing.note(connection, f"dead.{deeds.REPLAYED}", "letters", asked=None if everything else len(ids or ()))
    done = services().upkeep.replay(None if everything else ids, before=before, limit=MOST)
    hit("gateway.replayed")
    with services().database.write() as connection:
        deeds.add(connection, deed, caller(), done.done)
    log.info("%s replayed %d dead letters; %d stay", caller(), done.done, len(done.kept))
    return jsonify({"replayed": done.done, "kept": list(done.kept), "more": done.more})


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadRequest("before 应是带时区的时间。", "before is a time with its zone")
    return moment


def _letter(letter: DeadLetter) -> dict[str, Any]:
    message = letter.message
    about = {"id": letter.id, "address": letter.address.value, "topic": letter.topic, "reason": letter.reason}
    return plain(  # type: ignore[no-any-return]
        {
            **about,
            "at": letter.at,
            "message": {
                "id": message.id,
                "type": message.type,
                "source": message.source,
                "time": message.time,
                "subject": message.subject,
                "extensions": message.extensions,
                "data": message.data,
            },
        }
    )
