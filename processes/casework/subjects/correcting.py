"""Contact data is put right: what it was before is gone from wherever it is looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update
from stdnum.cn import uscc as stdnum_uscc

from processes.casework import words
from processes.casework.erasing.needles import Needles
from processes.casework.subjects import finding
from processes.casework.subjects.identity import Identity
from processes.casework.subjects.requests import BadReason, RequestRefused, Tells
from processes.errors import BihuanError
from processes.store.tables import PersonalData, PortalReport, ReportText

FIELDS: Mapping[str, int] = {"contact": 80, "phone": 40, "email": 120, "address": 300, "enterprise": 200, "uscc": 18}
"""What can be put right, with the signs that each may have."""

_PHONE = re.compile(r"\+?\d[\d -]{5,18}\d\Z", re.ASCII)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+\Z")


class BadValue(BihuanError):
    """What was typed can't stand there. ``field``: of the form."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


def checked(said: Mapping[str, str]) -> dict[str, str]:
    """The fields that were filled in, as they are kept.

    :raises BadValue: naming the field
    """
    given = {name: said[name].strip() for name in FIELDS if said.get(name, "").strip()}
    for name, value in given.items():
        if len(value) > FIELDS[name]:
            raise BadValue(name, f"最多 {FIELDS[name]} 个字", f"at most {FIELDS[name]} characters")
    if "phone" in given and not _PHONE.match(given["phone"]):
        raise BadValue("phone", "电话应是 7 至 20 位数字", "a phone number has 7 to 20 digits")
    if "email" in given and not _EMAIL.match(given["email"]):
        raise BadValue("email", "电子邮箱应写成 name@example.cn", "an e-mail address is name@example.cn")
    if "uscc" in given:
        given["uscc"] = given["uscc"].upper()
        if not stdnum_uscc.is_valid(given["uscc"]):
            raise BadValue("uscc", "统一社会信用代码校验不通过，请核对 18 位", "the credit code's check digit is wrong")
    return given


def check_reason(
    connection: Connection, who: Identity, reports: Sequence[str], given: Mapping[str, str], why: str
) -> None:
    """Whether there is something to put right, and a reason that tells of nobody.

    :raises RequestRefused: when not
    """
    if not given:
        raise RequestRefused("请填写要更正的内容", "say what it ought to be")
    if not why:
        raise BadReason("请写明更正的依据", "say what the correction rests on")
    if finding.all_needles(connection, who, reports).are_in(why) or any(value in why for value in given.values()):
        raise Tells


def correct(connection: Connection, report_id: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """Put fields of a report's contact data right; returns those that have changed. What the report says as it came is changed likewise, and the
    case is found by the new ones alone."""
    own = PersonalData.report_id == report_id
    row: Any = connection.execute(select(PersonalData.__table__).where(own).with_for_update()).one()
    changed = {name: value for name, value in given.items() if row._mapping[name] != value}
    if not changed:
        return ()
    connection.execute(update(PersonalData).where(own).values(changed))
    raw = connection.scalar(select(ReportText.raw).where(ReportText.report_id == report_id))
    for name, value in changed.items():
        raw = _replaced(raw, row._mapping[name], value)
    connection.execute(update(ReportText).where(ReportText.report_id == report_id).values(raw=raw))
    if "phone" in changed:
        verified = (PortalReport.report_id == report_id, PortalReport.phone == row.phone)
        connection.execute(update(PortalReport).where(*verified).values(phone=changed["phone"]))
    words.renew(connection, report_id)
    return tuple(changed)


def _replaced(value: Any, before: str, after: str) -> Any:
    """JSON with one value in the place of another, wherever it is all that is said."""
    if not before:
        return value
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        same = str(value).strip() in Needles.of([before], [before]).all
        return after if same else value
    if isinstance(value, Mapping):
        return {name: _replaced(each, before, after) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, before, after) for each in value]
    return value
