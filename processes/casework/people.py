"""What somebody may do today: duties, substitutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from processes.casework import records
from processes.casework.reference import Reference


@dataclass(frozen=True)
class Acting:
    """A duty that somebody may exercise today: an own one, or ``person``'s, for whom he or she stands in."""

    person: str
    duty: records.Duty


@dataclass(frozen=True)
class Authority:
    """What a person may do on a day. ``principals``: the person, and those he or she stands in for."""

    person: str
    principals: tuple[str, ...]
    acting: tuple[Acting, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The places of the duties, each once."""
        return tuple(dict.fromkeys(each.duty.place for each in self.acting))

    def has_role(self, role: str, place: str | None = None) -> bool:
        """Whether the person holds a role (at a place) today."""
        return any(each.duty.role == role and place in (None, each.duty.place) for each in self.acting)


def authority(reference: Reference, person: str, today: date) -> Authority:
    """A person's duties and those of the people he or she stands in for today. Standing in is not passed on.

    Nobody unknown or inactive has any. ``today`` is the date at the place (``WorkingCalendar.local_date``).
    """
    known = reference.people.get(person)
    if known is None or not known.active:
        return Authority(person, (person,), ())
    principals = dict.fromkeys(
        [
            person,
            *(
                each.person
                for each in reference.substitutes
                if each.substitute == person and each.since <= today <= each.until
            ),
        ]
    )
    acting = tuple(Acting(each, duty) for each in principals for duty in reference.duties_of(each))
    return Authority(person, tuple(principals), acting)
