"""What-if runs: rows say who asks, of which draft and period, how far it is, and what would have become of each case; an engine process plays the
cases bit by bit.

Nothing is lost when the process dies: a batch's verdicts, the counts and the progress are written together, and another process goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from processes.casework import access, models_in_force, people
from processes.casework.functions import Snapshots
from processes.casework.model_drafts import Draft
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.notation import bundle
from processes.runtime.engine import Engine
from processes.runtime.rounds import Rounds
from processes.store.tables import Case, InForce, Instance, ModelDraft, WhatIf, WhatIfCase
from processes.whatif.comparison import DIVERGED, ELSEWHERE, SAME, Verdict
from processes.whatif.matching import Matching
from processes.whatif.trace import Effect, Key
from processes.whatif.trial import Judged, Trial

BATCH = 20
"""Cases of a step."""

GAP = 1.0
"""Seconds between two looks when there is nothing to do."""

RESTS = 0.5
"""Times as long as a step took, before the next: people's own commands come first."""

LEASE = timedelta(minutes=1)
"""For so long a run is one process's after each of its steps."""

MOST = 10_000
"""Cases of a run, the latest that began."""

KEPT = 20
"""Runs of a draft; the oldest go, and those of drafts that are no more."""

COLLECTING, RUNNING, DONE, STOPPED, FAILED = "collecting", "running", "done", "stopped", "failed"

EVERYWHERE = ""


def begin(connection: Connection, draft: Draft, since: datetime, until: datetime, now: datetime) -> str:
    """Have the cases that began in a period played on a draft as it is now; returns the run's id. One that is under way is not begun again."""
    own = select(WhatIf.id, WhatIf.state, WhatIf.revision, WhatIf.since, WhatIf.until).where(
        WhatIf.draft_id == draft.id
    )
    known = connection.execute(own.order_by(WhatIf.created_at.desc())).all()
    for each in known:
        if each.state in (COLLECTING, RUNNING) and (each.revision, each.since, each.until) == (
            draft.revision,
            since,
            until,
        ):
            return str(each.id)
    _forget(connection, [each.id for each in known[KEPT - 1 :]])
    gone = select(WhatIf.id).where(WhatIf.draft_id.not_in(select(ModelDraft.id)))
    _forget(connection, connection.execute(gone).scalars().all())
    identity = str(uuid4())
    row = {
        "id": identity,
        "person": draft.person,
        "place": draft.place,
        "process_id": draft.process,
        "draft_id": draft.id,
        "revision": draft.revision,
        "files": {name: body.decode() for name, body in draft.sent.items()},
        "since": since,
        "until": until,
        "created_at": now,
        "state": COLLECTING,
        "total": 0,
        "done": 0,
        "load": {},
        "flows": {},
    }
    connection.execute(insert(WhatIf), row)
    return identity


def stop(connection: Connection, run_id: str, now: datetime) -> None:
    """What has not been played yet is not played any more."""
    still = (WhatIf.id == run_id, WhatIf.state.in_((COLLECTING, RUNNING)))
    connection.execute(update(WhatIf).where(*still).values(state=STOPPED, ended_at=now))


def _forget(connection: Connection, ids: Collection[str]) -> None:
    if ids:
        connection.execute(delete(WhatIfCase).where(WhatIfCase.run_id.in_(ids)))
        connection.execute(delete(WhatIf).where(WhatIf.id.in_(ids)))


def files_of(connection: Connection, reference: Reference, run: Any) -> Mapping[str, bytes]:
    """The draft of a run with all that is in force beside it."""
    sent = {name: text.encode() for name, text in run.files.items()}
    path = (*reference.path(run.place), EVERYWHERE) if run.place else (EVERYWHERE,)
    held = models_in_force.at(connection, path)
    return {**models_in_force.bodies(connection, held.values(), sent), **sent}


class WhatIfs(Rounds):
    """Plays runs. Any number of processes may: each run is one's at a time."""

    def __init__(self, engine: Engine, snapshots: Snapshots) -> None:
        super().__init__("what-if", GAP, RESTS)
        self._engine = engine
        self._database = engine.database
        self._snapshots = snapshots
        self._trial: tuple[str, Trial] | None = None

    def round(self) -> bool:
        """Do a bit of the oldest run that nobody has in hand; whether there was one."""
        run = self._take()
        if run is None:
            self._trial = None
            return False
        try:
            if run.state == COLLECTING:
                self._collect(run)
            else:
                self._play(run)
        except BihuanError as error:  # the draft can't run, or what is in force beside it
            self._end(run, FAILED, {"zh": error.zh, "en": error.en})
        return True

    def _take(self) -> Row[Any] | None:
        now = self._engine.clock.now()
        free = WhatIf.leased_until.is_(None) | (WhatIf.leased_until <= now)
        waiting = select(WhatIf.__table__).where(WhatIf.state.in_((COLLECTING, RUNNING)), free)
        waiting = waiting.order_by(WhatIf.created_at).limit(1)
        with self._database.read() as connection:
            if connection.execute(waiting).first() is None:
                return None
        with self._database.write() as connection:
            row: Row[Any] | None = connection.execute(waiting.with_for_update(skip_locked=True)).first()
            if row is not None:
                connection.execute(update(WhatIf).where(WhatIf.id == row.id).values(leased_until=now + LEASE))
        return row

    # -- which cases -------------------------------------------------------------------------------------------------

    def _collect(self, run: Row[Any]) -> None:
        """Find the cases that would have run on the draft, and note them."""
        here = self._snapshots.now()
        today = here.calendar.local_date(self._engine.clock.now())
        authority = people.authority(here.reference, run.person, today)
        with self._database.read() as connection:
            sent = {name: bundle.content_hash(text.encode()) for name, text in run.files.items()}
            touched = [
                each.process_id
                for each in bundle.versions(files_of(connection, here.reference, run))
                if sent.items() & each.files.items()
            ]
        with self._database.write() as connection:
            found: list[tuple[datetime, str]] = []
            for process in touched:
                places = governed(connection, here.reference, process, run.place)
                found += _begun(
                    connection, process, run, access.instances_of(authority, here.reference, places), places
                )
            ids = [each for _, each in sorted(found, reverse=True)[:MOST]]
            rows = [
                {"run_id": run.id, "position": at, "instance_id": each, "verdict": ""} for at, each in enumerate(ids)
            ]
            for at in range(0, len(rows), 1_000):
                connection.execute(insert(WhatIfCase), rows[at : at + 1_000])
            still = update(WhatIf).where(WhatIf.id == run.id, WhatIf.state == COLLECTING)
            connection.execute(still.values(state=RUNNING, total=len(ids), leased_until=None))

    # -- playing them ------------------------------------------------------------------------------------------------

    def _play(self, run: Row[Any]) -> None:
        waiting = select(WhatIfCase.position, WhatIfCase.instance_id)
        waiting = waiting.where(WhatIfCase.run_id == run.id, WhatIfCase.verdict == "").order_by(WhatIfCase.position)
        with self._database.read() as connection:
            batch = {row.instance_id: row.position for row in connection.execute(waiting.limit(BATCH))}
            trial = self._trial_of(connection, run)
            judged = trial.judge(connection, batch)
        gone = [position for each, position in batch.items() if each not in {one.record.id for one in judged}]
        load, flows = dict(run.load), dict(run.flows)
        for each in judged:
            _add_load(load, each)
            _add_flows(flows, each, trial)
        with self._database.write() as connection:
            counted = 0
            for each in judged:
                counted += _note(connection, run.id, batch[each.record.id], each.verdict)
            for position in gone:
                own = (WhatIfCase.run_id == run.id, WhatIfCase.position == position)
                counted += connection.execute(delete(WhatIfCase).where(*own)).rowcount
            still = update(WhatIf).where(WhatIf.id == run.id)
            connection.execute(still.values(done=WhatIf.done + counted, load=load, flows=flows, leased_until=None))
        if len(batch) < BATCH:
            self._end(run, DONE)

    def _trial_of(self, connection: Connection, run: Row[Any]) -> Trial:
        if self._trial is None or self._trial[0] != run.id:
            files = files_of(connection, self._snapshots.now().reference, run)
            self._trial = run.id, Trial(self._engine.definitions, self._snapshots, files, run.created_at)
        return self._trial[1]

    def _end(self, run: Row[Any], state: str, wrong: Mapping[str, str] | None = None) -> None:
        with self._database.write() as connection:
            still = update(WhatIf).where(WhatIf.id == run.id, WhatIf.state.in_((COLLECTING, RUNNING)))
            connection.execute(still.values(state=state, ended_at=self._engine.clock.now(), wrong=wrong))


def governed(connection: Connection, reference: Reference, process: str, place: str) -> Sequence[str]:
    """The places whose cases would run on a version of a process that is put into force at ``place``: it and those below that have none of
    their own, or take one from between."""
    own = set(connection.execute(select(InForce.place).where(InForce.process_id == process)).scalars())
    under = reference.under(place) if place else reference.places
    return [each for each in under if not own & set(_up_to(reference.path(each), place))]


def _up_to(path: Sequence[str], place: str) -> Sequence[str]:
    """What lies below ``place`` on the way to it."""
    return path[: path.index(place)] if place in path else path


def _begun(
    connection: Connection, process: str, run: Any, allowed: Any, places: Collection[str]
) -> list[tuple[datetime, str]]:
    wanted = (Instance.process_id == process, Instance.created_at >= run.since, Instance.created_at < run.until)
    here = Instance.place.in_([*places] if run.place else [*places, EVERYWHERE])
    statement = select(Instance.created_at, Instance.id).outerjoin(Case, Case.instance_id == Instance.id)
    statement = statement.where(*wanted, here, allowed).order_by(Instance.created_at.desc()).limit(MOST)
    return [(row.created_at, row.id) for row in connection.execute(statement)]


# -- what is written down ------------------------------------------------------------------------------------------------


def _note(connection: Connection, run_id: str, position: int, verdict: Verdict) -> int:
    own = (WhatIfCase.run_id == run_id, WhatIfCase.position == position, WhatIfCase.verdict == "")
    shift = None
    if verdict.was is not None and verdict.would is not None:
        shift = round((verdict.would - verdict.was).total_seconds())
    said = None if verdict.kind == SAME else told(verdict)
    return connection.execute(
        update(WhatIfCase).where(*own).values(verdict=verdict.kind, shift=shift, said=said)
    ).rowcount


def told(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is stored: nobody's words are in it."""
    said: dict[str, Any] = {"before": _effect(verdict.before), "after": _effect(verdict.after)}
    if verdict.why is not None:
        said["why"] = {"zh": verdict.why.zh[:300], "en": verdict.why.en[:300]}
    return said


def _effect(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    due = effect.due.isoformat() if effect.due else None
    at, english = effect.at.isoformat(), effect.name_en
    return {"kind": effect.kind, "name": effect.name, "name_en": english, "where": effect.where, "at": at, "due": due}


def _add_load(load: dict[str, Any], judged: Judged) -> None:
    if judged.past is None or judged.played is None:
        return
    for side, counted in enumerate((judged.past.trace.load, judged.played.trace.load)):
        for name, tasks in Counter(counted).items():
            sides = list(load.get(name, (0, 0)))
            sides[side] += tasks
            load[name] = sides


def _add_flows(flows: dict[str, Any], judged: Judged, trial: Trial) -> None:
    """Only of cases that go another way: what each side has that the other has not, and the element where they part."""
    if judged.past is None or judged.played is None:
        return
    matching = trial.matching(judged.record.definition, judged.past.process)
    was, now = set(judged.past.trace.flows), set(judged.played.trace.flows)
    took: set[Key] = {here for here, old in matching.flows.items() if old in was}
    parted = _parted(judged.verdict, matching)
    for side, keys in ((0, took - now), (1, (now - took) | ({parted} if parted is not None else set()))):
        for process, element in keys:
            name = f"{process} {element}"
            sides = list(flows.get(name, (0, 0)))
            sides[side] += 1
            flows[name] = sides


def _parted(verdict: Verdict, matching: Matching) -> Key | None:
    """The element of the draft from which on a case goes another way."""
    if verdict.kind not in (ELSEWHERE, DIVERGED):
        return None
    if verdict.after is not None:
        return verdict.after.element
    return matching.draft_of(verdict.before.element) if verdict.before is not None else None
