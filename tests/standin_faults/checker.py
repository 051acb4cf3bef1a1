"""What became of problems, and whether any effect happened twice: read from our database and the stand-ins' own logs."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from processes.casework.similarity import TURNED_AWAY
from processes.store import history
from processes.store.tables import Case, Incident, Job, RefusedMessage, Report
from tests.standin_faults.models import WAYS, address
from tests.standin_faults.people import LAPSED
from tests.standin_faults.phases import HARMLESS, NOTICES
from tests.standin_faults.problems import Problem

CHANNEL = {
    "refused": "channel.refuse",
    "answered": "channel.answer",
    "asked": "channel.ask",
    "progress": "channel.progress",
}
EFFECTS: Mapping[str, Mapping[str, str]] = {
    "ratings": {"requested": "rating.request"},
    "seven-lists": {"received": "seven-lists.transfer"},
    "boards": {"received": "board.order", "cancelled": "board.cancel"},
    **{name: {"sent": "notice.send"} for name in NOTICES},
    "registry": {"made": "http.request"},
}
"""System → kind of effect → the topic of the job that has it; whatever else a system logs, it has done by itself. Others are channels'."""


TOO_LATE = frozenset({"board.cancel"})
"""Jobs that have no effect when what they are about has ended already: it is enough that the outside has answered them."""

MAIL = "email"
UNHEARD = ("fault lost_reply", "fault slow")
"""After these nobody can know whether a mail was accepted, and SMTP knows no repetitions: each may cost a second copy, with the same
Message-ID. It counts as the one effect; a copy without such a fault does not."""

FAILURES = ("FailJob", "ThrowJobError")
"""Commands that say in a case's history that an exchange was no success."""


@dataclass(frozen=True)
class Fate:
    """What became of a problem: ``number`` and ``instance`` None when no case was made of it (yet)."""

    problem: Problem
    number: str | None = None
    instance: str | None = None
    closed: bool = False
    turned_away: bool = False
    incidents: int = 0
    refused: int = 0

    @property
    def explained(self) -> bool:
        """Whether it has ended, or a person sees why it has not."""
        return self.closed or self.incidents > 0 or self.refused > 0


def fates(connection: Connection, problems: Sequence[Problem], refused: Mapping[str, str]) -> list[Fate]:
    """What became of these problems up to now. ``refused``: the messages that the outside was told were not taken, id → what each is about;
    they count when the quarantine has them, beside those that it keeps because nobody waited for them in time."""
    originals = [each.original for each in problems]
    cases = {
        row.original: row
        for row in connection.execute(
            select(Report.original, Case.number, Case.instance_id, Case.closed_at, Case.outcome)
            .join(Case, Case.report_id == Report.id)
            .where(Report.original.in_(originals), Case.parent.is_(None))
        )
    }
    instances = [row.instance_id for row in cases.values()]
    open_ = Counter(
        connection.scalars(
            select(Incident.instance_id).where(Incident.instance_id.in_(instances), Incident.resolved_at.is_(None))
        )
    )
    kept = Counter(refused[id_] for id_ in refused.keys() - unkept(connection, refused))
    kept.update(
        headers["ce-correlationkey"]
        for headers in connection.scalars(select(RefusedMessage.headers).where(RefusedMessage.state == "open", LAPSED))
    )
    found = []
    for each in problems:
        row = cases.get(each.original)
        if row is None:
            found.append(Fate(each, refused=kept[each.original]))
        else:
            waits = kept[row.number] + kept[each.original]
            closed = row.closed_at is not None
            away = row.outcome in TURNED_AWAY
            found.append(Fate(each, row.number, row.instance_id, closed, away, open_[row.instance_id], waits))
    return found


def unkept(connection: Connection, refused: Mapping[str, str]) -> set[str]:
    """Of the messages that the outside was told were not taken those that the quarantine has not."""
    ids = select(RefusedMessage.message_id).where(RefusedMessage.message_id.in_(list(refused)))
    return refused.keys() - set(connection.scalars(ids))


@dataclass
class Outside:
    """The stand-ins' own logs. Each look begins where the one before ended."""

    folder: Path
    _read: dict[tuple[str, str], int] = field(default_factory=dict)

    def effects(self) -> list[dict[str, Any]]:
        """What happened since the last look, each with its ``system``."""
        return self._rows("effect", "kind, subject, key")

    def tries(self) -> list[dict[str, Any]]:
        """What was tried since the last look, each with its ``system``."""
        return self._rows("request", "path, key, outcome")

    def refused(self) -> dict[str, str]:
        """The messages that were not taken and have not been sent again: id → what each is about."""
        found: dict[str, str] = {}
        for path in self.folder.glob("*.sqlite"):
            with closing(sqlite3.connect(path, timeout=30)) as file:
                found |= dict(file.execute("SELECT id, subject FROM push WHERE state = 'refused'").fetchall())
        return found

    def _rows(self, table: str, columns: str) -> list[dict[str, Any]]:
        found = []
        for path in sorted(self.folder.glob("*.sqlite")):
            with closing(sqlite3.connect(path, timeout=30)) as file:
                file.row_factory = sqlite3.Row
                after = self._read.get((path.stem, table), 0)
                rows = file.execute(
                    f"SELECT seq, {columns} FROM {table} WHERE seq > ? ORDER BY seq", (after,)
                ).fetchall()
            if rows:
                self._read[path.stem, table] = rows[-1]["seq"]
            found += [{"system": path.stem, **dict(row)} for row in rows]
        return found


@dataclass
class Findings:
    """What is wrong, and with which cases; how many effects there were."""

    wrong: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    effects: int = 0

    def add(self, number: str | None, what: str) -> None:
        """Something is wrong with a case (None: with no case)."""
        self.wrong.append(f"{number}: {what}" if number else what)
        if number and number not in self.numbers:
            self.numbers.append(number)


def check(
    connection: Connection,
    ended: Sequence[Fate],
    effects: Sequence[Mapping[str, Any]],
    tries: Sequence[Mapping[str, Any]],
) -> Findings:
    """Each problem has ended, each effect happened once and for a job of its case, no failure went unseen."""
    found = Findings()
    for fate in ended:
        if not fate.closed:
            found.add(fate.number, f"{fate.problem.original} ({fate.problem.sort}) has not ended: {_standing(fate)}")
    jobs = _jobs(connection, ended, {job_of(each) for each in effects if each["key"]})
    check_effects(found, jobs, ended, effects, tries)
    _check_reach(found, jobs, effects)
    _check_answers(found, ended, effects)
    _check_failures(found, connection, jobs, tries)
    return found


def job_of(logged: Mapping[str, Any]) -> str:
    """The job that a key in a stand-in's log is of: some have one for each recipient, a mail has a Message-ID; "" for none."""
    key = str(logged["key"] or "")
    return key.lstrip("<").partition("@")[0] if logged["system"] == "email" else key.partition(":")[0]


def _standing(fate: Fate) -> str:
    return f"case {fate.number}, {fate.incidents} incidents, {fate.refused} refused messages"


def _jobs(connection: Connection, ended: Sequence[Fate], keys: Collection[str]) -> dict[str, Any]:
    """The jobs of these problems, and whose keys these are: id → its row, and the case's number."""
    instances = [fate.instance for fate in ended if fate.instance]
    rows = connection.execute(
        select(Job.id, Job.topic, Job.state, Job.instance_id, Case.number)
        .join(Case, Case.instance_id == Job.instance_id)
        .where(or_(Job.instance_id.in_(instances), Job.id.in_(list(keys))))
    )
    return {row.id: (row, row.number) for row in rows}


def check_effects(
    found: Findings,
    jobs: Mapping[str, Any],
    ended: Sequence[Fate],
    effects: Sequence[Mapping[str, Any]],
    tries: Sequence[Mapping[str, Any]],
) -> None:
    """Each effect happened once, and for a job of its kind that is done; each job that is done had one."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for effect in effects:
        topic = EFFECTS.get(effect["system"], CHANNEL).get(effect["kind"])
        if topic is None or not effect["key"]:
            continue
        found.effects += 1
        row, number = jobs.get(job_of(effect), (None, None))
        if row is None:
            found.add(
                None, f"{effect['system']} {effect['kind']} {effect['subject']}: no job has the key {effect['key']}"
            )
        elif row.topic != topic or row.state not in ("done", "cancelled"):
            found.add(number, f"{effect['kind']} under the key of {row.topic} {row.id}, which is {row.state}")
        seen[effect["system"], effect["key"], effect["subject"] if effect["system"] == MAIL else ""] += 1
    lost = Counter(each["key"] for each in tries if each["system"] == MAIL and each["outcome"] in UNHEARD)
    for (system, key, to), times in seen.items():
        if times > 1 + (lost[key] if system == MAIL else 0):
            number = jobs.get(job_of({"system": system, "key": key}), (None, None))[1]
            found.add(number, f"{times} effects under the one key {key} at {system} {to}".rstrip())
    mine = {fate.instance for fate in ended}
    had = {job_of({"system": system, "key": key}) for system, key, _ in seen}
    answered = {job_of(each) for each in tries if each["outcome"].startswith("20")}
    for id_, (row, number) in jobs.items():
        known = id_ in had or (row.topic in TOO_LATE and id_ in answered)
        if row.instance_id in mine and row.state == "done" and not known:
            found.add(number, f"{row.topic} {id_} is done, and the outside knows nothing of it")


def _check_reach(found: Findings, jobs: Mapping[str, Any], effects: Sequence[Mapping[str, Any]]) -> None:
    """Whoever is told something by one way is told it by all of them."""
    told: dict[str, dict[str, set[str]]] = {}
    for effect in effects:
        if effect["system"] in WAYS and effect["kind"] == "sent":
            ways = told.setdefault(job_of(effect), {way: set() for way in WAYS})
            ways[effect["system"]].add(effect["subject"])
    for id_, ways in told.items():
        row, number = jobs.get(id_, (None, None))
        people = ways["dingtalk"]
        if (
            row is not None
            and row.state == "done"
            and any(ways[way] != {address(each, way) for each in people} for way in WAYS)
        ):
            found.add(number, f"{row.topic} {id_} is done, and not everybody was told by every way: {ways}")


def _check_answers(found: Findings, ended: Sequence[Fate], effects: Sequence[Mapping[str, Any]]) -> None:
    """Whoever reported a problem was told one answer, or one refusal; and was asked for one rating."""
    told: Counter[tuple[str, str]] = Counter((each["subject"], each["kind"]) for each in effects)
    for fate in ended:
        if not fate.closed:
            continue
        away = int(fate.turned_away)
        wanted = {"refused": away, "answered": 1 - away, "requested": 1 - away}
        for kind, times in wanted.items():
            subject = str(fate.number) if kind == "requested" else fate.problem.original
            if told[subject, kind] != times:
                found.add(fate.number, f"{told[subject, kind]} times {kind}, should be {times}")


def _check_failures(
    found: Findings, connection: Connection, jobs: Mapping[str, Any], tries: Sequence[Mapping[str, Any]]
) -> None:
    """A failed exchange stands in the case's history, for whoever looks into it."""
    failed = {
        job_of(each)
        for each in tries
        if each["outcome"].startswith("fault ") and each["outcome"].removeprefix("fault ") not in HARMLESS
    }
    known: dict[str, Collection[str]] = {}
    for key in failed & jobs.keys():
        row, number = jobs[key]
        if row.instance_id not in known:
            entries = history.read(connection, row.instance_id)
            known[row.instance_id] = {entry.input["job_id"] for entry in entries if entry.kind in FAILURES}
        if key not in known[row.instance_id] and row.state != "cancelled":
            found.add(number, f"{row.topic} {key} failed outside, and its case does not say so")
