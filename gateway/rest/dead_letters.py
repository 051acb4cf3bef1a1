"""死信 for programs: messages that were given up, put back or thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, validate

from gateway.context import services
from gateway.operations import dead as page
from gateway.operations.masking import hidden
from gateway.problems import Unfit
from gateway.rest.blueprint import operation
from gateway.rest.shapes import Shape, anything, many, moment, one, said, string, table, whole, word, yes
from gateway.rest.tags import OPERATIONS
from processes.messaging.bus import DeadLetter
from processes.store import deeds

LONGEST_REASON = 500


class MessageShape(Shape):
    """A message, its data masked."""

    id = string()
    type = string()
    source = string()
    time = moment(none=False)
    subject = string(allow_none=True)
    extensions = table()
    data = anything()


class LetterShape(Shape):
    """A message that was given up. ``id`` names it here, ``message.id`` everywhere."""

    id = string()
    address = string()
    topic = string()
    title = string()
    reason = string()
    at = moment(none=False)
    message = one(MessageShape)


class DeedShape(Shape):
    """What somebody did. ``done``: null when the process died meanwhile."""

    by = string()
    at = moment(none=False)
    what = string(validate=validate.OneOf([deeds.REPLAYED, deeds.DISCARDED]))
    asked = whole()
    done = whole(allow_none=True)
    reason = string()


class LettersShape(Shape):
    """The latest first. ``total``: how many there are in all."""

    letters = many(LetterShape)
    total = whole()
    deeds = many(DeedShape)


@operation("GET", "/operations/dead-letters", tag=OPERATIONS, summary=_l("死信"), answer=LettersShape)
def dead_letters() -> Any:
    """What was given up, and what people did with such."""
    letters, total = page.waiting()
    with services().database.read() as connection:
        done = deeds.latest(connection)
    return {"letters": [_letter(each) for each in letters], "total": total, "deeds": done}


def _letter(each: DeadLetter) -> dict[str, Any]:
    message = {**vars(each.message), "data": hidden(each.message.data)}
    own = {"address": each.address.value, "title": page.named(each.topic), "reason": hidden(each.reason)}
    return {**vars(each), **own, "message": message}


IDS = fields.List(
    fields.String(validate=validate.Length(min=1, max=200)),
    load_default=list,
    validate=validate.Length(max=page.PART),
    metadata={"description": _l("死信的 id")},
)


class Replaying(Shape):
    """Which: those that are named, or those that were given up until then."""

    ids = IDS
    before = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": _l("到何时为止停止投递的，不写 ids 时用；一次最多二百条")},
    )


class ReplayedShape(Shape):
    """What came of it. ``kept``: those that could not be put back; ``more``: there are others, ask again."""

    replayed = whole()
    kept = many(word())
    more = yes()


@operation(
    "POST",
    "/operations/dead-letters/replay",
    tag=OPERATIONS,
    summary=_l("重新投递死信"),
    body=Replaying,
    answer=ReplayedShape,
)
def replay_letters(given: Mapping[str, Any]) -> Any:
    """Put them back where they were given up, their ids unchanged."""
    if bool(given["ids"]) == (given["before"] is not None):
        raise Unfit.at("body.ids", _l("请给出 ids，或者 before"))
    done = page.replayed(given["ids"]) if given["ids"] else page.replayed_before(given["before"])
    return {"replayed": done.done, "kept": done.kept, "more": done.more}


class Discarding(Shape):
    """Which, and why."""

    ids = IDS
    reason = said(_l("为什么丢弃"), most=LONGEST_REASON, least=1, required=True)


class DiscardedShape(Shape):
    """How many are gone; the quarantine keeps them."""

    discarded = whole()


@operation(
    "POST",
    "/operations/dead-letters/discard",
    tag=OPERATIONS,
    summary=_l("丢弃死信"),
    body=Discarding,
    answer=DiscardedShape,
)
def discard_letters(given: Mapping[str, Any]) -> Any:
    """Throw them away."""
    if not given["ids"]:
        raise Unfit.at("body.ids", _l("请给出 ids"))
    if not (reason := given["reason"].strip()):
        raise Unfit.at("body.reason", _l("请写明为什么丢弃。"))
    return {"discarded": page.discarded(given["ids"], reason)}
