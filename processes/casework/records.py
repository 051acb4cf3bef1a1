"""The records of the reference data, as plain immutable values. Fields are those of the tables of the same name, or of the setting
``reference.detail``. ``name_en``: the name for those who read English, None where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SIGHTS = SEES_BELOW, SEES_PLACE, SEES_ORGANISATION, SEES_NONE = ("below", "place", "organisation", "none")


@dataclass(frozen=True)
class Level:
    """A level of government; ``rank`` 1 is the highest."""

    code: str
    name: str
    rank: int
    name_en: str | None = None


@dataclass(frozen=True)
class Place:
    """A place; ``superior`` is None at the top. ``host``: the deployment that carries the cases of the place, and of those whose codes begin
    with its code and that name none themselves. ``four_eyes``: whether a second person approves changes of models there and below; None: as
    the place above says."""

    code: str
    name: str
    level: str
    superior: str | None
    host: str | None = None
    name_en: str | None = None
    four_eyes: bool | None = None


@dataclass(frozen=True)
class Organisation:
    """A service centre, board, department or office at a place. ``successor`` takes over when it is dissolved; ``system`` is the
    partner whose business system does its work, None where people do it here."""

    id: str
    place: str
    code: str
    name: str
    kind: str
    parent: str | None
    successor: str | None
    aliases: tuple[str, ...] = ()
    system: str | None = None
    name_en: str | None = None


@dataclass(frozen=True)
class Role:
    """What a person may be. ``sees`` says which cases the role sees beside those of its own tasks.

    ``below``: those of the place and of all places under it; ``place``: those of the place; ``organisation``: those in which the
    organisation has or had a task; ``none``: no others.

    Nobody holds two roles of one group ``apart`` (三员分立). ``second_factor``: whoever holds it logs in with a second factor.
    """

    code: str
    name: str
    sees: str
    apart: str | None = None
    second_factor: bool = False
    name_en: str | None = None


@dataclass(frozen=True)
class Route:
    """One of the ways by which problems are found (企业反映, 督帮发现 …)."""

    code: str
    name: str


@dataclass(frozen=True)
class Stage:
    """A stage that everybody names; ``rank`` gives the order."""

    code: str
    name: str
    rank: int
    name_en: str | None = None


@dataclass(frozen=True)
class Channel:
    """A way problems come in; ``place`` is where they go when the report names none."""

    code: str
    name: str
    route: str
    partner: str
    place: str
    name_en: str | None = None


@dataclass(frozen=True)
class Person:
    """A member of staff (never the password)."""

    id: str
    name: str
    active: bool


@dataclass(frozen=True)
class Duty:
    """A person holds a role at a place; ``organisation`` None: at any organisation there."""

    person: str
    role: str
    place: str
    organisation: str | None


@dataclass(frozen=True)
class Substitute:
    """From ``since`` to ``until`` (inclusive) ``substitute`` sees and does what ``person`` may."""

    person: str
    substitute: str
    since: date
    until: date


WAYS = ("sms", "dingtalk", "email")
"""how a notice may reach a person"""
PLATFORM = "platform"
"""one way more: a notice platform that knows its people itself"""


@dataclass(frozen=True)
class Address:
    """Where a notice reaches a person by one of ``WAYS``: personal data."""

    person: str
    way: str
    address: str


@dataclass(frozen=True)
class NoticeTemplate:
    """What notices of a kind say, with ``{places}`` for the job's arguments, and which ways they go (none: all there are)."""

    kind: str
    ways: tuple[str, ...]
    subject: str
    text: str


@dataclass(frozen=True)
class AnswerWords:
    """An answer template of a place, or of one of its organisations; ``text`` has ``{{places}}`` (``answer_templates.PLACES``)."""

    place: str
    organisation: str | None
    title: str
    text: str


@dataclass(frozen=True)
class CalendarDay:
    """A day that differs from Monday-to-Friday."""

    day: date
    working: bool
    note: str


@dataclass(frozen=True)
class CalendarSetting:
    """A setting of the calendar: ``zone`` (IANA name) or ``closing`` (HH:MM)."""

    setting: str
    value: str
    note: str


@dataclass(frozen=True)
class AccountSetting:
    """A line of ``accounts.csv``: one of the fields of :class:`AccountRules`."""

    setting: str
    value: int
    note: str


@dataclass(frozen=True)
class PortalSetting:
    """A line of ``portal.csv``: one of the fields of :class:`PortalRules`."""

    setting: str
    value: int
    note: str


@dataclass(frozen=True)
class PortalRules:
    """What enterprises may do in the portal, how often, and for how long."""

    code_minutes: int = 10
    """minutes for which a code sent to a phone is good"""
    code_tries: int = 5
    """wrong tries after which it is good no more"""
    codes_per_number: int = 5
    """codes that a number is sent within the hour"""
    codes_per_address: int = 30
    """codes that are asked for from an address within the hour: a whole office may sit behind it"""
    reports_per_number: int = 10
    """problems that are reported from a number within the day"""
    follow_tries: int = 5
    """wrong codes of one problem within the hour"""
    follow_address_tries: int = 30
    """wrong codes from an address within the hour"""
    pass_minutes: int = 30
    """minutes after which a number, or a problem's code, has to be shown anew"""
    files: int = 5
    """files that go with a report, or with an answer"""
    file_megabytes: int = 10
    """how large each may be"""
    reopen_days: int = 15
    """working days after closure within which a problem may be reopened, once; 0: never"""


@dataclass(frozen=True)
class AccountRules:
    """What is asked of passwords, and how long logins last."""

    password_length: int = 10
    """characters at least"""
    password_classes: int = 3
    """of capitals, small letters, digits and other signs, how many kinds at least"""
    password_kept: int = 5
    """the last so many passwords are not taken again"""
    password_days: int = 90
    """days after which a password must be changed; 0: never"""
    initial_hours: int = 72
    """hours within which a password that an administrator gave must be changed"""
    tries: int = 5
    """wrong passwords (or codes) before an account is locked"""
    tries_minutes: int = 10
    """minutes within which they are counted"""
    locked_minutes: int = 10
    """minutes for which it stays locked"""
    address_tries: int = 100
    """the same for an address, behind which a whole office may sit"""
    idle_minutes: int = 30
    """minutes without a request after which a login ends"""
    session_hours: int = 12
    """hours after which it ends in any case"""
