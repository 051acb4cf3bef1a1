"""A number is verified by a code that is sent to it: good for a while, for a few tries, and once."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime

from sqlalchemy import delete, select, update

from processes.casework.portal import limits, messages, passes
from processes.casework.portal.limits import HOUR, TooOften
from processes.casework.records import PortalRules
from processes.runtime.engine import Engine
from processes.store.database import Database
from processes.store.tables import PortalMessage

KIND = "code"
_MOBILE = re.compile(r"1[3-9]\d{9}\Z", re.ASCII)
_AROUND = re.compile(r"[\s()（）-]+")
_CODE = re.compile(r"\d{6}\Z", re.ASCII)


def mobile(typed: str) -> str | None:
    """The mobile number that somebody typed, None when it is none.

    >>> mobile(" +86 138-1234-5678"), mobile("0572-2030405")
    ('13812345678', None)
    """
    plain = _AROUND.sub("", typed)[:20].removeprefix("+86")
    return plain if _MOBILE.match(plain) else None


def ask(engine: Engine, rules: PortalRules, phone: str, address: str) -> str:
    """Send a code to a number. Returns what it is checked by; raises :class:`TooOften`."""
    now = engine.clock.now()
    with engine.database.write() as connection:
        # The address first: whoever has used up an address's share takes nothing of the number's.
        may = limits.admit(connection, "code-address", address, rules.codes_per_address, HOUR, now)
        may = may and limits.admit(connection, "code-number", phone, rules.codes_per_number, HOUR, now)
    if not may:
        raise TooOften
    code = f"{secrets.randbelow(10**6):06}"
    return messages.send(engine, KIND, phone, {"code": code, "minutes": rules.code_minutes}, rules.code_minutes)


def check(database: Database, rules: PortalRules, message: str, typed: str, now: datetime) -> str | None:
    """The token of a pass for the number, when the code is right; the code is good no more then. None when it is wrong, or over."""
    code = typed.strip()
    with database.write() as connection:
        own = PortalMessage.id == message
        row = connection.execute(select(PortalMessage.__table__).where(own).with_for_update()).first()
        if row is None or row.ends_at <= now or row.wrong >= rules.code_tries or "minutes" not in row.words:
            return None
        if not _CODE.match(code) or not hmac.compare_digest(code, str(row.words["code"])):
            connection.execute(update(PortalMessage).where(own).values(wrong=PortalMessage.wrong + 1))
            return None
        connection.execute(delete(PortalMessage).where(own))
        return passes.grant(connection, now, rules.pass_minutes, phone=row.phone)
