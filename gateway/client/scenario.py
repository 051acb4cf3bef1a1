"""Scenario files: one problem's way round the loop, told by what people and outside systems do, and what must come of it.

A scenario is a JSON object; a folder holds one a file (``NAME.json``) or one a line (``NAME.jsonl``)::

    {
      "name": "simple",
      "about": "一个板块办结，企业满意",
      "report": {"channel": "hotline", "place": "330502", "title": "…", "body": "…", "enterprise": "…"},
      "steps": [
        {"until": {"message": "channel.progress"}},
        {"task": "sign", "organisation": "basic", "form": {"outcome": "accept"}},
        {"task": "handle", "form": {"outcome": "answer", "resolution": "solved", "answer": "…"}},
        {"outside": "ratings/rate", "body": {"level": 5, "comment": "…"}},
        {"until": {"closed": true}}
      ],
      "expect": {
        "stages": ["intake", "assignment", "handling", "answer", "rating", "closure"],
        "outcome": "solved",
        "tasks": [{"task": "sign", "place": "330502", "role": "board_handler"}, {"task": "handle"}],
        "messages": ["channel.progress", "channel.answer", "rating.request"]
      }
    }

``report``
    ``channel`` (a code of channels.csv) and the fields of a report: ``title``, ``body``, ``place``, ``enterprise``, ``uscc``, ``contact``,
    ``phone``, ``address``, ``route``, ``submitted_at``. No ``id``: every time the scenario is played the report gets a fresh one. With
    ``"through": "system"`` the problem is filed in the channel's own system, which sends it to us; else it is reported to us directly.

``steps``, one after the other; each waits until it can be done
    ``{"task": ELEMENT, "form": {…}}``
        Complete the open user task of that element, in the case or in one of its child cases at superior places. Where several are open,
        ``place`` (code), ``organisation`` (its code at the place, or its id), tell which. ``by``: the person who does it; without it,
        the first who may. ``form``: the form's fields.
    ``{"outside": "SYSTEM/ACTION", "body": {…}}``
        The outside world acts: ``hotline/supplement``, ``hotline/withdraw``, ``hotline/urge``, ``hotline/extension``,
        ``hotline/call-back``, ``ratings/rate``, ``ratings/review``, ``seven-lists/decide``, ``seven-lists/stage``,
        ``boards/accept``, ``boards/result`` (see the stand-ins' control addresses). The case's number is filled in; ``place``
        takes that of the child case at that place.
    ``{"clock": …}``
        Move the clock that the whole platform shares: by a duration (``"P1D"``, ``"PT2H"``), or to a time: ``"due"`` and ``"warn"`` of the
        open task that is due first (``"of": ELEMENT`` for another), ``"timer"``: when the next timer fires, or an ISO date and time. ``due``,
        ``warn`` and ``timer`` may be followed by a duration: ``"due+PT1M"``, ``"warn-PT1H"``. The clock never goes back.
    ``{"until": {…}}``
        Wait for ``stage`` (the case is there), ``task`` (is open), ``message`` (a job of that topic is done; ``count`` of them), ``notice``
        (of that kind was sent), ``closed`` (true: the case is closed), ``children`` (that many cases at superior places), or
        ``status`` (a part of the status shown).

``expect``: what must be at the end; each entry may be left out
    ``stages``: the stages of the case, in order. ``outcome``, ``rating``, ``status``: of the case.
    ``tasks``: the tasks that people completed, in order, over the case and its child cases; each says ``task`` and, if it matters, ``place``,
    ``role``, ``organisation``, ``by``.
    ``messages``: the topics of all finished jobs, in any order.
    ``notices``: ``{"kind", "day", "role"}`` of all notices, in order; ``day`` counts working days since the case was opened.
    ``cases``: ``{"place", "outcome", "stages"}`` of the case and its child cases, in the order they were opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from processes.errors import BihuanError

EXPECTABLE = ("stages", "outcome", "rating", "status", "tasks", "messages", "notices", "cases")
CONDITIONS = ("stage", "task", "message", "notice", "closed", "children", "status")

Json = Mapping[str, Any]


class BadScenario(BihuanError):
    """A scenario file that cannot be played."""


@dataclass(frozen=True)
class Do:
    """A person completes a task."""

    task: str
    form: Json = field(default_factory=dict)
    place: str | None = None
    organisation: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Outside:
    """An outside system acts. ``place``: whose case it is about, when not the reported one."""

    action: str
    body: Json = field(default_factory=dict)
    place: str | None = None


@dataclass(frozen=True)
class Clock:
    """The clock moves: to ``to`` (due, warn, timer, or a time; None: from now), and ``by`` from there."""

    to: str | datetime | None
    by: timedelta
    of: str | None = None


@dataclass(frozen=True)
class Until:
    """Wait for a condition."""

    what: str
    value: Any
    count: int = 1


Step = Do | Outside | Clock | Until


@dataclass(frozen=True)
class Scenario:
    """A scenario, read and checked."""

    name: str
    about: str
    report: Json
    steps: tuple[Step, ...]
    expect: Json
    through_system: bool = False


def read_folder(folder: Path) -> list[Scenario]:
    """The scenarios of a folder's ``.json`` and ``.jsonl`` files, in order of file names.

    :raises BadScenario: with the file and what is wrong, when one cannot be played or there is none
    """
    found = [each for path in sorted(folder.glob("*.json*")) for each in read(path)]
    if not found:
        raise BadScenario(f"{folder}：没有场景文件（*.json）", f"{folder}: no scenario files")
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadScenario(f"{folder}：有两个场景都叫“{twice}”", f"{folder}: two scenarios named {twice}")
    return found


def read(path: Path) -> list[Scenario]:
    """The scenarios of a file. Raises :class:`BadScenario`."""
    try:
        body = path.read_text("utf-8")
        texts = [line for line in body.splitlines() if line.strip()] if path.suffix == ".jsonl" else [body]
        values = [json.loads(each) for each in texts]
    except (OSError, ValueError) as error:
        raise BadScenario(f"{path.name}：读不懂（{error}）", f"{path.name}: {error}") from error
    return [parse(value, path.name) for value in values]


def parse(value: Any, where: str = "") -> Scenario:
    """A scenario from JSON. ``where`` names its file in errors. Raises :class:`BadScenario`."""
    return _Reader(where).scenario(value)


class _Reader:
    """Reads one file's JSON; errors say where."""

    def __init__(self, where: str) -> None:
        self._where = where

    def scenario(self, value: Any) -> Scenario:
        name = self._of(value, "name", str)
        self._where = f"{self._where}（{name}）"
        self._only(value, "name", "about", "report", "steps", "expect")
        report = dict(self._of(value, "report", dict))
        through = report.pop("through", None)
        if through not in (None, "system"):
            self._wrong(f"report.through 只能是 system，不是“{through}”", f"report.through {through!r}")
        self._of(report, "channel", str)
        if "id" in report:
            self._wrong("report 不要写 id，每次播放自动编号", "report has an id")
        steps = tuple(self.step(at, each) for at, each in enumerate(self._of(value, "steps", list), start=1))
        expect = self._of(value, "expect", dict) if "expect" in value else {}
        self._only(expect, *EXPECTABLE)
        return Scenario(name, str(value.get("about", "")), report, steps, expect, through == "system")

    def step(self, at: int, value: Any) -> Step:
        kinds = [kind for kind in ("task", "outside", "clock", "until") if isinstance(value, dict) and kind in value]
        if len(kinds) != 1:
            self._wrong(
                f"第 {at} 步应有 task、outside、clock、until 之一", f"step {at}: one of task, outside, clock, until"
            )
        read = {"task": self._do, "outside": self._outside, "clock": self._clock, "until": self._until}[kinds[0]]
        return read(value)

    def _do(self, value: Json) -> Step:
        self._only(value, "task", "form", "place", "organisation", "by")
        form = self._of(value, "form", dict) if "form" in value else {}
        texts = {each: self._of(value, each, str) for each in ("place", "organisation", "by") if each in value}
        return Do(self._of(value, "task", str), form, **texts)

    def _outside(self, value: Json) -> Step:
        self._only(value, "outside", "body", "place")
        action = self._of(value, "outside", str)
        if not re.fullmatch(r"[a-z0-9_-]+/[a-z0-9_-]+", action):
            self._wrong(f"outside 应写成 系统/动作，不是“{action}”", f"outside {action!r}")
        body = self._of(value, "body", dict) if "body" in value else {}
        return Outside(action, body, self._of(value, "place", str) if "place" in value else None)

    def _clock(self, value: Json) -> Step:
        self._only(value, "clock", "of")
        text = self._of(value, "clock", str)
        of = self._of(value, "of", str) if "of" in value else None
        relative = re.fullmatch(r"(due|warn|timer)(?:([+-])(P.+))?", text)
        if relative:
            by = duration(relative[3]) if relative[3] else timedelta()
            if by is not None:
                return Clock(relative[1], -by if relative[2] == "-" else by, of)
        elif (by := duration(text)) is not None:
            return Clock(None, by, of)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._wrong(f"看不懂时间“{text}”", f"clock {text!r}")
        if moment.tzinfo is None:
            self._wrong(f"时间“{text}”要带时区", f"clock {text!r} has no zone")
        return Clock(moment, timedelta(), of)

    def _until(self, value: Json) -> Step:
        self._only(value, "until")
        condition = self._of(value, "until", dict)
        self._only(condition, *CONDITIONS, "count")
        names = [name for name in CONDITIONS if name in condition]
        if len(names) != 1:
            self._wrong(f"until 应有 {'、'.join(CONDITIONS)} 之一", f"until: one of {', '.join(CONDITIONS)}")
        return Until(names[0], condition[names[0]], int(condition.get("count", 1)))

    def _of(self, value: Any, name: str, kind: type[Any]) -> Any:
        found = value.get(name) if isinstance(value, dict) else None
        if not isinstance(found, kind) or (kind is str and not found.strip()):
            self._wrong(f"缺少“{name}”或类型不对", f"{name} is missing or of a wrong type")
        return found

    def _only(self, value: Json, *names: str) -> None:
        unknown = sorted(set(value) - set(names))
        if unknown:
            self._wrong(
                f"不认识“{'、'.join(unknown)}”，这里可以写 {'、'.join(names)}", f"unknown: {', '.join(unknown)}"
            )

    def _wrong(self, zh: str, en: str) -> NoReturn:
        raise BadScenario(f"{self._where}：{zh}", f"{self._where}: {en}")


_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def duration(text: str) -> timedelta | None:
    """An ISO 8601 duration of weeks, days, hours, minutes, seconds; None when it is none.

    >>> duration("P1DT30M")
    datetime.timedelta(days=1, seconds=1800)
    """
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
