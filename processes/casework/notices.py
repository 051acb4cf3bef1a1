"""Notices as they leave: whom a job ``notice.send`` means by name, where each is reached, and in which words.

Addresses are personal data. They are looked up at this last moment, for the worker that sends the notice, and stand neither in
variables nor in the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from processes.casework.calendar import WorkingCalendar
from processes.casework.notice_templates import filled
from processes.casework.portal import messages
from processes.casework.reference import Reference
from processes.store.tables import Address, NoticeTemplate

TOPIC = "notice.send"


def addressed(connection: Connection, arguments: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The arguments with ``recipients`` (person, name, and an address by each way that reaches them), ``ways``, and an owner's words."""
    if messages.is_one(arguments):
        return messages.addressed(connection, arguments)
    reference = Reference.read(connection)
    people = list(recipients(reference, arguments.get("to"), WorkingCalendar.read(connection).local_date(now)))
    rows = connection.execute(select(Address.person, Address.way, Address.address).where(Address.person.in_(people)))
    reached: dict[str, dict[str, str]] = {
        person: {"person": person, "name": reference.person_name(person)} for person in people
    }
    for row in rows:
        reached[row.person][row.way] = row.address
    found = {**arguments, "recipients": list(reached.values())}
    template = connection.execute(
        select(NoticeTemplate.__table__).where(NoticeTemplate.kind == str(arguments.get("kind")))
    ).first()
    if template is not None:
        found["ways"] = template.ways or arguments.get("ways")
        found["subject"], found["text"] = filled(template.subject, arguments), filled(template.text, arguments)
    return found


def recipients(reference: Reference, to: object, today: date) -> Iterator[str]:
    """The ids of the active people whom ``to`` means, and of those who stand in for them today; each once."""
    meant = list(dict.fromkeys(_meant(reference, to)))
    standing_in = [
        each.substitute
        for person in meant
        for each in reference.substitutes
        if each.person == person and each.since <= today <= each.until
    ]
    for person in dict.fromkeys([*meant, *standing_in]):
        known = reference.people.get(person)
        if known is not None and known.active:
            yield person


def _meant(reference: Reference, to: object) -> Iterator[str]:
    """``{role, organisation, place}``, ``{person}``, or a person's id."""
    if isinstance(to, str):
        yield to
    elif isinstance(to, Mapping) and isinstance(to.get("person"), str):
        yield to["person"]
    elif isinstance(to, Mapping) and to.get("role") and to.get("place"):
        wanted = to.get("organisation")
        wanted = reference.successor_of(wanted) if isinstance(wanted, str) else None
        for duty in reference.duties:
            if duty.role == to["role"] and duty.place == to["place"]:
                own = None if duty.organisation is None else reference.successor_of(duty.organisation)
                if wanted is None or own in (None, wanted):
                    yield duty.person
