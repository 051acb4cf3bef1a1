"""What other systems have in hand of a case: the references that they gave as results of its jobs, and which of them still hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from processes.messaging.boards import CANCEL, ORDER, RESULT
from processes.messaging.inlet import References
from processes.runtime.commands import CompleteJob
from processes.store import history
from processes.store.tables import Case, Job, Subscription

UNDONE_BY = {ORDER: CANCEL}
"""topic → the topic of the jobs that tell a system, by its reference, that it need not go on"""


def references(connection: Connection, number: str, topic: str, organisation: str | None = None) -> References:
    """The references that other systems gave as results of a case's jobs of a topic; ``organisation``: of those for its system alone."""
    rows = connection.execute(_JOBS_OF, {"number": number, "topics": [topic, UNDONE_BY.get(topic, topic)]}).all()
    found = [job for job in rows if organisation is None or job.arguments.get("board") == organisation]
    jobs = [job for job in found if job.topic == topic]
    cancelled = {str(job.arguments.get("reference") or "") for job in found if job.topic != topic} - {""}
    done = {job.id for job in jobs if job.state == "done"}
    entries = [each for instance in {job.instance_id for job in jobs} for each in history.read(connection, instance)]
    results = [
        each.input["result"] for each in entries if each.kind == CompleteJob.__name__ and each.input["job_id"] in done
    ]
    given = {str(each["reference"]) for each in results if isinstance(each, Mapping) and each.get("reference")}
    awaited = any(job.state in ("open", "failed") for job in jobs)
    return References(frozenset(given - cancelled), frozenset(cancelled), awaited)


def orders_in_hand(connection: Connection, instance_id: str) -> list[dict[str, Any]]:
    """The orders that boards' systems may be at work on for a case: ``board``, and their ``reference`` where it is known.

    An order whose receipt has not come may have arrived over there all the same.
    """
    keys = connection.scalars(_AWAITED, {"instance": instance_id, "message": RESULT}).all()
    sent = connection.scalars(_SENT, {"instance": instance_id, "topic": ORDER}).all()
    awaited = [key.split("/", 2)[1:] for key in keys]
    return [
        *({"board": board, "reference": reference or None} for board, reference in sorted(awaited)),
        *({"board": arguments["board"], "reference": None} for arguments in sent),
    ]


_JOBS_OF = (
    select(Job.id, Job.topic, Job.state, Job.arguments, Job.instance_id)
    .join(Case, Case.instance_id == Job.instance_id)
    .where(Case.number == bindparam("number"), Job.topic.in_(bindparam("topics", expanding=True)))
)
_AWAITED = select(Subscription.key).where(
    Subscription.instance_id == bindparam("instance"), Subscription.message == bindparam("message")
)
_SENT = (
    select(Job.arguments)
    .where(
        Job.instance_id == bindparam("instance"),
        Job.topic == bindparam("topic"),
        Job.state.in_(("open", "failed")),
    )
    .order_by(Job.created_at, Job.id)
)
