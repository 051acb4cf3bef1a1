"""Whom an administrator looks after, and how they are found: the same for accounts, duties and the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import abort

from gateway.staff.pages import snapshot, viewer
from gateway.staff.viewer import places_for
from processes.casework import records
from processes.casework.reference import Reference

SHOWN = 50
"""People on a page; who looks for another types more of the name."""


def within_reach(reference: Reference, page: str) -> Iterator[records.Person]:
    """The people that the viewer looks after: all of their duties are at the viewer's places or below. Who has none is the top's."""
    places = places_for(page, viewer().authority)
    under = {each for place in places for each in reference.under(place)}
    top = is_at_top(reference, page)
    for each in sorted(reference.people.values(), key=lambda person: person.id):
        own = reference.duties_of(each.id)
        if all(duty.place in under for duty in own) and (own or top):
            yield each


def is_at_top(reference: Reference, page: str) -> bool:
    """Whether the viewer has the page for a place that no other is above."""
    return any(reference.superior(place) is None for place in places_for(page, viewer().authority))


def search(page: str, text: str, after: str = "") -> tuple[Sequence[records.Person], bool]:
    """A page of those who are meant by ``text``, behind the account ``after``; and whether there are more."""
    reference = snapshot().reference
    found = [each for each in within_reach(reference, page) if each.id > after and _matches(reference, each, text)]
    return found[:SHOWN], len(found) > SHOWN


def reached(page: str, person: str) -> records.Person:
    """Somebody whom the viewer looks after, and not the viewer: nobody unlocks himself or gives himself duties."""
    if person == viewer().id:
        abort(403)
    return named(page, person)


def named(page: str, person: str) -> records.Person:
    """Somebody whom the viewer looks after; 404 for anybody else."""
    found = next((each for each in within_reach(snapshot().reference, page) if each.id == person), None)
    if found is None:
        abort(404)
    return found


def duty_lines(reference: Reference, person: str) -> tuple[str, ...]:
    """What somebody does, in words."""
    return tuple(duty_line(reference, each) for each in reference.duties_of(person))


def duty_line(reference: Reference, duty: records.Duty) -> str:
    """A duty in words."""
    where = reference.organisation_name(duty.organisation) if duty.organisation else reference.place_name(duty.place)
    return f"{where} {reference.role_name(duty.role)}"


def _matches(reference: Reference, person: records.Person, text: str) -> bool:
    words = (person.id, person.name, *duty_lines(reference, person.id))
    return any(text.lower() in each.lower() for each in words)
