"""What FEEL's ``now()`` and ``today()`` go by: the clock's moment in the country's one time."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from zoneinfo import ZoneInfo

CIVIL_TIME = ZoneInfo("Asia/Shanghai")
"""The whole country keeps one time: ``today()`` must turn at its midnight, not at that of UTC."""

Clock = Callable[[], datetime.datetime]


def civil(clock: Clock | None) -> Clock:
    """A clock in civil time, the system's when there is none. Its moments carry a plain offset, so that what leaves as
    text is ISO 8601 without the name of a zone."""

    def now() -> datetime.datetime:
        moment = clock() if clock else datetime.datetime.now(datetime.UTC)
        local = moment.astimezone(CIVIL_TIME)
        return local.replace(tzinfo=datetime.timezone(local.utcoffset() or datetime.timedelta()))

    return now
