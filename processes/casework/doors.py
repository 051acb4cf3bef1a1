"""The doors through which problems, messages and people's forms come to the engine: each one command, one transaction.

Everything that a door makes has an id worked out from what came in, so that a repeated attempt makes the same thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, select

from processes.casework import access, forms, people, receipts, similarity, speaking, texts, uploads
from processes.casework.calendar import WorkingCalendar
from processes.casework.holders import holders
from processes.casework.library import Arrival, KnownMeanwhile, filed_as, open_child
from processes.casework.library import UnknownChannel as UnknownChannel
from processes.casework.reference import Reference
from processes.errors import BihuanError
from processes.failpoints import hit
from processes.kernel.errors import NotWaiting
from processes.kernel.instance import RunningInstance
from processes.messaging.hotline import MOST_ROUNDS
from processes.messaging.incoming import ReportMessage
from processes.messaging.inlet import Correlation, NotTaken
from processes.observing import here
from processes.runtime.commands import CompleteTask, Correlate, Outcome, Replan, Start
from processes.runtime.engine import PARTNER, Engine
from processes.runtime.unit import Suspended, read_state
from processes.store import inbox
from processes.store.tables import TASK_IS_OPEN, Case, Deadline, Instance, Report, TaskDraft, Timer, UserTask

PROCESS = "problem"
"""The process that carries a case at the place that received it."""

Along = Callable[[Connection, Arrival], None]

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
    engine: Engine,
    incoming: ReportMessage,
    *,
    actor: str | None = None,
    command_id: str | None = None,
    along: Along | None = None,
) -> ReportOutcome:
    """Put a report into the library and start its case; the same original number of a channel again does nothing.

    ``actor`` is the clerk who entered it, if one did; ``along`` writes what belongs to it besides, in the same transaction.

    :raises library.UnknownChannel: when there is no such channel
    """
    original = filed_as(incoming.original.strip(), incoming.round)
    with engine.database.read() as connection:
        known = _known(connection, incoming.channel, original)
        if known is not None:
            return known
        arrival = Arrival.of(engine.clock, connection, incoming, original)
    here.note(case=arrival.case_id)
    command = Start(command_id or f"report:{arrival.report_id}", PROCESS, arrival.place, arrival.variables, actor=actor)

    def before(connection: Connection, instance_id: str) -> str:
        number = arrival.write(connection, instance_id)
        if along is not None:
            along(connection, arrival)
        return number

    try:
        outcome = engine.execute(command, before=before)
    except KnownMeanwhile:
        outcome = Outcome(None, duplicate=True)
    hit("report.started")
    with engine.database.read() as connection:
        if outcome.duplicate:
            known = _known(connection, incoming.channel, original)
            if known is not None:
                return known
        return _outcome(connection, arrival.case_id, outcome)


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
_NEWEST = (
    select(Case.number)
    .join(Report, Report.id == Case.report_id)
    .where(
        Report.channel == bindparam("channel"),
        Report.original.in_(bindparam("filed", expanding=True)),
        Case.parent.is_(None),
    )
    .order_by(Case.opened_at.desc(), Report.original.desc())
    .limit(1)
)


def number_of(connection: Connection, channel: str, original: str) -> str | None:
    """The number of the case that a channel's own number became, the last one when it was sent more than once."""
    filed = [filed_as(original.strip(), round) for round in range(1, MOST_ROUNDS + 1)]
    return connection.scalar(_NEWEST, {"channel": channel, "filed": filed})


# ---- messages ----------------------------------------------------------------------------------------------------------


class NoReport(BihuanError):
    """An escalation of a report that is not in the library."""

    def __init__(self, report: str) -> None:
        super().__init__(
            f"report：问题库里没有来件 {report[:40]}，不能据此立案", f"report: the library has no report {report[:40]}"
        )


def correlate(engine: Engine, command_id: str, message: Correlation, *, files: Sequence[str] = ()) -> Outcome:
    """Give a message to the case that waits for it; people's words in it are kept apart. ``files``: uploads that come with it.

    A message that starts an instance (``case.escalated``) and whose payload names a ``report`` of the library and the ``parent`` case
    opens a child case at the message's place: the instance starts with ``case``, ``report`` and ``received_at`` as a reported one does.

        :raises NotTaken: when the message is for a live case, and there is none of that number or it is closed; or when the case is none of
            the speaker's
        :raises NoReport: when it would open a child case of a report that is not in the library
    """
    payload, variables = dict(message.payload), dict[str, Any]()
    if message.live:
        payload["holders"] = _holders(engine, command_id, message)
    speaker = None if message.live else message.speaker
    kept = {name: (texts.identity(command_id, name), str(payload[name])) for name in message.texts if payload.get(name)}
    payload |= {name: texts.reference(text_id) for name, (text_id, _) in kept.items()}

    def before(connection: Connection, instance_id: str) -> str | None:
        now = engine.clock.now()
        if speaker is not None:
            speaking.require(connection, message, speaker, bool(instance_id))
        if message.orders and instance_id:
            payload["orders"] = receipts.orders_in_hand(connection, instance_id)
        case_id = _case_of(connection, instance_id) or _case_numbered(
            connection, str(payload.get("case") or message.key)
        )
        if case_id is None and instance_id and message.place and payload.get("report"):
            variables.update(open_child(connection, message.place, payload, instance_id, now))
            if not variables:
                raise NoReport(str(payload["report"]))
        if files and case_id is not None:
            uploads.adopt(connection, files, case_id, from_outside=True)
        for name, (text_id, body) in kept.items():
            texts.keep(connection, case_id or instance_id, message.message, name, None, body, now, text_id)
        return variables["case"]["number"] if variables else None

    command = Correlate(command_id, message.message, message.key, payload, message.place, variables=variables)
    return engine.execute(command, before=before)


def _holders(engine: Engine, command_id: str, message: Correlation) -> list[dict[str, Any]]:
    """Whose turn it is in a case that is not closed: each once, here and where it was submitted to."""
    with engine.database.read() as connection:
        if message.speaker is not None:
            speaking.require(connection, message, message.speaker, awaited=True)
        case = connection.execute(select(Case.id, Case.closed_at).where(Case.number == message.key)).first()
        if case is None:
            raise NotTaken(f"没有编号为 {message.key} 的问题", f"no case {message.key}")
        if case.closed_at is not None and inbox.result(connection, PARTNER, Correlate.__name__, command_id) is None:
            raise NotTaken(f"{message.key} 已经办结，不再接收这条消息", f"case {message.key} is closed")
        return holders(connection, case.id)


def _case_of(connection: Connection, instance_id: str) -> str | None:
    return connection.scalar(select(Case.id).where(Case.instance_id == instance_id))


def _case_numbered(connection: Connection, number: str) -> str | None:
    return connection.scalar(select(Case.id).where(Case.number == number))


# ---- people's forms ----------------------------------------------------------------------------------------------------


def complete_form(
    engine: Engine, task_id: str, data: Mapping[str, Any], person: str, *, command_id: str | None = None
) -> Outcome:
    """A person completes a task with what the form gave. What he or she has uploaded becomes the case's, as far as the form asks for it.

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
        here.note(case=task.case_id)
        reference, calendar = Reference.read(connection), WorkingCalendar.read(connection)
        today = calendar.local_date(engine.clock.now())
        access.require_task(people.authority(reference, person, today), reference, task)
        form = forms.read(connection, task.definition_id, task.form) if task.form else None
        variables = variables_of(engine, connection, task)
        waiting = uploads.of(connection, task_id, person)
    asked = form.attachments if form else ()
    files = {name: [each.id for each in waiting if each.field == name] for name in asked}
    values, kept = _checked(engine, form, {**data, **files}, variables, command_id)
    # Those of a field that this outcome does not ask for stay behind; those of no field go along.
    sent = [each.id for each in waiting if not each.field or each.id in values.get(each.field, ())]

    def before(connection: Connection, instance_id: str) -> None:
        case_id, now = task.case_id or instance_id, engine.clock.now()
        for text_id, label, body in kept:
            texts.keep(connection, case_id, task.element_id, label, person, body, now, text_id)
        if sent and uploads.adopt(connection, sent, case_id) != len(sent):
            raise forms.FormErrors({"": "附件刚刚有变动，请核对后再提交"})
        # A draft of somebody else's is kept a while: he or she is shown it when the task turns out to be done.
        connection.execute(delete(TaskDraft).where(TaskDraft.task_id == task_id, TaskDraft.person_id == person))

    return engine.execute(CompleteTask(command_id, task_id, values, actor=person), before=before)


def variables_of(engine: Engine, connection: Connection, task: Any) -> dict[str, Any]:
    """The variables that a waiting task (a row of ``UserTask``) sees.

    :raises NotWaiting: when it does not wait any more
    """
    parts = connection.scalar(select(Instance.parts).where(Instance.id == task.instance_id))
    if parts is None:
        raise NotWaiting(task.id)
    process = engine.definitions.process(task.definition_id, connection)
    state = read_state(connection, task.instance_id, parts)
    return RunningInstance.load(state, process, engine.evaluator, task.instance_id).task_data(task.id)


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


# ---- the calendar ------------------------------------------------------------------------------------------------------


def replan(engine: Engine) -> int:
    """Work out anew every due time that was provisional, after a calendar year was loaded; returns for how many instances.

    Each is a command of its own, once for each version of the calendar, so it can be broken off and begun again.
    """
    with engine.database.read() as connection:
        version = WorkingCalendar.read(connection).version
        waiting = connection.scalars(_PROVISIONAL).all()
    done = 0
    for instance_id in waiting:
        try:
            outcome = engine.execute(Replan(f"replan:{version[:16]}:{instance_id}", instance_id))
        except (NotWaiting, Suspended):
            continue
        done += not outcome.duplicate
    return done


_PROVISIONAL = (
    select(Timer.instance_id)
    .where(Timer.provisional)
    .union(
        select(Deadline.instance_id).where(Deadline.provisional),
        select(UserTask.instance_id).where(UserTask.provisional, TASK_IS_OPEN),
    )
)
