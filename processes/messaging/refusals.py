"""``message.refused``: what the sender of a message is told that could not be used, when it named a queue for answers.

It goes over the default exchange, straight to the queue of the message's ``reply_to``, with the message's ``correlation_id`` (or, without
one, its id). Nobody is told over HTTP: there the answer of the request says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from processes.messaging.addresses import LONGEST_REPLY_TO, is_ours
from processes.messaging.bus import Message, Raw
from processes.messaging.contract import LONGEST_ID

TYPE = "message.refused"


def queue_of(raw: Raw) -> str | None:
    """The queue that the sender wants to be answered in; None when it named none, or one of the platform's own."""
    queue = raw.properties.get("reply_to")
    if not isinstance(queue, str) or not 0 < len(queue) <= LONGEST_REPLY_TO or "\0" in queue or is_ours(queue):
        return None
    return queue


def refusal(
    source: str, entry: int, times: int, about: Mapping[str, str], raw: Raw, zh: str, en: str, now: datetime
) -> Message:
    """The message. ``entry``: where the refused one lies in the quarantine; ``about``: its id, source and type as far as they could be read."""
    correlation = str(raw.properties.get("correlation_id") or about["id"])[:LONGEST_ID]
    return Message(
        id=f"refused:{entry}:{times}",
        type=TYPE,
        source=source,
        time=now,
        data={**about, "reason": zh, "reason_en": en, "entry": entry},
        extensions={"correlationkey": correlation} if correlation else {},
    )
