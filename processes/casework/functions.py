"""The functions that diagrams, decision tables and forms may call in FEEL beside the built-in ones."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any, cast

from sqlalchemy import Connection

from processes.casework import records, texts
from processes.casework.calendar import WorkingCalendar, aware
from processes.casework.reference import Reference
from processes.clock import provisional
from processes.errors import BihuanError
from processes.languages import CHINESE
from processes.store.database import Database, Transaction, transaction_of

Moment = datetime | date | str


class ArgumentError(BihuanError):
    """A function was called with something it cannot work with."""


@dataclass(frozen=True)
class Snapshot:
    """What is in force at one moment."""

    reference: Reference
    calendar: WorkingCalendar


@dataclass
class _Sight:
    """What a transaction has looked up. Words are never changed by diagrams, so those read once need not be read again."""

    transaction: weakref.ref[Transaction]
    snapshot: Snapshot
    words: dict[str, str] = field(default_factory=dict)


class Snapshots:
    """The snapshot in force, looked up once a transaction.

    Inside the engine's transaction ``Database.read`` joins it, so that a command meets one state of the reference data throughout.
    ``language``: that of its names; commands need the Chinese ones.
    """

    def __init__(self, database: Database, language: str = CHINESE) -> None:
        self.database = database
        self._language = language
        self._seen = threading.local()

    def now(self) -> Snapshot:
        """The snapshot that the current transaction sees; outside any, the newest."""
        with self.database.read() as connection:
            return self._sight(connection).snapshot

    def text(self, reference: Any) -> str:
        """The words behind a reference (see ``texts.read``)."""
        if not texts.is_reference(reference):
            return reference if isinstance(reference, str) else ""
        text_id = str(reference[texts.KEY])
        with self.database.read() as connection:
            words = self._sight(connection).words
            if text_id not in words:
                words[text_id] = texts.read(connection, reference)
            return words[text_id]

    def versions(self, connection: Connection) -> Callable[[], Mapping[str, str]]:
        """What the history notes of a command; the answer is to be called for after ``bulk.together``."""
        sight = self._ask(connection)

        def answer() -> Mapping[str, str]:
            snapshot = sight().snapshot
            return {"calendar": snapshot.calendar.version, "reference": snapshot.reference.version}

        return answer

    def _sight(self, connection: Connection) -> _Sight:
        return self._ask(connection)()

    def _ask(self, connection: Connection) -> Callable[[], _Sight]:
        seen: _Sight | None = getattr(self._seen, "last", None)
        transaction = transaction_of(connection)
        # The connection may be the same: it is used again and again.
        if seen is not None and seen.transaction() is transaction:
            return lambda: seen
        reference, calendar = Reference.ask(connection), WorkingCalendar.ask(connection)

        def answer() -> _Sight:
            self._seen.last = _Sight(
                weakref.ref(transaction), Snapshot(reference().in_language(self._language), calendar())
            )
            return cast(_Sight, self._seen.last)

        return answer

    def superior(self, place: str) -> str | None:
        """The place above: where the engine looks for a model that a place has not."""
        return self.now().reference.superior(place)


def build(snapshots: Snapshots) -> dict[str, Callable[..., Any]]:
    """The functions by their FEEL names. Whatever is null gives null; a provisional date sets ``clock.provisional``."""
    functions = Functions(snapshots)
    return {
        "add working days": functions.add_working_days,
        "working days between": functions.working_days_between,
        "superior": functions.superior,
        "level of": functions.level_of,
        "place name": functions.place_name,
        "boards": functions.boards,
        "departments": functions.departments,
        "organisation": functions.organisation,
        "organisation name": functions.organisation_name,
        "business system": functions.business_system,
        "centre": functions.centre,
        "text": functions.text,
        "mentions": functions.mentions,
    }


class Functions:
    """Each method is one function; its docstring is what owners read."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    @property
    def _reference(self) -> Reference:
        return self._snapshots.now().reference

    def add_working_days(self, start: Moment | None, n: float | None, place: str | None = None) -> datetime | None:
        """从某时起第 n 个工作日的下班时间：起始当天不计，n 可为负数（往前数），遇调休按国务院安排。日历尚未发布的年份按周一至周五暂定。

        例：add working days("2026-09-30T10:00:00+08:00", 1, case.place) = date and time("2026-10-08T17:30:00+08:00")
        """
        if start is None or n is None:
            return None
        if n != int(n):
            raise ArgumentError(f"工作日天数应为整数，现为 {n}", f"{n} is no whole number of working days")
        calendar = self._snapshots.now().calendar
        due, guessed = calendar.add_working_days(aware(start, calendar), int(n))
        if guessed:
            provisional.set(True)
        # A plain offset, so that FEEL's string() of it is ISO 8601.
        return due.replace(tzinfo=timezone(due.utcoffset() or timedelta()))

    def working_days_between(self, a: Moment | None, b: Moment | None, place: str | None = None) -> int | None:
        """两个时间之间有几个工作日：a 当天不计，b 当天计入；b 在 a 之前得负数。

        例：working days between("2026-09-30", "2026-10-10", case.place) = 3
        """
        if a is None or b is None:
            return None
        calendar = self._snapshots.now().calendar
        first, last = aware(a, calendar), aware(b, calendar)
        if calendar.is_provisional(calendar.local_date(first), calendar.local_date(last)):
            provisional.set(True)
        return calendar.working_days_between(first, last)

    def superior(self, place: str | None) -> str | None:
        """上一级地方的代码；已是最高一级则为 null。

        例：superior("330502") = "3305"
        """
        return None if place is None else self._reference.superior(place)

    def level_of(self, place: str | None) -> str | None:
        """地方的层级代码；没有这个地方则为 null。

        例：level of("330502") = "county"
        """
        return None if place is None else self._reference.level_of(place)

    def place_name(self, place: str | None, language: str = CHINESE) -> str | None:
        """地方的名称；第二个参数写 "en" 得英文名（没有英文名的仍是中文名）。

        例：place name("330502") = "吴兴区"
        """
        return None if place is None else self._reference.in_language(language).place_name(place)

    def boards(self, place: str | None) -> list[dict[str, str]]:
        """一个地方的增值服务板块，作为表单选项。

        例：boards("330502")[1].title = "吴兴区基本政务服务板块"
        """
        return [] if place is None else _options(self._reference.boards(place))

    def departments(self, organisation: str | None) -> list[dict[str, str]]:
        """一个板块背后的业务主管部门，作为表单选项。

        例：departments("330502.policy")[1].const = "330502.economy"
        """
        return [] if organisation is None else _options(self._reference.departments(organisation))

    def organisation(self, place: str | None, code: str | None) -> str | None:
        """一个地方某代码的机构；没有则为 null，已撤并的给出承接机构。

        例：organisation("330502", "policy") = "330502.policy"
        """
        return None if place is None or code is None else self._reference.organisation(place, code)

    def organisation_name(self, organisation: str | None, language: str = CHINESE) -> str | None:
        """机构的名称；第二个参数写 "en" 得英文名（没有英文名的仍是中文名）。

        例：organisation name("330502.policy") = "吴兴区政策板块"
        """
        return None if organisation is None else self._reference.in_language(language).organisation_name(organisation)

    def business_system(self, organisation: str | None) -> str | None:
        """办理这个板块事项的业务系统（合作方代码）；由人办理的为 null。

        例：business system("330502.data") = "boards" and business system("330502.policy") = null
        """
        return None if organisation is None else self._reference.system_of(organisation)

    def centre(self, place: str | None) -> str | None:
        """一个地方的企业综合服务中心；没有则为 null。

        例：centre("330502") = "330502.centre"
        """
        return None if place is None else self._reference.centre(place)

    def text(self, reference: Any) -> str:
        """引用所指的文字；已删除则为空。

        例：contains(text(report.text), "营业执照")
        """
        return self._snapshots.text(reference)

    def mentions(self, text: Any, place: str | None) -> list[str]:
        """文字中提到的机构（本地方及其上级，按名称或别名）：可用于回避。

        例：mentions("市场监管局迟迟不批", "330502") = ["330502.market"]
        """
        if text is None or place is None:
            return []
        return list(self._reference.mentions(self.text(text), place))


def _options(organisations: Iterable[records.Organisation]) -> list[dict[str, str]]:
    return [{"const": each.id, "title": each.name} for each in organisations]
