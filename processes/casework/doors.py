"""The doors through which problems, messages and people's forms come to the engine: each one command, one transaction.

Everything that a door makes has an id worked out from what came in, so that a repeated attempt makes the same thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from stdnum.cn import uscc as stdnum_uscc

from processes.casework import access, forms, numbers, people, similarity, texts
from processes.casework.calendar import WorkingCalendar
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.messaging.incoming import ReportMessage
from processes.messaging.inlet import Correlation
from processes.runtime.commands import CompleteTask, Correlate, Outcome, Start
from processes.runtime.engine import PARTNER, Engine
from processes.spiff.instance import NotWaiting, RunningInstance
from processes.store import inbox
from processes.store.tables import (
    Case,
    Instance,
    PersonalData,
    Report,
    ReportText,
    TaskDraft,
    UserTask,
)

PROCESS = "problem"
"""The process that carries a case at the place that received it."""

CHANNEL = "channel"
"""Under this partner stand the channels' own numbers in the inbox; the source is the channel."""


class UnknownChannel(BihuanError):
    """A report over a channel that the reference data does not have."""


# ---- reports -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportOutcome:
    """What became of a report: ``pool``, ``refused``, ``duplicate``, ``person`` (someone decides) or ``known`` (it had come before)."""

    outcome: str
    case: str
    number: str
    reason: str | None = None
    board: str | None = None


def report(
    engine: Engine, incoming: ReportMessage, *, actor: str | None = None, command_id: str | None = None
) -> ReportOutcome:
    """Put a report into the library and start its case; the same original number of a channel again does nothing.

    ``actor`` is the clerk who entered it, if one did.

    :raises UnknownChannel: when there is no such channel
    """
    original = incoming.original.strip()
    with engine.database.read() as connection:
        known = _known(connection, incoming.channel, original)
        if known is not None:
            return known
        arrival = _Arrival.of(engine, connection, incoming, original)
    command = Start(command_id or f"report:{arrival.report_id}", PROCESS, arrival.place, arrival.variables, actor=actor)
    try:
        outcome = engine.execute(command, before=arrival.write)
    except _KnownMeanwhile:
        outcome = Outcome(None, duplicate=True)
    with engine.database.read() as connection:
        if outcome.duplicate:
            known = _known(connection, incoming.channel, original)
            if known is not None:
                return known
        return _outcome(connection, arrival.case_id, outcome)


class _KnownMeanwhile(Exception):
    """Another process took the same report between our look and our claim."""


@dataclass
class _Arrival:
    """A report on its way into the library. The number is given out inside the transaction, so ``write`` puts it into the variables,
    which the engine reads after."""

    incoming: ReportMessage
    original: str
    place: str
    year: int
    engine: Engine
    report_id: str
    case_id: str
    variables: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, connection: Connection, incoming: ReportMessage, original: str) -> _Arrival:
        reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
        channel = reference.channels.get(incoming.channel)
        if channel is None:
            raise UnknownChannel(f"没有渠道“{incoming.channel}”。", f"no channel {incoming.channel}")
        place = _place(reference, incoming.place) or channel.place
        now = engine.clock.now()
        report_id = str(uuid5(NAMESPACE_URL, f"bihuan-report\0{incoming.channel}\0{original}"))
        arrival = cls(
            incoming,
            original,
            place,
            calendar.local_date(now).year,
            engine,
            report_id,
            texts.identity(report_id, "case"),
        )
        route = incoming.route if incoming.route in reference.routes else channel.route
        case: dict[str, Any] = {"id": arrival.case_id, "number": "", "place": place, "report": report_id}
        case |= {"channel": incoming.channel, "route": route, "original": original, "parent": None}
        about = _report_variables(
            report_id,
            incoming.channel,
            original,
            incoming.submitted_at,
            incoming.enterprise,
            incoming.uscc,
            incoming.phone,
        )
        arrival.variables = {"case": case, "report": about, "received_at": now.isoformat()}
        return arrival

    def write(self, connection: Connection, instance_id: str) -> None:
        """The rows of the library, of the case and of what a duplicate is found by."""
        incoming, now = self.incoming, self.engine.clock.now()
        if not inbox.settle(connection, CHANNEL, incoming.channel, self.original, now, {"case": self.case_id}):
            raise _KnownMeanwhile(self.original)
        self._write_report(connection)
        words = similarity.profile(incoming.title, incoming.body)
        found = similarity.similar(connection, words, report_id=self.report_id)
        self.variables["report"]["similar"] = found.variables() if found else None
        similarity.remember(connection, self.report_id, words)
        number = numbers.allocate(connection, self.place, self.year)
        self.variables["case"]["number"] = number
        _new_case(connection, self.case_id, number, self.report_id, self.place, None, instance_id, now)

    def _write_report(self, connection: Connection) -> None:
        incoming, now = self.incoming, self.engine.clock.now()
        connection.execute(
            _NEW_REPORT,
            {
                "id": self.report_id,
                "channel": incoming.channel,
                "original": self.original,
                "place": self.place,
                "submitted_at": incoming.submitted_at,
                "received_at": now,
            },
        )
        words = {"report_id": self.report_id, "title": incoming.title, "body": incoming.body}
        connection.execute(_NEW_TEXT, {**words, "raw": dict(incoming.raw)})
        connection.execute(
            _NEW_PERSONAL,
            {
                "report_id": self.report_id,
                "enterprise": incoming.enterprise[:200],
                "uscc": incoming.uscc[:18],
                "contact": incoming.contact[:80],
                "phone": incoming.phone[:40],
                "email": incoming.email[:120],
                "address": incoming.address[:300],
            },
        )


_NEW_REPORT, _NEW_TEXT, _NEW_PERSONAL = insert(Report), insert(ReportText), insert(PersonalData)


def _report_variables(
    report_id: str, channel: str, original: str, submitted_at: datetime | None, enterprise: str, uscc: str, phone: str
) -> dict[str, Any]:
    """What variables say of a report: references to its words, and of who reported only what is known, never what."""
    return {
        "id": report_id,
        "title": texts.of_report(report_id, "title"),
        "text": texts.of_report(report_id, "body"),
        "channel": channel,
        "original": original,
        "submitted_at": submitted_at.isoformat() if submitted_at else None,
        "enterprise": {
            "named": bool(enterprise.strip()),
            "uscc": bool(stdnum_uscc.is_valid(uscc)),
            "phone": bool(phone.strip()),
        },
        "similar": None,
    }


def _place(reference: Reference, code: str | None) -> str | None:
    """The place of a code; of a longer one (a village, or filled up with zeros) the nearest place that we know."""
    code = (code or "").strip()
    return next((code[:length] for length in range(len(code), 0, -1) if code[:length] in reference.places), None)


def _new_case(
    connection: Connection,
    case_id: str,
    number: str,
    report_id: str,
    place: str,
    parent: str | None,
    instance_id: str,
    now: datetime,
) -> None:
    connection.execute(
        _NEW_CASE,
        {
            "id": case_id,
            "number": number,
            "report_id": report_id,
            "place": place,
            "parent": parent,
            "instance_id": instance_id,
            "excluded": [],
            "opened_at": now,
        },
    )
    connection.execute(_SET_KEY, {"i": instance_id, "n": number})


_NEW_CASE = insert(Case)
_SET_KEY = update(Instance).where(Instance.id == bindparam("i")).values(key=bindparam("n"))


def _known(connection: Connection, channel: str, original: str) -> ReportOutcome | None:
    row = connection.execute(_OF_ORIGINAL, {"channel": channel, "original": original}).first()
    return None if row is None else ReportOutcome("known", row.id, row.number, row.reason, row.board)


def _outcome(connection: Connection, case_id: str, outcome: Outcome) -> ReportOutcome:
    row = connection.execute(_OF_CASE, {"case": case_id}).one()
    if outcome.incident is not None:
        reason = "流程出错，等待运维人员处理"
        return ReportOutcome("person", row.id, row.number, reason, row.board)
    if row.outcome in similarity.TURNED_AWAY:
        return ReportOutcome(row.outcome, row.id, row.number, row.reason, row.board)
    return ReportOutcome("pool" if row.pooled else "person", row.id, row.number, row.reason, row.board)


_FATE = select(Case.id, Case.number, Case.reason, Case.board, Case.pooled, Case.outcome)
_OF_CASE = _FATE.where(Case.id == bindparam("case"))
_OF_ORIGINAL = _FATE.join(Report, Report.id == Case.report_id).where(
    Report.channel == bindparam("channel"), Report.original == bindparam("original"), Case.parent.is_(None)
)


def number_of(connection: Connection, channel: str, original: str) -> str | None:
    """The number of the case that a channel's own number became."""
    found = _known(connection, channel, original.strip())
    return found.number if found else None


# ---- messages ----------------------------------------------------------------------------------------------------------


def correlate(engine: Engine, command_id: str, message: Correlation) -> Outcome:
    """Give a message to the case that waits for it; people's words in it are kept apart.

    A message that starts an instance (``case.escalated``) and whose payload names a ``report`` of the library and the ``parent`` case
    opens a child case at the message's place: the instance starts with ``case``, ``report`` and ``received_at`` as a reported one does.
    """
    payload, variables = dict(message.payload), dict[str, Any]()
    kept = {name: (texts.identity(command_id, name), str(payload[name])) for name in message.texts if payload.get(name)}
    payload |= {name: texts.reference(text_id) for name, (text_id, _) in kept.items()}

    def before(connection: Connection, instance_id: str) -> None:
        now = engine.clock.now()
        case_id = _case_of(connection, instance_id) or _case_numbered(connection, message.key)
        if case_id is None and instance_id and message.place and payload.get("report"):
            variables.update(_open_child(connection, message, instance_id, now))
        for name, (text_id, body) in kept.items():
            texts.keep(connection, case_id or instance_id, message.message, name, None, body, now, text_id)

    command = Correlate(command_id, message.message, message.key, payload, message.place, variables=variables)
    return engine.execute(command, before=before)


def _open_child(connection: Connection, message: Correlation, instance_id: str, now: datetime) -> dict[str, Any]:
    """Make the case at the superior place; returns the variables it starts with."""
    report_id, place, parent = str(message.payload["report"]), message.place, message.payload.get("parent")
    row = connection.execute(
        select(Report.channel, Report.original, Report.submitted_at, *PersonalData.__table__.c)
        .join(PersonalData, PersonalData.report_id == Report.id)
        .where(Report.id == report_id)
    ).first()
    if row is None:
        return {}
    number = numbers.allocate(connection, place, WorkingCalendar.read(connection).local_date(now).year)
    child_id = texts.identity(instance_id, "case")
    _new_case(connection, child_id, number, report_id, place, parent, instance_id, now)
    channel = Reference.read(connection).channels.get(row.channel)
    case = {"id": child_id, "number": number, "place": place, "report": report_id, "channel": row.channel}
    case |= {"route": channel.route if channel else None, "original": row.original, "parent": parent}
    about = _report_variables(
        report_id, row.channel, row.original, row.submitted_at, row.enterprise, row.uscc, row.phone
    )
    return {"case": case, "report": about, "received_at": now.isoformat()}


def _case_of(connection: Connection, instance_id: str) -> str | None:
    return connection.scalar(select(Case.id).where(Case.instance_id == instance_id))


def _case_numbered(connection: Connection, number: str) -> str | None:
    return connection.scalar(select(Case.id).where(Case.number == number))


# ---- people's forms ----------------------------------------------------------------------------------------------------


def complete_form(
    engine: Engine, task_id: str, data: Mapping[str, Any], person: str, *, command_id: str | None = None
) -> Outcome:
    """A person completes a task with what the form gave.

    Without a ``command_id`` the same data for the same task is the same command; the same command again answers as it did before.

    :raises NotWaiting: when the task is done or gone
    :raises access.Forbidden: when the person may not do it
    :raises forms.FormErrors: field by field, when the form is not filled in properly
    """
    command_id = command_id or f"complete:{task_id}:{_digest(data)}"
    with engine.database.read() as connection:
        task = connection.execute(select(*UserTask.__table__.c).where(UserTask.id == task_id)).first()
        if task is None:
            raise NotWaiting(task_id)
        done = inbox.result(connection, PARTNER, CompleteTask.__name__, command_id)
        if done is not None and person == task.completed_by:
            return Outcome(task.instance_id, duplicate=True)
        if task.state != "open":
            raise NotWaiting(task_id)
        reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
        today = calendar.local_date(engine.clock.now())
        access.require_task(people.authority(reference, person, today), reference, task)
        form = forms.read(connection, task.definition_id, task.form) if task.form else None
        variables = variables_of(engine, connection, task)
    values, kept = _checked(engine, form, data, variables, command_id)

    def before(connection: Connection, instance_id: str) -> None:
        case_id, now = task.case_id or instance_id, engine.clock.now()
        for text_id, label, body in kept:
            texts.keep(connection, case_id, task.element_id, label, person, body, now, text_id)
        connection.execute(delete(TaskDraft).where(TaskDraft.task_id == task_id))

    return engine.execute(CompleteTask(command_id, task_id, values, actor=person), before=before)


def variables_of(engine: Engine, connection: Connection, task: Any) -> dict[str, Any]:
    """The variables that a waiting task (a row of ``UserTask``) sees.

    :raises NotWaiting: when it does not wait any more
    """
    state = connection.scalar(select(Instance.state).where(Instance.id == task.instance_id))
    if state is None:
        raise NotWaiting(task.id)
    process = engine.definitions.process(task.definition_id, connection)
    return RunningInstance.load(state, process, engine.script_engine).task_data(task.id)


def _checked(
    engine: Engine, form: forms.Form | None, data: Mapping[str, Any], variables: Mapping[str, Any], command_id: str
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """The values to complete with, and the texts to keep as (id, label, words)."""
    if form is None:
        return dict(data), []
    values = forms.check(form, data, variables, forms.evaluator(engine.functions, engine.clock.now))
    kept = []
    for name, value in values.items():
        schema = form.properties[name]
        if schema.get(forms.TEXT):
            text_id = texts.identity(command_id, name)
            kept.append((text_id, str(schema.get("title", name)), str(value)))
            values[name] = texts.reference(text_id)
    return values, kept


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(dict(data), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
