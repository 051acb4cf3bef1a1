"""How the pages speak: dates, masks, sizes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from gateway.languages import language
from processes.casework.views.lights import Light
from processes.languages import ENGLISH

HERE = ZoneInfo("Asia/Shanghai")

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With what a cell begins that spreadsheets may calculate (OWASP, CSV injection), the signs of full width included."""


def moment(value: datetime | None) -> str:
    """``2026年11月22日 16:05`` or ``22 Nov 2026 16:05``, in China's time; empty for nothing."""
    if value is None:
        return ""
    at = value.astimezone(HERE)
    if language() == ENGLISH:
        return _english(at, "d MMM y HH:mm")
    return f"{chinese_date(at)} {at:%H:%M}"


def chinese_date(value: datetime) -> str:
    """``2026年11月22日``, whatever the language of the page."""
    at = value.astimezone(HERE)
    return f"{at.year}年{at.month}月{at.day}日"


def day(value: datetime | date | None) -> str:
    """``11月22日`` or ``22 Nov``; empty for nothing."""
    if value is None:
        return ""
    at = value.astimezone(HERE) if isinstance(value, datetime) else value
    if language() == ENGLISH:
        return _english(at, "d MMM")
    return f"{at.month}月{at.day}日"


def short(value: datetime | None, now: datetime) -> str:
    """The moment without what goes without saying: today's date, this year's number."""
    if value is None:
        return ""
    at, here = value.astimezone(HERE), now.astimezone(HERE)
    if at.date() == here.date():
        return _("今天 %(time)s", time=f"{at:%H:%M}")
    if at.year == here.year:
        return f"{day(at)} {at:%H:%M}"
    return _english(at, "d MMM y") if language() == ENGLISH else chinese_date(at)


def _english(at: datetime | date, pattern: str) -> str:
    return (
        format_datetime(at, pattern, locale=ENGLISH) if isinstance(at, datetime) else format_date(at, pattern, ENGLISH)
    )


def remaining(light: Light) -> str:
    """What is left of a term, or by how much it is exceeded: ``还剩 1 个工作日``."""
    left = light.left
    if left is None:
        return _("不限时")
    if left.days:
        amount = ngettext("%(num)s 个工作日", "%(num)s 个工作日", left.days)
    elif left.hours:
        amount = ngettext("%(num)s 小时", "%(num)s 小时", left.hours)
    else:
        amount = ngettext("%(num)s 分钟", "%(num)s 分钟", left.minutes)
    return _("超期 %(amount)s", amount=amount) if left.overdue else _("还剩 %(amount)s", amount=amount)


def lasting(time: timedelta) -> str:
    """How long something took, in its two largest units: ``2 天 3 小时``, ``5 分钟``."""
    minutes = int(time.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    told = (
        (days, ngettext("%(num)s 天", "%(num)s 天", days)),
        (hours, ngettext("%(num)s 小时", "%(num)s 小时", hours)),
        (rest, ngettext("%(num)s 分钟", "%(num)s 分钟", rest)),
    )
    first = next((at for at, (count, _said) in enumerate(told) if count), 2)
    return " ".join(said for count, said in told[first : first + 2] if count) or _("不到 1 分钟")


def stamp(value: datetime) -> str:
    """ISO 8601 in UTC, for ``<time datetime>``."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def size(count: int) -> str:
    """Bytes as people read them: ``340 KB``, ``1.2 MB``."""
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KB" if count >= 1024 else f"{count} B"
    return f"{count / 2**20:.1f}".removesuffix(".0") + " MB"


def masked(number: str) -> str:
    """A phone number's first three and last four digits (DOMAIN: 掩码); shorter ones keep two and hide the rest."""
    if not number:
        return ""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 9 else f"{number[:2]}****"


def masked_name(name: str) -> str:
    """A contact's surname, the rest hidden."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def masked_address(address: str) -> str:
    """The part that says in which town, the rest hidden."""
    return f"{address[:6] if len(address) > 8 else address[:2]}****" if address else ""


def paragraphs(value: str) -> str:
    """Text with the blank lines at both ends gone and runs of blank lines folded into one."""
    lines = [line.rstrip() for line in value.strip().splitlines()]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept)


def in_a_cell(value: object) -> str:
    """A value for a table file: what a spreadsheet would take for a formula is text there.

    >>> in_a_cell("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
    """
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def marked(value: str) -> Markup:
    """A paragraph with ``**strong**`` and `` `code` `` as HTML; everything else is text."""
    safe = str(escape(value))
    strong = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe)
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", strong))
